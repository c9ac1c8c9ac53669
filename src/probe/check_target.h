// What `postern check` is asked about: a domain whose mail is to go somewhere, or one host. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace postern::probe {

constexpr std::uint16_t kSmtpPort = 25;
constexpr std::uint16_t kImplicitTlsPort = 465;  // RFC 8314 s7.3

struct CheckTarget {
  std::string text;                   // as it was given, made printable
  std::string name;                   // domain or host (A-labels), or a textual IP address
  std::optional<std::uint16_t> port;  // given: `name` is a host, and MX records are not asked
  bool literal = false;               // `name` is an address

  [[nodiscard]] bool maybe_domain() const { return !literal && !port; }
  // "mx.example:465" speaks TLS from the first byte unless somebody says otherwise.
  [[nodiscard]] bool implicit_by_port() const { return port == kImplicitTlsPort; }
};

// "contoso.com", "mx1.contoso.com:25", "192.0.2.1", "[192.0.2.1]", "[IPv6:2001:db8::1]:25",
// "2001:db8::1", an address "user@contoso.com" (its domain); a trailing dot and U-labels are taken.
// Errors: invalid, with what would be right.
[[nodiscard]] Result<CheckTarget> parse_check_target(std::string_view text);

}  // namespace postern::probe
