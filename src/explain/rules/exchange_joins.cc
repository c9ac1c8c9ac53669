// Several artefacts of one incident: what the sender's trace wanted and saw, what the receiver's
// protocol log shows each connector presenting, what the settings pin and which certificates there
// are. Together they name the connector, the certificate and the very command.
#include <algorithm>

#include "base/text.h"
#include "explain/details.h"
#include "explain/rules/exchange_view.h"
#include "explain/rules/rule.h"

namespace postern::explain {
namespace {

using verdict::Certainty;

std::string wanted_of(const Observation& mismatch) {
  const std::string& wanted = mismatch.wanted.empty() ? mismatch.counterpart : mismatch.wanted;
  const std::string_view name = std::string_view(wanted).substr(wanted.starts_with("*.") ? 2 : 0);
  return host_like(name) ? wanted : std::string();
}

// The line of a protocol log that shows what the connector presented: the very certificate that the
// sender saw, or one without the wanted name.
const Sighting* shown_by_connector(const Case& seen, const Observation& mismatch, Side presenter,
                                   std::string_view wanted) {
  const std::string thumbprint =
      mismatch.certificate ? mismatch.certificate->thumbprint : std::string();
  const Sighting* out = nullptr;
  for (const Sighting* one : seen.all(Fact::certificate)) {
    const SeenCertificate& c = *one->first.certificate;
    if (c.presented_by != presenter || one->first.connector.empty()) continue;
    if (!thumbprint.empty() && iequals(c.thumbprint, thumbprint)) return one;
    if (thumbprint.empty() && !bears(c, wanted)) out = one;
  }
  return out;
}

std::string called(const SeenCertificate& c) {
  return c.subject + (c.thumbprint.empty() ? "" : " (" + c.thumbprint + ")");
}

std::string why_that_one(const Sighting* pinned) {
  if (pinned == nullptr) return {};
  const std::string& value = pinned->first.setting->value;
  if (value.empty())
    return " Its TlsCertificateName is empty, so Exchange chooses by the connector's Fqdn.";
  return " Its TlsCertificateName is " + value + ".";
}

// A receive connector of ours presents the wrong one to whoever wanted `wanted`.
void join_receiver(const Case& seen, const Sighting& mismatch, Candidates& candidates) {
  const std::string wanted = wanted_of(mismatch.first);
  if (wanted.empty()) return;
  const Sighting* const shown = shown_by_connector(seen, mismatch.first, Side::server, wanted);
  const Sighting* const right = best_installed(seen, wanted);
  const bool ours = shown != nullptr && is_receive_connector(seen, shown->first.connector);
  if (right == nullptr && !ours) return;
  const std::string connector = shown == nullptr ? "" : shown->first.connector;
  const Sighting* const pinned =
      connector.empty() ? nullptr : setting_of(seen, connector, "TlsCertificateName");
  std::string sentence = "Wanted is " + wanted + ". ";
  sentence += connector.empty() ? "Another certificate was presented"
                                : "Receive connector '" + connector + "' presents " +
                                      called(*shown->first.certificate);
  sentence +=
      right == nullptr
          ? ", and no exported certificate bears that name."
          : ", while the right one is installed: " + called(*right->first.certificate) + ".";
  Candidate out{
      .code = right == nullptr ? "name-mismatch" : "wrong-certificate-selected",
      .certainty = Certainty::likely,
      .rank = Rank::joined,
      .order = 6,
      .sentence = sentence + why_that_one(pinned),
      .because = {&mismatch},
      .cure = pin_commands("Set-ReceiveConnector", connector,
                           right == nullptr ? nullptr : &*right->first.certificate, wanted),
      .rule = "trace-log-and-settings"};
  for (const Sighting* one : {shown, right, pinned}) {
    if (one != nullptr) out.because.push_back(one);
  }
  candidates.add(std::move(out));
}

// A send connector of ours asks for a name that the next hop's certificate does not bear.
void join_sender(const Case& seen, const Sighting& mismatch, Candidates& candidates) {
  const std::string& connector = mismatch.first.connector;
  const Sighting* const asked =
      connector.empty() ? nullptr : setting_of(seen, connector, "TlsDomain");
  if (asked == nullptr) return;
  const std::string& wanted = asked->first.setting->value;
  for (const Sighting* shown : seen.all(Fact::certificate)) {
    const SeenCertificate& c = *shown->first.certificate;
    if (c.presented_by != Side::server || shown->first.connector != connector) continue;
    if (bears(c, wanted)) continue;
    const std::string there =
        c.names.empty() ? std::string(after(c.subject, "CN=", ",")) : c.names.front();
    candidates.add(
        {.code = "name-mismatch",
         .certainty = Certainty::likely,
         .rank = Rank::joined,
         .order = 5,
         .sentence = "Send connector '" + connector + "' asks for TlsDomain " + wanted +
                     "; presented is " + called(c) + " with " + join(c.names, ", ") + ".",
         .because = {&mismatch, shown, asked},
         .cure = {"If that is the right server: Set-SendConnector " + quoted_argument(connector) +
                  " -TlsDomain " + (there.empty() ? "<its name>" : there)},
         .rule = "tls-domain-and-certificate"});
  }
}

// The names that our send connectors would present to the cloud.
std::vector<const Sighting*> presented_to_cloud(const Case& seen) {
  std::vector<const Sighting*> out;
  for (const Sighting* one : seen.all(Fact::certificate)) {
    if (one->first.certificate->presented_by == Side::client) out.push_back(one);
  }
  if (!out.empty()) return out;
  for (const Sighting* one : seen.all(Fact::setting)) {
    const SeenSetting& s = *one->first.setting;
    if (s.name != "TlsCertificateName" || is_receive_connector(seen, s.object)) continue;
    const auto pinned = x509::parse_exchange_certificate_name(s.value);
    if (!pinned) continue;
    for (const Sighting* installed : installed_certificates(seen)) {
      const SeenCertificate& c = *installed->first.certificate;
      if (x509::same_distinguished_name(c.subject, pinned->subject) &&
          x509::same_distinguished_name(c.issuer, pinned->issuer))
        out.push_back(installed);
    }
  }
  return out;
}

// The cloud expects one name on our certificate, and we present another.
void join_inbound(const Case& seen, const Sighting& setting, Candidates& candidates) {
  const SeenSetting& s = *setting.first.setting;
  for (const Sighting* shown : presented_to_cloud(seen)) {
    const SeenCertificate& c = *shown->first.certificate;
    if (bears(c, s.value)) continue;
    const std::string name =
        c.names.empty() ? std::string(after(c.subject, "CN=", ",")) : c.names.front();
    candidates.add(
        {.code = "connector-certificate-mismatch",
         .certainty = Certainty::likely,
         .rank = Rank::joined,
         .order = 5,
         .sentence = "Inbound connector '" + s.object + "' expects " + s.value + "; presented is " +
                     called(c) + ".",
         .because = {&setting, shown},
         .cure = {"In Exchange Online: Set-InboundConnector " + quoted_argument(s.object) +
                      " -TlsSenderCertificateName " + (name.empty() ? "<its name>" : name),
                  "or give the send connector a certificate with the name " + s.value + "."},
         .rule = "sender-certificate-name"});
  }
}

}  // namespace

void apply_exchange_joins(const Case& seen, Candidates& candidates) {
  for (const Sighting* mismatch : seen.all(Fact::name_mismatch)) {
    join_receiver(seen, *mismatch, candidates);
    join_sender(seen, *mismatch, candidates);
  }
  for (const Sighting* setting : seen.all(Fact::setting)) {
    if (setting->first.setting->name == "TlsSenderCertificateName")
      join_inbound(seen, *setting, candidates);
  }
}

}  // namespace postern::explain
