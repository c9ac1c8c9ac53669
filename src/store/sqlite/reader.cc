#include "store/sqlite/reader.h"

#include "store/sqlite/bodies.h"
#include "store/sqlite/rows.h"

namespace postern::store::sqlite {
namespace {

constexpr std::size_t kMaxConnections = 8;

}  // namespace

class Reader::Snapshot {
 public:
  Snapshot(Reader& reader, std::unique_ptr<Database> database)
      : reader_(&reader), database_(std::move(database)) {}
  Snapshot(Snapshot&&) = default;
  ~Snapshot() {
    if (!database_) return;
    // A read transaction has nothing that COMMIT could lose.
    if (database_->in_transaction()) (void)database_->exec("COMMIT");
    reader_->give_back(std::move(database_));
  }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  Snapshot& operator=(Snapshot&&) = delete;
  Database& operator*() const { return *database_; }

 private:
  Reader* reader_;
  std::unique_ptr<Database> database_;
};

Result<Reader::Snapshot> Reader::snapshot() {
  std::unique_ptr<Database> database;
  {
    std::unique_lock lock(mutex_);
    free_.wait(lock, [this] { return !idle_.empty() || lent_ < kMaxConnections; });
    ++lent_;
    if (!idle_.empty()) {
      database = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!database) {
    auto opened = Database::open(path_, Access::read_only);
    if (!opened) {
      give_back(nullptr);
      return std::unexpected(opened.error());
    }
    database = std::move(*opened);
  }
  Snapshot out(*this, std::move(database));
  TRY_VOID((*out).exec("BEGIN"));
  return out;
}

void Reader::give_back(std::unique_ptr<Database> database) {
  {
    const std::scoped_lock lock(mutex_);
    --lent_;
    if (database) idle_.push_back(std::move(database));
  }
  free_.notify_one();
}

Result<std::unique_ptr<BodyReader>> Reader::open_body(const BodyFolder& folder, MessageId id) {
  TRY(const Snapshot on, snapshot());
  return open_stored_body(*on, folder, id);
}

Result<std::vector<DestinationCount>> Reader::destinations() {
  TRY(const Snapshot on, snapshot());
  // Counters, and one look into the index for the oldest: nothing here walks over the queue.
  Query query = (*on).query(
      "SELECT d.name, d.pending, d.held, d.messages,"
      " (SELECT arrival FROM message WHERE id = (SELECT MIN(message) FROM recipient"
      "   INDEXED BY recipient_queue WHERE destination = d.id AND status = 0)),"
      " (SELECT arrival FROM message WHERE id = (SELECT MIN(message) FROM recipient"
      "   INDEXED BY recipient_queue WHERE destination = d.id AND status = 1))"
      " FROM destination d WHERE d.pending > 0 OR d.held > 0 ORDER BY d.name");
  std::vector<DestinationCount> out;
  while (true) {
    TRY(const bool row, query.step());
    if (!row) return out;
    const Time oldest = query.is_null(4)   ? query.time(5)
                        : query.is_null(5) ? query.time(4)
                                           : std::min(query.time(4), query.time(5));
    out.push_back({query.text(0), static_cast<std::uint64_t>(query.integer(1)),
                   static_cast<std::uint64_t>(query.integer(2)),
                   static_cast<std::uint64_t>(query.integer(3)), oldest});
  }
}

Result<std::optional<TracedMessage>> Reader::message(MessageId id) {
  TRY(const Snapshot on, snapshot());
  return read_traced(*on, id);
}

Result<std::vector<TracedMessage>> Reader::trace(const TraceFilter& filter) {
  TRY(const Snapshot on, snapshot());
  return read_trace(*on, filter);
}

Result<std::vector<StoredMessage>> Reader::pending(const std::string& destination,
                                                   std::size_t limit) {
  return older_than(destination, Time::max(), false, MessageId(), limit);
}

Result<std::vector<StoredMessage>> Reader::older_than(const std::string& destination, Time before,
                                                      bool not_notified, MessageId after,
                                                      std::size_t limit) {
  TRY(const Snapshot on, snapshot());
  TRY(const std::int64_t key, destination_id(*on, destination));
  Query query = (*on).query(
      "SELECT r.message, m.arrival FROM recipient r INDEXED BY recipient_queue"
      " CROSS JOIN message m ON m.id = r.message"
      " WHERE r.destination = ? AND r.status = 0 AND r.message > ? AND r.notified <= ?"
      " ORDER BY r.message",
      key, after, not_notified ? 0 : 1);
  std::vector<StoredMessage> out;
  MessageId last;
  while (out.size() < limit) {
    TRY(const bool row, query.step());
    if (!row || query.time(1) >= before) return out;
    const MessageId id(static_cast<std::uint64_t>(query.integer(0)));
    if (std::exchange(last, id) == id) continue;  // one of its other recipients
    TRY(auto message, read_pending(*on, id, destination, not_notified));
    if (message) out.push_back(std::move(*message));
  }
  return out;
}

Result<std::vector<StoredBlocker>> Reader::blockers() {
  TRY(const Snapshot on, snapshot());
  Query query = (*on).query("SELECT id, destination, json FROM blocker ORDER BY id");
  std::vector<StoredBlocker> out;
  while (true) {
    TRY(const bool row, query.step());
    if (!row) return out;
    out.push_back(
        {BlockerId(static_cast<std::uint64_t>(query.integer(0))), query.text(1), query.text(2)});
  }
}

Result<std::optional<StoredVerdict>> Reader::verdict(VerdictId id) {
  TRY(const Snapshot on, snapshot());
  Query query = (*on).query("SELECT time, json, evidence FROM verdict WHERE id = ?", id);
  TRY(const bool row, query.step());
  if (!row) return std::optional<StoredVerdict>();
  return std::optional<StoredVerdict>(
      StoredVerdict{id, query.time(0), query.text(1), query.text(2)});
}

Result<std::vector<std::pair<std::string, std::string>>> Reader::notes(std::string_view prefix) {
  TRY(const Snapshot on, snapshot());
  Query query = (*on).query("SELECT name, value FROM note WHERE name >= ? ORDER BY name", prefix);
  std::vector<std::pair<std::string, std::string>> out;
  while (true) {
    TRY(const bool row, query.step());
    if (!row) return out;
    std::string name = query.text(0);
    if (!name.starts_with(prefix)) return out;
    out.emplace_back(std::move(name), query.text(1));
  }
}

}  // namespace postern::store::sqlite
