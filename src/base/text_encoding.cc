#include "base/text_encoding.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "base/text.h"

namespace postern {
namespace {

constexpr char32_t kReplacement = 0xFFFD;
constexpr std::size_t kLookedAt = 1024;  // octets that tell UTF-16 without a mark

void append(std::string& out, char32_t c) {
  const auto octet = [&](char32_t value) { out += static_cast<char>(value); };
  if (c < 0x80) {
    octet(c);
  } else if (c < 0x800) {
    octet(0xC0 | c >> 6);
    octet(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    octet(0xE0 | c >> 12);
    octet(0x80 | (c >> 6 & 0x3F));
    octet(0x80 | (c & 0x3F));
  } else {
    octet(0xF0 | c >> 18);
    octet(0x80 | (c >> 12 & 0x3F));
    octet(0x80 | (c >> 6 & 0x3F));
    octet(0x80 | (c & 0x3F));
  }
}

std::string from_windows_1252(std::string_view octets) {
  constexpr std::array<char32_t, 32> kHigh = {
      0x20AC,       kReplacement, 0x201A, 0x0192, 0x201E, 0x2026,       0x2020, 0x2021,
      0x02C6,       0x2030,       0x0160, 0x2039, 0x0152, kReplacement, 0x017D, kReplacement,
      kReplacement, 0x2018,       0x2019, 0x201C, 0x201D, 0x2022,       0x2013, 0x2014,
      0x02DC,       0x2122,       0x0161, 0x203A, 0x0153, kReplacement, 0x017E, 0x0178};
  std::string out;
  out.reserve(octets.size());
  for (const char octet : octets) {
    const auto c = static_cast<unsigned char>(octet);
    append(out, c >= 0x80 && c < 0xA0 ? kHigh[c - 0x80] : static_cast<char32_t>(c));
  }
  return out;
}

// Most of such text is ASCII, so one octet of each pair is zero: the high one.
enum class Zeros { none, odd, even };
Zeros zeros_of(std::string_view octets) {
  const std::string_view sample = octets.substr(0, kLookedAt);
  std::size_t even = 0, odd = 0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    if (sample[i] == '\0') ++(i % 2 == 0 ? even : odd);
  }
  const std::size_t pairs = sample.size() / 2;
  if (pairs < 2) return Zeros::none;
  if (odd * 2 > pairs && even * 8 < pairs) return Zeros::odd;
  if (even * 2 > pairs && odd * 8 < pairs) return Zeros::even;
  return Zeros::none;
}

}  // namespace

std::string from_utf16(std::string_view octets, bool big_endian) {
  const auto unit = [&](std::size_t i) {
    const auto a = static_cast<unsigned char>(octets[i]);
    const auto b = static_cast<unsigned char>(octets[i + 1]);
    return static_cast<char32_t>(big_endian ? a << 8 | b : b << 8 | a);
  };
  std::string out;
  out.reserve(octets.size() / 2);
  for (std::size_t i = 0; i + 1 < octets.size(); i += 2) {
    const char32_t first = unit(i);
    if (first < 0xD800 || first > 0xDFFF) {
      append(out, first);
      continue;
    }
    const bool pair =
        first < 0xDC00 && i + 3 < octets.size() && unit(i + 2) >= 0xDC00 && unit(i + 2) <= 0xDFFF;
    if (!pair) {
      append(out, kReplacement);
      continue;
    }
    append(out, 0x10000 + ((first - 0xD800) << 10) + (unit(i + 2) - 0xDC00));
    i += 2;
  }
  return out;
}

std::optional<DecodedText> decode_utf16(std::string_view octets) {
  if (octets.starts_with("\xFF\xFE"))
    return DecodedText{from_utf16(octets.substr(2), false), "UTF-16LE"};
  if (octets.starts_with("\xFE\xFF"))
    return DecodedText{from_utf16(octets.substr(2), true), "UTF-16BE"};
  const Zeros zeros = zeros_of(octets);
  if (zeros == Zeros::odd) return DecodedText{from_utf16(octets, false), "UTF-16LE"};
  if (zeros == Zeros::even) return DecodedText{from_utf16(octets, true), "UTF-16BE"};
  return std::nullopt;
}

DecodedText decode_text(std::string_view octets) {
  if (octets.starts_with("\xEF\xBB\xBF")) octets.remove_prefix(3);
  if (auto wide = decode_utf16(octets)) return std::move(*wide);
  if (is_valid_utf8(octets)) return {std::string(octets), "UTF-8"};
  return {from_windows_1252(octets), "Windows-1252"};
}

}  // namespace postern
