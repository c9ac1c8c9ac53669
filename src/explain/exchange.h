// What Exchange and Exchange Online say about themselves, out of the objects of cmdlet_objects.h:
// certificates, connectors and organization settings, as far as they matter for TLS. An object is
// known by its properties (and by the cmdlet or type where the text names it), never by a file's
// name. What an export cut or lost is marked, so that nobody takes its absence for a fact.
// Words as in "Get-ExchangeCertificate", "Get-ReceiveConnector", … of the Exchange documentation.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "explain/cmdlet_objects.h"
#include "x509/certificate.h"

namespace postern::explain {

enum class ExchangeKind {
  other,
  certificate,
  receive_connector,
  send_connector,
  hybrid_configuration,
  transport_config,
  inbound_connector,   // Exchange Online
  outbound_connector,  // Exchange Online
  accepted_domain
};
[[nodiscard]] std::string_view to_string(ExchangeKind kind);  // "receive connector"
[[nodiscard]] ExchangeKind kind_of(const CmdletObject& object);

struct ExportPlace {
  std::string file;
  int line = 0;
  [[nodiscard]] std::string str() const;  // "certs.txt:12"
};

struct ExchangeCertificate {
  ExportPlace where;
  std::string server;  // of Identity, or of the session; empty: not said
  std::string thumbprint, subject, issuer, friendly_name, status, root_ca_type;
  std::vector<std::string> domains;  // CertificateDomains
  bool domains_complete = true;      // false: cut or lost by the export
  std::optional<Time> not_before, not_after;
  bool dates_ambiguous = false;
  std::optional<std::vector<std::string>> services;  // "SMTP", "IIS"; nullopt: not exported
  std::optional<bool> has_private_key, self_signed;
  std::optional<x509::Certificate> certificate;  // where the export holds RawData
};

struct ExchangeReceiveConnector {
  ExportPlace where;
  std::string identity, name, server, fqdn, tls_certificate_name, role;
  std::optional<std::vector<std::string>> auth_mechanism;
  std::vector<std::string> tls_domain_capabilities, bindings;
  std::optional<bool> enabled, require_tls, domain_secure;
};

struct ExchangeSendConnector {
  ExportPlace where;
  std::string identity, name, fqdn, tls_certificate_name, tls_auth_level, tls_domain;
  std::vector<std::string> address_spaces, smart_hosts, source_servers;
  std::optional<bool> enabled, require_tls, domain_secure, ignore_starttls, cloud_services;
};

struct HybridConfiguration {
  ExportPlace where;
  std::string tls_certificate_name;
  std::vector<std::string> domains, receiving_servers, sending_servers, edge_servers;
};

struct TransportConfig {
  ExportPlace where;
  std::vector<std::string> tls_send_secure, tls_receive_secure;
  bool complete = true;  // false: a list was cut
};

struct InboundConnector {
  ExportPlace where;
  std::string name, type, tls_sender_certificate_name;
  std::vector<std::string> sender_domains;
  std::optional<bool> enabled, require_tls, restrict_to_certificate, cloud_services;
};

struct OutboundConnector {
  ExportPlace where;
  std::string name, type, tls_settings, tls_domain;
  std::vector<std::string> recipient_domains, smart_hosts;
  std::optional<bool> enabled, cloud_services;
};

struct AcceptedDomain {
  ExportPlace where;
  std::string domain;
};

struct ExportProblem {
  ExportPlace where;
  std::string text;
};

struct ExchangeEstate {
  std::vector<ExchangeCertificate> certificates;
  std::vector<ExchangeReceiveConnector> receive;
  std::vector<ExchangeSendConnector> send;
  std::vector<HybridConfiguration> hybrid;
  std::vector<TransportConfig> transport;
  std::vector<InboundConnector> inbound;
  std::vector<OutboundConnector> outbound;
  std::vector<AcceptedDomain> accepted;
  std::vector<ExportProblem> problems;  // what was cut, guessed or not understood
  [[nodiscard]] std::size_t size() const;
};

struct ExportFile {
  std::string name;
  std::string octets;
};
[[nodiscard]] ExchangeEstate read_exchange(const std::vector<ExportFile>& files);

// Do two names of one server mean the same one? "EX01" and "ex01.contoso.local" do; an empty one
// fits every other.
[[nodiscard]] bool same_server(std::string_view a, std::string_view b);

}  // namespace postern::explain
