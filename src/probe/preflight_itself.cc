// The new certificate by itself: its key, its dates, and what anybody who validates makes of it.
#include <algorithm>

#include "base/text.h"
#include "probe/exchange_counterparts.h"
#include "probe/preflight_case.h"

namespace postern::probe {
namespace {

constexpr Duration kSoon = std::chrono::days(30);
constexpr std::size_t kMaxUrl = 200;  // octets told of a URL or of what failed there

void judge_key(PreflightCase& c) {
  const NewCertificate& fresh = c.inputs.certificate;
  if (!fresh.key_fits) {
    c.report.not_looked_at.push_back(
        "The private key: none was given (--key), so nobody checked that it fits.");
  } else if (!*fresh.key_fits) {
    c.add(Impact::breaks,
          fresh.key_problem_code.empty() ? "private-key-inaccessible" : fresh.key_problem_code,
          "everybody", "", fresh.key_problem);
  }
}

// Which URLs failed, and how. Exchange Online wants the CRL, whatever OCSP says; a hybrid
// organization stands or falls with it.
void judge_answers(PreflightCase& c) {
  const std::vector<std::string>& crls = c.leaf().crl_urls();
  std::vector<std::string> failed;
  bool list_came = false, list_asked = false;
  for (const verdict::Fetch& fetch : c.inputs.fetched.fetches) {
    const bool own_list =
        fetch.kind == verdict::FetchKind::crl && std::ranges::find(crls, fetch.url) != crls.end();
    list_asked = list_asked || own_list;
    list_came = list_came || (own_list && fetch.ok);
    if (!fetch.ok)
      failed.push_back(std::string(to_string(fetch.kind)) + " " + printable(fetch.url, kMaxUrl) +
                       ": " + printable(fetch.error, kMaxUrl));
  }
  if (failed.empty()) return;
  const bool stops = list_asked && !list_came;
  const bool hybrid = c.inputs.exchange != nullptr && is_hybrid(*c.inputs.exchange);
  c.add(stops && hybrid ? Impact::breaks : Impact::warning, "revocation-unreachable",
        stops ? "Exchange Online, domain security" : "whoever asks there", "",
        std::string(stops ? "The CRL cannot be reached, and they take no certificate without: "
                          : "Some places that say whether it is revoked cannot be reached: ") +
            join(failed, "; ") + ".");
}

// Revocation is asked by those who ask it where the certificate says.
void judge_revocation_sources(PreflightCase& c) {
  std::vector<std::string> urls = c.leaf().crl_urls();
  urls.insert(urls.end(), c.leaf().ocsp_urls().begin(), c.leaf().ocsp_urls().end());
  if (c.leaf().self_signed()) return;
  if (urls.empty()) {
    c.add(Impact::warning, "revocation-unreachable", "Exchange Online, domain security", "",
          "The certificate names no CRL and no OCSP responder, so nobody can ask whether it was "
          "revoked.");
  } else if (std::ranges::none_of(urls, is_http)) {
    c.add(Impact::warning, "revocation-unreachable", "Exchange Online, domain security", "",
          "Whether it was revoked can be asked only at " + join(urls, ", ") +
              ", which outside your network nobody reaches.");
  }
  if (!c.inputs.fetched.fetches.empty()) return judge_answers(c);
  if (!urls.empty()) {
    c.report.not_looked_at.push_back(
        "Whether it is revoked, and whether that can be asked at all: with --online it is asked "
        "at " +
        join(urls, ", ") + ".");
  }
}

// Private trust is a choice; whether it suits is for the counterparts that are known. The rest
// stands in everybody's way.
Impact impact_of(const verdict::Verdict& verdict) {
  const std::string& code = verdict.code;
  const bool is_private =
      code == "untrusted-root" || code == "self-signed" || code == "root-in-wrong-store";
  return is_private ? Impact::warning : Impact::breaks;
}

}  // namespace

void judge_itself(PreflightCase& c) {
  judge_key(c);
  Counterpart anybody;
  anybody.who = "whoever validates against public roots";
  anybody.host =
      c.leaf().common_names().empty() ? "the new certificate" : c.leaf().common_names().front();
  anybody.level = verdict::Level::validate;
  anybody.knows_our_sets = true;
  const verdict::Verdict verdict = c.judge(anybody, c.inputs.certificate.chain);
  if (!verdict.ok) c.add(impact_of(verdict), verdict.code, anybody.who, "", verdict.cause, verdict);
  const Time end = c.leaf().not_after();
  if (end > c.inputs.now && end - c.inputs.now < kSoon)
    c.add(Impact::warning, "expiring", "everybody", "",
          "It ends on " + day_of(end) + ", within 30 days.");
  if (!c.leaf().eku_allows_client()) {
    c.add(Impact::note, "wrong-key-usage", "peers that ask for a client certificate", "",
          "Its extended key usage lacks clientAuth. Public CAs no longer issue it; a peer that "
          "insists on it refuses this certificate on outbound sessions.");
  }
  judge_revocation_sources(c);
}

}  // namespace postern::probe
