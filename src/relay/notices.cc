#include "relay/notices.h"

#include "base/log.h"
#include "base/text.h"
#include "policy/route.h"

namespace postern::relay {
namespace {

constexpr log::Event kNoRouteForNotice{2030, log::Level::warning, "dsn.no_route"};
constexpr log::Event kNoticeNotStored{2031, log::Level::error, "dsn.not_stored"};

mail::DsnRecipient dsn_recipient(const store::StoredMessage& message, const NoticeRecipient& notice,
                                 Time now) {
  mail::DsnRecipient out;
  out.recipient = message.recipients[notice.index].recipient;
  out.action = notice.action;
  out.status = notice.outcome.status;
  // The class of a DSN's status follows its action, whatever the next hop's reply was (RFC 3464
  // s2.3.4).
  out.status.status_class = notice.action == mail::DsnAction::failed    ? 5
                            : notice.action == mail::DsnAction::delayed ? 4
                                                                        : 2;
  out.remote_mta = notice.remote_mta;
  out.remote_reply = notice.outcome.remote;
  out.explanation = notice.outcome.explanation;
  out.will_retry_until = notice.will_retry_until;
  out.last_attempt = now;
  return out;
}

bool may_be_told(const store::MessageFacts& facts, const mail::Recipient& recipient) {
  return !facts.reverse_path.empty() && (recipient.notify & mail::kNotifyNever) == 0;
}

}  // namespace

bool wants_failure_notice(const store::MessageFacts& facts, const mail::Recipient& recipient) {
  return may_be_told(facts, recipient) &&
         (recipient.notify == 0 || (recipient.notify & mail::kNotifyFailure) != 0);
}

bool wants_delay_notice(const store::MessageFacts& facts, const mail::Recipient& recipient) {
  return may_be_told(facts, recipient) &&
         (recipient.notify == 0 || (recipient.notify & mail::kNotifyDelay) != 0) &&
         facts.notify_sender && !facts.auto_submitted && !facts.list_mail;
}

bool wants_success_notice(const store::MessageFacts& facts, const mail::Recipient& recipient) {
  return may_be_told(facts, recipient) && (recipient.notify & mail::kNotifySuccess) != 0;
}

std::optional<store::NewMessage> make_notice(const policy::Config& config, store::Store& store,
                                             const store::StoredMessage& message,
                                             const std::vector<NoticeRecipient>& recipients,
                                             const std::string& original, Time now) {
  const mail::Mailbox& to = message.facts.reverse_path;
  if (to.empty() || recipients.empty()) return std::nullopt;
  const Result<policy::Destination> destination = policy::route(config, to.domain);
  if (!destination) {
    log::write(kNoRouteForNotice, {{"message", message.facts.id.str()},
                                   {"to", to.str()},
                                   {"error", destination.error().what()}});
    return std::nullopt;
  }
  store::NewMessage out;
  out.facts.id = MessageId::make(now);

  mail::DsnRequest request;
  request.reporting_mta = config.server.hostname;
  request.to = to;
  request.envid = message.facts.envid;
  request.arrival = message.facts.arrival;
  request.now = now;
  request.subject = message.facts.subject;
  request.original_message_id = message.facts.message_id;
  for (const NoticeRecipient& recipient : recipients)
    request.recipients.push_back(dsn_recipient(message, recipient, now));
  // Who has an ASCII address may have a server without SMTPUTF8, and a notice that is refused is
  // lost: RFC 6533 s3 has ASCII forms for the rest.
  request.smtputf8 = message.facts.smtputf8 && !is_ascii(to.str());
  request.original = original;
  request.original_is_full =
      message.facts.ret != mail::DsnReturn::headers && original.size() == message.facts.size;
  request.id = out.facts.id.str();
  const std::string text = mail::write_dsn(request);

  Result<std::unique_ptr<store::BodyWriter>> body = store.new_body(store::Store::Use::notice);
  if (body) {
    if (const Result<void> written = (*body)->append(text); !written)
      body = std::unexpected(written.error());
  }
  if (!body) {
    log::write(kNoticeNotStored,
               {{"message", message.facts.id.str()}, {"error", body.error().what()}});
    return std::nullopt;
  }
  out.body = std::move(*body);
  out.facts.size = text.size();
  out.facts.arrival = now;
  out.facts.message_id = mail::make_message_id(request.id, config.server.hostname);
  out.facts.subject = "DSN for " + message.facts.id.str();
  out.facts.body = is_ascii(text) ? mail::Body::seven_bit : mail::Body::eight_bit_mime;
  out.facts.smtputf8 = request.smtputf8;
  out.facts.auto_submitted = true;
  out.facts.connector = "postern";
  store::NewRecipient recipient;
  recipient.recipient.mailbox = to;
  recipient.recipient.notify = mail::kNotifyNever;
  recipient.destination = destination->key();
  out.recipients.push_back(std::move(recipient));
  return out;
}

}  // namespace postern::relay
