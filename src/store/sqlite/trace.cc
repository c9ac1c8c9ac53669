// The trace: one message with all that happened to it, and the search for messages.
#include <algorithm>
#include <variant>

#include "base/text.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/rows.h"

namespace postern::store::sqlite {
namespace {

// A condition of SQL literals and the values for its parameters, in order.
struct Condition {
  std::string sql;
  std::vector<std::variant<std::int64_t, std::string>> values;

  template <class... Values>
  void add(std::string_view condition, Values... more) {
    if (!sql.empty()) sql += " AND ";
    sql += condition;
    (values.emplace_back(std::move(more)), ...);
  }
};

// "a@b" or "@b" against a column of address_key() form. Octet after '@' is 'A', so the keys of a
// domain are those from "b@" up to "bA".
void add_address(Condition& to, const std::string& column, std::string_view address) {
  const std::size_t at = address.rfind('@');
  const std::string local = lower(address.substr(0, std::min(at, address.size())));
  const std::string domain =
      at == std::string_view::npos ? std::string() : lower(address.substr(at + 1));
  if (local.empty()) {
    to.add(column + " >= ? AND " + column + " < ?", domain + "@", domain + "A");
  } else {
    to.add(column + " = ?", domain + "@" + local);
  }
}

Condition of_recipients(const TraceFilter& filter) {
  Condition out;
  if (!filter.recipient.empty()) add_address(out, "address_key", filter.recipient);
  // With all destinations named, a status is looked up in the queue's index.
  if (!filter.destination.empty()) {
    out.add("destination IN (SELECT id FROM destination WHERE INSTR(LOWER(name), ?) > 0)",
            lower(filter.destination));
  } else if (filter.status && filter.recipient.empty()) {
    out.add("destination IN (SELECT id FROM destination)");
  }
  if (filter.status) out.add("status = ?", static_cast<std::int64_t>(*filter.status));
  if (!filter.code.empty()) out.add("code = ?", filter.code);
  return out;
}

Condition of_messages(const TraceFilter& filter) {
  Condition out;
  if (filter.sender == "<>") {
    out.add("sender_key = ''");
  } else if (!filter.sender.empty()) {
    add_address(out, "sender_key", filter.sender);
  }
  if (!filter.message_id.empty()) {
    const auto id = parse_id(filter.message_id);
    out.add("(message_id IN (?, ?) OR id = ?)", filter.message_id, "<" + filter.message_id + ">",
            static_cast<std::int64_t>(id.value_or(0)));
  }
  const auto ms = [](Time t) { return std::int64_t{t.time_since_epoch().count()}; };
  if (filter.since) out.add("arrival >= ?", ms(*filter.since));
  if (filter.until) out.add("arrival < ?", ms(*filter.until));
  const Condition recipients = of_recipients(filter);
  if (!recipients.sql.empty()) {
    out.add("id IN (SELECT message FROM recipient WHERE " + recipients.sql + ")");
    out.values.insert(out.values.end(), recipients.values.begin(), recipients.values.end());
  }
  if (out.sql.empty()) out.sql = "TRUE";
  return out;
}

Result<std::vector<Event>> read_events(Database& database, MessageId id) {
  Query query = database.query(
      "SELECT recipient, time, event, data FROM event WHERE message = ? ORDER BY time, id", id);
  std::vector<Event> out;
  while (true) {
    TRY(const bool row, query.step());
    if (!row) return out;
    out.push_back({id, query.integer(0), query.time(1), query.text(2), query.text(3)});
  }
}

}  // namespace

Result<std::optional<TracedMessage>> read_traced(Database& database, MessageId id) {
  TRY(auto facts, read_facts(database, id));
  if (!facts) return std::optional<TracedMessage>();
  TracedMessage out;
  out.message.facts = std::move(*facts);
  TRY(out.message.recipients, read_recipients(database, id));
  TRY(out.events, read_events(database, id));
  TRY(const std::int64_t kept,
      database.number(0, "SELECT EXISTS(SELECT 1 FROM body WHERE message = ?)", id));
  out.body_available = kept != 0;
  return std::optional<TracedMessage>(std::move(out));
}

Result<std::vector<TracedMessage>> read_trace(Database& database, const TraceFilter& filter) {
  const Condition where = of_messages(filter);
  const std::string sql =
      "SELECT id FROM message WHERE " + where.sql + " ORDER BY arrival DESC, id DESC LIMIT ?";
  Query query = database.query(sql);
  for (const auto& value : where.values) {
    std::visit([&query](const auto& v) { query.bind(v); }, value);
  }
  query.bind(std::min<std::uint64_t>(filter.limit, INT64_MAX));
  std::vector<TracedMessage> out;
  while (true) {
    TRY(const bool row, query.step());
    if (!row) break;
    TRY(auto traced,
        read_traced(database, MessageId(static_cast<std::uint64_t>(query.integer(0)))));
    if (traced) out.push_back(std::move(*traced));
  }
  std::ranges::reverse(out);
  return out;
}

}  // namespace postern::store::sqlite
