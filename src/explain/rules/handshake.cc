// Alerts, and handshakes of which no more is known than that they failed.
#include "explain/rules/rule.h"

namespace postern::explain {
namespace {

using verdict::Certainty;

struct AlertMeaning {
  int number;
  std::string_view code;
  Certainty certainty;
  int order;
};
// What a peer that sends this alert found wrong with the other's certificate (RFC 8446 s6.2). Many
// libraries send 42 or 46 whatever they found.
constexpr AlertMeaning kAlerts[] = {
    {45, "expired", Certainty::likely, 9},
    {44, "revoked", Certainty::likely, 9},
    {43, "wrong-key-usage", Certainty::possible, 5},
    {48, "untrusted-root", Certainty::possible, 6},
    {48, "incomplete-chain", Certainty::possible, 5},
    {48, "self-signed", Certainty::possible, 4},
    {42, "untrusted-root", Certainty::possible, 3},
    {42, "name-mismatch", Certainty::possible, 2},
    {46, "untrusted-root", Certainty::possible, 3},
    {46, "incomplete-chain", Certainty::possible, 2},
    {40, "no-shared-cipher", Certainty::possible, 2},
    {40, "protocol-version-mismatch", Certainty::possible, 1},
    {80, "software-defect", Certainty::possible, 1},
    {51, "software-defect", Certainty::possible, 1},
};

}  // namespace

void apply_alerts(const Case& seen, Candidates& candidates) {
  for (const Sighting* alert : seen.all(Fact::alert)) {
    const int number = alert->first.number;
    // The client was sent it: it is the client's certificate that the server declines.
    const bool of_client = alert->first.said_by == Side::client && number >= 42 && number <= 49;
    if (of_client) {
      candidates.add(candidate("client-certificate-not-accepted", Certainty::possible, Rank::hint,
                               7, *alert, "alert-to-client"));
    }
    for (const AlertMeaning& meaning : kAlerts) {
      if (meaning.number != number) continue;
      candidates.add(candidate(meaning.code, of_client ? Certainty::possible : meaning.certainty,
                               Rank::hint, meaning.order, *alert, "alert"));
    }
  }
}

void apply_handshake(const Case& seen, Candidates& candidates) {
  // s_client: "Didn't find STARTTLS in server response, trying anyway..."
  if (seen.has(Fact::not_offered) && seen.has(Fact::plain_on_tls_port)) {
    candidates.rule_out("wrong-tls-mode-for-port",
                        "STARTTLS was looked for and not offered; TLS was tried all the same, and "
                        "plain text came back.");
  }
  if (const Sighting* token = seen.find(Fact::token_invalid)) {
    candidates.add(candidate("tls-intercepted-by-middlebox", Certainty::possible, Rank::hint, 1,
                             *token, "token-invalid"));
    candidates.add(candidate("protocol-version-mismatch", Certainty::possible, Rank::hint, 0,
                             *token, "token-invalid"));
    if (const Sighting* masked = seen.find(Fact::masked)) {
      Candidate both = candidate("tls-intercepted-by-middlebox", Certainty::likely, Rank::joined, 0,
                                 *token, "masked-and-broken");
      both.because.push_back(masked);
      both.sentence =
          "A device on the way rewrites the SMTP dialogue and corrupts the TLS upgrade behind it.";
      candidates.add(std::move(both));
    }
  }
  if (const Sighting* socket = seen.find(Fact::socket_error)) {
    candidates.add(candidate("protocol-version-mismatch", Certainty::possible, Rank::hint, 2,
                             *socket, "socket-error"));
    candidates.add(candidate("tls-intercepted-by-middlebox", Certainty::possible, Rank::hint, 1,
                             *socket, "socket-error"));
  }
  const Sighting* failed = seen.find(Fact::handshake_failed);
  if (failed == nullptr) failed = seen.find(Fact::lost);
  if (failed == nullptr) return;
  candidates.add(candidate("protocol-version-mismatch", Certainty::possible, Rank::symptom, 1,
                           *failed, "handshake-failed"));
  candidates.add(candidate("no-shared-cipher", Certainty::possible, Rank::symptom, 0, *failed,
                           "handshake-failed"));
}

}  // namespace postern::explain
