// Exchange's connectors as Postern's. Sources: Set-SendConnector, Set-ReceiveConnector,
// Set-TransportConfig, Set-InboundConnector, Set-OutboundConnector; docs/terms.md maps the words.
#include <algorithm>

#include "base/text.h"
#include "explain/draft.h"

namespace postern::explain {
namespace {

using policy::Draft;
using policy::Drafted;
using policy::ReceiveTls;
using verdict::Level;

constexpr std::string_view kOwnCertificate =
    "Presented was the certificate below: add it as a [certificates.NAME] with chain and key, and "
    "name that here.";

std::string certificate_or_empty(const std::string& pin, std::vector<std::string>& notes) {
  if (!pin.empty()) notes.push_back(std::string(kOwnCertificate));
  return pin;
}

// "SMTP:*.contoso.com;10", "fabrikam.com".
std::string_view domain_of(std::string_view address_space) {
  address_space = trim(address_space);
  if (const std::size_t colon = address_space.find(':'); colon != std::string_view::npos)
    address_space.remove_prefix(colon + 1);
  address_space = address_space.substr(0, address_space.find(';'));
  return address_space.starts_with("--.") ? address_space.substr(3) : address_space;
}

void add_spaces(const std::vector<std::string>& spaces, policy::SendConnector& out,
                std::vector<std::string>& notes) {
  for (const std::string& space : spaces) {
    const std::string_view domain = domain_of(space);
    if (!add_domain(domain, out.domains, notes)) continue;
    if (domain.starts_with("*."))
      notes.push_back(std::string(domain) + " is every name below; add " +
                      std::string(domain.substr(2)) + " itself if it is meant too.");
  }
}

// "[10.0.0.1]", "mail.fabrikam.com".
void add_smart_hosts(const std::vector<std::string>& hosts, policy::SendConnector& out,
                     std::vector<std::string>& notes) {
  for (std::string_view host : hosts) {
    host = trim(host);
    const bool ipv6 = host.find(':') != std::string_view::npos;
    if (host.starts_with('[') && host.ends_with(']') && !ipv6)
      host = host.substr(1, host.size() - 2);
    add_host(host, 25, out.hosts, notes);
  }
}

// Exchange: from CertificateValidation on, a list that cannot be asked is a failure.
void set_level(std::string_view auth_level, policy::SendConnector& out) {
  if (iequals(auth_level, "CertificateValidation")) {
    out.tls = Level::validate;
    out.revocation = verdict::Revocation::required;
  } else if (iequals(auth_level, "DomainValidation")) {
    out.tls = Level::authenticate;
    out.revocation = verdict::Revocation::required;
  } else {
    out.tls = Level::encrypt;
  }
}

// With smart hosts somebody must say whose name it is; Exchange demands it as well.
void demand_tls_domain(policy::SendConnector& out, std::vector<std::string>& notes) {
  if (out.tls < Level::authenticate || out.hosts.empty() || !out.tls_domain.empty()) return;
  out.tls_domain = out.hosts.front().host;
  if (!policy::canonical_address(out.tls_domain)) {
    notes.push_back(
        "TlsDomain was empty: the name of the smart host stands in its place. Check it.");
    return;
  }
  out.tls_domain.clear();
  out.tls = Level::validate;
  notes.push_back(
      "TlsDomain was empty and the smart host is an address: the level is 'validate' "
      "until tls_domain says whose name the certificate must bear.");
}

void draft_send(const ExchangeSendConnector& c, Draft& draft) {
  Drafted<policy::SendConnector> out;
  out.value.name = free_name(c.name, draft.send);
  out.notes.push_back("Send connector '" + printable(c.identity) + "', " + c.where.str());
  add_spaces(c.address_spaces, out.value, out.notes);
  if (out.value.domains.empty()) {
    draft.notes.push_back("Send connector '" + printable(c.identity) +
                          "' was left out: no address space of it is known.");
    return;
  }
  if (c.enabled == false) out.notes.push_back("It was not enabled.");
  add_smart_hosts(c.smart_hosts, out.value, out.notes);
  out.value.helo = mail::parse_domain(c.fqdn) ? c.fqdn : "";
  out.value.tls_domain = name_in(c.tls_domain);
  out.value.certificate = certificate_or_empty(c.tls_certificate_name, out.notes);
  if (c.ignore_starttls == true) {
    out.value.tls = Level::none;
    out.value.tls_domain.clear();
    out.value.certificate.clear();
  } else if (c.domain_secure == true) {
    out.notes.push_back(
        "DomainSecureEnabled: the domains of TLSSendDomainSecureList are partners "
        "below.");
  } else if (c.require_tls == true) {
    set_level(c.tls_auth_level, out.value);
  } else if (!c.tls_auth_level.empty()) {
    out.notes.push_back("TlsAuthLevel " + printable(c.tls_auth_level) +
                        " is not used by Exchange without RequireTLS.");
  }
  demand_tls_domain(out.value, out.notes);
  if (c.cloud_services == true)
    out.notes.push_back(
        "CloudServicesMailEnabled: inside a hybrid Microsoft supports no other SMTP "
        "hop than Exchange Edge; this connector is best left to Exchange.");
  draft.send.push_back(std::move(out));
}

bool is_internal(const ExchangeReceiveConnector& c) {
  constexpr std::string_view kPorts[] = {":717", ":2525", ":475", ":465", ":26"};
  return std::ranges::any_of(c.bindings, [&](const std::string& binding) {
    return std::ranges::any_of(kPorts, [&](auto port) { return binding.ends_with(port); });
  });
}

void draft_receive(const ExchangeReceiveConnector& c, const ExchangeEstate& estate, Draft& draft) {
  const std::string called = "Receive connector '" + printable(c.identity) + "'";
  if (is_internal(c)) {
    draft.notes.push_back(called + " serves Exchange itself and was left out.");
    return;
  }
  Drafted<policy::ReceiveConnector> out;
  for (const std::string& binding : c.bindings) {
    const Result<policy::Endpoint> endpoint = policy::Endpoint::parse(trim(binding));
    if (!endpoint) continue;
    const bool taken = std::ranges::any_of(draft.receive, [&](const auto& other) {
      return std::ranges::find(other.value.listen, *endpoint) != other.value.listen.end();
    });
    if (!taken) out.value.listen.push_back(*endpoint);
  }
  if (out.value.listen.empty()) {
    draft.notes.push_back(called +
                          " was left out: another one listens there already. Exchange chooses by "
                          "RemoteIPRanges; see allow_from and relay_from.");
    return;
  }
  out.value.name = free_name(c.name, draft.receive);
  out.notes.push_back(called + ", " + c.where.str());
  out.value.fqdn = mail::parse_domain(c.fqdn) ? c.fqdn : "";
  const auto& words = c.auth_mechanism;
  const bool offers = !words || std::ranges::any_of(*words, [](const std::string& word) {
    return iequals(word, "Tls");
  });
  out.value.tls = !offers                 ? ReceiveTls::none
                  : c.require_tls == true ? ReceiveTls::required
                                          : ReceiveTls::opportunistic;
  out.value.certificate = certificate_or_empty(c.tls_certificate_name, out.notes);
  for (const AcceptedDomain& domain : estate.accepted)
    add_domain(domain.domain, out.value.accept_domains, out.notes);
  if (estate.accepted.empty())
    out.notes.push_back(
        "accept_domains: Get-AcceptedDomain was not exported; nothing is accepted "
        "until it says for whom.");
  out.notes.push_back("Who may relay is not carried over: relay_from takes networks.");
  draft.receive.push_back(std::move(out));
}

bool listed(const std::vector<std::string>& list, std::string_view domain) {
  return std::ranges::any_of(list, [&](const std::string& one) { return iequals(one, domain); });
}

// TLSSendDomainSecureList and TLSReceiveDomainSecureList: both sides authenticated.
void draft_domain_security(const TransportConfig& config, Draft& draft) {
  std::vector<std::string> domains = config.tls_send_secure;
  for (const std::string& domain : config.tls_receive_secure) {
    if (!listed(domains, domain)) domains.push_back(domain);
  }
  for (const std::string& domain : domains) {
    Drafted<policy::Partner> out;
    if (!add_domain(domain, out.value.domains, draft.notes)) continue;
    out.value.name = free_name(domain, draft.partners);
    out.value.names = {out.value.domains.front().text()};
    out.value.revocation = verdict::Revocation::required;
    out.notes.push_back("Domain security, " + config.where.str());
    if (listed(config.tls_send_secure, domain)) {
      out.value.send = Level::authenticate;
      out.notes.push_back("send = \"mutual\" once the send connector has its certificate.");
    }
    if (listed(config.tls_receive_secure, domain)) out.value.receive = ReceiveTls::mutual;
    draft.partners.push_back(std::move(out));
  }
  if (!config.complete)
    draft.notes.push_back(config.where.str() +
                          ": a domain list was cut by the export; set "
                          "$FormatEnumerationLimit = -1 and export again.");
}

void draft_inbound(const InboundConnector& c, Draft& draft) {
  const std::string called = "Inbound connector '" + printable(c.name) + "'";
  const bool by_certificate = c.restrict_to_certificate == true;
  Drafted<policy::Partner> out;
  for (const std::string& domain : c.sender_domains) {
    if (domain_of(domain) != "*") add_domain(domain_of(domain), out.value.domains, out.notes);
  }
  if (out.value.domains.empty() || (!by_certificate && c.require_tls != true)) {
    draft.notes.push_back(called + " was left out: it asks nothing of particular sender domains.");
    return;
  }
  out.value.name = free_name(c.name, draft.partners);
  out.notes.push_back(called + ", " + c.where.str());
  out.value.receive = by_certificate ? ReceiveTls::mutual : ReceiveTls::required;
  const std::string name = name_in(c.tls_sender_certificate_name);
  out.value.names = {name.empty() ? out.value.domains.front().text() : name};
  draft.partners.push_back(std::move(out));
}

void draft_outbound(const OutboundConnector& c, Draft& draft) {
  Drafted<policy::SendConnector> out;
  out.notes.push_back("Outbound connector '" + printable(c.name) + "', " + c.where.str());
  add_spaces(c.recipient_domains, out.value, out.notes);
  if (out.value.domains.empty()) {
    draft.notes.push_back("Outbound connector '" + printable(c.name) +
                          "' was left out: no recipient domain of it is known.");
    return;
  }
  out.value.name = free_name(c.name, draft.send);
  if (c.enabled == false) out.notes.push_back("It was not enabled.");
  add_smart_hosts(c.smart_hosts, out.value, out.notes);
  out.value.tls_domain = name_in(c.tls_domain);
  if (!c.tls_settings.empty()) set_level(c.tls_settings, out.value);
  demand_tls_domain(out.value, out.notes);
  draft.send.push_back(std::move(out));
}

std::string hostname_of(const ExchangeEstate& estate) {
  for (const ExchangeSendConnector& c : estate.send) {
    if (c.fqdn.find('.') != std::string::npos && mail::parse_domain(c.fqdn)) return c.fqdn;
  }
  for (const ExchangeReceiveConnector& c : estate.receive) {
    if (c.fqdn.find('.') != std::string::npos && mail::parse_domain(c.fqdn)) return c.fqdn;
  }
  return {};
}

}  // namespace

void draft_exchange(const ExchangeEstate& estate, Draft& draft) {
  draft.hostname = hostname_of(estate);
  for (const auto& c : estate.receive) draft_receive(c, estate, draft);
  for (const auto& c : estate.send) draft_send(c, draft);
  for (const auto& c : estate.outbound) draft_outbound(c, draft);
  for (const auto& c : estate.transport) draft_domain_security(c, draft);
  for (const auto& c : estate.inbound) draft_inbound(c, draft);
}

}  // namespace postern::explain
