// What a client may do, and what becomes of its message: the half of ReceiveSession that asks
// admission, routes, and stores.
#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "policy/route.h"
#include "relay/receive_session.h"
#include "relay/reception_events.h"

namespace postern::relay {
namespace {

using mail::EnhancedCode;
using mail::Reply;

// RFC 3848, RFC 6531 s4.3. HELO under TLS has no word of its own; the tls clause says it.
std::string protocol_name(bool esmtp, bool utf8, bool tls) {
  if (!esmtp) return "SMTP";
  return std::string(utf8 ? "UTF8SMTP" : "ESMTP") + (tls ? "S" : "");
}

std::vector<std::string> destinations_of(const std::vector<store::NewRecipient>& recipients) {
  std::vector<std::string> out;
  out.reserve(recipients.size());
  for (const store::NewRecipient& recipient : recipients) out.push_back(recipient.destination);
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

Json tls_json(const verdict::TlsEvidence& tls) {
  Json out = Json::object();
  out["version"] = tls.version;
  out["cipher"] = tls.cipher;
  if (!tls.sni.empty()) out["sni"] = printable(tls.sni);
  if (!tls.presented.empty()) {
    out["client_certificate"] = {{"subject", tls.presented.front().subject()},
                                 {"sha256", tls.presented.front().sha256()}};
  }
  return out;
}

// The id of a verdict that is not stored leads nowhere: replies leave it out.
std::optional<verdict::Verdict> without_id(verdict::Verdict verdict) {
  verdict.id = VerdictId();
  return verdict;
}
ClientFacts without_id(ClientFacts client) {
  if (client.verdict) client.verdict->id = VerdictId();
  return client;
}

}  // namespace

// One that is relied on: whose end would stop mail.
void ReceiveSession::tell_client_certificate(const Judgement* judgement) const {
  const std::vector<x509::Certificate>& presented = client_.tls().presented;
  if (!core_->on_client_certificate || judgement == nullptr || presented.empty()) return;
  const bool relied_on = !judgement->name.empty() || !judgement->verdict.by_exception.empty();
  if (!judgement->verdict.ok || !relied_on) return;
  core_->on_client_certificate(presented.front(), "the client certificate of " +
                                                      stream_->peer_address() + " on connector " +
                                                      connector_->config->name);
}

io::Task<Reply> ReceiveSession::decide_mail(mail::Mailbox sender) {
  const policy::ReceiveConnector& config = *connector_->config;
  transaction_.emplace();
  intake_.reset();
  ReceiveTransaction& transaction = *transaction_;
  transaction.client = client_.facts();
  if (connector_->requires_tls() && connector_->no_certificate && !transaction.client.tls) {
    co_return Reply(454, EnhancedCode{4, 7, 0}, "TLS not available due to temporary reason");
  }
  const policy::Partner* partner =
      sender.domain.empty() ? nullptr
                            : policy::receive_partner(*connector_->snapshot->config, sender.domain);
  Judgement* partner_judgement = nullptr;
  if (partner != nullptr) partner_judgement = co_await client_.under(*partner);
  transaction.judgement = partner_judgement != nullptr ? partner_judgement : client_.session();
  if (partner_judgement != nullptr && !partner_judgement->name.empty()) {
    transaction.client.partner_name = partner_judgement->name;
  }
  Reply reply = admit_sender(config, transaction.client, sender, partner,
                             partner_judgement != nullptr ? &partner_judgement->verdict : nullptr);
  if (!reply.positive()) {
    // Mutual mode refuses by the connector's verdict before a partner's is asked.
    const bool by_connector = config.tls == policy::ReceiveTls::mutual && client_.session() &&
                              !client_.session()->verdict.ok;
    Judgement* refused_by = by_connector ? client_.session() : partner_judgement;
    if (transaction.client.tls) {
      const bool stored = co_await store_verdict(refused_by);
      if (!stored) {
        const ClientFacts unnamed = without_id(transaction.client);
        const std::optional<verdict::Verdict> of_partner =
            partner_judgement != nullptr ? without_id(partner_judgement->verdict) : std::nullopt;
        reply = admit_sender(config, unnamed, sender, partner, of_partner ? &*of_partner : nullptr);
      }
    }
    core_->tell(kClientRefused, config.name, transaction.client.address,
                "MAIL FROM:<" + sender.str() + "> " + reply.str());
    co_return reply;
  }
  const Admission rate =
      core_->limits.message(config, transaction.client.address, core_->context.clock.now());
  if (const auto refused = refusal(rate, connector_->fqdn)) co_return *refused;
  tell_client_certificate(transaction.judgement);
  transaction.sender = std::move(sender);
  co_return reply;
}

io::Task<Reply> ReceiveSession::decide_recipient(mail::Recipient recipient) {
  const ReceiveTransaction& transaction = *transaction_;
  Reply reply = admit_recipient(*connector_->config, transaction.client, transaction.sender,
                                recipient.mailbox);
  if (reply.positive()) co_return route_recipient(std::move(recipient), std::move(reply));
  const bool by_verdict = connector_->config->relay_for_clients && client_.session() != nullptr &&
                          !client_.session()->verdict.ok;
  if (by_verdict) {
    const bool stored = co_await store_verdict(client_.session());
    if (!stored) {
      const ClientFacts unnamed = without_id(transaction.client);
      reply = admit_recipient(*connector_->config, unnamed, transaction.sender, recipient.mailbox);
    }
  }
  core_->tell(kRelayDenied, connector_->config->name, transaction.client.address,
              "MAIL FROM:<" + transaction.sender.str() + "> RCPT TO:<" + recipient.mailbox.str() +
                  "> " + reply.str());
  co_return reply;
}

Reply ReceiveSession::route_recipient(mail::Recipient recipient, Reply accepted) {
  if (recipient.mailbox.domain.empty()) {
    recipient.mailbox = postmaster(*connector_->snapshot->config, *connector_->config);
  }
  const Result<policy::Destination> destination = policy::route(
      *connector_->snapshot->config, recipient.mailbox.domain, connector_->config->send_via);
  if (!destination) {
    core_->tell(kNoRoute, connector_->config->name, transaction_->client.address,
                destination.error().what());
    return Reply(550, EnhancedCode{5, 4, 4}, "No route to the recipient's domain");
  }
  transaction_->recipients.push_back({std::move(recipient), destination->key()});
  return accepted;
}

Reply ReceiveSession::begin_body(mail::Envelope envelope) {
  envelope_ = std::move(envelope);
  body_since_ = Steady::now();
  body_octets_ = 0;
  Result<std::unique_ptr<store::BodyWriter>> writer = core_->context.store.new_body();
  if (!writer) return store_refusal(writer.error());
  const bool keep =
      keeps_organization_headers(*connector_->config, transaction_->client, envelope_.reverse_path);
  intake_ =
      std::make_unique<BodyIntake>(std::move(*writer), keep, connector_->config->max_received_hops);
  return Reply(250, EnhancedCode{2, 0, 0}, "OK");
}

io::Task<Reply> ReceiveSession::end_body() {
  if (const auto refused = intake_->finish()) {
    core_->tell(kMessageRefused, connector_->config->name, transaction_->client.address,
                "MAIL FROM:<" + transaction_->sender.str() + "> " + refused->str());
    co_return *refused;
  }
  const Time now = core_->context.clock.now();
  const MessageId id = MessageId::make(now);
  store::NewMessage message = make_message(id, now);
  store::Event event;
  event.message = id;
  event.time = now;
  event.event = "tx.accept";
  event.data = accept_data(message.body->size());
  std::vector<std::string> destinations = destinations_of(message.recipients);
  store::Batch batch;
  batch.events.push_back(std::move(event));
  batch.accept.push_back(std::move(message));
  Judgement* judgement = transaction_->judgement;
  const bool new_verdict = judgement != nullptr && !judgement->stored && judgement->verdict.ok;
  if (new_verdict) batch.verdicts.push_back(client_.stored_form(*judgement));
  const Result<void> stored = co_await store_apply(core_->context, std::move(batch));
  if (!stored) co_return store_refusal(stored.error());
  if (new_verdict) client_.stored(*judgement);
  core_->on_accepted(std::move(destinations));
  co_return Reply(250, EnhancedCode{2, 6, 0}, "<" + id.str() + "> Queued for delivery");
}

store::NewMessage ReceiveSession::make_message(MessageId id, Time now) {
  const mail::HeaderFacts& header = intake_->facts();
  store::NewMessage out;
  out.facts.id = id;
  out.facts.reverse_path = envelope_.reverse_path;
  out.facts.body = envelope_.body;
  out.facts.smtputf8 = envelope_.smtputf8;
  out.facts.ret = envelope_.ret;
  out.facts.envid = envelope_.envid;
  out.facts.arrival = now;
  out.facts.message_id = header.message_id;
  out.facts.subject = header.subject;
  out.facts.auto_submitted = header.auto_submitted;
  out.facts.list_mail = header.list_mail;
  out.facts.notify_sender = sender_is_known(*connector_->config, transaction_->client);
  out.facts.connector = connector_->config->name;
  out.facts.client = transaction_->client.address + " (" + smtp_.helo() + ")";
  out.body = intake_->take(received_field(id, now));
  out.recipients = std::move(transaction_->recipients);
  return out;
}

mail::ReceivedField ReceiveSession::received_field(MessageId id, Time now) const {
  const ClientFacts& client = transaction_->client;
  mail::ReceivedField out;
  out.helo = smtp_.helo();
  out.client_address = client.address;
  out.by = connector_->fqdn;
  out.with = protocol_name(smtp_.esmtp(), envelope_.smtputf8, client.tls);
  out.id = id.str();
  if (client.tls) {
    out.tls_version = client_.tls().version;
    out.tls_cipher = client_.tls().cipher;
  }
  out.client_certificate = client.proven_name();
  if (transaction_->recipients.size() == 1) {
    out.for_recipient = transaction_->recipients.front().recipient.mailbox.str();
  }
  out.time = now;
  return out;
}

std::string ReceiveSession::accept_data(std::uint64_t size) const {
  Json out = Json::object();
  out["connector"] = connector_->config->name;
  out["client"] = transaction_->client.address;
  out["helo"] = smtp_.helo();
  if (transaction_->client.tls) out["tls"] = tls_json(client_.tls());
  if (const Judgement* judgement = transaction_->judgement) {
    Json verdict = Json::object();
    if (judgement->stored || judgement->verdict.ok) {
      verdict["id"] = judgement->verdict.id.str();
    }
    verdict["code"] = judgement->verdict.code;
    out["verdict"] = std::move(verdict);
  }
  if (const std::string& name = transaction_->client.proven_name(); !name.empty()) {
    out["authenticated_as"] = name;
  }
  out["size"] = size;
  out["session"] = id_.str();
  return dump_json(out);
}

// The reply carries its id, so it is durable before; a store that fails, or a client that comes too
// often, costs the verdict, not the refusal.
io::Task<bool> ReceiveSession::store_verdict(Judgement* judgement) {
  if (judgement == nullptr) co_return false;
  if (judgement->stored) co_return true;
  if (!core_->verdict_gate.open(connector_->config->name, stream_->peer_address(),
                                core_->context.clock.now())) {
    co_return false;
  }
  store::Batch batch;
  batch.verdicts.push_back(client_.stored_form(*judgement));
  const Result<void> done = co_await store_apply(core_->context, std::move(batch));
  if (done) {
    client_.stored(*judgement);
  } else {
    log::write(kVerdictNotStored,
               {{"verdict", judgement->verdict.id.str()}, {"error", done.error().what()}});
  }
  co_return done.has_value();
}

}  // namespace postern::relay
