// postern preflight: what becomes of mail when a certificate is renewed, before it is. Every
// connector's selection is simulated before the change, after it (the new certificate imported and
// enabled beside the old one, or written over it in Postern), and later, when the old one is gone.
// What a counterpart will make of it is judged by verdict::judge on a session as it would be, never
// by rules of its own. Pure: files, DNS answers and revocation data come in.
// Sources: policy/selection.h, policy/exchange_selection.h; Set-SendConnector,
// Set-ReceiveConnector, Set-InboundConnector, Set-OutboundConnector, "Domain security" (Exchange
// documentation); RFC 7672, RFC 8461.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json_fwd.h"
#include "base/result.h"
#include "explain/exchange.h"
#include "policy/config.h"
#include "policy/selection.h"
#include "verdict/dane.h"
#include "verdict/evidence.h"
#include "verdict/mta_sts.h"
#include "verdict/verdict.h"
#include "x509/trust.h"

namespace postern::probe {

struct NewCertificate {
  std::string file, key_file;
  std::vector<x509::Certificate> chain;  // as the file has it, leaf first; never empty
  std::optional<bool> key_fits;          // nullopt: no key was given
  std::string key_problem, key_problem_code;
  bool pfx = false;  // the file is a PFX (PKCS #12), which Postern itself does not load
};

// What the DNS and the web publish of one mail domain of ours.
struct PublishedHost {
  std::string host;
  std::vector<verdict::TlsaRecord> tlsa;
  bool secure = false;  // DNSSEC: only then do TLSA records count
};
struct Published {
  std::string domain;
  std::vector<PublishedHost> mx;
  std::optional<verdict::StsPolicy> sts;
  bool sts_announced = false;         // by its TXT record; the policy itself may not be known
  std::string sts_problem = {};       // why it is not known, in words
  std::vector<std::string> problems;  // lookups that failed, in words
};

struct PreflightInputs {
  NewCertificate certificate;
  const policy::Config* config = nullptr;  // with `certificates`; nullptr: not asked
  const policy::CertificateStore* certificates = nullptr;
  const explain::ExchangeEstate* exchange = nullptr;  // nullptr: not asked
  x509::TrustSets public_roots;
  x509::TrustSets other_sets;  // known here, counting for nobody else
  std::string replaces;        // [certificates.NAME] or thumbprint; empty: found by likeness
  bool online = false;         // `published` was looked up
  std::vector<Published> published;
  verdict::FetchedEvidence fetched;  // revocation data for the new chain
  Time now{};
};

enum class Impact { breaks, warning, note };
[[nodiscard]] std::string_view to_string(Impact impact);

struct PreflightFinding {
  Impact impact = Impact::note;
  std::string code;       // of the catalog
  std::string who;        // who will be hit: "Exchange Online (outbound connector To Contoso)"
  std::string connector;  // ours; empty: everywhere
  std::string cause;
  std::string reading;  // "newest start" or "newest expiry" where only one reading says so
  std::optional<verdict::Verdict> verdict;
};

struct PresentedRow {
  std::string connector;                      // "receive connector EX01\\Default Frontend EX01"
  std::string before, after, later;           // labels; empty: none, so no STARTTLS
  std::string reason;                         // why `after`
  std::string reading;                        // empty: both agree, or Postern's own order
  std::vector<policy::Candidate> candidates;  // after the change
};

struct PreflightCommand {
  std::string where;  // "on EX01", "Exchange Online PowerShell", "DNS", "postern.toml"
  std::vector<std::string> lines;
  std::string why;
};

struct PreflightReport {
  std::string subject, thumbprint, replaces, replaces_how;
  std::vector<PresentedRow> presented;
  std::vector<PreflightFinding> findings;  // what breaks first
  std::vector<PreflightCommand> commands;  // in the order to run them
  std::vector<verdict::Fetch> asked;       // about revocation, and what came
  std::vector<std::string> not_looked_at;  // sentences: what this answer does not cover
  std::string look_afterwards;             // "postern check mail.contoso.com"
  std::vector<std::string> wanted_names;   // that a certificate for all connectors must bear
  [[nodiscard]] bool safe() const;         // nothing breaks
};

// Errors: invalid, when `replaces` names no certificate that is known.
[[nodiscard]] Result<PreflightReport> preflight(const PreflightInputs& inputs);
[[nodiscard]] Json to_json(const PreflightReport& report);

}  // namespace postern::probe
