#include "relay/admission.h"

#include <algorithm>

#include "verdict/catalog.h"

namespace postern::relay {
namespace {

using mail::EnhancedCode;
using mail::Reply;
using policy::ReceiveTls;

bool holds(const std::vector<mail::Network>& networks, const std::string& address) {
  return std::ranges::any_of(networks, [&](const auto& n) { return n.contains(address); });
}

bool holds(const std::vector<mail::DomainPattern>& patterns, const std::string& domain) {
  return !domain.empty() &&
         std::ranges::any_of(patterns, [&](const auto& p) { return p.matches(domain); });
}

// A certificate counts only over TLS and only where the judge was content. The connector's word
// alone: a partner's certificate proves the partner's domain and nothing that is granted here.
bool authenticated(const ClientFacts& client) {
  return client.tls && client.authenticated && !client.authenticated_name.empty();
}

bool may_relay(const policy::ReceiveConnector& connector, const ClientFacts& client,
               const mail::Mailbox& sender) {
  if (holds(connector.relay_from, client.address)) return true;
  // A certificate that many tenants of one service share proves the service, not the tenant: what
  // is relayed is bound to the sender domains that are named, and without any to none at all.
  return connector.relay_for_clients && authenticated(client) &&
         holds(connector.sender_domains, sender.domain);
}

// "user%elsewhere@here" and its kin: a next hop that still routes by local parts would relay for a
// client that we must not relay for.
bool routes_by_local_part(const mail::Mailbox& recipient) {
  return recipient.local.find_first_of("%!@") != std::string::npos;
}

Reply starttls_first(const policy::ReceiveConnector& connector) {
  if (connector.starttls_reply == policy::StarttlsReply::exchange) {
    return Reply::exchange_starttls_required();
  }
  return Reply(530, EnhancedCode{5, 7, 0}, "Must issue a STARTTLS command first");
}

// A client whose certificate would have let it relay, had it been good, reads which verdict to ask
// about.
Reply unable_to_relay(const policy::ReceiveConnector& connector, const ClientFacts& client) {
  std::string text = "Unable to relay";
  if (connector.relay_for_clients && client.tls && client.verdict && !client.verdict->ok) {
    text += ": client certificate: " + client.verdict->code;
    if (client.verdict->id) text += " (verdict " + client.verdict->id.str() + ")";
  }
  return Reply(550, EnhancedCode{5, 7, 1}, std::move(text));
}

// Not the verdict's own sentences: they name what the configuration asks for.
Reply certificate_refused(const verdict::Verdict* verdict) {
  std::string text = "Certificate validation failure";
  if (verdict != nullptr) {
    text += ": " + verdict->code;
    if (const auto* entry = verdict::find_catalog_entry(verdict->code)) {
      text += ": " + std::string(entry->definition);
    }
    if (verdict->id) text += " (verdict " + verdict->id.str() + ")";
  }
  return Reply(454, EnhancedCode{4, 7, 5}, std::move(text));
}

}  // namespace

std::optional<Reply> admit_connection(const policy::ReceiveConnector& connector,
                                      const std::string& address) {
  if (connector.allow_from.empty() || holds(connector.allow_from, address)) return std::nullopt;
  return Reply(554, EnhancedCode{5, 7, 1}, "Your address may not connect here");
}

Reply admit_sender(const policy::ReceiveConnector& connector, const ClientFacts& client,
                   const mail::Mailbox& /*sender*/, const policy::Partner* partner,
                   const verdict::Verdict* partner_verdict) {
  const bool tls_asked = connector.tls == ReceiveTls::required ||
                         connector.tls == ReceiveTls::mutual ||
                         (partner != nullptr && partner->receive.has_value());
  if (tls_asked && !client.tls) return starttls_first(connector);
  if (connector.tls == ReceiveTls::mutual && (!client.verdict || !client.verdict->ok)) {
    return certificate_refused(client.verdict ? &*client.verdict : nullptr);
  }
  if (partner != nullptr && partner->receive &&
      (partner_verdict == nullptr || !partner_verdict->ok)) {
    return certificate_refused(partner_verdict);
  }
  return Reply(250, EnhancedCode{2, 1, 0}, "Sender OK");
}

mail::Mailbox postmaster(const policy::Config& config, const policy::ReceiveConnector& connector) {
  for (const mail::DomainPattern& pattern : connector.accept_domains) {
    if (!pattern.text().starts_with('*')) return {"postmaster", pattern.text()};
  }
  for (const std::string& address : config.alert.mail) {
    if (Result<mail::Mailbox> read = mail::parse_mailbox(address)) return std::move(*read);
  }
  return {"postmaster", config.server.hostname};
}

Reply admit_recipient(const policy::ReceiveConnector& connector, const ClientFacts& client,
                      const mail::Mailbox& sender, const mail::Mailbox& recipient) {
  const Reply ok(250, EnhancedCode{2, 1, 5}, "Recipient OK");
  if (recipient.domain.empty()) return ok;  // RFC 5321 s4.5.1: bare postmaster, ours
  if (may_relay(connector, client, sender)) return ok;
  if (holds(connector.accept_domains, recipient.domain) && !routes_by_local_part(recipient)) {
    return ok;
  }
  return unable_to_relay(connector, client);
}

bool keeps_organization_headers(const policy::ReceiveConnector& connector,
                                const ClientFacts& client, const mail::Mailbox& sender) {
  if (!connector.keep_organization_headers || !authenticated(client)) return false;
  return connector.sender_domains.empty() || holds(connector.sender_domains, sender.domain);
}

bool sender_is_known(const policy::ReceiveConnector& connector, const ClientFacts& client) {
  return holds(connector.relay_from, client.address) || authenticated(client) ||
         (client.tls && !client.partner_name.empty());
}

}  // namespace postern::relay
