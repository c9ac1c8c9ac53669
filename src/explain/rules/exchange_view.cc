#include "explain/rules/exchange_view.h"

#include <algorithm>

#include "base/text.h"
#include "explain/details.h"
#include "x509/certificate.h"

namespace postern::explain {
namespace {

// "EX01\Default Frontend EX01" of a log or a cmdlet is "Default Frontend EX01" of an event.
std::string_view short_name(std::string_view connector) {
  const std::size_t at = connector.rfind('\\');
  return at == std::string_view::npos ? connector : connector.substr(at + 1);
}

}  // namespace

std::vector<const Sighting*> installed_certificates(const Case& seen) {
  std::vector<const Sighting*> out;
  for (const Sighting* one : seen.all(Fact::certificate)) {
    const bool exported = one->first.dialect == "Exchange settings";
    if (exported && !one->first.certificate->subject.empty()) out.push_back(one);
  }
  return out;
}

bool self_issued(const SeenCertificate& certificate) {
  return !certificate.subject.empty() &&
         x509::same_distinguished_name(certificate.subject, certificate.issuer);
}

bool bears(const SeenCertificate& certificate, std::string_view name) {
  const auto covers = [&](std::string_view presented) {
    if (iequals(presented, name)) return true;
    if (name.starts_with("*.")) return iends_with(presented, name.substr(1));
    return presented.starts_with("*.") && iends_with(name, presented.substr(1)) &&
           name.find('.') == name.size() - (presented.size() - 1);
  };
  return std::ranges::any_of(certificate.names, covers) ||
         covers(after(certificate.subject, "CN=", ","));
}

const Sighting* best_installed(const Case& seen, std::string_view name) {
  const Sighting* best = nullptr;
  const auto age = [](const Sighting* one) {
    return one->first.certificate->not_before.value_or(Time{});
  };
  for (const Sighting* one : installed_certificates(seen)) {
    const SeenCertificate& c = *one->first.certificate;
    if (c.issuer.empty() || self_issued(c) || c.has_key == false) continue;
    if (!name.empty() && !bears(c, name)) continue;
    if (best == nullptr || age(best) < age(one)) best = one;
  }
  return best;
}

const Sighting* setting_of(const Case& seen, std::string_view connector, std::string_view name) {
  for (const Sighting* one : seen.all(Fact::setting)) {
    const SeenSetting& s = *one->first.setting;
    if (s.name == name && iequals(short_name(s.object), short_name(connector))) return one;
  }
  return nullptr;
}

bool is_receive_connector(const Case& seen, std::string_view connector) {
  return setting_of(seen, connector, "Fqdn") != nullptr ||
         setting_of(seen, connector, "AuthMechanism") != nullptr;
}

std::string quoted_argument(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

std::vector<std::string> pin_commands(std::string_view cmdlet, std::string_view connector,
                                      const SeenCertificate* certificate, std::string_view name) {
  std::vector<std::string> out;
  if (certificate != nullptr && !certificate->thumbprint.empty()) {
    out.push_back("$c = Get-ExchangeCertificate -Thumbprint " + certificate->thumbprint);
  } else {
    out.push_back("$c = Get-ExchangeCertificate" +
                  (name.empty() ? std::string() : " -DomainName " + quoted_argument(name)) +
                  " | Where-Object { -not $_.IsSelfSigned } | Sort-Object NotBefore | "
                  "Select-Object -Last 1");
  }
  out.push_back(std::string(cmdlet) + " " +
                quoted_argument(connector.empty() ? "<connector>" : connector) +
                " -TlsCertificateName \"<I>$($c.Issuer)<S>$($c.Subject)\"");
  out.push_back("Restart-Service MSExchangeTransport,MSExchangeFrontEndTransport");
  return out;
}

}  // namespace postern::explain
