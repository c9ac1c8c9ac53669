// Exchange's own settings beside what went wrong: which certificate a connector pins, which ones
// there are, which one bears the wanted name; and the very command that puts it right.
#include <algorithm>

#include "base/text.h"
#include "explain/details.h"
#include "explain/rules/exchange_view.h"
#include "explain/rules/rule.h"
#include "x509/certificate.h"

namespace postern::explain {
namespace {

using verdict::Certainty;

void judge_pins(const Case& seen, Candidates& candidates) {
  const std::vector<const Sighting*> there = installed_certificates(seen);
  if (there.empty()) return;
  for (const Sighting* one : seen.all(Fact::setting)) {
    const SeenSetting& s = *one->first.setting;
    if (s.name != "TlsCertificateName" || s.value.empty()) continue;
    const auto pinned = x509::parse_exchange_certificate_name(s.value);
    if (!pinned) continue;
    const bool found = std::ranges::any_of(there, [&](const Sighting* certificate) {
      const SeenCertificate& c = *certificate->first.certificate;
      return x509::same_distinguished_name(c.issuer, pinned->issuer) &&
             x509::same_distinguished_name(c.subject, pinned->subject);
    });
    if (found) continue;
    const std::string cn(after(pinned->subject, "CN=", ","));
    const Sighting* const right = best_installed(seen, cn);
    Candidate stale{
        .code = "tlscertificatename-stale",
        .certainty = Certainty::likely,
        .rank = Rank::joined,
        .order = 9,
        .sentence = "Connector '" + s.object + "' pins " + s.value +
                    ", and no exported certificate has that issuer and subject.",
        .because = {one},
        .cure = pin_commands(
            is_receive_connector(seen, s.object) ? "Set-ReceiveConnector" : "Set-SendConnector",
            s.object, right == nullptr ? nullptr : &*right->first.certificate, cn),
        .rule = "pinned-and-not-there"};
    candidates.add(std::move(stale));
  }
}

bool for_smtp(const SeenCertificate& c) {
  return contains_any(lower(c.services), "smtp");
}

// Event 12014 says that there is no certificate for a name, and one with that name is installed.
void judge_unbound(const Case& seen, Candidates& candidates) {
  for (const Sighting* missing : seen.all(Fact::certificate_not_found)) {
    const std::string& wanted = missing->first.wanted;
    const Sighting* const there = wanted.empty() ? nullptr : best_installed(seen, wanted);
    if (there == nullptr) continue;
    const SeenCertificate& c = *there->first.certificate;
    if (c.services.empty() || for_smtp(c)) continue;
    candidates.add(
        {.code = "certificate-not-bound",
         .certainty = Certainty::likely,
         .rank = Rank::joined,
         .order = 8,
         .sentence = "The certificate with the name " + wanted + " is installed (" + c.subject +
                     "), and its Services are " + c.services + ", not SMTP.",
         .because = {missing, there},
         .cure = {"Enable-ExchangeCertificate -Thumbprint " +
                      (c.thumbprint.empty() ? "<thumbprint>" : c.thumbprint) + " -Services SMTP",
                  "Restart-Service MSExchangeTransport,MSExchangeFrontEndTransport"},
         .rule = "installed-and-not-for-smtp"});
  }
}

// STARTTLS is missing, and the connector does not allow it.
void judge_mechanism(const Case& seen, Candidates& candidates) {
  const bool missing = seen.has(Fact::starttls_needed_by) || seen.has(Fact::not_offered);
  if (!missing) return;
  for (const Sighting* one : seen.all(Fact::setting)) {
    const SeenSetting& s = *one->first.setting;
    if (s.name != "AuthMechanism") continue;
    bool tls = false;
    for (const std::string_view word : split(s.value, ',')) tls = tls || iequals(trim(word), "Tls");
    if (tls) continue;
    candidates.add({.code = "starttls-not-offered",
                    .certainty = Certainty::likely,
                    .rank = Rank::joined,
                    .order = 4,
                    .sentence = "Receive connector '" + s.object +
                                "' has no Tls among its AuthMechanism, so it never offers "
                                "STARTTLS.",
                    .because = {one},
                    .cure = {"Set-ReceiveConnector " + quoted_argument(s.object) +
                             " -AuthMechanism " + (s.value.empty() ? "Tls" : "Tls, " + s.value)},
                    .rule = "connector-without-tls"});
  }
}

}  // namespace

void apply_exchange_settings(const Case& seen, Candidates& candidates) {
  judge_pins(seen, candidates);
  judge_unbound(seen, candidates);
  judge_mechanism(seen, candidates);
}

}  // namespace postern::explain
