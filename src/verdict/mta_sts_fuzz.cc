// Any octets as an MTA-STS policy and as its record: bounded, and what is taken keeps the rules.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "verdict/mta_sts.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern::verdict;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto policy = parse_sts_policy(text)) {
    if (policy->mx.empty() && policy->mode != StsMode::none) std::abort();
    if (policy->max_age > kMaxStsAge) std::abort();
    (void)lists_mx(*policy, "mail.contoso.com");
  }
  if (const auto id = parse_sts_records({std::string(text)}); id && *id && (*id)->empty())
    std::abort();
  return 0;
}
