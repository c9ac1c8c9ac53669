// One preflight under way: what came in, what was found so far, and the counterparts that judge.
// Private to this module.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/exchange_selection.h"
#include "probe/preflight.h"
#include "verdict/tls_policy.h"

namespace postern::probe {

// Somebody on the other side of a session, and what he asks of our certificate.
struct Counterpart {
  std::string who;
  verdict::Judged judged = verdict::Judged::server;  // server: he comes to us
  std::string host;                                  // the name by which he knows us
  verdict::Level level = verdict::Level::authenticate;
  std::vector<verdict::ReferenceIdentifier> reference;
  bool wants_revocation = false;  // a CRL that cannot be reached stops him
  bool knows_our_sets = false;    // where a private CA leads to a set of ours, it is said
  bool trusts_our_sets = false;   // has been given our private CA
};

class PreflightCase {
 public:
  explicit PreflightCase(const PreflightInputs& in);

  const PreflightInputs& inputs;
  PreflightReport report;
  std::string reading;  // under which findings are added now; empty: no matter

  [[nodiscard]] const x509::Certificate& leaf() const { return inputs.certificate.chain.front(); }
  // Adds it, or drops the mark of the reading where the other one found the same.
  void add(Impact impact, std::string_view code, std::string who, std::string connector,
           std::string cause, std::optional<verdict::Verdict> verdict = {});
  // A name that a certificate for all must bear; what is no DNS name is left out, for commands are
  // made of these.
  void want_name(const std::string& name);
  [[nodiscard]] bool bears(std::string_view name) const;  // the new certificate, in its SAN or CN
  [[nodiscard]] verdict::Verdict judge(const Counterpart& counterpart,
                                       const std::vector<x509::Certificate>& chain) const;
};

// The parts of a preflight, in their order.
void judge_itself(PreflightCase& c);  // key, dates, strength, use, path: whoever looks
void simulate_postern(PreflightCase& c);
void simulate_exchange(PreflightCase& c);
void judge_published(PreflightCase& c);  // TLSA and MTA-STS

// Names of the old certificate that the new one lacks.
void report_lost_names(PreflightCase& c, const std::vector<std::string>& old_names,
                       const std::string& old_label);

// Exchange's commands; which connectors need a new TlsCertificateName is known from simulating.
struct ExchangeRepairs {
  std::vector<std::string> servers;
  bool already_imported = false;
  bool key_is_missing = false;             // it was imported without its private key
  std::vector<std::string> services;       // of the old one, SMTP among them
  std::vector<std::string> receive, send;  // identities to pin anew
  bool hybrid = false;
  std::vector<std::pair<std::string, std::string>> inbound;   // connector, TlsSenderCertificateName
  std::vector<std::pair<std::string, std::string>> outbound;  // connector, TlsDomain
  std::string old_thumbprint;
  bool remove_at_once = false;  // nothing else makes the new one the chosen one
};
void command_exchange(PreflightCase& c, const ExchangeRepairs& repairs);
void command_intermediate(PreflightCase& c, bool exchange);
void command_request(PreflightCase& c, bool exchange);  // where this certificate will not do

[[nodiscard]] std::string day_of(Time t);
[[nodiscard]] bool is_http(std::string_view url);
// A session that came to its end and in which this chain was presented.
[[nodiscard]] verdict::Evidence presented_session(const std::vector<x509::Certificate>& chain,
                                                  verdict::Judged judged, Time now);

}  // namespace postern::probe
