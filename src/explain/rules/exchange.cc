// What Exchange's settings and words say together.
#include "explain/rules/rule.h"

namespace postern::explain {

using verdict::Certainty;

void apply_exchange(const Case& seen, Candidates& candidates) {
  if (const Sighting* registry = seen.find(Fact::root_store_registry)) {
    candidates.add(candidate("root-in-wrong-store", Certainty::likely, Rank::setting, 1, *registry,
                             "exchange"));
  }
  // The sender's code alone: no certificate, a stale pin, a connector without TLS and a firewall
  // look the same from there.
  if (const Sighting* needed = seen.find(Fact::starttls_needed_by)) {
    constexpr std::string_view kCodes[] = {"starttls-not-offered", "tlscertificatename-stale",
                                           "certificate-missing-for-fqdn",
                                           "starttls-stripped-by-middlebox"};
    int order = 2;
    for (const std::string_view code : kCodes) {
      candidates.add(
          candidate(code, Certainty::possible, Rank::refusal, order--, *needed, "exchange"));
    }
  }
}

}  // namespace postern::explain
