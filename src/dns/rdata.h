// Resource record data as they stand on the wire, without compression. Octets are a stranger's;
// these readers are total. Source: RFC 1035 s3.1, s3.3.9, s3.4.1; RFC 3596 s2.2.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dns/resolver.h"

namespace postern::dns {

// `host` is empty for the root. nullopt: not well-formed, or a name no host can have (a label with
// other than letters, digits, hyphens and underscores).
[[nodiscard]] std::optional<MxRecord> parse_mx(std::string_view rdata);
// Of 4 or 16 octets, textual; nullopt otherwise.
[[nodiscard]] std::optional<std::string> parse_address(std::string_view rdata);
// The character strings of one TXT record, joined; nullopt: not well-formed.
[[nodiscard]] std::optional<std::string> parse_txt(std::string_view rdata);

}  // namespace postern::dns
