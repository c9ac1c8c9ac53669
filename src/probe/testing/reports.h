// Reports for the tests of what follows from them: every host is sound; a test breaks one thing and
// judges again.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "probe/check_report.h"
#include "verdict/testing/judge_cases.h"

namespace postern::probe::testing {

namespace cases = verdict::testing;
namespace factory = x509::testing;

inline const Time kNow = cases::kNow;

inline void judge(HostReport& host) {
  host.verdict = verdict::judge(host.evidence, host.policy, kNow);
  host.judged_code = host.verdict.code;
  for (ViewResult& seen : host.views)
    seen.verdict = verdict::judge(seen.evidence, host.policy, kNow);
}

// Judged as a sender that authenticates the name that all leaves of cases::Pki bear.
inline HostReport host_at(const std::string& address,
                          const std::string& name = "mx1.partner.example",
                          verdict::Evidence evidence = cases::sound_evidence()) {
  HostReport host;
  host.target.host = name;
  host.target.address = address;
  host.target.port = 25;
  host.policy = cases::policy_at(verdict::Level::authenticate);
  host.policy.revocation = verdict::Revocation::off;
  host.evidence = std::move(evidence);
  host.evidence.host = name;
  host.evidence.address = address;
  judge(host);
  return host;
}

inline void add_view(HostReport& host, View view, verdict::Evidence evidence) {
  host.views.push_back({view, std::move(evidence), {}});
  judge(host);
}

inline CheckReport report_of(std::vector<HostReport> hosts) {
  CheckReport report;
  report.target.text = report.target.name = "partner.example";
  report.started = kNow;
  report.dns.mx = report.dns.address = verdict::DnsEvidence::Status::insecure;
  report.hosts = std::move(hosts);
  std::vector<verdict::Verdict> verdicts;
  std::vector<verdict::Evidence> seen;
  for (const HostReport& host : report.hosts) {
    verdicts.push_back(host.verdict);
    seen.push_back(host.evidence);
  }
  if (!verdicts.empty()) report.verdict = verdicts[verdict::decisive(verdicts, seen)];
  return report;
}

// A session that ended in a leaf with these facts, issued by the root that is trusted.
inline verdict::Evidence presenting(const factory::CertificateSpec& spec) {
  verdict::Evidence out = cases::sound_evidence();
  out.tls.presented = {factory::issue(cases::Pki::get().root, spec).certificate};
  return out;
}
inline verdict::Evidence presenting_name(const std::string& name) {
  factory::CertificateSpec spec;
  spec.common_name = name;
  spec.dns = {name};
  return presenting(spec);
}

}  // namespace postern::probe::testing
