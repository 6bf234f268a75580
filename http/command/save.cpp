// SPDX-License-Identifier: Apache-2.0
#include "http/command/save.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

namespace sluice::command {
namespace {

constexpr std::size_t chunk_size = 256 << 10;

/// One digest over everything that passes.
class digest {
 public:
  explicit digest(const EVP_MD* kind) : context_{EVP_MD_CTX_new(), &EVP_MD_CTX_free} {
    if (kind == nullptr || EVP_DigestInit_ex(context_.get(), kind, nullptr) != 1)
      context_.reset();
  }
  void update(std::span<const char> bytes) {
    if (context_)
      EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
  }
  /// Lower-case hex; empty when the algorithm is not to be had.
  [[nodiscard]] std::string hex() {
    if (!context_)
      return {};
    std::array<unsigned char, EVP_MAX_MD_SIZE> value{};
    unsigned length = 0;
    EVP_DigestFinal_ex(context_.get(), value.data(), &length);
    static constexpr auto digits = "0123456789abcdef";
    std::string text;
    for (unsigned index = 0; index < length; ++index) {
      text += digits[value[index] >> 4];
      text += digits[value[index] & 15];
    }
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

std::string reason() {
  return std::strerror(errno);
}

/// The file being written: removed again unless `keep` was called.
class target_file {
 public:
  [[nodiscard]] static attempt<std::unique_ptr<target_file>> create(const std::string& name) {
    auto made = std::unique_ptr<target_file>{new target_file};
    made->name_ = name;
    if (name == "-") {
      if (::isatty(STDOUT_FILENO) == 1)
        return give_up(outcome::usage,
                       "--file - writes the image's bytes, and standard output is a terminal. Send "
                       "them somewhere: sluice save ID --file - | ...");
      made->descriptor_ = STDOUT_FILENO;
      return made;
    }
    const std::filesystem::path path{name};
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored))
      return give_up(outcome::usage, name + " is a directory: --file takes the name of a file.");
    std::string hidden{"."};
    hidden.append(path.filename().string()).append(".XXXXXX");
    auto pattern = (path.parent_path() / hidden).string();
    made->descriptor_ = ::mkstemp(pattern.data());
    if (made->descriptor_ < 0)
      return give_up(outcome::import_failed,
                     "A file cannot be made beside " + name + ": " + reason() + ". Choose another place with --file.");
    made->temporary_ = pattern;
    const auto mask = ::umask(0);
    ::umask(mask);
    ::fchmod(made->descriptor_, 0666 & ~mask);
    return made;
  }
  target_file(const target_file&) = delete;
  target_file& operator=(const target_file&) = delete;
  ~target_file() {
    if (temporary_.empty())
      return;
    ::close(descriptor_);
    ::unlink(temporary_.c_str());
  }

  [[nodiscard]] attempt<void> write(std::span<const char> bytes) {
    while (!bytes.empty()) {
      const auto written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR)
        continue;
      if (written < 0)
        return give_up(outcome::import_failed, name_ + " cannot be written: " + reason() + ". Nothing was left there.");
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
  }

  /// Makes the bytes durable and gives them their name.
  [[nodiscard]] attempt<void> keep() {
    if (temporary_.empty())
      return {};
    if (::fsync(descriptor_) != 0 || ::rename(temporary_.c_str(), name_.c_str()) != 0)
      return give_up(outcome::import_failed, name_ + " cannot be written: " + reason() + ".");
    ::close(descriptor_);
    temporary_.clear();
    return {};
  }

 private:
  target_file() = default;
  std::string name_;
  std::string temporary_;
  int descriptor_ = -1;
};

attempt<void> compare(const std::string& what, const std::string& computed, const std::string& promised) {
  if (promised.empty() || computed.empty() || computed == promised)
    return {};
  return give_up(outcome::import_failed, "The bytes that came are not the image: their " + what + " is " + computed +
                                             ", the record says " + promised + ". Nothing was kept; try again.");
}

}  // namespace

std::string file_name_for(const image_record& image) {
  std::string name;
  for (const char c : image.name.empty() ? image.id : image.name) {
    const bool harmless =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    name += harmless || (c == '.' && !name.empty()) ? c : '_';
  }
  name.resize(std::min<std::size_t>(name.size(), 200));
  std::string suffix{"."};
  suffix += image.disk_format.empty() ? "img" : image.disk_format;
  return name.ends_with(suffix) ? name : name + suffix;
}

attempt<std::string> save(service_client& service, const image_record& image, const std::string& file,
                          progress_display& display) {
  auto target = target_file::create(file);
  if (!target)
    return tl::unexpected{target.error()};
  auto head = accepted(service.begin_download("/v2/images/" + image.id + "/file"));
  if (!head)
    return tl::unexpected{head.error()};

  digest md5{EVP_md5()};
  digest os_hash{image.os_hash_algo.empty() ? nullptr : EVP_get_digestbyname(image.os_hash_algo.c_str())};
  progress_view shown;
  shown.title = file == "-" ? image.id : file;
  shown.state = "downloading";
  shown.total = head->length ? head->length : image.size;
  shown.moving = true;
  std::vector<char> buffer(chunk_size);
  const auto started = std::chrono::steady_clock::now();
  for (;;) {
    const auto length = service.read_download(buffer);
    if (!length)
      return tl::unexpected{length.error()};
    if (*length == 0)
      break;
    const std::span<const char> bytes{buffer.data(), *length};
    md5.update(bytes);
    os_hash.update(bytes);
    if (const auto written = (*target)->write(bytes); !written)
      return tl::unexpected{written.error()};
    shown.bytes += bytes.size();
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
    if (elapsed.count() > 0.5) {
      const auto rate = static_cast<double>(shown.bytes) / elapsed.count();
      shown.rate = static_cast<std::uint64_t>(rate);
      if (shown.total && *shown.total >= shown.bytes)
        shown.eta = static_cast<std::uint64_t>(static_cast<double>(*shown.total - shown.bytes) / rate);
    }
    display.show(shown);
  }
  display.clear();

  const auto computed_md5 = md5.hex();
  attempt<void> checked;
  if (image.size && *image.size != shown.bytes)
    checked = give_up(outcome::import_failed, "The image has " + std::to_string(*image.size) + " bytes, but " +
                                                  std::to_string(shown.bytes) + " came. Nothing was kept; try again.");
  checked = checked.and_then([&] { return compare(image.os_hash_algo, os_hash.hex(), image.os_hash_value); })
                .and_then([&] { return compare("md5", computed_md5, image.checksum); })
                .and_then([&] { return compare("md5", computed_md5, head->content_md5); })
                .and_then([&] { return (*target)->keep(); });
  if (!checked)
    return tl::unexpected{checked.error()};
  return file;
}

}  // namespace sluice::command
