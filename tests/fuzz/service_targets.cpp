// SPDX-License-Identifier: Apache-2.0
// What other services say, and what the service's own files and processes do.
#include <algorithm>
#include <array>

#include "actors/verification/checks/clamd_stream.hpp"
#include "actors/verification/sandbox/walk_job.hpp"
#include "http/client/chunked_decoder.hpp"
#include "http/client/response_head.hpp"
#include "http/client/retry_after.hpp"
#include "schemas/barbican_secret.hpp"
#include "schemas/checksum_list.hpp"
#include "schemas/json.hpp"
#include "schemas/json_value.hpp"
#include "schemas/keystone_token.hpp"
#include "schemas/metadef.hpp"
#include "schemas/remote_image.hpp"
#include "schemas/swift_location.hpp"
#include "schemas/swift_sign_in.hpp"
#include "schemas/task.hpp"
#include "schemas/text.hpp"
#include "tests/fuzz/promises.hpp"
#include "tests/fuzz/seeds.hpp"

namespace sluice::tests::fuzz {
namespace {

using namespace std::chrono_literals;

/// The first line of `text`, and what follows it.
std::pair<std::string_view, std::string_view> first_line(std::string_view text) {
  const auto end = text.find('\n');
  return end == text.npos ? std::pair{text, std::string_view{}} : std::pair{text.substr(0, end), text.substr(end + 1)};
}

bool is_visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

/// What is kept is read back, and shown in every dialect.
void run_record(std::span<const std::byte> input) {
  const auto is_json = [](std::string_view text) {
    promise(schemas::parse_json(text).has_value(), "an answer is JSON");
  };
  if (const auto import = schemas::decode_image_import(text_of(input))) {
    promise(schemas::decode_image_import(schemas::encode(*import)) == import, "what is read is written the same");
    schemas::progress_view progress;
    progress.bytes = import->durable_bytes;
    is_json(schemas::to_json(*import, progress));
    is_json(schemas::to_json({{*import, std::nullopt}}, {}));
    is_json(schemas::task_json(*import));
    is_json(schemas::tasks_json({*import}, {}));
    is_json(schemas::image_tasks_json({*import}));
    if (import->why)
      is_json(schemas::problem_json(*import->why));
  }
  if (const auto space = schemas::decode_metadef_namespace(text_of(input)))
    promise(schemas::decode_metadef_namespace(schemas::encode(*space)) == *space, "what is read is written the same");
  if (const auto image = schemas::decode_image(text_of(input)))
    promise(schemas::decode_image(schemas::encode(*image)) == image, "what is read is written the same");
  if (const auto member = schemas::decode_image_member(text_of(input)))
    promise(schemas::decode_image_member(schemas::encode(*member)) == member, "what is read is written the same");
}

void run_configuration(std::span<const std::byte> input) {
  promise(explained(schemas::parse_configuration(text_of(input), "fuzz.toml")), "a refusal says why");
}

void check_location(const schemas::location& where) {
  promise(where.port != 0 && !where.host.empty() && where.target.starts_with('/'), "a location says where to go");
  promise(is_visible(where.host) && is_visible(where.target), "nothing in it ends a line of a request");
}

/// A location, and a reference that its server answers.
void run_location(std::span<const std::byte> input) {
  const schemas::sources_configuration sources;
  const auto [url, reference] = first_line(text_of(input));
  static_cast<void>(schemas::location_without_credentials(url));
  const auto where = schemas::parse_location(url, sources);
  promise(explained(where), "a refusal says why");
  if (where) {
    check_location(*where);
    const auto next = schemas::resolve_redirect(*where, reference, sources);
    promise(explained(next), "a refusal says why");
    promise(!next || !where->secure() || next->secure(), "https never leads to http");
    if (next)
      check_location(*next);
    const auto object = schemas::object_location(*where, reference, "/c/o", sources);
    promise(explained(object), "a refusal says why");
    if (object)
      check_location(*object);
  }
  const auto swift = schemas::parse_swift_location(url, sources);
  promise(explained(swift), "a refusal says why");
  if (swift)
    check_location(swift->where);
  if (const auto spelled = schemas::normalised_location(url, sources))
    promise(schemas::normalised_location(*spelled, sources) == *spelled, "there is one spelling of a location");
  const auto there = schemas::is_remote_image(url)
                         ? std::string{url}
                         : schemas::remote_image_location(url, "36d4b546-64a2-4bb9-bdd0-ba676aa48f2c");
  const auto remote = schemas::parse_remote_image(there, sources);
  promise(explained(remote), "a refusal says why");
  if (remote) {
    check_location(remote->record);
    check_location(remote->file);
  }
}

void run_chunked(std::span<const std::byte> input) {
  bytes whole{input.begin(), input.end()}, cut{whole};
  http::chunked_decoder at_once, in_pieces;
  const auto decoded = at_once.decode(whole);
  std::size_t payload = 0;
  bool refused = false;
  for (std::size_t at = 0; at < cut.size() && !refused; at += 3) {
    const auto piece = in_pieces.decode(std::span{cut}.subspan(at, std::min<std::size_t>(3, cut.size() - at)));
    refused = !piece;
    payload += piece.value_or(0);
  }
  promise(decoded.has_value() != refused, "the verdict does not depend on how the bytes are cut");
  promise(!decoded || *decoded == payload, "nor does the payload");
}

/// The head of an answer, and the fields of it that are read further.
void run_answer(std::span<const std::byte> input) {
  const auto text = text_of(input);
  const auto head = http::parse_response_head(text);
  promise(explained(head), "a refusal says why");
  if (head) {
    for (const auto length : {std::size_t{1}, std::size_t{5}, text.size() / 2, text.size()})
      promise(http::may_become_response_head(text.substr(0, length)), "the beginning of a head may become one");
    promise(head->validator.empty() || http::is_strong_validator(head->validator), "a validator is a strong one");
    for (const auto* const token : {&head->subject_token, &head->auth_token})
      promise(token->empty() || http::is_token(*token), "a token may stand in a request");
  }
  const auto check = [](const std::optional<http::content_range>& range) {
    promise(!range || !range->satisfied || (range->first <= range->last && range->last < range->total),
            "a range is of bytes that are there");
  };
  check(http::parse_content_range(text));
  check(head ? head->range : std::nullopt);
  const auto wait =
      http::parse_retry_after(head ? head->retry_after : text, std::chrono::system_clock::time_point{}, 1h);
  promise(!wait || (*wait >= 0s && *wait <= 1h), "nobody waits longer than the most");
}

/// A name, and a list of checksums.
void run_checksums(std::span<const std::byte> input) {
  const auto [name, list] = first_line(text_of(input));
  const auto found = schemas::checksums_for(name, list);
  promise(explained(found), "a refusal says why");
  if (found) {
    promise(!found->empty() && found->size() <= 2, "there are one or two that count");
    for (const auto& [algorithm, value] : *found)
      promise(value.size() == (algorithm == "sha256" ? 64U : 128U) && schemas::hexadecimal(value) == value,
              "each is a whole digest");
  }
  static_cast<void>(schemas::file_name_of(name));
}

void run_keystone(std::span<const std::byte> input) {
  const auto text = text_of(input);
  const auto token = schemas::parse_keystone_token(text);
  promise(explained(token), "a refusal says why");
  if (token) {
    promise(!token->who.user_id.empty() && token->who.user_id.size() <= 64 && is_visible(token->who.user_id) &&
                token->who.project_id.size() <= 64 && is_visible(token->who.project_id),
            "ids are 64 printable characters at most");
    promise(token->who.roles.size() <= 1000 && token->catalog.size() <= 5000, "lists are bounded");
  }
  const auto endpoint = schemas::object_store_endpoint(text);
  promise(explained(endpoint), "a refusal says why");
  promise(explained(schemas::parse_keystone_time(text)), "a refusal says why");
}

/// An image at another Glance; a secret at Barbican.
void run_remote(std::span<const std::byte> input) {
  const auto taken = schemas::taken_from_remote(text_of(input));
  promise(explained(taken), "a refusal says why");
  promise(!taken || taken->properties.size() <= 129, "no more is taken over than an image can have");
  if (taken)
    for (const auto& digest : taken->digests)
      promise(schemas::hexadecimal(digest.value) == digest.value, "a digest is hexadecimal digits, in lower case");
  const auto type = schemas::barbican_payload_type(text_of(input));
  promise(explained(type), "a refusal says why");
  promise(!type || is_visible(*type), "a media type may stand in a request");
}

/// What a verifier's process says, which hostile bytes may have taken over; what clamd does.
void run_report(std::span<const std::byte> input) {
  namespace sandbox = actors::verification::sandbox;
  const auto text = text_of(input);
  const auto walked = sandbox::decode_walk_report(text);
  promise(explained(walked), "a refusal says why");
  if (walked)
    for (const auto& remark : walked->remarks)
      promise(schemas::one_line(remark) == remark, "a remark is one line");
  else
    promise(schemas::one_line(walked.error().message) == walked.error().message, "a refusal is one line");
  const auto scanned = actors::read_clamd_answer(text);
  promise(schemas::one_line(scanned.words) == scanned.words, "what clamd says is one line");
}

constexpr std::array all{
    target{"record", run_record, record_seeds},
    target{"configuration", run_configuration},
    target{"location", run_location},
    target{"chunked", run_chunked},
    target{"answer", run_answer},
    target{"checksums", run_checksums},
    target{"keystone", run_keystone},
    target{"remote", run_remote},
    target{"report", run_report},
};

}  // namespace

std::span<const target> service_targets() noexcept {
  return all;
}

}  // namespace sluice::tests::fuzz
