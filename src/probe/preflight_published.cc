// What is published of the mail domains: TLSA records that the new certificate turns stale, and MX
// hosts that an MTA-STS policy lists.
#include <algorithm>

#include "base/text.h"
#include "probe/preflight_case.h"

namespace postern::probe {
namespace {

// Only hosts that this certificate is for: the others' records are not touched by it.
bool concerns(const PreflightCase& c, const std::string& host) {
  return c.bears(host) ||
         std::ranges::find(c.report.wanted_names, host) != c.report.wanted_names.end();
}

void judge_tlsa(PreflightCase& c, const Published& published, const PublishedHost& mx) {
  const std::string who = "senders with DANE to " + mx.host;
  const verdict::TlsaMatch match = verdict::match_tlsa(mx.tlsa, c.inputs.certificate.chain,
                                                       {mx.host, published.domain}, c.inputs.now);
  if (mx.tlsa.empty() || match.state == verdict::TlsaMatch::State::match) return;
  if (match.state == verdict::TlsaMatch::State::none_usable) {
    c.add(Impact::note, "tlsa-mismatch", who, "", "TLSA of " + mx.host + ": " + match.detail + ".");
    return;
  }
  c.add(mx.secure ? Impact::breaks : Impact::warning, "tlsa-mismatch", who, "",
        "The published TLSA records of " + mx.host +
            " do not fit the new certificate: " + match.detail + "." +
            (mx.secure ? "" : " The zone is not signed, so few senders look."));
  const verdict::TlsaRecord record = verdict::make_tlsa(c.leaf());
  c.report.commands.insert(
      c.report.commands.begin(),
      {"DNS, before anything else",
       {"_25._tcp." + mx.host + ". IN TLSA " + verdict::format_tlsa(record)},
       "Publish it beside the present records, wait for twice their TTL, then change the "
       "certificate, then take the old ones away (RFC 7671 s8.1)."});
}

// RFC 8461 s4.1: the MX must be listed, and bear its own name under a public CA.
void judge_sts(PreflightCase& c, const Published& published, const PublishedHost& mx) {
  if (published.sts ? published.sts->mode == verdict::StsMode::none : !published.sts_announced)
    return;
  const bool enforced = published.sts && published.sts->mode == verdict::StsMode::enforce;
  const Impact impact = enforced ? Impact::breaks : Impact::warning;
  const std::string who = "senders with MTA-STS to " + published.domain;
  if (published.sts && !verdict::lists_mx(*published.sts, mx.host)) {
    c.add(impact, "mta-sts-mx-mismatch", who, "",
          "The MTA-STS policy of " + published.domain + " lists " + join(published.sts->mx, ", ") +
              ", and not the MX " + mx.host + ".");
  }
  Counterpart sender;
  sender.who = who;
  sender.host = mx.host;
  sender.reference = {{mx.host, "MX of " + published.domain}};
  const verdict::Verdict verdict = c.judge(sender, c.inputs.certificate.chain);
  if (!verdict.ok) c.add(impact, verdict.code, who, "", verdict.cause, verdict);
}

}  // namespace

void judge_published(PreflightCase& c) {
  if (!c.inputs.online) {
    c.report.not_looked_at.push_back(
        "TLSA records and MTA-STS: they are looked up with --online only.");
    return;
  }
  if (c.inputs.published.empty())
    c.report.not_looked_at.push_back(
        "TLSA records and MTA-STS: neither configuration nor export names a mail domain; give "
        "--domain.");
  for (const Published& published : c.inputs.published) {
    for (const std::string& problem : published.problems) c.report.not_looked_at.push_back(problem);
    if (published.sts_announced && !published.sts) {
      c.report.not_looked_at.push_back("Whether the MTA-STS policy of " + published.domain +
                                       " lists the MX hosts: its text was not had.");
    }
    if (!published.sts_problem.empty())
      c.add(Impact::warning, "mta-sts-policy-fetch-failed",
            "senders with MTA-STS to " + published.domain, "", published.sts_problem + ".");
    bool ours = false;
    for (const PublishedHost& mx : published.mx) {
      if (!concerns(c, mx.host)) continue;
      ours = true;
      judge_tlsa(c, published, mx);
      judge_sts(c, published, mx);
    }
    if (!ours && !published.mx.empty()) {
      c.report.not_looked_at.push_back("The MX hosts of " + published.domain +
                                       " are none of the names of this certificate.");
    }
  }
}

}  // namespace postern::probe
