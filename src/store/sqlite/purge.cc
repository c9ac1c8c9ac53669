// Retention and re-routing: the writes that walk over many rows, in slices.
#include <algorithm>

#include "store/sqlite/writes.h"

namespace postern::store::sqlite {

Result<std::vector<std::pair<std::int64_t, std::int64_t>>> Writes::pairs(Query query) {
  std::vector<std::pair<std::int64_t, std::int64_t>> out;
  while (true) {
    TRY(const bool row, query.step());
    if (!row) return out;
    out.emplace_back(query.integer(0), query.integer(1));
  }
}

Result<bool> Writes::purge_bodies(bool trouble, Time final_before, std::uint64_t size_cap,
                                  int limit, Effects& effects) {
  TRY(const auto old,
      pairs(database_.query("SELECT id, size FROM message INDEXED BY message_kept WHERE kept = 1"
                            " AND final_at IS NOT NULL AND trouble = ? AND final_at < ?"
                            " ORDER BY final_at LIMIT ?",
                            trouble, final_before, limit)));
  for (const auto& [id, size] : old) {
    TRY_VOID(remove_body(id, effects));
  }
  if (old.size() == static_cast<std::size_t>(limit)) return true;
  if (size_cap == 0) return false;

  TRY(std::int64_t kept,
      database_.number(0,
                       "SELECT TOTAL(size) FROM message INDEXED BY message_kept WHERE kept = 1"
                       " AND final_at IS NOT NULL AND trouble = ?",
                       trouble));
  const auto cap = static_cast<std::int64_t>(std::min<std::uint64_t>(size_cap, INT64_MAX));
  if (kept <= cap) return false;
  TRY(const auto oldest,
      pairs(database_.query("SELECT id, size FROM message INDEXED BY message_kept WHERE kept = 1"
                            " AND final_at IS NOT NULL AND trouble = ? ORDER BY final_at LIMIT ?",
                            trouble, limit)));
  for (const auto& [id, size] : oldest) {
    if (kept <= cap) return false;
    TRY_VOID(remove_body(id, effects));
    kept -= size;
  }
  return kept > cap;
}

Result<bool> Writes::purge_trace(Time before, std::uint64_t size_cap, int limit) {
  TRY(const auto old, pairs(database_.query(
                          "SELECT id, final_at FROM message INDEXED BY message_done WHERE kept = 0"
                          " AND final_at IS NOT NULL AND final_at < ? ORDER BY final_at LIMIT ?",
                          before, limit)));
  for (const auto& [id, final_at] : old) {
    TRY_VOID(remove_message(id));
  }
  TRY(const auto verdicts,
      pairs(database_.query("SELECT id, time FROM verdict WHERE time < ? ORDER BY time LIMIT ?",
                            before, limit)));
  for (const auto& [id, time] : verdicts) {
    TRY_VOID(remove_verdict(id));
  }
  const auto slice = static_cast<std::size_t>(limit);
  if (old.size() == slice || verdicts.size() == slice) return true;
  if (size_cap == 0) return false;
  return shrink_trace(size_cap, limit);
}

Result<bool> Writes::shrink_trace(std::uint64_t size_cap, int limit) {
  const auto cap = static_cast<std::int64_t>(std::min<std::uint64_t>(size_cap, INT64_MAX));
  for (int i = 0; i < limit; ++i) {
    TRY(const std::int64_t total,
        database_.number(0, "SELECT value FROM total WHERE name = 'trace'"));
    if (total <= cap) return false;
    TRY(const auto message,
        pairs(
            database_.query("SELECT id, final_at FROM message INDEXED BY message_done"
                            " WHERE kept = 0 AND final_at IS NOT NULL ORDER BY final_at LIMIT 1")));
    TRY(const auto verdict,
        pairs(database_.query("SELECT id, time FROM verdict ORDER BY time LIMIT 1")));
    if (message.empty() && verdict.empty()) return false;  // all the rest is of live mail
    const bool verdict_first =
        message.empty() || (!verdict.empty() && verdict[0].second < message[0].second);
    if (verdict_first) {
      TRY_VOID(remove_verdict(verdict[0].first));
    } else {
      TRY_VOID(remove_message(message[0].first));
    }
  }
  return true;
}

Result<void> Writes::remove_message(std::int64_t message) {
  TRY(const std::int64_t octets,
      database_.number(0,
                       "SELECT SUM(? + LENGTH(CAST(event AS BLOB)) + LENGTH(CAST(data AS BLOB)))"
                       " FROM event WHERE message = ?",
                       kRowOctets, message));
  TRY_VOID(add_trace(-octets));
  TRY_VOID(database_.exec("DELETE FROM event WHERE message = ?", message));
  TRY_VOID(database_.exec("DELETE FROM recipient WHERE message = ?", message));
  return database_.exec("DELETE FROM message WHERE id = ?", message);
}

Result<void> Writes::remove_verdict(std::int64_t id) {
  TRY(const std::int64_t octets,
      database_.number(0,
                       "SELECT ? + LENGTH(CAST(json AS BLOB)) + LENGTH(CAST(evidence AS BLOB))"
                       " FROM verdict WHERE id = ?",
                       kRowOctets, id));
  TRY_VOID(add_trace(-octets));
  return database_.exec("DELETE FROM verdict WHERE id = ?", id);
}

Result<void> Writes::purge_destinations() {
  return database_.exec(
      "DELETE FROM destination WHERE pending = 0 AND held = 0 AND NOT EXISTS"
      " (SELECT 1 FROM recipient INDEXED BY recipient_queue WHERE destination = destination.id)");
}

Result<std::vector<Writes::Destination>> Writes::waiting_destinations() {
  Query query = database_.query("SELECT id, name FROM destination WHERE pending > 0 OR held > 0");
  std::vector<Destination> out;
  while (true) {
    TRY(const bool row, query.step());
    if (!row) return out;
    out.push_back({query.integer(0), query.text(1)});
  }
}

Result<std::vector<Writes::Waiting>> Writes::waiting(std::int64_t destination, Status status,
                                                     std::int64_t message, std::int64_t index,
                                                     int limit) {
  Query query = database_.query(
      "SELECT message, idx, domain FROM recipient INDEXED BY recipient_queue"
      " WHERE destination = ?1 AND status = ?2 AND message >= ?3 AND (message > ?3 OR idx > ?4)"
      " ORDER BY message, idx LIMIT ?5",
      destination, status, message, index, limit);
  std::vector<Waiting> out;
  while (true) {
    TRY(const bool row, query.step());
    if (!row) return out;
    out.push_back({query.integer(0), query.integer(1), query.text(2)});
  }
}

Result<void> Writes::move(const Waiting& recipient, Status status, const std::string& from,
                          const std::string& to, Effects& effects) {
  TRY(const std::int64_t old_key, destination(from));
  TRY(const std::int64_t new_key, destination(to));
  TRY_VOID(database_.exec("UPDATE recipient SET destination = ? WHERE message = ? AND idx = ?",
                          new_key, recipient.message, recipient.index));
  TRY_VOID(count(old_key, recipient.message, status, -1));
  TRY_VOID(count(new_key, recipient.message, status, 1));
  const MessageId id(static_cast<std::uint64_t>(recipient.message));
  effects.queue.moves.push_back({from, to, id});
  if (status == Status::pending) effects.queue.pending.push_back({to, id});
  return {};
}

}  // namespace postern::store::sqlite
