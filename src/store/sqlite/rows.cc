#include "store/sqlite/rows.h"

#include "base/text.h"

namespace postern::store::sqlite {
namespace {

RecipientState recipient_of(const Query& row) {
  RecipientState out;
  out.index = static_cast<std::uint32_t>(row.integer(0));
  out.recipient.mailbox = {row.text(1), row.text(2)};
  out.recipient.notify = static_cast<unsigned>(row.integer(3));
  out.recipient.orcpt = row.text(4);
  out.destination = row.text(5);
  out.status = static_cast<Status>(row.integer(6));
  out.code = row.text(7);
  out.last_error = row.text(8);
  out.changed = row.time(9);
  out.delay_notified = row.integer(10) != 0;
  return out;
}

Result<std::vector<RecipientState>> read_all(Query& query) {
  std::vector<RecipientState> out;
  while (true) {
    TRY(const bool row, query.step());
    if (!row) return out;
    out.push_back(recipient_of(query));
  }
}

}  // namespace

std::string address_key(const mail::Mailbox& mailbox) {
  if (mailbox.empty()) return {};
  return lower(mailbox.domain) + "@" + lower(mailbox.local);
}

Result<std::optional<MessageFacts>> read_facts(Database& database, MessageId id) {
  Query row = database.query(
      "SELECT sender_local, sender_domain, body, smtputf8, ret, envid, size, arrival, message_id,"
      " subject, auto_submitted, list_mail, notify_sender, connector, client, expire_at"
      " FROM message WHERE id = ?",
      id);
  TRY(const bool found, row.step());
  if (!found) return std::optional<MessageFacts>();
  MessageFacts out;
  out.id = id;
  out.reverse_path = {row.text(0), row.text(1)};
  out.body = static_cast<mail::Body>(row.integer(2));
  out.smtputf8 = row.integer(3) != 0;
  out.ret = static_cast<mail::DsnReturn>(row.integer(4));
  out.envid = row.text(5);
  out.size = static_cast<std::uint64_t>(row.integer(6));
  out.arrival = row.time(7);
  out.message_id = row.text(8);
  out.subject = row.text(9);
  out.auto_submitted = row.integer(10) != 0;
  out.list_mail = row.integer(11) != 0;
  out.notify_sender = row.integer(12) != 0;
  out.connector = row.text(13);
  out.client = row.text(14);
  out.expire_at = row.text(15);
  return std::optional<MessageFacts>(std::move(out));
}

Result<std::vector<RecipientState>> read_recipients(Database& database, MessageId id) {
  Query query = database.query(
      "SELECT r.idx, r.local, r.domain, r.notify, r.orcpt, d.name, r.status, r.code, r.last_error,"
      " r.changed, r.notified FROM recipient r JOIN destination d ON d.id = r.destination"
      " WHERE r.message = ? ORDER BY r.idx",
      id);
  return read_all(query);
}

Result<std::optional<StoredMessage>> read_pending(Database& database, MessageId id,
                                                  const std::string& destination,
                                                  bool not_notified) {
  TRY(const std::int64_t key, destination_id(database, destination));
  Query query = database.query(
      "SELECT idx, local, domain, notify, orcpt, ?4, status, code, last_error, changed, notified"
      " FROM recipient INDEXED BY recipient_queue"
      " WHERE destination = ?1 AND status = 0 AND message = ?2 AND notified <= ?3 ORDER BY idx",
      key, id, not_notified ? 0 : 1, destination);
  TRY(auto recipients, read_all(query));
  if (recipients.empty()) return std::optional<StoredMessage>();
  TRY(auto facts, read_facts(database, id));
  if (!facts) return std::optional<StoredMessage>();
  return std::optional<StoredMessage>(StoredMessage{std::move(*facts), std::move(recipients)});
}

Result<std::int64_t> destination_id(Database& database, const std::string& destination) {
  return database.number(0, "SELECT id FROM destination WHERE name = ?", destination);
}

}  // namespace postern::store::sqlite
