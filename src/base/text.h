// Octet strings as mail uses them: ASCII case, no locale, no regular expressions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

[[nodiscard]] constexpr bool is_alpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
[[nodiscard]] constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
[[nodiscard]] constexpr bool is_alnum(char c) {
  return is_alpha(c) || is_digit(c);
}
[[nodiscard]] constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
[[nodiscard]] constexpr char to_upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

[[nodiscard]] std::string lower(std::string_view s);
[[nodiscard]] std::string upper(std::string_view s);
[[nodiscard]] bool iequals(std::string_view a, std::string_view b);
[[nodiscard]] bool istarts_with(std::string_view s, std::string_view prefix);
[[nodiscard]] bool iends_with(std::string_view s, std::string_view suffix);
// Without leading and trailing blanks, tabs, CR and LF.
[[nodiscard]] std::string_view trim(std::string_view s);
// The parts between `separator`s; "" gives one empty part.
[[nodiscard]] std::vector<std::string_view> split(std::string_view s, char separator);
[[nodiscard]] std::string join(const std::vector<std::string>& parts, std::string_view separator);
// Decimal digits only, the whole string, no sign; nullopt when not so or above `max`.
[[nodiscard]] std::optional<std::uint64_t> parse_uint(std::string_view s,
                                                      std::uint64_t max = UINT64_MAX);
// Printable text on one line, whatever the octets: other than printable ASCII and valid UTF-8
// becomes \xHH, CR and LF too; longer than `max_octets` is cut and ends in "...". For logs and
// messages to people.
[[nodiscard]] std::string printable(std::string_view octets, std::size_t max_octets = 1000);
[[nodiscard]] bool is_valid_utf8(std::string_view s);
[[nodiscard]] bool is_ascii(std::string_view s);

[[nodiscard]] std::string to_hex(std::string_view octets);  // upper case, no separators
[[nodiscard]] std::optional<std::string> from_hex(std::string_view text);
[[nodiscard]] std::string to_base64(std::string_view octets);
// Strict RFC 4648 s4: padded, no blanks, unused bits zero; nullopt otherwise.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace postern
