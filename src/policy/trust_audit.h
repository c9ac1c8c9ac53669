// What an administrator should know about his anchors: those that nobody needs, those in the wrong
// set, those that end soon, and lists of CA names too long for their readers. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "policy/config.h"
#include "policy/route.h"

namespace postern::policy {

// Windows cuts the CA names of a certificate request at 16 KiB and then fails (Schannel 36885).
constexpr std::size_t kMaxAnnouncedOctets = 16 * 1024;
constexpr std::size_t kWarnAnnouncedOctets = kMaxAnnouncedOctets / 2;
constexpr Duration kAnchorExpiryAhead = std::chrono::days(90);

enum class TrustFault { unused, wrong_set, expired, expiring, no_ca, weak, duplicate, announced };
[[nodiscard]] std::string_view to_string(TrustFault fault);  // "wrong-set"

struct TrustFinding {
  TrustFault fault = TrustFault::unused;
  bool grave = false;                // mail is hit, or somebody is trusted who should not be
  std::string set, subject, sha256;  // subject empty: the set as a whole
  std::string file;
  std::string text;  // a sentence
  std::string cure;
};
// The grave ones first. Anchors of "system" are looked at only where [trust.system] replaces the
// distribution's.
[[nodiscard]] std::vector<TrustFinding> audit_trust(const Config& config, const LoadedTrust& trust,
                                                    Time now);

// Octets and number of the CA names that these sets make a certificate request list. Source: RFC
// 8446 s4.2.4.
struct AnnouncedNames {
  std::size_t octets = 0, count = 0;
};
[[nodiscard]] AnnouncedNames announced_names(const x509::TrustSets& sets);

}  // namespace postern::policy
