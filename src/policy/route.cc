#include "policy/route.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace postern::policy {
namespace {

using verdict::Level;

constexpr std::string_view kByConnector = "connector";
constexpr std::string_view kByPartner = "partner:";

// The most specific pattern of `patterns` that matches; -1: none does.
int best_match(const std::vector<mail::DomainPattern>& patterns, std::string_view domain) {
  int best = -1;
  for (const mail::DomainPattern& pattern : patterns) {
    if (pattern.matches(domain)) best = std::max(best, pattern.specificity());
  }
  return best;
}

// The element whose `domains` hold the domain most specifically; ties: the first in the file.
template <class T, class Eligible>
const T* most_specific(const std::vector<T>& all, std::string_view domain, Eligible eligible) {
  const T* best = nullptr;
  int best_score = -1;
  for (const T& one : all) {
    const int score = eligible(one) ? best_match(one.domains, domain) : -1;
    if (score > best_score) {
      best = &one;
      best_score = score;
    }
  }
  return best;
}

const Partner* partner_of(const Config& config, std::string_view domain) {
  return most_specific(config.partners, domain, [](const Partner&) { return true; });
}

const Partner* partner_named_by(const Config& config, const Destination& destination) {
  if (!destination.policy.starts_with(kByPartner)) return nullptr;
  return config.find_partner(std::string_view(destination.policy).substr(kByPartner.size()));
}

std::string next_hop_of(const SendConnector& connector, std::string_view domain) {
  if (!connector.drop.empty()) return "drop:" + connector.drop;
  if (connector.hosts.empty()) return std::string(domain);
  std::string out;
  for (const Endpoint& host : connector.hosts) out += (out.empty() ? "" : ",") + host.str();
  return out;
}

Level effective_level(const SendConnector& connector, const Partner* partner) {
  return partner != nullptr && partner->send ? *partner->send : connector.tls;
}

bool has_name(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// A key is one line with `|` between its parts; a folder's name may hold that character.
std::string escaped(std::string_view part) {
  std::string out;
  for (const char c : part) {
    if (c == '|' || c == '%' || c == '\n') {
      out += "%" + to_hex(std::string_view(&c, 1));
    } else {
      out += c;
    }
  }
  return out;
}

std::optional<std::string> unescaped(std::string_view part) {
  std::string out;
  while (!part.empty()) {
    if (part.front() != '%') {
      out += part.front();
      part.remove_prefix(1);
      continue;
    }
    const auto octet = from_hex(part.substr(1, 2));
    if (!octet || octet->size() != 1) return std::nullopt;
    out += *octet;
    part.remove_prefix(3);
  }
  return out;
}

// Only what has not lapsed counts: an exception ends by itself.
std::optional<verdict::PolicyException> exception_in_force(const Partner* partner, Time now) {
  if (partner == nullptr || !partner->exception || now >= partner->exception->until) {
    return std::nullopt;
  }
  return partner->exception;
}

std::vector<verdict::ReferenceIdentifier> with_origin(const std::vector<std::string>& names,
                                                      const std::string& origin) {
  std::vector<verdict::ReferenceIdentifier> out;
  out.reserve(names.size());
  for (const std::string& name : names) out.push_back({name, origin});
  return out;
}

// The names one of which the peer must bear: partner names, else tls_domain, else the recipient's
// domain. Never the MX host: its name comes from a DNS answer nobody signed.
std::vector<verdict::ReferenceIdentifier> send_reference(const SendConnector& connector,
                                                         const Partner* partner,
                                                         const Destination& destination) {
  if (effective_level(connector, partner) < Level::authenticate) return {};
  if (partner != nullptr && !partner->names.empty()) {
    return with_origin(partner->names, "names of partner " + partner->name);
  }
  if (!connector.tls_domain.empty()) {
    return {{connector.tls_domain, "tls_domain of send connector " + connector.name}};
  }
  return {{destination.domain, "recipient domain"}};
}

Level level_of(ReceiveTls tls) {
  switch (tls) {
    case ReceiveTls::none:
      return Level::none;
    case ReceiveTls::opportunistic:
      return Level::opportunistic;
    case ReceiveTls::required:
      return Level::encrypt;
    case ReceiveTls::mutual:
      return Level::mutual;
  }
  return Level::mutual;
}

verdict::TlsPolicy client_policy_at(const ReceiveConnector& connector, const LoadedTrust& trust,
                                    Level level) {
  verdict::TlsPolicy out;
  out.level = level;
  if (level >= Level::authenticate) {
    out.reference = with_origin(connector.client_domains,
                                "client_domains of receive connector " + connector.name);
  }
  out.trust = trust.pick(connector.trust);
  out.other_sets = trust.others(connector.trust);
  out.revocation = connector.revocation;
  out.min_version = connector.min_tls;
  out.legacy_cn = connector.legacy_cn;
  out.set_by = "receive connector " + connector.name;
  return out;
}

}  // namespace

std::string Destination::key() const {
  return escaped(connector) + "|" + escaped(next_hop) + "|" + escaped(policy) + "|" +
         escaped(domain);
}

std::optional<Destination> Destination::parse(std::string_view key) {
  const auto parts = split(key, '|');
  if (parts.size() != 4) return std::nullopt;
  std::array<std::string, 4> values;
  for (size_t i = 0; i < values.size(); ++i) {
    auto value = unescaped(parts[i]);
    if (!value) return std::nullopt;
    values.at(i) = std::move(*value);
  }
  Destination out;
  out.connector = std::move(values[0]);
  out.next_hop = std::move(values[1]);
  out.policy = std::move(values[2]);
  out.domain = std::move(values[3]);
  return out;
}

Destination route_again(const Config& config, std::string_view recipient_domain,
                        const Destination& old) {
  const bool chosen_by_receiver = std::ranges::any_of(
      config.receive,
      [&](const ReceiveConnector& receive) { return receive.send_via == old.connector; });
  const Result<Destination> now =
      route(config, recipient_domain,
            chosen_by_receiver ? std::string_view(old.connector) : std::string_view());
  return now ? *now : old;
}

Result<Destination> route(const Config& config, std::string_view recipient_domain,
                          std::string_view send_via) {
  const SendConnector* connector =
      send_via.empty()
          ? most_specific(config.send, recipient_domain, [](const SendConnector&) { return true; })
          : config.find_send(send_via);
  if (connector == nullptr) {
    const std::string domain = printable(recipient_domain, mail::kMaxDomainOctets);
    return invalid("no send connector for domain " + domain + ": add [send.NAME] domains = [\"" +
                   domain + "\"]");
  }
  Destination out;
  out.next_hop = next_hop_of(*connector, recipient_domain);
  out.connector = connector->name;
  out.policy = kByConnector;
  if (!connector->drop.empty()) return out;  // no peer, so no policy towards one
  const Partner* partner = partner_of(config, recipient_domain);
  if (partner != nullptr) out.policy = std::string(kByPartner) + partner->name;
  const bool names_known =
      !connector->tls_domain.empty() || (partner != nullptr && !partner->names.empty());
  if (effective_level(*connector, partner) >= Level::authenticate && !names_known) {
    out.domain = recipient_domain;
  }
  return out;
}

x509::TrustSets LoadedTrust::pick(const std::vector<std::string>& names) const {
  x509::TrustSets out;
  std::ranges::copy_if(sets, std::back_inserter(out),
                       [&](const auto& set) { return has_name(names, set->name()); });
  return out;
}

x509::TrustSets LoadedTrust::others(const std::vector<std::string>& names) const {
  x509::TrustSets out;
  std::ranges::copy_if(sets, std::back_inserter(out),
                       [&](const auto& set) { return !has_name(names, set->name()); });
  return out;
}

std::vector<std::string> LoadedTrust::crls_of(const std::vector<std::string>& names) const {
  std::vector<std::string> out;
  for (const auto& [set, list] : crls) {
    if (has_name(names, set)) out.insert(out.end(), list.begin(), list.end());
  }
  return out;
}

std::vector<std::string> send_trust(const Config& config, const Destination& destination) {
  const SendConnector* connector = config.find_send(destination.connector);
  const Partner* partner = partner_named_by(config, destination);
  if (partner != nullptr && !partner->trust.empty()) return partner->trust;
  return connector != nullptr ? connector->trust : std::vector<std::string>();
}

verdict::TlsPolicy send_policy(const Config& config, const Destination& destination,
                               const LoadedTrust& trust, const CertificateStore& certificates,
                               Time now) {
  const SendConnector* connector = config.find_send(destination.connector);
  verdict::TlsPolicy out;
  if (connector == nullptr) {
    // A queue entry of a connector that a reload took away is routed anew before it is sent;
    // whoever asks for its policy all the same gets the strictest, which nothing satisfies.
    out.level = Level::mutual;
    out.set_by = "send connector " + destination.connector + ", which is not configured";
    return out;
  }
  const Partner* partner = partner_named_by(config, destination);
  const std::vector<std::string> trusted = send_trust(config, destination);
  out.level = effective_level(*connector, partner);
  out.reference = send_reference(*connector, partner, destination);
  out.trust = trust.pick(trusted);
  out.other_sets = trust.others(trusted);
  out.revocation = connector->revocation;
  if (partner != nullptr) out.revocation = partner->revocation.value_or(out.revocation);
  out.min_version = connector->min_tls;
  out.legacy_cn = connector->legacy_cn;
  out.exception = exception_in_force(partner, now);
  out.set_by =
      partner != nullptr ? "partner " + partner->name : "send connector " + connector->name;
  if (!connector->certificate.empty()) {
    const Selection own = select_client_certificate(*connector, certificates, now);
    out.own_certificate = own.index ? certificates[*own.index].name : connector->certificate;
    if (!own.index) {
      out.own_certificate_problem = own.reason;
      out.own_certificate_problem_code = own.code;
    }
  }
  return out;
}

verdict::TlsPolicy receive_policy(const Config& /*config*/, const ReceiveConnector& connector,
                                  const Partner* partner, const LoadedTrust& trust, Time now) {
  if (partner == nullptr) return client_policy_at(connector, trust, level_of(connector.tls));
  verdict::TlsPolicy out = client_policy_at(connector, trust, Level::none);
  // A partner raises what the connector asks and never lowers it.
  out.level =
      std::max(level_of(partner->receive.value_or(ReceiveTls::none)), level_of(connector.tls));
  if (out.level >= Level::authenticate) {
    out.reference = with_origin(partner->names, "names of partner " + partner->name);
  }
  if (!partner->trust.empty()) {
    out.trust = trust.pick(partner->trust);
    out.other_sets = trust.others(partner->trust);
  }
  out.revocation = partner->revocation.value_or(out.revocation);
  out.exception = exception_in_force(partner, now);
  out.set_by = "partner " + partner->name;
  return out;
}

verdict::TlsPolicy client_policy(const ReceiveConnector& connector, const LoadedTrust& trust) {
  return client_policy_at(connector, trust, Level::mutual);
}

const Partner* receive_partner(const Config& config, std::string_view sender_domain) {
  return most_specific(config.partners, sender_domain,
                       [](const Partner& partner) { return partner.receive.has_value(); });
}

}  // namespace postern::policy
