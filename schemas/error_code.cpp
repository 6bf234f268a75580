// SPDX-License-Identifier: Apache-2.0
#include "schemas/error_code.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace sluice::schemas {
namespace {

using enum error_code;

constexpr bool retryable = true;
constexpr bool permanent = false;
constexpr int never_answers = 0;

/// Row i describes the code i + 1, as the assertions below prove.
constexpr std::array table{
    // Requests
    error_description{invalid_json, "invalid-json", 400, permanent, "Malformed JSON",
                      "Send one JSON object in UTF-8, without duplicate keys."},
    error_description{invalid_request, "invalid-request", 400, permanent, "Invalid request",
                      "Correct the named member and send the request again."},
    error_description{unknown_member, "unknown-member", 400, permanent, "Unknown member",
                      "Remove the member, or check its spelling against the published schema."},
    error_description{reserved_property, "reserved-property", 403, permanent, "Reserved property",
                      "Leave the property out: the service sets it itself."},
    error_description{property_forbidden, "property-forbidden", 403, permanent, "Property not permitted",
                      "Leave the property out, or ask an administrator to set it."},
    error_description{forbidden, "forbidden", 403, permanent, "Not permitted",
                      "Ask the owner of the resource, or an administrator, to do it."},
    error_description{invalid_location, "invalid-location", 400, permanent, "Invalid location",
                      "Give a complete URL such as https://example.org/images/disk.qcow2."},
    error_description{scheme_not_allowed, "scheme-not-allowed", 400, permanent, "Scheme not allowed",
                      "Offer the image over https or http."},
    error_description{port_not_allowed, "port-not-allowed", 400, permanent, "Port not allowed",
                      "Offer the image on an allowed port, or ask the operator to allow this one."},
    error_description{unauthorized, "unauthorized", 401, permanent, "Authentication required",
                      "Authenticate with a valid token and try again."},
    error_description{not_found, "not-found", 404, permanent, "Not found",
                      "Check the id: it may never have existed, have expired, or belong to another project."},
    error_description{method_not_allowed, "method-not-allowed", 405, permanent, "Method not allowed",
                      "Use one of the methods named in the Allow header."},
    error_description{unsupported_media_type, "unsupported-media-type", 415, permanent, "Unsupported media type",
                      "Send the body as application/json."},
    error_description{payload_too_large, "payload-too-large", 413, permanent, "Request too large",
                      "Send a smaller body."},
    error_description{headers_too_large, "headers-too-large", 431, permanent, "Request headers too large",
                      "Send fewer or shorter header fields."},
    error_description{too_many_imports, "too-many-imports", 429, retryable, "Too many imports",
                      "Wait until some of your imports have finished, or cancel one."},
    error_description{image_protected, "image-protected", 403, permanent, "Image is protected",
                      "Take the protection off before you delete the image."},
    error_description{conflict, "conflict", 409, permanent, "Conflict with the current state",
                      "Read the resource again and decide by its present state."},
    error_description{service_stopping, "service-stopping", 503, retryable, "Service is stopping",
                      "Try again in a moment: the service is being restarted."},
    error_description{overloaded, "overloaded", 503, retryable, "Service is busy", "Try again in a moment."},
    error_description{range_not_satisfiable, "range-not-satisfiable", 416, permanent, "Range not satisfiable",
                      "Ask for one range that lies inside the image."},
    error_description{request_timeout, "request-timeout", 408, retryable, "Request timed out",
                      "Send the whole request without long pauses."},
    error_description{internal_error, "internal-error", 500, retryable, "Internal error",
                      "Try again; if it stays, give the operator the request id."},
    // Sources
    error_description{address_refused, "address-refused", never_answers, permanent, "Source cannot be used",
                      "Check host and port; only publicly reachable addresses may be read."},
    error_description{source_status, "source-status", never_answers, permanent, "Source does not have the image",
                      "Open the location yourself: it must answer 200 with the image, without a login page."},
    error_description{source_unreachable, "source-unreachable", never_answers, retryable, "Source cannot be reached",
                      "Check that the source is up and try again."},
    error_description{source_tls, "source-tls", never_answers, permanent, "Source is not who it claims to be",
                      "The source needs a valid certificate for its host name, and TLS 1.2 or later."},
    error_description{source_protocol, "source-protocol", never_answers, permanent, "Source speaks broken HTTP",
                      "Offer the image from a web server that conforms to HTTP/1.1."},
    error_description{source_redirect, "source-redirect", never_answers, permanent, "Redirect not allowed",
                      "Give the final address of the image as the location."},
    error_description{source_stalled, "source-stalled", never_answers, retryable, "Source too slow",
                      "Try again when the source is faster, or copy the image to a faster place."},
    error_description{source_truncated, "source-truncated", never_answers, retryable, "Source ended too early",
                      "Try again; if it stays, the file at the source is incomplete."},
    error_description{source_changed, "source-changed", never_answers, retryable, "Image changed while it was read",
                      "Try again when the image at the source is no longer being written."},
    error_description{source_encoding, "source-encoding", never_answers, permanent, "Source compresses the image",
                      "Make the source send the file as it is, without a Content-Encoding."},
    error_description{deadline_exceeded, "deadline-exceeded", never_answers, retryable, "Import took too long",
                      "Try again, or copy the image to a faster place first."},
    error_description{size_mismatch, "size-mismatch", never_answers, permanent, "Size differs",
                      "Check the size you expect, and whether the location is the right one."},
    error_description{
        checksum_mismatch, "checksum-mismatch", never_answers, permanent, "Checksum differs",
        "Check the checksum, or the file of checksums; if it is right, the image at the source is another one."},
    error_description{image_too_large, "image-too-large", never_answers, permanent, "Image too large",
                      "Make the image smaller, for example with qemu-img convert -c, or ask the operator for more."},
    // Verification
    error_description{not_an_image, "not-an-image", never_answers, permanent, "Not a disk image",
                      "Give the location of the disk image itself, not of a page or an archive around it."},
    error_description{raw_unrecognised, "raw-unrecognised", never_answers, permanent, "Raw disk not recognised",
                      "A raw image needs an MBR, a GPT or a known filesystem; or convert it to qcow2 first."},
    error_description{format_mismatch, "format-mismatch", never_answers, permanent, "Not the declared format",
                      "Declare the disk_format that the image really has, or leave it out."},
    error_description{format_not_allowed, "format-not-allowed", never_answers, permanent, "Format not allowed",
                      "Convert it to an allowed format with qemu-img convert and try again."},
    error_description{ambiguous_format, "ambiguous-format", never_answers, permanent, "More than one format",
                      "Write the disk afresh with qemu-img convert, so that it reads as one format only."},
    error_description{backing_file, "backing-file", never_answers, permanent, "Image needs a backing file",
                      "Flatten it with qemu-img convert and try again."},
    error_description{external_data_file, "external-data-file", never_answers, permanent,
                      "Image keeps its data elsewhere", "Put all in one file with qemu-img convert and try again."},
    error_description{unknown_feature, "unknown-feature", never_answers, permanent, "Unknown format feature",
                      "Write it without that feature, with qemu-img convert, and try again."},
    error_description{external_extent, "external-extent", never_answers, permanent, "Image points to other files",
                      "Make one self-contained file with qemu-img convert -O vmdk and try again."},
    error_description{differencing_disk, "differencing-disk", never_answers, permanent, "Differencing disk",
                      "Merge it with its parent, or flatten it with qemu-img convert, and try again."},
    error_description{virtual_size_too_large, "virtual-size-too-large", never_answers, permanent,
                      "Virtual disk too large",
                      "Shrink the virtual disk with qemu-img resize --shrink, or ask the operator for more."},
    error_description{virtual_size_invalid, "virtual-size-invalid", never_answers, permanent, "Virtual size impossible",
                      "Write the disk afresh with qemu-img convert and try again."},
    error_description{image_truncated, "image-truncated", never_answers, permanent, "Image is incomplete",
                      "Upload the whole file to the source again and check its size."},
    error_description{image_corrupt, "image-corrupt", never_answers, permanent, "Image is damaged",
                      "Check it with qemu-img check, repair it, and try again."},
    error_description{image_encrypted, "image-encrypted", never_answers, permanent, "Image is encrypted",
                      "Decrypt it with qemu-img convert and try again."},
    error_description{overlapping_structures, "overlapping-structures", never_answers, permanent,
                      "Parts of the image overlap", "Write the disk afresh with qemu-img convert and try again."},
    error_description{amplification, "amplification", never_answers, permanent, "Image grows beyond measure",
                      "Write the disk afresh with qemu-img convert and try again."},
    error_description{too_complex, "too-complex", never_answers, permanent, "Image too complex to judge",
                      "Write the disk afresh with qemu-img convert and try again."},
    error_description{verifier_refused, "verifier-refused", never_answers, permanent, "Refused by a verifier",
                      "Remove what the verifier found from the disk and try again."},
    error_description{verifier_failed, "verifier-failed", never_answers, retryable, "A verifier failed",
                      "Try again; if it stays, tell the operator."},
    error_description{conversion_failed, "conversion-failed", never_answers, permanent, "Image could not be converted",
                      "Convert it with qemu-img convert and import the result."},
    error_description{unpacking_failed, "unpacking-failed", never_answers, permanent, "Image could not be unpacked",
                      "Unpack it and import the disk image itself."},
    error_description{signature_invalid, "signature-invalid", never_answers, permanent, "Signature does not match",
                      "Check the img_signature properties and sign the bytes of the source again."},
    // Storage and life cycle
    error_description{disk_full, "disk-full", 503, retryable, "No space left",
                      "Try again later; the operator has to free or add space."},
    error_description{quota_exceeded, "quota-exceeded", 413, retryable, "Quota exceeded",
                      "Delete images or imports of your project that you no longer need."},
    error_description{store_failed, "store-failed", 503, retryable, "Image could not be stored",
                      "Try again; if it stays, tell the operator."},
    error_description{cancelled, "cancelled", never_answers, permanent, "Cancelled",
                      "Start a new import if you still want the image."},
};

constexpr error_description no_error{none, "none", never_answers, permanent, "No error", "Nothing to do."};

constexpr bool in_enumeration_order() {
  for (std::size_t i = 0; i < table.size(); ++i)
    if (table[i].code != static_cast<error_code>(i + 1))
      return false;
  return table.back().code == cancelled;
}

constexpr bool names_are_unique() {
  for (std::size_t i = 0; i < table.size(); ++i)
    for (std::size_t j = i + 1; j < table.size(); ++j)
      if (table[i].name == table[j].name)
        return false;
  return true;
}

static_assert(in_enumeration_order(), "every code needs its row, in the order of the enumeration");
static_assert(names_are_unique(), "a name stands for one code");

}  // namespace

std::span<const error_description> error_descriptions() noexcept {
  return table;
}

const error_description& describe(error_code code) noexcept {
  const auto position = static_cast<std::size_t>(code);
  if (position == 0)
    return no_error;
  return position <= table.size() ? table[position - 1] : describe(internal_error);
}

std::string_view to_string(error_code code) noexcept {
  return describe(code).name;
}

std::optional<error_code> error_code_from(std::string_view name) noexcept {
  if (name == no_error.name)
    return none;
  const auto* const row = std::ranges::find(table, name, &error_description::name);
  if (row == table.end())
    return std::nullopt;
  return row->code;
}

}  // namespace sluice::schemas
