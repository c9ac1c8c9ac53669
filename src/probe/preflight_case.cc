#include "probe/preflight_case.h"

#include <algorithm>

#include "base/text.h"
#include "mail/domain.h"
#include "verdict/catalog.h"
#include "verdict/judge.h"
#include "x509/names.h"

namespace postern::probe {

std::string day_of(Time t) {
  return format_rfc3339(t).substr(0, 10);
}

bool is_http(std::string_view url) {
  return istarts_with(url, "http://") || istarts_with(url, "https://");
}

verdict::Evidence presented_session(const std::vector<x509::Certificate>& chain,
                                    verdict::Judged judged, Time now) {
  verdict::Evidence out;
  out.judged = judged;
  out.time = now;
  out.stage = verdict::Stage::done;
  out.smtp.starttls_offered = true;
  out.tls.attempted = out.tls.completed = out.tls.confirmed = true;
  out.tls.version = "TLSv1.3";
  out.tls.presented = chain;
  return out;
}

PreflightCase::PreflightCase(const PreflightInputs& in) : inputs(in) {
  report.subject = leaf().subject();
  report.thumbprint = leaf().thumbprint();
}

void PreflightCase::add(Impact impact, std::string_view code, std::string who,
                        std::string connector, std::string cause,
                        std::optional<verdict::Verdict> verdict) {
  code = verdict::catalog_entry(code).code;  // every code can be looked up
  for (PreflightFinding& found : report.findings) {
    const bool same = found.code == code && found.who == who && found.connector == connector &&
                      found.cause == cause && found.impact == impact;
    if (!same) continue;
    if (found.reading != reading) found.reading.clear();
    return;
  }
  report.findings.push_back({impact, std::string(code), std::move(who), std::move(connector),
                             std::move(cause), reading, std::move(verdict)});
}

void PreflightCase::want_name(const std::string& name) {
  const bool dns_name =
      mail::parse_domain(name.starts_with("*.") ? name.substr(2) : name).has_value();
  if (!dns_name || std::ranges::find(report.wanted_names, name) != report.wanted_names.end())
    return;
  report.wanted_names.push_back(name);
}

bool PreflightCase::bears(std::string_view name) const {
  const bool as_cn = std::ranges::any_of(leaf().common_names(),
                                         [&](const std::string& cn) { return iequals(cn, name); });
  return as_cn || x509::match_name(leaf(), name, /*legacy_cn=*/true) != x509::NameMatch::no;
}

verdict::Verdict PreflightCase::judge(const Counterpart& counterpart,
                                      const std::vector<x509::Certificate>& chain) const {
  verdict::Evidence seen = presented_session(chain, counterpart.judged, inputs.now);
  seen.host = counterpart.host;
  seen.fetched = inputs.fetched;
  verdict::TlsPolicy policy;
  policy.level = counterpart.level;
  policy.reference = counterpart.reference;
  policy.trust = inputs.public_roots;
  if (counterpart.knows_our_sets) policy.other_sets = inputs.other_sets;
  if (counterpart.trusts_our_sets)
    policy.trust.insert(policy.trust.end(), inputs.other_sets.begin(), inputs.other_sets.end());
  policy.legacy_cn = true;  // Exchange compares the subject too
  policy.set_by = counterpart.who;
  // What was not fetched is not held against the certificate.
  policy.revocation = counterpart.wants_revocation && !inputs.fetched.fetches.empty()
                          ? verdict::Revocation::required
                          : verdict::Revocation::when_published;
  return verdict::judge(seen, policy, inputs.now);
}

void report_lost_names(PreflightCase& c, const std::vector<std::string>& old_names,
                       const std::string& old_label) {
  std::vector<std::string> lost;
  for (const std::string& name : old_names) {
    // A wildcard is kept only by the same wildcard.
    const bool kept = name.starts_with("*.")
                          ? std::ranges::any_of(c.leaf().dns_names(),
                                                [&](const auto& n) { return iequals(n, name); })
                          : c.bears(name);
    if (!kept) lost.push_back(name);
  }
  if (lost.empty()) return;
  for (const std::string& name : lost) c.want_name(name);
  c.add(Impact::warning, "name-mismatch", "whoever knows us by these names", "",
        "The new certificate no longer bears " + join(lost, ", ") + ", which " + old_label +
            " bears.");
}

}  // namespace postern::probe
