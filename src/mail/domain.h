// Domain names and address literals as mail uses them. Source: RFC 5321 s2.3.5, s4.1.3, RFC 5890.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace postern::mail {

constexpr std::size_t kMaxDomainOctets = 255;  // RFC 5321 s4.5.3.1.2
constexpr std::size_t kMaxLabelOctets = 63;    // RFC 1035 s2.3.4

// A domain in lower case (ASCII letters), without trailing dot (one in `text` is refused):
// A-labels, or U-labels as UTF-8 where SMTPUTF8 brought them in; letters, digits, hyphens (and
// octets >= 0x80 where `allow_utf8`), no underscore, no empty label. Errors: invalid, with the
// reason.
[[nodiscard]] Result<std::string> parse_domain(std::string_view text, bool allow_utf8 = false);
// "[192.0.2.1]" or "[IPv6:2001:db8::1]" in canonical form (inet_ntop's); errors as above.
[[nodiscard]] Result<std::string> parse_address_literal(std::string_view text);

// A pattern of the configuration: "contoso.com" (that name only), "*.contoso.com" (every name
// below, not itself), "*". U-labels and A-labels of one name match each other.
class DomainPattern {
 public:
  [[nodiscard]] static Result<DomainPattern> parse(std::string_view text);
  [[nodiscard]] bool matches(std::string_view domain) const;  // `domain` as parse_domain returns it
  // How specific: exact > "*.a.b.c" > "*.b.c" > "*". Greater is more specific.
  [[nodiscard]] int specificity() const;
  [[nodiscard]] const std::string& text() const { return text_; }
  bool operator==(const DomainPattern&) const = default;

 private:
  std::string text_;  // lower case, A-labels
};

// An address or a network in CIDR form, IPv4 or IPv6; an IPv4-mapped IPv6 address counts as IPv4.
class Network {
 public:
  [[nodiscard]] static Result<Network> parse(
      std::string_view text);  // "10.0.0.0/8", "::1", "2001:db8::/32"; host bits must be 0
  [[nodiscard]] bool contains(
      std::string_view address) const;  // textual IP address; false where it is none
  [[nodiscard]] const std::string& text() const { return text_; }
  bool operator==(const Network&) const = default;

 private:
  std::string text_;
  std::string bytes_;  // 4 or 16 octets
  int prefix_ = 0;
};

}  // namespace postern::mail
