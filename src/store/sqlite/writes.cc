#include "store/sqlite/writes.h"

#include <set>

#include "store/sqlite/rows.h"

namespace postern::store::sqlite {
namespace {

bool is_open(Status s) {
  return s == Status::pending || s == Status::held;
}

std::unexpected<Error> no_message(MessageId message, std::uint32_t recipient) {
  return fail(store_errc::no_message,
              "message " + message.str() + ", recipient " + std::to_string(recipient));
}

std::int64_t octets(std::string_view text) {
  return static_cast<std::int64_t>(text.size());
}

}  // namespace

struct Writes::Row {
  Status status = Status::pending;
  std::int64_t destination = 0;
  std::string destination_name;
  bool kept = false;
};

Result<void> Writes::accept(NewMessage& message, Effects& effects) {
  auto* body = dynamic_cast<StoredBodyWriter*>(message.body.get());
  if (body == nullptr || message.recipients.empty()) {
    return invalid("message " + message.facts.id.str() +
                   " has no body of this store, or no recipient");
  }
  const MessageFacts& facts = message.facts;
  message.facts.size = body->size();
  TRY_VOID(insert_message(facts, body->size(), message.recipients.size()));
  TRY_VOID(body->insert(database_, facts.id));
  std::set<std::string> destinations;
  for (std::size_t i = 0; i < message.recipients.size(); ++i) {
    TRY_VOID(insert_recipient(facts.id, i, message.recipients[i], facts.arrival));
    destinations.insert(message.recipients[i].destination);
  }
  for (const std::string& name : destinations) effects.queue.pending.push_back({name, facts.id});
  if (body->in_file()) effects.keep.push_back(body);
  return {};
}

Result<void> Writes::insert_message(const MessageFacts& facts, std::uint64_t size,
                                    std::size_t open) {
  return database_.exec(
      "INSERT INTO message(id, sender_local, sender_domain, sender_key, body, smtputf8, ret, envid,"
      " size, arrival, message_id, subject, auto_submitted, list_mail, notify_sender, connector,"
      " client, expire_at, open, trouble, kept)"
      " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 1)",
      facts.id, facts.reverse_path.local, facts.reverse_path.domain,
      address_key(facts.reverse_path), facts.body, facts.smtputf8, facts.ret, facts.envid, size,
      facts.arrival, facts.message_id, facts.subject, facts.auto_submitted, facts.list_mail,
      facts.notify_sender, facts.connector, facts.client, facts.expire_at, open);
}

Result<void> Writes::insert_recipient(MessageId message, std::size_t index,
                                      const NewRecipient& recipient, Time arrival) {
  TRY(const std::int64_t key, destination(recipient.destination));
  const mail::Mailbox& mailbox = recipient.recipient.mailbox;
  TRY_VOID(database_.exec(
      "INSERT INTO recipient(message, idx, local, domain, address_key, notify, orcpt, destination,"
      " status, code, last_error, changed, notified)"
      " VALUES(?, ?, ?, ?, ?, ?, ?, ?, 0, 'none', '', ?, 0)",
      message, index, mailbox.local, mailbox.domain, address_key(mailbox),
      recipient.recipient.notify, recipient.recipient.orcpt, key, arrival));
  return count(key, static_cast<std::int64_t>(message.value()), Status::pending, 1);
}

Result<std::int64_t> Writes::destination(const std::string& name) {
  TRY(const std::int64_t found, destination_id(database_, name));
  if (found != 0) return found;
  TRY_VOID(database_.exec("INSERT INTO destination(name) VALUES(?)", name));
  return destination_id(database_, name);
}

// Keeps the counters of a destination after a recipient entered (+1) or left (-1) `status` there.
Result<void> Writes::count(std::int64_t destination, std::int64_t message, Status status, int by) {
  if (status == Status::held) {
    return database_.exec("UPDATE destination SET held = held + ? WHERE id = ?", by, destination);
  }
  if (status != Status::pending) return {};
  // The message itself counts when its first recipient came or its last one went.
  TRY(const std::int64_t pending,
      database_.number(0,
                       "SELECT COUNT(*) FROM (SELECT 1 FROM recipient INDEXED BY recipient_queue"
                       " WHERE destination = ? AND status = 0 AND message = ? LIMIT 2)",
                       destination, message));
  const bool edge = pending == (by > 0 ? 1 : 0);
  return database_.exec(
      "UPDATE destination SET pending = pending + ?, messages = messages + ? WHERE id = ?", by,
      edge ? by : 0, destination);
}

Result<void> Writes::apply(Batch& batch, Effects& effects) {
  for (NewMessage& message : batch.accept) {
    TRY_VOID(accept(message, effects));
  }
  for (const Change& one : batch.changes) {
    TRY_VOID(change(one, effects));
  }
  for (const Event& one : batch.events) {
    TRY_VOID(event(one));
  }
  for (const StoredVerdict& one : batch.verdicts) {
    TRY_VOID(verdict(one));
  }
  for (const StoredBlocker& one : batch.save_blockers) {
    TRY_VOID(database_.exec("INSERT OR REPLACE INTO blocker(id, destination, json) VALUES(?, ?, ?)",
                            one.id, one.destination, one.json));
  }
  for (const BlockerId id : batch.remove_blockers) {
    TRY_VOID(database_.exec("DELETE FROM blocker WHERE id = ?", id));
  }
  for (const auto& [message, expire_at] : batch.extend) {
    TRY_VOID(database_.exec("UPDATE message SET expire_at = ? WHERE id = ?", expire_at, message));
    if (database_.changes() == 0) {
      return fail(store_errc::no_message, "message " + message.str());
    }
  }
  for (const auto& [name, value] : batch.notes) {
    if (value.empty()) {
      TRY_VOID(database_.exec("DELETE FROM note WHERE name = ?", name));
    } else {
      TRY_VOID(
          database_.exec("INSERT OR REPLACE INTO note(name, value) VALUES(?, ?)", name, value));
    }
  }
  return {};
}

Result<Writes::Row> Writes::read_row(const Change& change) {
  Query query = database_.query(
      "SELECT r.status, r.destination, d.name, m.kept FROM recipient r"
      " JOIN message m ON m.id = r.message JOIN destination d ON d.id = r.destination"
      " WHERE r.message = ? AND r.idx = ?",
      change.message, change.recipient);
  TRY(const bool found, query.step());
  if (!found) return no_message(change.message, change.recipient);
  return Row{static_cast<Status>(query.integer(0)), query.integer(1), query.text(2),
             query.integer(3) != 0};
}

Result<void> Writes::change(const Change& change, Effects& effects) {
  TRY(const Row row, read_row(change));
  if (change.only_from && *change.only_from != row.status) return {};
  const Time now = change.time == Time{} ? system_clock().now() : change.time;
  const int notified = change.delay_notified ? (*change.delay_notified ? 1 : 0) : -1;
  TRY_VOID(database_.exec(
      "UPDATE recipient SET status = ?1, code = ?2, last_error = ?3, changed = ?4,"
      " notified = CASE ?5 WHEN -1 THEN notified ELSE ?5 END WHERE message = ?6 AND idx = ?7",
      change.status, change.code, change.last_error, now, notified, change.message,
      change.recipient));
  if (change.status == row.status) return {};
  const auto message = static_cast<std::int64_t>(change.message.value());
  TRY_VOID(count(row.destination, message, row.status, -1));
  TRY_VOID(count(row.destination, message, change.status, 1));
  if (change.status == Status::pending) {
    effects.queue.pending.push_back({row.destination_name, change.message});
  }
  if (!is_open(row.status) && is_open(change.status)) return became_open(row, change);
  if (is_open(row.status) && !is_open(change.status)) return became_final(change, now, effects);
  return {};
}

Result<void> Writes::became_open(const Row& row, const Change& change) {
  if (!row.kept) return fail(store_errc::no_body, "message " + change.message.str());
  return database_.exec("UPDATE message SET open = open + 1, final_at = NULL WHERE id = ?",
                        change.message);
}

Result<void> Writes::became_final(const Change& change, Time now, Effects& effects) {
  TRY_VOID(database_.exec("UPDATE message SET open = open - 1 WHERE id = ?", change.message));
  TRY(const std::int64_t open,
      database_.number(0, "SELECT open FROM message WHERE id = ?", change.message));
  if (open > 0) return {};
  TRY(const std::int64_t trouble,
      database_.number(
          0, "SELECT EXISTS(SELECT 1 FROM recipient WHERE message = ? AND status IN (3, 4))",
          change.message));
  TRY_VOID(database_.exec("UPDATE message SET final_at = ?, trouble = ? WHERE id = ?", now, trouble,
                          change.message));
  if (trouble != 0 || retain_delivered_) return {};
  return remove_body(static_cast<std::int64_t>(change.message.value()), effects);
}

Result<void> Writes::remove_body(std::int64_t message, Effects& effects) {
  {
    Query query =
        database_.query("SELECT file FROM body WHERE message = ? AND file IS NOT NULL", message);
    TRY(const bool in_file, query.step());
    if (in_file) effects.remove.push_back(query.text(0));
  }
  TRY_VOID(database_.exec("DELETE FROM body WHERE message = ?", message));
  return database_.exec("UPDATE message SET kept = 0 WHERE id = ?", message);
}

Result<void> Writes::event(const Event& event) {
  TRY_VOID(database_.exec(
      "INSERT INTO event(message, recipient, time, event, data) SELECT ?1, ?2, ?3, ?4, ?5"
      " WHERE EXISTS (SELECT 1 FROM message WHERE id = ?1)",
      event.message, event.recipient, event.time, event.event, event.data));
  if (database_.changes() == 0) return {};
  return add_trace(kRowOctets + octets(event.event) + octets(event.data));
}

Result<void> Writes::verdict(const StoredVerdict& verdict) {
  // A verdict never changes, so one that is there already stays.
  TRY_VOID(
      database_.exec("INSERT OR IGNORE INTO verdict(id, time, json, evidence) VALUES(?, ?, ?, ?)",
                     verdict.id, verdict.time, verdict.json, verdict.evidence_json));
  if (database_.changes() == 0) return {};
  return add_trace(kRowOctets + octets(verdict.json) + octets(verdict.evidence_json));
}

Result<void> Writes::add_trace(std::int64_t octets) {
  return database_.exec("UPDATE total SET value = MAX(0, value + ?) WHERE name = 'trace'", octets);
}

}  // namespace postern::store::sqlite
