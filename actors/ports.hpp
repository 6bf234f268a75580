// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "schemas/failure.hpp"
#include "schemas/image_import.hpp"

/// What the actors need from outside, as interfaces. The HTTP folder implements the sources; sluiced.cpp plugs them in;
/// tests plug in their own.
namespace sluice::actors {

/// Why a source did not give its bytes. `transient` faults are worth another try with the same offset.
struct source_failure {
  schemas::failure why;
  bool transient = false;
  std::optional<std::chrono::seconds> retry_after;  ///< asked for by the source (429, 503)

  source_failure() = default;
  source_failure(schemas::failure reason, bool worth_another_try, std::optional<std::chrono::seconds> wait = {})
      : why{std::move(reason)}, transient{worth_another_try}, retry_after{wait} {}
};

template <class Value>
using source_result = tl::expected<Value, source_failure>;

/// What the source answered to `open`.
struct source_offer {
  std::uint64_t offset = 0;            ///< where its bytes begin: what was asked, or 0 when it starts over
  std::optional<std::uint64_t> total;  ///< length of the whole, when announced
  std::string validator;               ///< strong ETag, empty when there is none
  /// Properties that come with the bytes, where the source knows what image they are (schemas::taken_from_remote).
  std::map<std::string, std::string> described;
  std::vector<schemas::expected_checksum> digests;  ///< that the source has of the whole

  source_offer() = default;
  source_offer(std::uint64_t begin, std::optional<std::uint64_t> length, std::string etag)
      : offset{begin}, total{length}, validator{std::move(etag)} {}
};

/// One attempt to read one location. Used from one executor; destroyed to abort. Every wait inside has a deadline
/// (connect, first byte, idle; SECURITY F9).
class byte_source {
 public:
  virtual ~byte_source() = default;
  /// Resolves, checks, connects, follows redirects, sends the request. With `offset` > 0 it asks to continue
  /// under `validator` and offers `offset` only when the source proved that it is the same content.
  [[nodiscard]] virtual boost::asio::awaitable<source_result<source_offer>> open(std::uint64_t offset,
                                                                                 std::string validator) = 0;
  /// At least one byte, or 0 when the body is complete as its framing proves.
  [[nodiscard]] virtual boost::asio::awaitable<source_result<std::size_t>> read_some(std::span<std::byte> into) = 0;
  /// False where what was read once cannot be asked for again: then no fault is worth another try.
  [[nodiscard]] virtual bool repeatable() const noexcept { return true; }
};

class byte_source_factory {
 public:
  virtual ~byte_source_factory() = default;
  [[nodiscard]] virtual std::unique_ptr<byte_source> create(const boost::asio::any_io_executor& where,
                                                            const std::string& location) = 0;
};

/// Where the certificates of those who sign images are.
class certificate_source {
 public:
  virtual ~certificate_source() = default;
  /// The X.509 certificate under `id`, a UUID in lower case, as bytes in PEM or DER: untrusted still. Every wait inside
  /// has a deadline. `unknown_certificate` when there is none.
  [[nodiscard]] virtual boost::asio::awaitable<source_result<std::string>> certificate(std::string id) = 0;
};

/// What a certificate_source says of an id that it does not know.
[[nodiscard]] inline source_failure unknown_certificate(const std::string& id) {
  return source_failure{
      schemas::failure{schemas::error_code::signature_invalid,
                       "Expected the certificate " + id +
                           " to be known to the service, but it is not. Check img_signature_certificate_uuid, or ask "
                           "the operator to add the certificate."},
      false};
}

/// Time of day. Intervals inside actors come from CAF's clock; records carry this one.
class wall_clock {
 public:
  virtual ~wall_clock() = default;
  [[nodiscard]] virtual schemas::time_point now() const = 0;
};

}  // namespace sluice::actors
