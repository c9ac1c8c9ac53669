#include "relay/record.h"

#include <iterator>

#include "base/json.h"

namespace postern::relay {
namespace {

Json place_of(const SessionFacts& facts) {
  Json data = Json::object();
  data["next_hop"] = facts.destination.next_hop;
  data["connector"] = facts.destination.connector;
  if (!facts.drop) {
    data["host"] = facts.target.host;
    data["address"] = facts.target.address;
    data["session"] = facts.session.str();
    data["verdict"] = facts.verdict.id.str();
    data["verdict_code"] = facts.verdict.code;
  }
  return data;
}

store::Status status_of(Kind kind) {
  switch (kind) {
    case Kind::delivered:
      return store::Status::delivered;
    case Kind::permanent:
      return store::Status::failed;
    case Kind::temporary:
    case Kind::blocked:
      return store::Status::pending;
  }
  return store::Status::pending;
}

std::string_view event_name(Kind kind) {
  switch (kind) {
    case Kind::delivered:
      return "tx.delivered";
    case Kind::permanent:
      return "tx.failed";
    case Kind::temporary:
      return "queue.defer";
    case Kind::blocked:
      return "queue.block";
  }
  return "queue.defer";
}

// Which DSN, if any, a recipient's outcome calls for.
std::optional<mail::DsnAction> notice_due(const store::StoredMessage& message,
                                          const store::RecipientState& recipient,
                                          const Outcome& outcome, const SessionFacts& facts) {
  if (outcome.kind == Kind::permanent && wants_failure_notice(message.facts, recipient.recipient))
    return mail::DsnAction::failed;
  if (outcome.kind != Kind::delivered || !wants_success_notice(message.facts, recipient.recipient))
    return std::nullopt;
  // A host that offers DSN was asked to report itself (RFC 3461 s5.2.1); another one cannot, so
  // that the message left the world of DSNs here (s5.2.2).
  if (facts.drop) return mail::DsnAction::delivered;
  if (facts.dsn_offered) return std::nullopt;
  return mail::DsnAction::relayed;
}

// Puts a DSN to the sender into the batch, with its event.
void add_notice(Recorded& out, store::Store& store, const policy::Config& config,
                const store::StoredMessage& message, const std::vector<NoticeRecipient>& recipients,
                bool full, Time now) {
  if (recipients.empty()) return;
  const std::string original = read_original(store, message, full);
  std::optional<store::NewMessage> notice =
      make_notice(config, store, message, recipients, original, now);
  if (!notice) return;
  Json data = Json::object();
  data["dsn"] = notice->facts.id.str();
  data["to"] = message.facts.reverse_path.str();
  out.batch.events.push_back(make_event(message.facts.id, -1, now, "dsn.issue", data));
  for (const store::NewRecipient& recipient : notice->recipients)
    out.accepted.push_back(recipient.destination);
  out.batch.accept.push_back(std::move(*notice));
}

}  // namespace

store::Event make_event(MessageId message, std::int64_t recipient, Time now, std::string name,
                        const Json& data) {
  store::Event event;
  event.message = message;
  event.recipient = recipient;
  event.time = now;
  event.event = std::move(name);
  event.data = dump_json(data);
  return event;
}

Json tls_receipt(const SessionFacts& facts, Time now) {
  Json receipt = Json::object();
  const verdict::Verdict& verdict = facts.verdict;
  receipt["peer"] = facts.target.host;
  receipt["address"] = facts.target.address;
  receipt["reference_identifier"] = verdict.reference_identifier;
  receipt["chain_sha256"] = verdict.chain_sha256;
  receipt["tls_version"] = verdict.tls_version;
  receipt["cipher"] = verdict.cipher;
  receipt["asked"] = std::string(verdict::to_string(verdict.asked));
  receipt["asked_by"] = verdict.asked_by;
  receipt["reached"] = std::string(verdict::to_string(verdict.reached));
  if (!verdict.by_exception.empty()) {
    receipt["by_exception"] = verdict.by_exception;
    if (facts.exception) {
      receipt["exception_by"] = facts.exception->by;
      receipt["exception_why"] = facts.exception->why;
      receipt["exception_until"] = format_rfc3339(facts.exception->until);
    }
  }
  if (verdict.anchor) receipt["anchor"] = verdict.anchor->subject;
  receipt["time"] = format_rfc3339(now);
  return receipt;
}

void append(store::Batch& batch, store::Batch more) {
  const auto move_behind = [](auto& all, auto& added) {
    all.insert(all.end(), std::make_move_iterator(added.begin()),
               std::make_move_iterator(added.end()));
  };
  move_behind(batch.changes, more.changes);
  move_behind(batch.events, more.events);
  move_behind(batch.verdicts, more.verdicts);
  move_behind(batch.save_blockers, more.save_blockers);
  move_behind(batch.remove_blockers, more.remove_blockers);
  move_behind(batch.accept, more.accept);
  move_behind(batch.extend, more.extend);
  move_behind(batch.notes, more.notes);
}

std::string read_original(store::Store& store, const store::StoredMessage& message, bool full) {
  Result<std::unique_ptr<store::BodyReader>> reader = store.open_body(message.facts.id);
  if (!reader) return {};
  Result<std::string> head = (*reader)->read(0, kMaxReturnedOctets);
  if (!head) return {};
  if (full && (*reader)->size() <= kMaxReturnedOctets) return std::move(*head);
  const std::size_t end = head->find("\r\n\r\n");
  return end == std::string::npos ? std::move(*head) : head->substr(0, end + 2);
}

Recorded record_outcomes(store::Store& store, const policy::Config& config,
                         const store::StoredMessage& message, const std::vector<Outcome>& outcomes,
                         const SessionFacts& facts, Time now) {
  Recorded out;
  std::vector<NoticeRecipient> failed;
  std::vector<NoticeRecipient> done;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const Outcome& outcome = outcomes[i];
    const store::RecipientState& recipient = message.recipients[i];
    store::Change change;
    change.message = message.facts.id;
    change.recipient = recipient.index;
    change.status = status_of(outcome.kind);
    change.code = outcome.code;
    change.last_error = outcome.kind == Kind::delivered ? std::string() : outcome.last_error;
    // What an operator did to it meanwhile stands, unless the peer has decided.
    if (change.status == store::Status::pending) change.only_from = store::Status::pending;
    out.batch.changes.push_back(std::move(change));

    Json data = place_of(facts);
    if (outcome.remote) data["reply"] = outcome.remote->str();
    if (outcome.kind == Kind::delivered) {
      if (!facts.drop) data["receipt"] = tls_receipt(facts, now);
      if (message.facts.body == mail::Body::eight_bit_mime && !facts.eight_bit_offered)
        data["eight_bit"] = "sent as it is: the host does not offer 8BITMIME";
    } else {
      data["code"] = outcome.code;
      data["last_error"] = outcome.last_error;
    }
    out.batch.events.push_back(make_event(message.facts.id, recipient.index, now,
                                          std::string(event_name(outcome.kind)), data));
    if (outcome.kind == Kind::temporary &&
        (outcome.scope == Scope::message || outcome.scope == Scope::recipient)) {
      out.deferred = true;
    }
    if (const auto action = notice_due(message, recipient, outcome, facts)) {
      NoticeRecipient notice;
      notice.index = static_cast<std::uint32_t>(i);
      notice.outcome = outcome;
      notice.action = *action;
      notice.remote_mta = facts.drop ? std::string() : facts.target.host;
      (*action == mail::DsnAction::failed ? failed : done).push_back(std::move(notice));
    }
  }
  add_notice(out, store, config, message, failed, message.facts.ret != mail::DsnReturn::headers,
             now);
  add_notice(out, store, config, message, done, false, now);
  return out;
}

