// DANE, DNSSEC, MTA-STS and the result types of TLS-RPT (RFC 8460 s4.3), in logs, reports and
// tools.
#include "explain/dialects/vocabularies.h"

namespace postern::explain {
namespace {

constexpr Recogniser kWords[] = {
    {"no matching dane tlsa", Fact::tlsa_mismatch},
    {"no matching tlsa", Fact::tlsa_mismatch},
    {"num=65:", Fact::tlsa_mismatch},
    {"return code: 65 (", Fact::tlsa_mismatch},
    {"tlsa records do not match", Fact::tlsa_mismatch},
    {"tlsa record does not match", Fact::tlsa_mismatch},
    {"tlsa does not match", Fact::tlsa_mismatch},
    {"did not match any tlsa", Fact::tlsa_mismatch},
    {"does not match any tlsa", Fact::tlsa_mismatch},
    {"doesn't match any tlsa", Fact::tlsa_mismatch},
    {"match none of the tlsa", Fact::tlsa_mismatch},
    {"matches none of the tlsa", Fact::tlsa_mismatch},
    {"no tlsa records match", Fact::tlsa_mismatch},
    {"no tlsa record matches", Fact::tlsa_mismatch},
    {"none of the tlsa records match", Fact::tlsa_mismatch},
    {"tlsa record", Fact::tlsa_mismatch,
     "not correct|incorrect|mismatch|does not match|doesn't match|is wrong|not match|invalid|not "
     "valid|no match"},
    {"tlsa rrset", Fact::tlsa_mismatch, "not match|mismatch|fail"},
    {"tlsa mismatch", Fact::tlsa_mismatch},
    {"dane validation failed", Fact::tlsa_mismatch},
    {"dane verification failed", Fact::tlsa_mismatch},
    {"dane authentication failed", Fact::tlsa_mismatch},
    {"dane failed", Fact::tlsa_mismatch},
    {"dane mismatch", Fact::tlsa_mismatch},
    {"dane error", Fact::tlsa_mismatch, "match"},
    {"certificate does not match tlsa", Fact::tlsa_mismatch},
    {"no matching certificate", Fact::tlsa_mismatch, "tlsa|dane"},
    {"tlsa invalid", Fact::tlsa_mismatch},
    {"dnssec invalid", Fact::dns_bogus},
    {"dnssec bogus", Fact::dns_bogus},
    {"bogus", Fact::dns_bogus, "dnssec|dns|signature|resolver|validat"},
    {"rrsig expired", Fact::dns_bogus},
    {"signature expired", Fact::dns_bogus, "rrsig|dnssec|dnskey|chain of trust"},
    {"dnssec validation fail", Fact::dns_bogus},
    {"failed dnssec validation", Fact::dns_bogus},
    {"dnssec validation failure", Fact::dns_bogus},
    {"ede: 6", Fact::dns_bogus},
    {"ede: 7", Fact::dns_bogus},
    {"ede: 9", Fact::dns_bogus},
    {"ede: 10", Fact::dns_bogus},
    {"no valid rrsig", Fact::dns_bogus},
    {"dane required", Fact::dane_missing, {}, "\"dane required\":false"},
    {"dane is required", Fact::dane_missing},
    {"dane: required", Fact::dane_missing},
    {"no dane", Fact::dane_missing, "requir|only"},
    {" 25. tcp", Fact::tlsa_failed,
     "servfail|notimp|timeout|timed out|refused|lookup error|server failure|no reachable|try "
     "again"},
    {"tlsa", Fact::tlsa_failed,
     "servfail|notimp|lookup fail|lookup error|lookup problem|query fail|timed out|timeout|server "
     "failure|temporary"},
    {"mta sts.txt", Fact::sts_fetch_failed,
     "404|403|fail|error|timeout|timed out|refused|could not|unable"},
    {"sts policy fetch error", Fact::sts_fetch_failed},
    {"sts policy invalid", Fact::sts_fetch_failed},
    {"sts webpki invalid", Fact::sts_fetch_failed},
    {"fetch mta sts policy", Fact::sts_fetch_failed, "fail|could not|unable|error"},
    {"fetching mta sts policy", Fact::sts_fetch_failed, "fail|could not|unable|error"},
    {"mta sts policy", Fact::sts_fetch_failed,
     "fetch fail|could not fetch|cannot fetch|cannot be fetched|failed to fetch|unable to "
     "fetch|fetch error|invalid policy|parse|malformed|download"},
    {"mta sts", Fact::sts_mx_mismatch,
     "mx not listed|not listed|not in policy|does not match|mx mismatch|not match|unauthorized "
     "mx|not authorized|not permitted"},
    {"mta sts", Fact::sts_fetch_failed,
     "policy fetch|fetch error|error fetching|get \"https|invalid policy|policy not found|failed "
     "to get"},
    {"mx host not in mta sts", Fact::sts_mx_mismatch},
    {"mx not matching mta sts", Fact::sts_mx_mismatch},
    {"not listed in mta sts", Fact::sts_mx_mismatch},
    {"not authorized by mta sts", Fact::sts_mx_mismatch},
    {"certificate host mismatch", Fact::name_mismatch},
    {"certificate not trusted", Fact::untrusted},
    {"\"validation failure\"", Fact::verification_failed},
    {"nmx: ", Fact::sts_fetch_failed},
};

}  // namespace

std::span<const Recogniser> dane_sts_words() {
  return kWords;
}

}  // namespace postern::explain
