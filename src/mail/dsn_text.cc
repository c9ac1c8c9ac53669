#include "mail/dsn_text.h"

#include <algorithm>
#include <cstdint>

#include "base/text.h"
#include "mail/header.h"

namespace postern::mail {
namespace {

constexpr std::size_t kWrapColumns = 76;
constexpr std::size_t kMaxTextOctets = 4000;
constexpr std::size_t kMaxWordOctets = 500;
constexpr std::size_t kMaxHeaderTextOctets = 300;
constexpr std::size_t kEncodedWordOctets =
    45;  // 60 of base 64; RFC 2047 s2 allows 75 with the rest
constexpr std::size_t kMaxAddressOctets = 300;  // at most three times that in xtext
constexpr std::string_view kCrlf = "\r\n";

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// The longest front of `text` with at most `max` octets that cuts no UTF-8 sequence.
std::string_view front(std::string_view text, std::size_t max) {
  if (text.size() <= max) return text;
  std::size_t cut = max;
  while (cut > 0 && is_continuation(text[cut])) --cut;
  return text.substr(0, cut > 0 ? cut : max);
}

std::string encoded_words(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view piece = front(text, kEncodedWordOctets);
    text.remove_prefix(piece.size());
    if (!out.empty()) out += "\r\n ";
    out += "=?utf-8?B?" + to_base64(piece) + "?=";
  }
  return out;
}

// `text` is valid UTF-8, `at` the first octet of a sequence; moves `at` behind it.
std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto first = static_cast<unsigned char>(text[at++]);
  std::uint32_t value = first < 0x80   ? first
                        : first < 0xE0 ? first & 0x1F
                        : first < 0xF0 ? first & 0x0F
                                       : first & 0x07;
  while (at < text.size() && is_continuation(text[at])) {
    value = value << 6 | (static_cast<unsigned char>(text[at++]) & 0x3F);
  }
  return value;
}

std::string hexadecimal(std::uint32_t value) {
  std::string out;
  for (int shift = 20; shift >= 0; shift -= 4) {
    const std::uint32_t nibble = value >> shift & 15;
    if (nibble != 0 || !out.empty() || shift == 0) out += "0123456789ABCDEF"[nibble];
  }
  return out;
}

// utf-8-addr-xtext of RFC 6533 s3.
std::string utf8_addr_xtext(std::string_view address) {
  std::string out;
  for (std::size_t at = 0; at < address.size();) {
    const std::uint32_t point = next_code_point(address, at);
    if (point >= 0x80 || point == '\\') {
      out += "\\x{" + hexadecimal(point) + "}";
    } else {
      out += static_cast<char>(point);
    }
  }
  return out;
}

}  // namespace

std::string wrapped(std::string_view text, std::string_view indent) {
  const std::string clean = printable(text, kMaxTextOctets);
  std::string out;
  std::string line;
  const auto end_line = [&] {
    out.append(indent).append(line).append(kCrlf);
    line.clear();
  };
  for (std::string_view word : split(clean, ' ')) {
    for (; !word.empty(); word.remove_prefix(front(word, kMaxWordOctets).size())) {
      const std::string_view piece = front(word, kMaxWordOctets);
      if (!line.empty() && indent.size() + line.size() + 1 + piece.size() > kWrapColumns)
        end_line();
      if (!line.empty()) line += ' ';
      line += piece;
    }
  }
  if (!line.empty()) end_line();
  return out;
}

std::string header_text(std::string_view text) {
  const std::string clean = printable(text, kMaxHeaderTextOctets);
  return is_ascii(clean) ? clean : encoded_words(clean);
}

std::string typed_address(std::string_view address, bool raw_utf8) {
  const std::string clean = printable(address, kMaxAddressOctets);
  if (is_ascii(clean)) return "rfc822;" + clean;
  return "utf-8;" + (raw_utf8 ? clean : utf8_addr_xtext(clean));
}

std::string returned_copy(std::string_view message, bool header_only) {
  std::string out;
  out.reserve(message.size());
  bool in_header = true;
  while (!message.empty()) {
    const std::size_t end = std::min(message.find('\n'), message.size());
    std::string_view line = message.substr(0, end);
    message.remove_prefix(std::min(end + 1, message.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) in_header = false;
    if (header_only && !in_header) break;
    for (bool first = true; first || !line.empty(); first = false) {
      if (!first && in_header) out += ' ';  // the rest of an overlong field stays its own
      const std::string_view piece = front(line, kMaxLineOctets - 1);
      line.remove_prefix(piece.size());
      out.append(piece).append(kCrlf);
      std::replace_if(
          out.end() - static_cast<std::ptrdiff_t>(piece.size() + kCrlf.size()), out.end() - 2,
          [](char c) { return c == '\0' || c == '\r'; }, '?');
    }
  }
  return out;
}

}  // namespace postern::mail
