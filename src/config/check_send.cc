#include <algorithm>

#include "base/text.h"
#include "config/check.h"
#include "policy/route.h"

namespace postern::config {
namespace {

using policy::Config;
using policy::Partner;
using policy::ReceiveTls;
using policy::SendConnector;
using verdict::Level;

std::string path_of(const SendConnector& connector) {
  return "send." + connector.name;
}

// Every domain of `inner` is one of `outer`.
bool covers(const mail::DomainPattern& outer, const mail::DomainPattern& inner) {
  const std::string &out = outer.text(), &in = inner.text();
  if (out == "*" || out == in) return true;
  return out.starts_with("*.") && in.size() > out.size() - 1 && in.ends_with(out.substr(1));
}

bool covers_any(const std::vector<mail::DomainPattern>& outer, const mail::DomainPattern& inner) {
  return std::ranges::any_of(outer, [&](const auto& one) { return covers(one, inner); });
}

// Some domain of a pattern, to ask the routes with: "x.contoso.com" for "*.contoso.com".
std::string example_of(const mail::DomainPattern& pattern) {
  if (pattern.text() == "*") return "x.invalid";
  return pattern.text().starts_with("*.") ? "x" + pattern.text().substr(1) : pattern.text();
}

// The connectors that mail to a partner takes.
std::vector<const SendConnector*> connectors_of(const Config& config, const Partner& partner) {
  std::vector<const SendConnector*> out;
  for (const auto& pattern : partner.domains) {
    const auto destination = policy::route(config, example_of(pattern));
    const SendConnector* connector =
        destination ? config.find_send(destination->connector) : nullptr;
    if (connector != nullptr && std::ranges::find(out, connector) == out.end()) {
      out.push_back(connector);
    }
  }
  return out;
}

void check_domains(Reader& reader, const Config& config) {
  struct Owner {
    std::string pattern, path;
  };
  std::vector<Owner> before;
  for (const SendConnector& connector : config.send) {
    const std::string path = path_of(connector) + ".domains";
    check_not_empty(reader, path, connector.domains.empty(), "[\"*\"] for everything else");
    for (std::size_t i = 0; i < connector.domains.size(); ++i) {
      const std::string& text = connector.domains[i].text();
      const auto other = std::ranges::find(before, text, &Owner::pattern);
      if (other != before.end()) {
        reader.warning_at(path + "[" + std::to_string(i) + "]",
                          quoted(text) + " has no effect: " + other->path + " has it first");
      }
      before.push_back({text, path});
    }
  }
}

// A smart host is no host of the recipient's domain, so nothing but the administrator can say whose
// name its certificate bears; Exchange demands TlsDomain for the same reason.
void check_reference(Reader& reader, const Config& config, const SendConnector& connector) {
  if (connector.hosts.empty() || connector.tls < Level::authenticate ||
      !connector.tls_domain.empty()) {
    return;
  }
  const bool all_partners = std::ranges::all_of(connector.domains, [&](const auto& pattern) {
    return std::ranges::any_of(config.partners, [&](const Partner& partner) {
      return !partner.names.empty() && covers_any(partner.domains, pattern);
    });
  });
  if (all_partners) return;
  reader.error_at(
      path_of(connector) + ".tls",
      "with smart hosts this level needs tls_domain: the name that the certificate of " +
          connector.hosts.front().host + " must bear, as in tls_domain = \"" +
          connector.hosts.front().host + "\"");
}

void check_drop(Reader& reader, const SendConnector& connector) {
  if (connector.drop.empty()) return;
  const std::string path = path_of(connector);
  for (const char* key : {"hosts", "tls", "implicit_tls", "tls_domain", "certificate", "port",
                          "source_address", "source_address6"}) {
    if (reader.was_set(path + "." + key)) {
      reader.error_at(path + "." + key,
                      "contradicts drop: a folder is no host; leave one of them out");
    }
  }
}

void check_tls(Reader& reader, const SendConnector& connector) {
  const std::string path = path_of(connector);
  if (connector.tls == Level::mutual && connector.certificate.empty()) {
    reader.error_at(path + ".tls",
                    "\"mutual\" needs certificate: what this side presents to the server");
  }
  if (connector.tls != Level::none) return;
  for (const auto& [key, set] : {std::pair{"implicit_tls", connector.implicit_tls},
                                 std::pair{"tls_domain", !connector.tls_domain.empty()},
                                 std::pair{"certificate", !connector.certificate.empty()}}) {
    if (set) reader.error_at(path + "." + key, "contradicts tls = \"none\"; leave one of them out");
  }
}

void check_source(Reader& reader, const SendConnector& connector) {
  const std::string path = path_of(connector);
  const auto ipv6 = [](const std::string& a) { return a.find(':') != std::string::npos; };
  if (ipv6(connector.source_address)) {
    reader.error_at(path + ".source_address", "is an IPv6 address; use source_address6 for it");
  }
  if (!connector.source_address6.empty() && !ipv6(connector.source_address6)) {
    reader.error_at(path + ".source_address6", "is an IPv4 address; use source_address for it");
  }
}

void check_partner_routes(Reader& reader, const Config& config, const Partner& partner) {
  const std::string path = "partner." + partner.name;
  for (const SendConnector* connector : connectors_of(config, partner)) {
    if (!connector->drop.empty() && partner.send && *partner.send > Level::none) {
      reader.error_at(
          path + ".send",
          "cannot be met: mail to these domains goes to the folder of " + path_of(*connector));
    } else if (partner.send == Level::mutual && connector->certificate.empty()) {
      reader.error_at(path + ".send", "\"mutual\" needs certificate in [" + path_of(*connector) +
                                          "], which carries mail to these domains");
    }
  }
}

void check_partner(Reader& reader, const Config& config, const Partner& partner) {
  const std::string path = "partner." + partner.name;
  check_not_empty(reader, path + ".domains", partner.domains.empty(), "[\"fabrikam.com\"]");
  check_not_empty(reader, path + ".names", partner.names.empty(), "[\"mail.fabrikam.com\"]");
  if (partner.receive == ReceiveTls::none || partner.receive == ReceiveTls::opportunistic) {
    reader.error_at(
        path + ".receive",
        "only \"required\" and \"mutual\" ask for more than a connector does by itself; "
        "leave it out for less");
  }
  const bool tls_is_offered = std::ranges::any_of(
      config.receive, [](const auto& connector) { return connector.tls != ReceiveTls::none; });
  if (partner.receive > ReceiveTls::opportunistic && !config.receive.empty() && !tls_is_offered) {
    reader.warning_at(path + ".receive",
                      "no receive connector offers TLS, so every message from these domains is "
                      "refused; set tls on the connector that takes them");
  }
  check_names(reader, path + ".trust", partner.trust, trust_names(config), "trust");
  check_partner_routes(reader, config, partner);
}

}  // namespace

void check_send(Reader& reader, const Config& config) {
  check_domains(reader, config);
  for (const SendConnector& connector : config.send) {
    const std::string path = path_of(connector);
    check_certificate_name(reader, config, path + ".certificate", connector.certificate);
    check_names(reader, path + ".trust", connector.trust, trust_names(config), "trust");
    check_reference(reader, config, connector);
    check_drop(reader, connector);
    check_tls(reader, connector);
    check_source(reader, connector);
  }
  for (const Partner& partner : config.partners) check_partner(reader, config, partner);
}

}  // namespace postern::config