Recorded record_expiry(store::Store& store, const policy::Config& config,
                       const store::StoredMessage& message, const Outcome& why,
                       const std::string& remote_mta, Ending ending, Time now) {
  Recorded out;
  std::vector<NoticeRecipient> told;
  for (std::size_t i = 0; i < message.recipients.size(); ++i) {
    const store::RecipientState& recipient = message.recipients[i];
    store::Change change;
    change.message = message.facts.id;
    change.recipient = recipient.index;
    change.status = store::Status::expired;
    change.only_from = recipient.status;
    change.code = why.code;
    change.last_error = why.last_error;
    out.batch.changes.push_back(std::move(change));
    if (!wants_failure_notice(message.facts, recipient.recipient)) continue;
    NoticeRecipient notice;
    notice.index = static_cast<std::uint32_t>(i);
    notice.outcome = why;
    notice.outcome.status = {5, 4, 7};  // delivery time expired (RFC 3463 s3.5)
    notice.action = mail::DsnAction::failed;
    notice.remote_mta = remote_mta;
    told.push_back(std::move(notice));
  }
  Json data = Json::object();
  data["code"] = why.code;
  data["last_error"] = why.last_error;
  data["age"] = format_duration(now - message.facts.arrival);
  if (!ending.by.empty()) data["by"] = ending.by;
  out.batch.events.push_back(make_event(message.facts.id, -1, now, std::move(ending.event), data));
  add_notice(out, store, config, message, told, message.facts.ret != mail::DsnReturn::headers, now);
  return out;
}

}  // namespace postern::relay
