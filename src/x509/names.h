// Identity of a peer. Source: RFC 9525 (SAN dNSName only; wildcard as the whole leftmost label),
// RFC 5890 (A-labels).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "x509/certificate.h"

namespace postern::x509 {

// One reference name against one presented dNSName: A-labels, case-insensitive, no trailing dot;
// "*.a.b" matches exactly one label in its place. A reference "*.contoso.com" (Exchange's TlsDomain
// form) matches a presented "*.contoso.com" or any name exactly one label below contoso.com.
[[nodiscard]] bool dns_name_matches(std::string_view presented, std::string_view reference);

// A reference identifier whose kind is said. Source: RFC 6125 s1.8, RFC 5280 s4.2.1.6.
enum class NameKind { dns, ip, email };
struct ReferenceName {
  NameKind kind = NameKind::dns;
  std::string value;  // A-labels; an address as text, without brackets; a mailbox
};
// SAN of that very kind; a DNS name that is written like an address is no DNS name. The local part
// of a mailbox counts letter case, its domain does not (RFC 5280 s7.5).
[[nodiscard]] bool name_matches(const Certificate& certificate, const ReferenceName& reference);
[[nodiscard]] bool is_ip_address(std::string_view text);
// Letters, digits, hyphens and underscores (in use, though no host name has them) in labels that
// are neither empty nor too long; no wildcard, no trailing dot.
[[nodiscard]] bool is_dns_name(std::string_view text);
// Of 4 or 16 octets; hex where there are others.
[[nodiscard]] std::string address_text(std::string_view octets);

enum class NameMatch { no, san, legacy_cn };
// `reference`: DNS name or textual IP address (then SAN iPAddress). CN counts only with `legacy_cn`
// and without any SAN dNSName.
[[nodiscard]] NameMatch match_name(const Certificate& certificate, std::string_view reference,
                                   bool legacy_cn);
// All presented names for people: SAN dNSNames and IPs, else "CN=..." when there are none.
[[nodiscard]] std::vector<std::string> presented_names(const Certificate& certificate);

}  // namespace postern::x509
