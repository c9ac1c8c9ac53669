// MTA-STS as values: the TXT record that announces a policy, and the policy's text. No lookup and
// no fetching. Source: RFC 8461 s3.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace postern::verdict {

constexpr std::size_t kMaxStsPolicyOctets = 64 * 1024;  // RFC 8461 s3.3 suggests as much
constexpr std::size_t kMaxStsMxPatterns = 1000;
constexpr std::chrono::seconds kMaxStsAge{31'557'600};  // RFC 8461 s3.2: one year

// The id of the one "v=STSv1" record among the TXT strings of _mta-sts.DOMAIN; nullopt: none is.
// Errors: invalid, for two of them or a broken one; the domain then has no MTA-STS (s3.1).
[[nodiscard]] Result<std::optional<std::string>> parse_sts_records(
    const std::vector<std::string>& texts);

enum class StsMode { none, testing, enforce };
[[nodiscard]] std::string_view to_string(StsMode mode);

struct StsPolicy {
  StsMode mode = StsMode::none;
  std::vector<std::string> mx;  // lower case: "mail.contoso.com", "*.contoso.com"
  std::chrono::seconds max_age{};
};
// Errors: invalid, with the line.
[[nodiscard]] Result<StsPolicy> parse_sts_policy(std::string_view text);
// Does `mx` list this host? "*.a.b" stands for exactly one label (s4.1).
[[nodiscard]] bool lists_mx(const StsPolicy& policy, std::string_view host);

}  // namespace postern::verdict
