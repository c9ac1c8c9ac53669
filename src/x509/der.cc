#include "x509/der.h"

namespace postern::x509 {
namespace {

constexpr unsigned char kLongLength = 0x80, kTagOfSeveralOctets = 0x1f;
constexpr std::size_t kMaxLengthOctets = 4;

unsigned char octet_at(std::string_view s, std::size_t i) {
  return static_cast<unsigned char>(s[i]);
}

}  // namespace

std::optional<DerElement> take_der(std::string_view& rest) {
  if (rest.size() < 2 || (octet_at(rest, 0) & kTagOfSeveralOctets) == kTagOfSeveralOctets)
    return std::nullopt;
  std::size_t header = 2, length = octet_at(rest, 1);
  if (length >= kLongLength) {
    const std::size_t count = length - kLongLength;
    if (count == 0 || count > kMaxLengthOctets || rest.size() < header + count) return std::nullopt;
    length = 0;
    for (std::size_t i = 0; i < count; ++i) length = length << 8 | octet_at(rest, header + i);
    header += count;
  }
  if (rest.size() - header < length) return std::nullopt;
  const DerElement out{octet_at(rest, 0), rest.substr(header, length),
                       rest.substr(0, header + length)};
  rest.remove_prefix(header + length);
  return out;
}

std::optional<DerElement> take_der(std::string_view& rest, unsigned char tag) {
  if (!next_der_is(rest, tag)) return std::nullopt;
  return take_der(rest);
}

bool next_der_is(std::string_view rest, unsigned char tag) {
  return !rest.empty() && octet_at(rest, 0) == tag;
}

std::string wrap_der(unsigned char tag, std::string_view content) {
  std::string length;
  if (content.size() < kLongLength) {
    length += static_cast<char>(content.size());
  } else {
    for (std::size_t left = content.size(); left > 0; left >>= 8)
      length.insert(length.begin(), static_cast<char>(left & 0xff));
    length.insert(length.begin(), static_cast<char>(kLongLength + length.size()));
  }
  return std::string(1, static_cast<char>(tag)) + length + std::string(content);
}

std::string_view minimal_integer(std::string_view content) {
  while (content.size() > 1) {
    const bool sign_bit = (octet_at(content, 1) & 0x80U) != 0;
    const bool repeats = octet_at(content, 0) == (sign_bit ? 0xff : 0x00);
    if (!repeats) break;
    content.remove_prefix(1);
  }
  return content;
}

}  // namespace postern::x509
