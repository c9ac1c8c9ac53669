#include "explain/exchange.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "explain/exchange_fields.h"

namespace postern::explain {
namespace {

struct Sign {
  ExchangeKind kind;
  std::string_view noun;  // of "Get-NOUN", and in the names of types
  // Having all of `needs` and one of `any` makes an object of this kind.
  std::vector<std::string_view> needs, any;
};

// The more telling ones first: an inbound connector has a Name and an Enabled like all the others.
const std::vector<Sign>& signs() {
  static const std::vector<Sign> all = {
      {ExchangeKind::certificate,
       "ExchangeCertificate",
       {"Thumbprint"},
       {"CertificateDomains", "NotAfter", "HasPrivateKey", "RootCAType", "Services", "Subject"}},
      // Pasted in part: nothing else has this property.
      {ExchangeKind::certificate, "", {"RootCAType"}, {"NotAfter", "Issuer", "Services", "Status"}},
      {ExchangeKind::inbound_connector,
       "InboundConnector",
       {},
       {"TlsSenderCertificateName", "RestrictDomainsToCertificate", "SenderIPAddresses"}},
      {ExchangeKind::outbound_connector,
       "OutboundConnector",
       {},
       {"TlsSettings", "UseMXRecord", "RouteAllMessagesViaOnPremises"}},
      {ExchangeKind::receive_connector,
       "ReceiveConnector",
       {},
       {"RemoteIPRanges", "PermissionGroups", "TlsDomainCapabilities"}},
      {ExchangeKind::receive_connector, "", {"Bindings"}, {"AuthMechanism", "Fqdn", "Identity"}},
      {ExchangeKind::send_connector,
       "SendConnector",
       {},
       {"AddressSpaces", "DNSRoutingEnabled", "TlsAuthLevel", "IgnoreSTARTTLS",
        "SourceTransportServers"}},
      {ExchangeKind::hybrid_configuration,
       "HybridConfiguration",
       {},
       {"ReceivingTransportServers", "SendingTransportServers", "OnPremisesSmartHost"}},
      {ExchangeKind::transport_config,
       "TransportConfig",
       {},
       {"TLSReceiveDomainSecureList", "TLSSendDomainSecureList"}},
      {ExchangeKind::accepted_domain, "AcceptedDomain", {"DomainName"}, {"DomainType", "Default"}},
  };
  return all;
}

bool has(const CmdletObject& object, std::string_view name) {
  return object.find(name) != nullptr;
}

bool fits(const CmdletObject& object, const Sign& sign) {
  return std::ranges::all_of(sign.needs, [&](std::string_view n) { return has(object, n); }) &&
         std::ranges::any_of(sign.any, [&](std::string_view n) { return has(object, n); });
}

// "Get-SendConnector", "Deserialized.Microsoft.Exchange.Data.Directory.SystemConfiguration.Send…".
bool hinted(const CmdletObject& object, const Sign& sign) {
  if (sign.noun.empty() || object.hint.empty()) return false;
  const std::string noun = lower(sign.noun);
  return lower(object.hint).ends_with("-" + noun) || lower(object.hint).contains("." + noun);
}

// ---- one kind each ------------------------------------------------------------------------------

ExchangeCertificate certificate_of(Fields& f, DateOrder order) {
  ExchangeCertificate out;
  out.where = f.where();
  out.thumbprint = upper(without_blanks(f.text("Thumbprint")));
  out.subject = f.text("Subject");
  out.issuer = f.text("Issuer");
  out.friendly_name = f.text("FriendlyName");
  out.status = f.text("Status");
  out.root_ca_type = f.text("RootCAType");
  const std::string identity = f.text("Identity");
  if (const std::size_t at = identity.find('\\'); at != std::string::npos)
    out.server = identity.substr(0, at);
  if (out.server.empty()) out.server = f.text("PSComputerName");
  out.domains = f.list("CertificateDomains", out.domains_complete);
  out.not_before = f.date("NotBefore", order, out.dates_ambiguous);
  out.not_after = f.date("NotAfter", order, out.dates_ambiguous);
  out.services = f.services("Services");
  out.has_private_key = f.flag("HasPrivateKey");
  out.self_signed = f.flag("IsSelfSigned");
  out.certificate = f.certificate("RawData", out.thumbprint);
  return out;
}

// The first part of "EX01\Default Frontend EX01".
std::string server_of(const std::string& identity) {
  const std::size_t at = identity.find('\\');
  return at == std::string::npos ? std::string() : identity.substr(0, at);
}

ExchangeReceiveConnector receive_of(Fields& f) {
  ExchangeReceiveConnector out;
  out.where = f.where();
  out.name = f.text("Name");
  out.identity = f.first_of({"Identity", "Name"});
  out.server = f.text("Server");
  if (out.server.empty()) out.server = server_of(out.identity);
  out.fqdn = lower(f.text("Fqdn"));
  out.tls_certificate_name = f.text("TlsCertificateName");
  out.role = f.text("TransportRole");
  bool complete = true;
  if (f.present("AuthMechanism")) out.auth_mechanism = f.words("AuthMechanism");
  out.tls_domain_capabilities = f.list("TlsDomainCapabilities", complete);
  out.bindings = f.list("Bindings", complete);
  out.enabled = f.flag("Enabled");
  out.require_tls = f.flag("RequireTLS");
  out.domain_secure = f.flag("DomainSecureEnabled");
  return out;
}

ExchangeSendConnector send_of(Fields& f) {
  ExchangeSendConnector out;
  out.where = f.where();
  out.name = f.text("Name");
  out.identity = f.first_of({"Identity", "Name"});
  out.fqdn = lower(f.text("Fqdn"));
  out.tls_certificate_name = f.text("TlsCertificateName");
  out.tls_auth_level = f.text("TlsAuthLevel");
  out.tls_domain = lower(f.text("TlsDomain"));
  bool complete = true;
  out.address_spaces = f.list("AddressSpaces", complete);
  out.smart_hosts = f.list("SmartHosts", complete);
  out.source_servers = f.list("SourceTransportServers", complete);
  out.enabled = f.flag("Enabled");
  out.require_tls = f.flag("RequireTLS");
  out.domain_secure = f.flag("DomainSecureEnabled");
  out.ignore_starttls = f.flag("IgnoreSTARTTLS");
  out.cloud_services = f.flag("CloudServicesMailEnabled");
  return out;
}

HybridConfiguration hybrid_of(Fields& f) {
  HybridConfiguration out;
  out.where = f.where();
  out.tls_certificate_name = f.text("TlsCertificateName");
  bool complete = true;
  out.domains = f.list("Domains", complete);
  out.receiving_servers = f.list("ReceivingTransportServers", complete);
  out.sending_servers = f.list("SendingTransportServers", complete);
  out.edge_servers = f.list("EdgeTransportServers", complete);
  return out;
}

TransportConfig transport_of(Fields& f) {
  TransportConfig out;
  out.where = f.where();
  out.tls_send_secure = f.list("TLSSendDomainSecureList", out.complete);
  out.tls_receive_secure = f.list("TLSReceiveDomainSecureList", out.complete);
  return out;
}

InboundConnector inbound_of(Fields& f) {
  InboundConnector out;
  out.where = f.where();
  out.name = f.first_of({"Name", "Identity"});
  out.type = f.text("ConnectorType");
  out.tls_sender_certificate_name = f.text("TlsSenderCertificateName");
  bool complete = true;
  out.sender_domains = f.list("SenderDomains", complete);
  out.enabled = f.flag("Enabled");
  out.require_tls = f.flag("RequireTls");
  out.restrict_to_certificate = f.flag("RestrictDomainsToCertificate");
  out.cloud_services = f.flag("CloudServicesMailEnabled");
  return out;
}

OutboundConnector outbound_of(Fields& f) {
  OutboundConnector out;
  out.where = f.where();
  out.name = f.first_of({"Name", "Identity"});
  out.type = f.text("ConnectorType");
  out.tls_settings = f.text("TlsSettings");
  out.tls_domain = lower(f.text("TlsDomain"));
  bool complete = true;
  out.recipient_domains = f.list("RecipientDomains", complete);
  out.smart_hosts = f.list("SmartHosts", complete);
  out.enabled = f.flag("Enabled");
  out.cloud_services = f.flag("CloudServicesMailEnabled");
  return out;
}

void take(const CmdletObject& object, const std::string& file, DateOrder order,
          ExchangeEstate& out) {
  Fields f(object, file, out.problems);
  switch (kind_of(object)) {
    case ExchangeKind::certificate:
      out.certificates.push_back(certificate_of(f, order));
      break;
    case ExchangeKind::receive_connector:
      out.receive.push_back(receive_of(f));
      break;
    case ExchangeKind::send_connector:
      out.send.push_back(send_of(f));
      break;
    case ExchangeKind::hybrid_configuration:
      out.hybrid.push_back(hybrid_of(f));
      break;
    case ExchangeKind::transport_config:
      out.transport.push_back(transport_of(f));
      break;
    case ExchangeKind::inbound_connector:
      out.inbound.push_back(inbound_of(f));
      break;
    case ExchangeKind::outbound_connector:
      out.outbound.push_back(outbound_of(f));
      break;
    case ExchangeKind::accepted_domain:
      out.accepted.push_back({f.where(), lower(f.text("DomainName"))});
      break;
    case ExchangeKind::other:
      break;
  }
}

DateOrder order_in(const ReadObjects& objects) {
  std::vector<ExportDate> dates;
  for (const CmdletObject& object : objects.objects) {
    for (const char* name : {"NotBefore", "NotAfter"}) {
      if (const Property* property = object.find(name))
        dates.push_back(parse_export_date(property->text));
    }
  }
  return order_of(dates);
}

}  // namespace

std::string_view to_string(ExchangeKind kind) {
  switch (kind) {
    case ExchangeKind::other:
      return "object of another kind";
    case ExchangeKind::certificate:
      return "certificate";
    case ExchangeKind::receive_connector:
      return "receive connector";
    case ExchangeKind::send_connector:
      return "send connector";
    case ExchangeKind::hybrid_configuration:
      return "hybrid configuration";
    case ExchangeKind::transport_config:
      return "transport configuration";
    case ExchangeKind::inbound_connector:
      return "inbound connector of Exchange Online";
    case ExchangeKind::outbound_connector:
      return "outbound connector of Exchange Online";
    case ExchangeKind::accepted_domain:
      return "accepted domain";
  }
  return "object of another kind";
}

ExchangeKind kind_of(const CmdletObject& object) {
  for (const Sign& sign : signs()) {
    if (hinted(object, sign)) return sign.kind;
  }
  for (const Sign& sign : signs()) {
    if (fits(object, sign)) return sign.kind;
  }
  return ExchangeKind::other;
}

std::string ExportPlace::str() const {
  return line > 0 ? file + ":" + std::to_string(line) : file;
}

std::size_t ExchangeEstate::size() const {
  return certificates.size() + receive.size() + send.size() + hybrid.size() + transport.size() +
         inbound.size() + outbound.size() + accepted.size();
}

ExchangeEstate read_exchange(const std::vector<ExportFile>& files) {
  ExchangeEstate out;
  for (const ExportFile& file : files) {
    const ReadObjects objects = read_objects(file.octets);
    for (const Remark& remark : objects.remarks)
      out.problems.push_back({{file.name, remark.line}, remark.text});
    const std::size_t before = out.size();
    const DateOrder order = order_in(objects);
    for (const CmdletObject& object : objects.objects) take(object, file.name, order, out);
    if (out.size() == before) {
      out.problems.push_back(
          {{file.name, 0},
           objects.objects.empty()
               ? "no output of a cmdlet was found in it; expected is Get-… | fl, or what "
                 "Export-Csv, "
                 "Export-Clixml or ConvertTo-Json write"
               : "nothing in it is a certificate, a connector or a setting of Exchange"});
    }
  }
  return out;
}

bool same_server(std::string_view a, std::string_view b) {
  const auto short_name = [](std::string_view name) { return name.substr(0, name.find('.')); };
  return a.empty() || b.empty() || iequals(short_name(a), short_name(b));
}

}  // namespace postern::explain
