// SPDX-License-Identifier: Apache-2.0
#include "http/client/chunked_decoder.hpp"

#include <algorithm>
#include <cstring>

namespace sluice::http {

namespace {

int hexadecimal(unsigned char each) noexcept {
  if (each >= '0' && each <= '9')
    return each - '0';
  if (each >= 'a' && each <= 'f')
    return each - 'a' + 10;
  if (each >= 'A' && each <= 'F')
    return each - 'A' + 10;
  return -1;
}

/// What may stand in an extension or a trailer: visible characters, space, tab, bytes above ASCII.
bool is_text(unsigned char each) noexcept {
  return each == '\t' || (each >= 0x20 && each != 0x7f);
}

}  // namespace

schemas::result<std::size_t> chunked_decoder::decode(std::span<std::byte> received) {
  std::size_t from = 0;
  std::size_t to = 0;
  while (from < received.size() && where_ != place::end) {
    if (where_ == place::payload) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, received.size() - from));
      if (from != to)
        std::memmove(received.data() + to, received.data() + from, count);
      from += count;
      to += count;
      left_ -= count;
      if (left_ == 0)
        where_ = place::payload_carriage_return;
      continue;
    }
    if (!take(static_cast<unsigned char>(received[from++])))
      return schemas::refuse(schemas::error_code::source_protocol,
                             "Could not retrieve image. The source's chunked encoding is broken: expected a chunk as "
                             "RFC 9112 defines it. Check the source server, or a proxy before it.");
  }
  return to;
}

bool chunked_decoder::take(unsigned char each) noexcept {
  switch (where_) {
    case place::size: {
      if (const int digit = hexadecimal(each); digit >= 0) {
        if (++digits_ > 16)
          return false;
        left_ = left_ << 4 | static_cast<std::uint64_t>(digit);
        return true;
      }
      if (digits_ == 0 || left_ >> 63 != 0)
        return false;
      framing_ = 0;
      if (each == '\r') {
        where_ = place::size_line_feed;
        return true;
      }
      where_ = place::extension;
      return each == ';' || each == ' ' || each == '\t';
    }
    case place::extension:
      if (each == '\r')
        where_ = place::size_line_feed;
      else if (!is_text(each) || ++framing_ > most_framing)
        return false;
      return true;
    case place::size_line_feed:
      where_ = left_ == 0 ? place::trailer_start : place::payload;
      digits_ = 0;
      framing_ = 0;
      return each == '\n';
    case place::payload_carriage_return: where_ = place::payload_line_feed; return each == '\r';
    case place::payload_line_feed: where_ = place::size; return each == '\n';
    case place::trailer_start:
      if (each == '\r') {
        where_ = place::last_line_feed;
        return true;
      }
      where_ = place::trailer;
      return is_text(each) && ++framing_ <= most_framing;
    case place::trailer:
      if (each == '\r')
        where_ = place::trailer_line_feed;
      else if (!is_text(each) || ++framing_ > most_framing)
        return false;
      return true;
    case place::trailer_line_feed: where_ = place::trailer_start; return each == '\n';
    case place::last_line_feed: where_ = place::end; return each == '\n';
    case place::payload:
    case place::end: break;
  }
  return false;
}

}  // namespace sluice::http
