// U-labels as A-labels, which DNS, certificates and routes use. Punycode only: SMTPUTF8 carries
// U-labels that are already normalised (RFC 6531 s3.2, RFC 5890 s2.3.2.1), so nothing is mapped
// here but ASCII case. Source: RFC 3492.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace postern::mail {

// "bücher.example" as "xn--bcher-kva.example"; ASCII labels pass in lower case. `domain` as
// parse_domain returns it. Errors: invalid (no UTF-8, or a label of more than 63 or a domain of
// more than 255 octets as A-label).
[[nodiscard]] Result<std::string> to_a_labels(std::string_view domain);

}  // namespace postern::mail
