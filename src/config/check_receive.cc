#include <algorithm>
#include <array>

#include "base/text.h"
#include "config/check.h"

namespace postern::config {
namespace {

using policy::Config;
using policy::Endpoint;
using policy::ReceiveConnector;
using policy::ReceiveTls;

// Names that certificates of many tenants share: they tell the cloud from the world and no tenant
// from another.
constexpr auto kSharedNames = std::to_array<std::string_view>(
    {"outlook.com",        "onmicrosoft.com",    "office365.com",    "google.com",
     "gmail.com",          "googlemail.com",     "amazonaws.com",    "amazonses.com",
     "pphosted.com",       "ppe-hosted.com",     "mimecast.com",     "mimecast.co.za",
     "messagelabs.com",    "sendgrid.net",       "sendgrid.com",     "mailgun.org",
     "mailgun.net",        "mandrillapp.com",    "mcsv.net",         "mtasv.net",
     "postmarkapp.com",    "sparkpostmail.com",  "mailjet.com",      "sendinblue.com",
     "brevo.com",          "salesforce.com",     "exacttarget.com",  "zendesk.com",
     "zoho.com",           "yahoodns.net",       "icloud.com",       "barracudanetworks.com",
     "iphmx.com",          "trendmicro.com",     "trendmicro.eu",    "mailcontrol.com",
     "hornetsecurity.com", "antispameurope.com", "secureserver.net", "emailsrvr.com"});

// "*.outlook.com" and "*.com" take in the shared name as a part of what they match.
bool is_shared_name(std::string_view name) {
  const bool wildcard = name.starts_with("*.");
  return std::ranges::any_of(kSharedNames, [&](std::string_view shared) {
    if (wildcard && iends_with("." + std::string(shared), name.substr(1))) return true;
    return iequals(name, shared) || iends_with(name, "." + std::string(shared));
  });
}

std::string path_of(const ReceiveConnector& connector) {
  return "receive." + connector.name;
}

// A wildcard address takes the port on every address of its family; IPv6 sockets take IPv6 only.
bool conflict(const Endpoint& a, const Endpoint& b) {
  const auto ipv6 = [](const Endpoint& e) { return e.host.find(':') != std::string::npos; };
  const auto any = [](const Endpoint& e) { return e.host == "0.0.0.0" || e.host == "::"; };
  return a.port != 0 && a.port == b.port && ipv6(a) == ipv6(b) &&
         (a.host == b.host || any(a) || any(b));
}

void check_listeners(Reader& reader, const Config& config) {
  struct Listener {
    const Endpoint* endpoint;
    const ReceiveConnector* connector;
  };
  std::vector<Listener> before;
  for (const ReceiveConnector& connector : config.receive) {
    check_not_empty(reader, path_of(connector) + ".listen", connector.listen.empty(),
                    "[\"0.0.0.0:25\"]");
    for (std::size_t i = 0; i < connector.listen.size(); ++i) {
      const Endpoint& endpoint = connector.listen[i];
      const auto other = std::ranges::find_if(
          before, [&](const Listener& one) { return conflict(*one.endpoint, endpoint); });
      if (other != before.end()) {
        reader.error_at(path_of(connector) + ".listen[" + std::to_string(i) + "]",
                        endpoint.str() + " conflicts with " + other->endpoint->str() + " of " +
                            path_of(*other->connector) +
                            "; give each connector an address or a port of its own");
      }
      before.push_back({&endpoint, &connector});
    }
  }
}

// A network so wide that a few of them are the whole internet, or the whole of what is handed out
// (2000::/3). The widest that anyone owns are an IPv4 /8 and an IPv6 /16; private addresses
// (RFC 4193 s3.1: fc00::/7) may all be one's own.
bool is_too_wide(const mail::Network& network) {
  constexpr std::uint64_t kWidestIpv4 = 8, kWidestIpv6 = 16, kPrivateIpv6 = 7;
  const std::string& text = network.text();
  const size_t slash = text.find('/');
  if (slash == std::string::npos) return false;
  const auto prefix = parse_uint(std::string_view(text).substr(slash + 1));
  if (text.find(':') == std::string::npos) return prefix && *prefix < kWidestIpv4;
  const bool is_private = text.starts_with("fc") || text.starts_with("fd");
  return prefix && *prefix < (is_private ? kPrivateIpv6 : kWidestIpv6);
}

// "*.com": a whole registry, which nobody owns.
bool is_registry(const mail::DomainPattern& pattern) {
  const std::string& text = pattern.text();
  return text.starts_with("*.") && text.find('.', 2) == std::string::npos;
}

void check_open_relay(Reader& reader, const ReceiveConnector& connector) {
  for (std::size_t i = 0; i < connector.relay_from.size(); ++i) {
    if (!is_too_wide(connector.relay_from[i])) continue;
    reader.error_at(path_of(connector) + ".relay_from[" + std::to_string(i) + "]",
                    connector.relay_from[i].text() +
                        " is no network of one owner: anyone could send anything to anyone through "
                        "this gateway (an open relay); name your own networks");
  }
}

// "Everyone may address anyone" is the other way to spell an open relay, and "from anyone" takes
// the bound from what a shared certificate may relay.
void check_patterns(Reader& reader, const std::string& path,
                    const std::vector<mail::DomainPattern>& patterns, std::string_view everything) {
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    const std::string at = path + "[" + std::to_string(i) + "]";
    if (patterns[i].text() == "*") {
      reader.error_at(at, std::string(everything));
    } else if (is_registry(patterns[i])) {
      reader.error_at(at, patterns[i].text() +
                              " holds the domains of everyone in it (an open relay); name your own "
                              "domains, as contoso.com or *.contoso.com");
    }
  }
}

void check_domains(Reader& reader, const ReceiveConnector& connector) {
  check_patterns(reader, path_of(connector) + ".accept_domains", connector.accept_domains,
                 "\"*\" lets every client address anyone (an open relay); name your own domains, "
                 "and clients that may address any recipient by relay_from");
  check_patterns(reader, path_of(connector) + ".sender_domains", connector.sender_domains,
                 "\"*\" lets a client relay as anyone; name the domains it may send from");
}

// The first of client_domains that certificates of many tenants bear; empty: none.
std::string shared_client_domain(const ReceiveConnector& connector) {
  const auto shared = std::ranges::find_if(connector.client_domains, is_shared_name);
  return shared == connector.client_domains.end() ? "" : *shared;
}

void check_relay_for_clients(Reader& reader, const ReceiveConnector& connector) {
  const std::string path = path_of(connector);
  if (!connector.relay_for_clients) {
    if (!connector.sender_domains.empty() && !connector.keep_organization_headers) {
      reader.error_at(path + ".sender_domains",
                      "has no effect without relay_for_clients or keep_organization_headers = "
                      "true; set one, or leave this out");
    }
    return;
  }
  if (connector.client_domains.empty()) {
    reader.error_at(path + ".relay_for_clients",
                    "needs client_domains: the names that make a client certificate count");
  }
  if (!connector.sender_domains.empty()) return;
  if (const std::string shared = shared_client_domain(connector); !shared.empty()) {
    reader.error_at(path + ".client_domains",
                    "many tenants share certificates with the name " + shared +
                        ": with relay_for_clients and any sender each of them could relay "
                        "here; list your own domains in sender_domains");
  } else {
    reader.error_at(path + ".relay_for_clients",
                    "needs sender_domains: the reverse-path domains such a client may use");
  }
}

void check_tls(Reader& reader, const Config& config, const ReceiveConnector& connector) {
  const std::string path = path_of(connector);
  if (connector.tls == ReceiveTls::none) {
    for (const auto& [key, set] : {std::pair{"implicit_tls", connector.implicit_tls},
                                   std::pair{"certificate", !connector.certificate.empty()},
                                   std::pair{"client_domains", !connector.client_domains.empty()},
                                   std::pair{"announce_cas", !connector.announce_cas.empty()}}) {
      if (!set) continue;
      reader.error_at(path + "." + key, "contradicts tls = \"none\"; leave one of them out");
    }
    return;
  }
  if (config.certificates.empty()) {
    reader.error_at(reader.was_set(path + ".tls") ? path + ".tls" : path,
                    "TLS needs a certificate and there is no [certificates.NAME]; add one, or set "
                    "tls = \"none\"");
  }
  if (connector.tls == ReceiveTls::mutual && connector.client_domains.empty()) {
    reader.error_at(path + ".tls",
                    "\"mutual\" needs client_domains: the names one of which a client certificate "
                    "must bear");
  }
}

void check_headers(Reader& reader, const ReceiveConnector& connector) {
  if (!connector.keep_organization_headers) return;
  const std::string path = path_of(connector) + ".keep_organization_headers";
  if (connector.client_domains.empty()) {
    reader.error_at(path,
                    "needs client_domains: only an authenticated client may bring such fields");
    return;
  }
  if (!connector.sender_domains.empty()) return;
  if (const std::string shared = shared_client_domain(connector); !shared.empty()) {
    reader.error_at(path, "many tenants share certificates with the name " + shared +
                              ": each of them could mark its mail as internal to your "
                              "organization; list in sender_domains the domains whose mail may, "
                              "or name clients of your own in client_domains");
  }
}

// RFC 5321 s4.5.3.1.7 asks for 64K octets of content at least; what is smaller is mostly a number
// written without its unit.
void check_size(Reader& reader, const ReceiveConnector& connector) {
  constexpr std::uint64_t kLeast = 64 << 10;
  if (connector.max_message_size >= kLeast) return;
  reader.warning_at(
      path_of(connector) + ".max_message_size",
      "is " + std::to_string(connector.max_message_size) +
          " octets, too small for mail: at least 64KiB (RFC 5321 4.5.3.1.7); a number "
          "without a unit counts octets, write it as 150MB");
}

}  // namespace

void check_receive(Reader& reader, const Config& config) {
  check_listeners(reader, config);
  for (const ReceiveConnector& connector : config.receive) {
    const std::string path = path_of(connector);
    check_certificate_name(reader, config, path + ".certificate", connector.certificate);
    check_names(reader, path + ".trust", connector.trust, trust_names(config), "trust");
    check_names(reader, path + ".announce_cas", connector.announce_cas, trust_names(config),
                "trust");
    if (!connector.send_via.empty()) {
      check_name(reader, path + ".send_via", connector.send_via, send_names(config), "send");
    }
    check_open_relay(reader, connector);
    check_domains(reader, connector);
    check_relay_for_clients(reader, connector);
    check_tls(reader, config, connector);
    check_headers(reader, connector);
    check_size(reader, connector);
  }
}

}  // namespace postern::config
