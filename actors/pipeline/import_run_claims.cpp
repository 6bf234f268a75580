// SPDX-License-Identifier: Apache-2.0
// The part of an import_run that makes what the caller says of the bytes ready, before the first of them is fetched:
// the certificate of a signature, and the file of checksums that a URL names.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "actors/pipeline/import_run.hpp"
#include "schemas/checksum_list.hpp"

namespace sluice::actors {

namespace {

using schemas::error_code;

/// A file of checksums is a few KiB; those of whole archives are some hundred.
constexpr std::uint64_t largest_list = std::uint64_t{1} << 20;
constexpr std::size_t piece = 16 << 10;

source_failure permanent(error_code code, std::string message) {
  return source_failure{schemas::failure{code, std::move(message)}, false};
}

source_failure list_too_long() {
  return permanent(error_code::checksum_mismatch,
                   "Expected a file of checksums of at most 1 MiB, got a longer one. Check expect.checksums_url: it is "
                   "not the image's own location.");
}

/// The same failure, said of the file of checksums instead of the image.
source_failure of_the_list(source_failure broken) {
  constexpr std::string_view of_the_image = "Could not retrieve image. ";
  auto& message = broken.why.message;
  if (message.starts_with(of_the_image))
    message.erase(0, of_the_image.size());
  message.insert(0, "Could not retrieve the file of checksums. ");
  return broken;
}

}  // namespace

boost::asio::awaitable<bool> import_run::try_again(source_failure broken, std::uint32_t tried) {
  if (interrupted())
    co_return false;
  if (!broken.transient || tried > parts_.options.imports.retries) {
    fail(std::move(broken.why));
    co_return false;
  }
  co_await pause_before(tried, broken.retry_after);
  co_return !interrupted();
}

boost::asio::awaitable<void> import_run::learn_claims() {
  claims_.checksums = job_.record.request.expect.checksums;
  co_await prepare_signature();
  if (!interrupted() && job_.record.request.expect.checksums_url)
    co_await learn_checksums();
}

boost::asio::awaitable<void> import_run::prepare_signature() {
  auto wanted = schemas::signature_of(job_.record.request.properties.extra, "/image_properties");
  if (!wanted) {
    fail(std::move(wanted.error()));
    co_return;
  }
  if (!*wanted)
    co_return;
  auto signature = std::move(**wanted);
  for (std::uint32_t tried = 1;; ++tried) {
    source_result<std::string> certificate;
    if (parts_.options.certificates == nullptr) {
      certificate = tl::unexpected<source_failure>{unknown_certificate(signature.certificate_id)};
    } else {
      auto asking = parts_.options.certificates->certificate(signature.certificate_id);
      certificate = co_await std::move(asking);
    }
    if (certificate) {
      auto prepared = verification::signature_check::prepare(
          std::move(signature), *certificate, parts_.options.authorities.get(), std::chrono::system_clock::now());
      if (prepared)
        claims_.signature = std::move(*prepared);
      else
        fail(std::move(prepared.error()));
      co_return;
    }
    auto trying = try_again(std::move(certificate.error()), tried);
    const auto again = co_await std::move(trying);
    if (!again)
      co_return;
  }
}

boost::asio::awaitable<void> import_run::learn_checksums() {
  const auto& expect = job_.record.request.expect;
  for (std::uint32_t tried = 1;; ++tried) {
    auto reading = read_checksum_list(*expect.checksums_url);
    auto list = co_await std::move(reading);
    if (interrupted())
      co_return;
    if (list) {
      take_checksums(expect.checksums_name.value_or(schemas::file_name_of(job_.record.request.location)), *list);
      co_return;
    }
    auto trying = try_again(of_the_list(std::move(list.error())), tried);
    const auto again = co_await std::move(trying);
    if (!again)
      co_return;
  }
}

void import_run::take_checksums(const std::string& name, std::string_view list) {
  auto found = schemas::checksums_for(name, list);
  if (!found) {
    fail(std::move(found.error()));
    return;
  }
  for (auto& checksum : *found) {
    const auto said = std::ranges::find(claims_.checksums, checksum.algorithm, &schemas::expected_checksum::algorithm);
    if (said == claims_.checksums.end()) {
      claims_.checksums.push_back(std::move(checksum));
    } else if (said->value != checksum.value) {
      fail(schemas::failure{error_code::checksum_mismatch, "The request expects " + said->algorithm + ' ' +
                                                               said->value + ", but the file of checksums says " +
                                                               checksum.value +
                                                               ". No image has both; check which of them is meant."});
      return;
    }
  }
}

boost::asio::awaitable<source_result<std::string>> import_run::read_checksum_list(const std::string& url) {
  const auto source = parts_.sources.create(executor_, url);
  source_result<source_offer> opened;
  {
    const wait_mark mark{meter_, import_limit::source};
    auto opening = source->open(0, std::string{});
    opened = co_await std::move(opening);
  }
  source_result<std::string> answer;
  if (!opened) {
    answer = tl::unexpected<source_failure>{std::move(opened.error())};
    co_return answer;
  }
  std::array<std::byte, piece> buffer{};
  std::string text;
  while (!interrupted()) {
    if (std::max(opened->total.value_or(0), std::uint64_t{text.size()}) > largest_list) {
      answer = tl::unexpected<source_failure>{list_too_long()};
      co_return answer;
    }
    {
      const wait_mark mark{meter_, import_limit::bandwidth};
      co_await throttle_->take(buffer.size());
    }
    source_result<std::size_t> read;
    {
      const wait_mark mark{meter_, import_limit::source};
      auto reading = source->read_some(buffer);
      read = co_await std::move(reading);
    }
    throttle_->give_back(buffer.size() - read.value_or(0));
    if (!read) {
      answer = tl::unexpected<source_failure>{std::move(read.error())};
      co_return answer;
    }
    if (*read == 0)
      break;
    text.append(reinterpret_cast<const char*>(buffer.data()), *read);
  }
  if (opened->total && text.size() < *opened->total)
    answer = tl::unexpected<source_failure>{source_failure{
        schemas::failure{error_code::source_truncated, "The source ended before the length that it announced."}, true}};
  else
    answer = std::move(text);
  co_return answer;
}

}  // namespace sluice::actors
