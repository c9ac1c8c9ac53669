// Facts that name their cause by themselves.
#include "explain/dialects/vocabularies.h"
#include "explain/rules/rule.h"

namespace postern::explain {
namespace {

using verdict::Certainty;

struct Meaning {
  Fact fact;
  std::string_view code;
  Certainty certainty;
  Rank rank;
  int order = 0;
};

constexpr auto kCertain = Certainty::certain;
constexpr auto kLikely = Certainty::likely;
constexpr auto kPossible = Certainty::possible;

// An expired certificate is "likely": the verifier's clock, or an expired root that only an old
// library walks to, look the same in its words.
constexpr Meaning kMeanings[] = {
    {Fact::pinned_not_found, "tlscertificatename-stale", kCertain, Rank::setting, 9},
    {Fact::key_mismatch, "key-certificate-mismatch", kCertain, Rank::setting, 9},
    {Fact::certificate_not_found, "certificate-missing-for-fqdn", kCertain, Rank::setting, 8},
    {Fact::ca_list_long, "ca-list-too-long", kCertain, Rank::setting, 8},
    {Fact::intercepted, "tls-intercepted-by-middlebox", kLikely, Rank::setting, 7},
    {Fact::trust_store_missing, "local-trust-store-outdated", kLikely, Rank::mechanism, -9},
    {Fact::key_unreadable, "private-key-inaccessible", kLikely, Rank::setting, 6},
    {Fact::defect, "software-defect", kLikely, Rank::setting, 5},
    {Fact::clock_wrong, "clock-skew", kLikely, Rank::setting, 5},
    {Fact::policy_broken, "tls-policy-misconfigured", kLikely, Rank::setting, 4},
    {Fact::no_protocols, "tls-policy-misconfigured", kLikely, Rank::setting, 4},
    {Fact::pin_mismatch, "tls-policy-misconfigured", kLikely, Rank::setting, 3},
    {Fact::no_certificate, "certificate-not-bound", kLikely, Rank::setting, 2},

    {Fact::dns_bogus, "dnssec-bogus", kLikely, Rank::mechanism, 9},
    {Fact::dane_missing, "dane-required-but-unavailable", kLikely, Rank::mechanism, 8},
    {Fact::tlsa_mismatch, "tlsa-mismatch", kLikely, Rank::mechanism, 7},
    {Fact::tlsa_failed, "tlsa-lookup-failed", kLikely, Rank::mechanism, 6},
    {Fact::sts_mx_mismatch, "mta-sts-mx-mismatch", kLikely, Rank::mechanism, 5},
    {Fact::sts_fetch_failed, "mta-sts-policy-fetch-failed", kLikely, Rank::mechanism, 5},
    {Fact::not_attributed, "connector-certificate-mismatch", kLikely, Rank::mechanism, 4},
    {Fact::masked, "starttls-stripped-by-middlebox", kCertain, Rank::mechanism, 4},
    {Fact::revoked, "revoked", kLikely, Rank::mechanism, 3},
    {Fact::expired, "expired", kLikely, Rank::mechanism, 2},
    {Fact::not_yet_valid, "not-yet-valid", kLikely, Rank::mechanism, 2},
    {Fact::wrong_usage, "wrong-key-usage", kLikely, Rank::mechanism, 1},
    {Fact::weak_key, "weak-key-or-hash", kCertain, Rank::mechanism, 1},
    {Fact::tls_on_plain_port, "wrong-tls-mode-for-port", kCertain, Rank::mechanism, 1},
    {Fact::client_certificate_declined, "client-certificate-not-accepted", kLikely, Rank::mechanism,
     1},
    {Fact::client_certificate_missing, "client-certificate-missing", kLikely, Rank::mechanism, 0},
    {Fact::name_mismatch, "name-mismatch", kLikely, Rank::mechanism, 0},
    {Fact::version_mismatch, "protocol-version-mismatch", kLikely, Rank::mechanism, 0},
    {Fact::no_cipher, "no-shared-cipher", kLikely, Rank::mechanism, -1},
    {Fact::staple_missing, "revocation-unreachable", kLikely, Rank::mechanism, -1},
    {Fact::plain_on_tls_port, "wrong-tls-mode-for-port", kLikely, Rank::mechanism, -2},
    {Fact::bad_signature, "bad-signature", kLikely, Rank::mechanism, -2},
    {Fact::revocation_unknown, "revocation-unreachable", kLikely, Rank::mechanism, -3},
    {Fact::sni_needed, "sni-required", kLikely, Rank::mechanism, -3},
    {Fact::large_packets, "path-mtu-blackhole", kLikely, Rank::mechanism, -4},

    {Fact::sts_failed, "mta-sts-mx-mismatch", kPossible, Rank::hint, 0},
    {Fact::expires_soon, "expired", kPossible, Rank::hint, 0},
    {Fact::blocklisted, "ip-blocklisted", kLikely, Rank::refusal, 9},
    {Fact::not_offered, "starttls-not-offered", kLikely, Rank::refusal, 5},
    {Fact::starttls_refused, "starttls-rejected", kLikely, Rank::refusal, 4},
    {Fact::tls_demanded, "tls-required-not-used-by-sender", kLikely, Rank::refusal, 3},
    {Fact::null_mx, "null-mx", kLikely, Rank::network, 5},
    {Fact::dns_failed, "dns-resolution-failure", kLikely, Rank::network, 4},
    {Fact::refused, "connection-refused", kLikely, Rank::network, 3},
    {Fact::timed_out, "connection-timeout", kLikely, Rank::network, 3},
    {Fact::not_tls, "not-tls", kLikely, Rank::network, 2},
    {Fact::unreachable, "network-unreachable", kLikely, Rank::network, 1},
    {Fact::handshake_silent, "path-mtu-blackhole", kPossible, Rank::symptom, 2},
    {Fact::queue_expired, "queue-expired-cause-hidden", kPossible, Rank::consequence, 1},
    {Fact::connect_failed, "connection-timeout", kPossible, Rank::consequence, 0},
    {Fact::connect_failed, "connection-refused", kPossible, Rank::consequence, -1},
    {Fact::tls_used, "none", kLikely, Rank::health, 1},
    {Fact::delivered, "none", kLikely, Rank::health, 1},
    {Fact::cosmetic, "none", kLikely, Rank::health, 0},
};

// Words of no product in particular count below a product's or library's own.
constexpr int kLooser = 20;
bool loose(const Observation& o) {
  return o.dialect == kGeneralWords;
}

bool of_the_way(Fact fact) {
  return fact == Fact::refused || fact == Fact::timed_out || fact == Fact::unreachable ||
         fact == Fact::lost;
}

// One address of a host could not be reached, and afterwards mail went there over another one.
bool recovered(const Case& seen, const Sighting& trouble) {
  const std::string& host = trouble.first.counterpart;
  if (!of_the_way(trouble.first.fact) || host.empty() || !trouble.until) return false;
  for (const Fact good : {Fact::delivered, Fact::tls_used}) {
    for (const Sighting* one : seen.all(good)) {
      if (one->first.counterpart == host && one->until && *one->until >= *trouble.until)
        return true;
    }
  }
  return false;
}

// What the meaning alone would leave unsaid: the names.
std::string sentence_of(const Observation& o) {
  if (o.fact != Fact::certificate_not_found || o.wanted.empty()) return {};
  return "No installed certificate bears the name " + o.wanted +
         (o.connector.empty() ? "" : ", which connector '" + o.connector + "' asks for") +
         "; so it does not offer STARTTLS.";
}

}  // namespace

void apply_words(const Case& seen, Candidates& candidates) {
  for (const Sighting& sighting : seen.sightings()) {
    if (recovered(seen, sighting)) continue;
    for (const Meaning& meaning : kMeanings) {
      if (meaning.fact != sighting.first.fact) continue;
      candidates.add({.code = std::string(meaning.code),
                      .certainty = loose(sighting.first) && meaning.certainty == kCertain
                                       ? kLikely
                                       : meaning.certainty,
                      .rank = meaning.rank,
                      .order = meaning.order - (loose(sighting.first) ? kLooser : 0),
                      .sentence = sentence_of(sighting.first),
                      .because = {&sighting},
                      .rule = "words"});
    }
  }
}

}  // namespace postern::explain
