// Text files as Windows writes them, turned into UTF-8: what the console, Out-File and Notepad
// leave behind. Source: Unicode Standard 3.10 (byte order marks), Windows code page 1252.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postern {

struct DecodedText {
  std::string text;           // valid UTF-8, line ends as they were
  std::string_view encoding;  // "UTF-8", "UTF-16LE", "UTF-16BE", "Windows-1252"
};
// Total: octets that fit nowhere become U+FFFD. Without a byte order mark, UTF-16 is known by the
// zero octets of its ASCII, and what is no UTF-8 counts as Windows-1252.
[[nodiscard]] DecodedText decode_text(std::string_view octets);

// UTF-8 of what is UTF-16, by its mark or by its zeros; nullopt: it is not.
[[nodiscard]] std::optional<DecodedText> decode_utf16(std::string_view octets);
// Of a known byte order, without a mark; an octet after the last pair is left out.
[[nodiscard]] std::string from_utf16(std::string_view octets, bool big_endian);

}  // namespace postern
