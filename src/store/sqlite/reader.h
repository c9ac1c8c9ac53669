// Reads: a few connections, each lent to one caller at a time with one snapshot for all he asks.
#pragma once

#include <condition_variable>
#include <mutex>

#include "store/sqlite/database.h"
#include "store/sqlite/files.h"

namespace postern::store::sqlite {

class Reader {
 public:
  explicit Reader(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] Result<std::unique_ptr<BodyReader>> open_body(const BodyFolder& folder,
                                                              MessageId id);
  [[nodiscard]] Result<std::vector<DestinationCount>> destinations();
  [[nodiscard]] Result<std::optional<TracedMessage>> message(MessageId id);
  [[nodiscard]] Result<std::vector<TracedMessage>> trace(const TraceFilter& filter);
  [[nodiscard]] Result<std::vector<StoredMessage>> pending(const std::string& destination,
                                                           std::size_t limit);
  [[nodiscard]] Result<std::vector<StoredMessage>> older_than(const std::string& destination,
                                                              Time before, bool not_notified,
                                                              MessageId after, std::size_t limit);
  [[nodiscard]] Result<std::vector<StoredBlocker>> blockers();
  [[nodiscard]] Result<std::optional<StoredVerdict>> verdict(VerdictId id);
  [[nodiscard]] Result<std::vector<std::pair<std::string, std::string>>> notes(
      std::string_view prefix);

 private:
  class Snapshot;  // a connection on loan, inside a read transaction
  Result<Snapshot> snapshot();
  void give_back(std::unique_ptr<Database> database);

  std::string path_;
  std::mutex mutex_;
  std::condition_variable free_;
  std::vector<std::unique_ptr<Database>> idle_;
  std::size_t lent_ = 0;
};

// trace.cc
[[nodiscard]] Result<std::optional<TracedMessage>> read_traced(Database& database, MessageId id);
[[nodiscard]] Result<std::vector<TracedMessage>> read_trace(Database& database,
                                                            const TraceFilter& filter);

}  // namespace postern::store::sqlite
