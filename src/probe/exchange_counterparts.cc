#include "probe/exchange_counterparts.h"

#include <algorithm>

#include "base/text.h"

namespace postern::probe {
namespace {

using explain::ExchangeEstate;
using explain::ExchangeReceiveConnector;
using explain::ExchangeSendConnector;
using verdict::Judged;
using verdict::Level;

constexpr std::string_view kCloudDomain = "protection.outlook.com";
constexpr std::string_view kCloudCapability = "AcceptCloudServicesMail";
constexpr const char* kAssumed =
    "Exchange Online (assumed: what the Hybrid Configuration Wizard sets up)";

bool has_cloud_capability(const ExchangeReceiveConnector& connector) {
  return std::ranges::any_of(connector.tls_domain_capabilities, [](const std::string& one) {
    return lower(one).contains(lower(kCloudCapability)) || lower(one).contains(kCloudDomain);
  });
}

bool to_cloud(const ExchangeSendConnector& connector) {
  return connector.cloud_services == true || lower(connector.tls_domain).contains(kCloudDomain) ||
         std::ranges::any_of(connector.smart_hosts, [](const std::string& host) {
           return lower(host).contains(kCloudDomain);
         });
}

// The connector that takes mail from the cloud: the one that says so, or the front end's on port 25
// where none does.
bool from_cloud(const ExchangeEstate& estate, const ExchangeReceiveConnector& connector) {
  if (has_cloud_capability(connector)) return true;
  if (std::ranges::any_of(estate.receive, has_cloud_capability)) return false;
  const bool smtp_port =
      connector.bindings.empty() ||
      std::ranges::any_of(connector.bindings, [](const auto& one) { return one.ends_with(":25"); });
  return smtp_port && !iequals(connector.role, "HubTransport");
}

Level level_of(std::string_view settings) {
  if (iequals(settings, "DomainValidation")) return Level::authenticate;
  if (iequals(settings, "CertificateValidation")) return Level::validate;
  return iequals(settings, "EncryptionOnly") ? Level::encrypt : Level::opportunistic;
}

ExchangeCounterpart outbound(const explain::OutboundConnector& connector, const std::string& host) {
  ExchangeCounterpart out;
  out.cloud_connector = connector.name;
  out.asks.who = "Exchange Online (outbound connector " + printable(connector.name) + ")";
  out.asks.host = host;
  out.asks.level = level_of(connector.tls_settings);
  out.asks.wants_revocation = true;
  if (out.asks.level < Level::authenticate) return out;
  if (!connector.tls_domain.empty()) {
    out.asks.reference = {{connector.tls_domain, "TlsDomain of " + printable(connector.name)}};
  } else {
    for (const std::string& domain : connector.recipient_domains)
      out.asks.reference.push_back({lower(domain), "recipient domain, for TlsDomain is empty"});
  }
  return out;
}

ExchangeCounterpart assumed(Judged judged, const std::string& host, const std::string& known_as) {
  ExchangeCounterpart out;
  out.asks.who = kAssumed;
  out.asks.judged = judged;
  out.asks.host = host;
  out.asks.wants_revocation = true;
  const bool server = judged == Judged::server;
  out.asks.reference = {{known_as, std::string("subject of the old certificate, as ") +
                                       (server ? "TlsDomain" : "TlsSenderCertificateName")}};
  out.needs_accepted_domain = !server;
  return out;
}

ExchangeCounterpart inbound(const explain::InboundConnector& connector, const std::string& host) {
  ExchangeCounterpart out;
  out.cloud_connector = connector.name;
  out.asks.who = "Exchange Online (inbound connector " + printable(connector.name) + ")";
  out.asks.judged = Judged::client;
  out.asks.host = host;
  out.asks.wants_revocation = true;
  out.needs_accepted_domain = iequals(connector.type, "OnPremises");
  const std::string& name = connector.tls_sender_certificate_name;
  if (istarts_with(name, "<I>")) {
    out.pin = name;
    out.asks.level = Level::validate;
  } else {
    out.asks.reference = {
        {lower(name), "TlsSenderCertificateName of " + printable(connector.name)}};
  }
  return out;
}

// Domain security: both sides validate, and the name is the mail domain of the other one.
ExchangeCounterpart secured(const ExchangeEstate& estate, Judged judged, const std::string& host,
                            const std::vector<std::string>& partners) {
  ExchangeCounterpart out;
  out.asks.who = "partners with domain security (" + printable(join(partners, ", ")) + ")";
  out.asks.judged = judged;
  out.asks.host = host;
  out.asks.wants_revocation = true;
  for (const explain::AcceptedDomain& one : estate.accepted)
    out.asks.reference.push_back({one.domain, "accepted domain"});
  // Without Get-AcceptedDomain it is not known which name they ask for.
  if (out.asks.reference.empty()) out.asks.level = Level::validate;
  return out;
}

}  // namespace

bool is_hybrid(const ExchangeEstate& estate) {
  return !estate.hybrid.empty() || std::ranges::any_of(estate.receive, has_cloud_capability) ||
         std::ranges::any_of(estate.send, to_cloud);
}

std::vector<ExchangeCounterpart> counterparts_of(const ExchangeEstate& estate,
                                                 const ExchangeReceiveConnector& connector,
                                                 const std::string& known_as) {
  std::vector<ExchangeCounterpart> out;
  const std::string host = connector.fqdn.empty() ? known_as : connector.fqdn;
  if (from_cloud(estate, connector)) {
    for (const explain::OutboundConnector& one : estate.outbound) {
      if (one.enabled != false) out.push_back(outbound(one, host));
    }
    if (out.empty() && is_hybrid(estate) && !known_as.empty())
      out.push_back(assumed(Judged::server, host, known_as));
  }
  for (const explain::TransportConfig& one : estate.transport) {
    if (connector.domain_secure == true && !one.tls_receive_secure.empty())
      out.push_back(secured(estate, Judged::server, host, one.tls_receive_secure));
  }
  return out;
}

std::vector<ExchangeCounterpart> counterparts_of(const ExchangeEstate& estate,
                                                 const ExchangeSendConnector& connector,
                                                 const std::string& known_as) {
  std::vector<ExchangeCounterpart> out;
  const std::string host = connector.fqdn.empty() ? known_as : connector.fqdn;
  if (to_cloud(connector)) {
    for (const explain::InboundConnector& one : estate.inbound) {
      if (one.enabled != false && !one.tls_sender_certificate_name.empty())
        out.push_back(inbound(one, host));
    }
    if (out.empty() && !known_as.empty()) out.push_back(assumed(Judged::client, host, known_as));
  }
  for (const explain::TransportConfig& one : estate.transport) {
    if (connector.domain_secure == true && !one.tls_send_secure.empty())
      out.push_back(secured(estate, Judged::client, host, one.tls_send_secure));
  }
  return out;
}

}  // namespace postern::probe
