// The embedded store: one folder with the database, its lock and bodies/.
#pragma once

#include "store/sqlite/claims.h"
#include "store/sqlite/files.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/space.h"
#include "store/sqlite/writer.h"

namespace postern::store::sqlite {

class SqliteStore final : public Store {
 public:
  // `space`: in place of what the file system of `path` says.
  [[nodiscard]] static Result<std::unique_ptr<SqliteStore>> open(const std::string& path,
                                                                 const OpenOptions& options,
                                                                 SpaceProbe space = {});

  Result<std::unique_ptr<BodyWriter>> new_body(Use use) override;
  void accept(NewMessage message, Done done) override;
  void apply(Batch batch, Done done) override;
  Result<std::vector<StoredMessage>> claim(const std::string& destination,
                                           std::size_t limit) override;
  void finish(const std::string& destination, MessageId message) override;
  [[nodiscard]] bool claim_one(const std::string& destination, MessageId message) override;
  [[nodiscard]] bool is_claimed(const std::string& destination, MessageId message) override;
  Result<std::unique_ptr<BodyReader>> open_body(MessageId id) override;
  Result<std::vector<DestinationCount>> destinations() override;
  Result<std::optional<TracedMessage>> message(MessageId id) override;
  Result<std::vector<TracedMessage>> trace(const TraceFilter& filter) override;
  Result<std::vector<StoredMessage>> pending(const std::string& destination,
                                             std::size_t limit) override;
  Result<std::vector<StoredMessage>> older_than(const std::string& destination, Time before,
                                                bool not_notified, MessageId after,
                                                std::size_t limit) override;
  Result<std::vector<StoredBlocker>> blockers() override;
  Result<std::optional<StoredVerdict>> verdict(VerdictId id) override;
  Result<std::vector<std::pair<std::string, std::string>>> notes(std::string_view prefix) override;
  void reroute(std::function<std::string(std::string_view domain, std::string_view old)> route,
               Done done) override;
  void purge(Time now, const Retention& retention, Done done) override;
  std::uint64_t free_space() override;

  // Groups committed since the store was opened.
  [[nodiscard]] std::uint64_t commits() const { return writer_ ? writer_->commits() : 0; }

 private:
  SqliteStore(const std::string& path, const OpenOptions& options, SpaceProbe space);
  Result<void> start_writing();
  void submit(std::unique_ptr<Operation> operation);

  std::string path_;
  OpenOptions options_;
  File lock_;
  BodyFolder folder_;
  SpaceGauge space_;
  Reader reader_;
  std::unique_ptr<Claims> claims_;
  std::unique_ptr<Writer> writer_;  // last: destroyed first; null when read-only
};

}  // namespace postern::store::sqlite
