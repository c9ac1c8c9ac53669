// Rules, in order; the first that fits speaks. A rule needs a counter-test that came out otherwise
// than the look itself: what only repeats the failure proves nothing.
#include "probe/diagnosis.h"

#include <algorithm>

#include "verdict/catalog.h"
#include "verdict/judge.h"

namespace postern::probe {
namespace {

using Result = CounterTest::Result;
using verdict::Certainty;
using verdict::Fault;
using verdict::Verdict;

const CounterTest* find(const std::vector<CounterTest>& tests, std::string_view name,
                        std::initializer_list<Result> results) {
  const auto found = std::ranges::find_if(tests, [&](const CounterTest& test) {
    return test.name == name && std::ranges::find(results, test.result) != results.end();
  });
  return found == tests.end() ? nullptr : &*found;
}

void recode(const HostReport& host, Verdict& verdict, std::string_view code, Fault fault) {
  verdict.code = code;
  verdict.layer = verdict::catalog_entry(code).layer;
  verdict.fault = fault;
  verdict.cure = verdict::cure_steps(code, host.evidence, host.policy, verdict.time);
}

void conclude(Verdict& verdict, Certainty certainty, const std::string& sentence) {
  verdict.certainty = certainty;
  verdict.cause += " " + sentence;
}

bool handshake_completes(const HostReport& host, View view) {
  const ViewResult* const seen = host.find(view);
  return seen != nullptr && seen->evidence.tls.completed;
}

// STARTTLS that EHLO does not list and the server knows: taken out on the way.
void diagnose_starttls(const HostReport& host, const std::vector<CounterTest>& tests,
                       Verdict& verdict) {
  if (find(tests, "starttls-unasked", {Result::differs}) != nullptr) {
    if (host.evidence.smtp.helo_only)
      return conclude(verdict, Certainty::likely,
                      "It takes STARTTLS all the same: the server, or a device on the way, refuses "
                      "EHLO alone.");
    recode(host, verdict, "starttls-stripped-by-middlebox", Fault::path);
    return conclude(verdict, Certainty::certain,
                    "The server takes STARTTLS although its EHLO reply does not list it: a device "
                    "on the way takes the word out.");
  }
  if (find(tests, "other-source", {Result::clean}) != nullptr) {
    recode(host, verdict, "starttls-stripped-by-middlebox", Fault::path);
    return conclude(verdict, Certainty::likely,
                    "From another address of ours STARTTLS is offered: a device on the one way, or "
                    "a rule of the server for our address, takes it away.");
  }
  if (find(tests, "other-address", {Result::clean}) != nullptr ||
      find(tests, "other-mx", {Result::clean}) != nullptr)
    return conclude(verdict, Certainty::certain,
                    "Others of the same target offer it: it is this server.");
}

void diagnose_mode(const HostReport& host, Verdict& verdict) {
  if (!handshake_completes(host, View::other_mode) || host.evidence.tls.completed) return;
  const bool implicit = host.find(View::other_mode)->evidence.tls.implicit;
  recode(host, verdict, "wrong-tls-mode-for-port", Fault::server);
  conclude(verdict, Certainty::certain,
           implicit ? "It speaks TLS from the first byte at this port."
                    : "It speaks STARTTLS at this port, not TLS from the first byte.");
}

// A handshake without a certificate (aNULL): what is left where a server has none to show.
bool anonymous(const verdict::TlsEvidence& tls) {
  return tls.completed && tls.presented.empty();
}

void diagnose_handshake(const HostReport& host, Verdict& verdict) {
  if (host.evidence.tls.completed) return;
  const ViewResult* const anything = host.find(View::anything);
  if (anything != nullptr && anonymous(anything->evidence.tls)) {
    recode(host, verdict, "no-shared-cipher", Fault::server);
    return conclude(verdict, Certainty::certain,
                    "It offers anonymous ciphers alone (" + anything->evidence.tls.cipher +
                        "): the server has no certificate to show. It is not configured, or its "
                        "file or key cannot be read.");
  }
  if (only_old_tls(host)) {
    recode(host, verdict, "protocol-version-mismatch", Fault::server);
    return conclude(verdict, Certainty::certain,
                    "It completes a handshake with " +
                        host.find(View::legacy)->evidence.tls.version + " and nothing newer.");
  }
  if (handshake_completes(host, View::tls1_2)) {
    verdict.fault = Fault::server;
    return conclude(verdict, Certainty::likely, "With TLS 1.2 alone the handshake completes.");
  }
  if (handshake_completes(host, View::without_sni))
    return conclude(verdict, Certainty::certain,
                    "Without SNI the handshake completes: the server has nothing for the name " +
                        host.evidence.tls.sni + ".");
  if (handshake_completes(host, View::anything)) {
    verdict.fault = Fault::server;
    conclude(verdict, Certainty::certain,
             "With weaker ciphers and keys the handshake completes: " +
                 host.find(View::anything)->evidence.tls.cipher + ".");
  }
}

void diagnose_certificate(const HostReport& host, const std::vector<CounterTest>& tests,
                          Verdict& verdict) {
  for (const View view : {View::domain_sni, View::without_sni}) {
    const ViewResult* const seen = host.find(view);
    if (seen == nullptr || !seen->verdict.ok) continue;
    return conclude(
        verdict, Certainty::certain,
        std::string(view == View::without_sni
                        ? "Without SNI the right certificate is presented: "
                        : "With SNI of the domain the right certificate is presented: ") +
            "the server chooses a wrong one for the name " + host.evidence.tls.sni + ".");
  }
  if (find(tests, "aia", {Result::clean}) != nullptr)
    return conclude(verdict, Certainty::certain,
                    "With the issuer that the certificate names (AIA) the chain is complete: the "
                    "server leaves it out.");
  if (find(tests, "other-address", {Result::clean}) != nullptr)
    return conclude(verdict, Certainty::certain,
                    "Another address of the same host presents a right one: this node was missed.");
  if (find(tests, "other-mx", {Result::clean}) != nullptr)
    return conclude(verdict, Certainty::certain,
                    "Another host of the target presents a right one.");
  if (const CounterTest* const set = find(tests, "other-trust-set", {Result::clean}))
    return conclude(verdict, Certainty::certain,
                    "It is trusted " + set->answer.substr(0, set->answer.find(" alone")) + ".");
}

void diagnose_way(const HostReport& host, const std::vector<CounterTest>& tests, Verdict& verdict) {
  if (find(tests, "other-source", {Result::clean}) != nullptr)
    return conclude(verdict, Certainty::likely,
                    "From another address of ours it goes: our usual address is what it minds.");
  if (find(tests, "other-address", {Result::clean}) != nullptr)
    return conclude(
        verdict, Certainty::certain,
        "The host answers at another address: it is " + host.target.address + " alone.");
}

}  // namespace

Verdict diagnose(const HostReport& host, const std::vector<CounterTest>& tests) {
  Verdict verdict = host.verdict;
  if (verdict.ok) return verdict;
  const std::string code = verdict.code;
  if (code.starts_with("starttls-")) diagnose_starttls(host, tests, verdict);
  if (code == "smtp-timeout" || code == "not-smtp" || code == "connection-lost" ||
      code == "wrong-tls-mode-for-port")
    diagnose_mode(host, verdict);
  if (host.evidence.stage == verdict::Stage::handshake) diagnose_handshake(host, verdict);
  if (verdict.layer.starts_with("certificate") || host.evidence.tls.completed)
    diagnose_certificate(host, tests, verdict);
  if (host.evidence.stage <= verdict::Stage::greeting) diagnose_way(host, tests, verdict);
  return verdict;
}

std::optional<bool> ours(Fault fault, const Roles& roles) {
  if (fault == Fault::server) return roles.server_is_ours;
  if (fault != Fault::client) return std::nullopt;
  if (roles.as == SenderKind::postern) return true;
  return roles.server_is_ours ? std::optional(false) : std::nullopt;
}

}  // namespace postern::probe
