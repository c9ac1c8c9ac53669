// Exchange's own settings beside what went wrong: which certificate a connector pins, which ones
// there are, which one bears the wanted name; and the very command that puts it right.
#include <algorithm>

#include "base/text.h"
#include "explain/details.h"
#include "explain/rules/rule.h"
#include "x509/certificate.h"

namespace postern::explain {
namespace {

using verdict::Certainty;

// Exported with its issuer and subject: a certificate of the machine, not one seen in a handshake.
bool installed(const Sighting& sighting) {
  return sighting.first.dialect == "Exchange settings" &&
         !sighting.first.certificate->subject.empty();
}

std::vector<const Sighting*> installed_certificates(const Case& seen) {
  std::vector<const Sighting*> out;
  for (const Sighting* one : seen.all(Fact::certificate)) {
    if (installed(*one)) out.push_back(one);
  }
  return out;
}

bool self_issued(const SeenCertificate& c) {
  return x509::same_distinguished_name(c.subject, c.issuer);
}

bool bears(const SeenCertificate& c, std::string_view name) {
  const auto covers = [&](std::string_view presented) {
    if (iequals(presented, name)) return true;
    return presented.starts_with("*.") && iends_with(name, presented.substr(1)) &&
           name.find('.') == name.size() - (presented.size() - 1);
  };
  return std::ranges::any_of(c.names, covers) || covers(after(c.subject, "CN=", ","));
}

// The certificate that ought to stand in the connector: of a CA, for SMTP, newest.
const SeenCertificate* best_for(const Case& seen, std::string_view name) {
  const SeenCertificate* best = nullptr;
  for (const Sighting* one : seen.all(Fact::certificate)) {
    const SeenCertificate& c = *one->first.certificate;
    if (c.issuer.empty() || self_issued(c) || (!name.empty() && !bears(c, name))) continue;
    if (c.has_key == false) continue;
    if (best == nullptr || best->not_before.value_or(Time{}) < c.not_before.value_or(Time{}))
      best = &c;
  }
  return best;
}

std::vector<std::string> pin(const std::string& cmdlet, const std::string& connector,
                             const SeenCertificate* certificate) {
  const std::string identity = connector.empty() ? "<connector>" : connector;
  std::vector<std::string> out;
  if (certificate == nullptr || certificate->thumbprint.empty()) {
    const std::string value = certificate == nullptr
                                  ? "<I><issuer><S><subject>"
                                  : "<I>" + certificate->issuer + "<S>" + certificate->subject;
    out.push_back(cmdlet + " '" + identity + "' -TlsCertificateName '" + value + "'");
  } else {
    out.push_back("$c = Get-ExchangeCertificate -Thumbprint " + certificate->thumbprint);
    out.push_back(cmdlet + " '" + identity +
                  "' -TlsCertificateName \"<I>$($c.Issuer)<S>$($c.Subject)\"");
  }
  out.push_back("Restart-Service MSExchangeTransport,MSExchangeFrontEndTransport");
  return out;
}

// A connector of this setting: where the export says TlsAuthLevel or TlsDomain, it sends.
std::string cmdlet_of(const Case& seen, const std::string& connector) {
  for (const Sighting* one : seen.all(Fact::setting)) {
    const SeenSetting& s = *one->first.setting;
    if (s.object == connector && (s.name == "Fqdn" || s.name == "AuthMechanism"))
      return "Set-ReceiveConnector";
  }
  return "Set-SendConnector";
}

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
    Candidate stale{.code = "tlscertificatename-stale",
                    .certainty = Certainty::likely,
                    .rank = Rank::joined,
                    .order = 9,
                    .sentence = "Connector '" + s.object + "' pins " + s.value +
                                ", and no exported certificate has that issuer and subject.",
                    .because = {one},
                    .cure = pin(cmdlet_of(seen, s.object), s.object, best_for(seen, cn)),
                    .rule = "pinned-and-not-there"};
    candidates.add(std::move(stale));
  }
}

// Another name was presented than wanted, and a certificate with the wanted one is installed.
void judge_selection(const Case& seen, Candidates& candidates) {
  for (const Sighting* mismatch : seen.all(Fact::name_mismatch)) {
    std::string wanted = mismatch->first.wanted;
    if (wanted.empty()) wanted = mismatch->first.counterpart;
    if (!host_like(wanted)) continue;
    const SeenCertificate* right = nullptr;
    const Sighting* where = nullptr;
    for (const Sighting* one : installed_certificates(seen)) {
      if (!bears(*one->first.certificate, wanted)) continue;
      right = &*one->first.certificate;
      where = one;
    }
    if (right == nullptr) continue;
    std::string connector;
    for (const Sighting* one : seen.all(Fact::certificate)) {
      if (!one->first.connector.empty()) connector = one->first.connector;
    }
    Candidate wrong{.code = "wrong-certificate-selected",
                    .certainty = Certainty::likely,
                    .rank = Rank::joined,
                    .order = 6,
                    .sentence = "The certificate with the wanted name " + wanted +
                                " is installed (" + right->subject +
                                "), and another one was presented.",
                    .because = {mismatch, where},
                    .cure = pin("Set-ReceiveConnector", connector, right),
                    .rule = "right-one-is-installed"};
    candidates.add(std::move(wrong));
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
                    .cure = {"Set-ReceiveConnector '" + s.object + "' -AuthMechanism " +
                             (s.value.empty() ? "Tls" : "Tls, " + s.value)},
                    .rule = "connector-without-tls"});
  }
}

// The cloud expects one name on our certificate, and we present another.
void judge_sender_name(const Case& seen, Candidates& candidates) {
  for (const Sighting* one : seen.all(Fact::setting)) {
    const SeenSetting& s = *one->first.setting;
    if (s.name != "TlsSenderCertificateName") continue;
    for (const Sighting* shown : seen.all(Fact::certificate)) {
      const SeenCertificate& c = *shown->first.certificate;
      if (c.presented_by != Side::client || bears(c, s.value)) continue;
      candidates.add(
          {.code = "connector-certificate-mismatch",
           .certainty = Certainty::likely,
           .rank = Rank::joined,
           .order = 5,
           .sentence = "Inbound connector '" + s.object + "' expects " + s.value +
                       "; presented is " + c.subject + ".",
           .because = {one, shown},
           .cure = {"Set-InboundConnector '" + s.object +
                        "' -TlsSenderCertificateName <a name of the certificate>",
                    "or bind the certificate with the name " + s.value + " to the send connector."},
           .rule = "sender-certificate-name"});
    }
  }
}

}  // namespace

void apply_exchange_settings(const Case& seen, Candidates& candidates) {
  judge_pins(seen, candidates);
  judge_selection(seen, candidates);
  judge_mechanism(seen, candidates);
  judge_sender_name(seen, candidates);
}

}  // namespace postern::explain
