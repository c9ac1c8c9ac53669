// Distinguished names as text, the way Windows and therefore Exchange write them: most specific
// part first, ", " between parts, " + " inside a multi-valued one, keys CN OU O L S C E DC STREET T
// G I SN SERIALNUMBER else OID.1.2.3, values in double quotes where they hold a separator. Source:
// CertNameToStr's X.500 form; RFC 4514 for reading.
#pragma once

#include <string>
#include <string_view>
#include <vector>

typedef struct X509_name_st X509_NAME;

namespace postern::x509 {

[[nodiscard]] std::string format_name(const X509_NAME* name);
// The values of every CN, most specific first; octets that are not printable come as \xHH, so a
// value with a NUL never equals a host name.
[[nodiscard]] std::vector<std::string> common_names_of(const X509_NAME* name);

}  // namespace postern::x509
