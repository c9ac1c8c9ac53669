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

enum class NameMatch { no, san, legacy_cn };
// `reference`: DNS name or textual IP address (then SAN iPAddress). CN counts only with `legacy_cn`
// and without any SAN dNSName.
[[nodiscard]] NameMatch match_name(const Certificate& certificate, std::string_view reference,
                                   bool legacy_cn);
// All presented names for people: SAN dNSNames and IPs, else "CN=..." when there are none.
[[nodiscard]] std::vector<std::string> presented_names(const Certificate& certificate);

}  // namespace postern::x509
