#include "store/sqlite/sqlite_store.h"

#include <filesystem>

#include "store/sqlite/schema.h"

namespace postern::store::sqlite {
namespace {

std::string folder_of_database(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}

Error read_only_error(const std::string& path) {
  return {store_errc::read_only, "store " + path};
}

}  // namespace

SqliteStore::SqliteStore(const std::string& path, const OpenOptions& options, SpaceProbe space)
    : path_(path),
      options_(options),
      folder_(folder_of_database(path)),
      space_(space ? std::move(space) : space_of(folder_of_database(path))),
      reader_(path) {}

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::string& path,
                                                       const OpenOptions& options,
                                                       SpaceProbe space) {
  std::unique_ptr<SqliteStore> store(new SqliteStore(path, options, std::move(space)));
  if (options.read_only) {
    if (!std::filesystem::exists(path)) return fail_errno(ENOENT, "store " + path);
    TRY(auto database, Database::open(path, Access::read_only));
    TRY_VOID(check_schema(*database));
  } else {
    TRY_VOID(store->start_writing());
  }
  return store;
}

Result<void> SqliteStore::start_writing() {
  TRY_VOID(create_database_file(path_));
  TRY(lock_, lock_store(path_));
  TRY_VOID(folder_.create());
  TRY(auto database, Database::open(path_, Access::read_write));
  TRY_VOID(migrate(*database));
  TRY_VOID(configure_writer(*database));
  TRY_VOID(folder_.remove_orphans([&database](const std::string& name) -> Result<bool> {
    TRY(const std::int64_t owned,
        database->number(0, "SELECT EXISTS(SELECT 1 FROM body WHERE file = ?)", name));
    return owned != 0;
  }));
  TRY(auto for_claims, Database::open(path_, Access::read_only));
  claims_ = std::make_unique<Claims>(std::move(for_claims));
  space_.measure();
  writer_ = std::make_unique<Writer>(std::move(database), folder_, *claims_, space_,
                                     options_.retain_delivered);
  return {};
}

Result<std::unique_ptr<BodyWriter>> SqliteStore::new_body(Use use) {
  if (!writer_) return std::unexpected(read_only_error(path_));
  if (space_.is_due(SpaceGauge::Clock::now())) writer_->measure_space();
  if (const std::uint64_t left = space_.known();
      use == Use::reception && left < options_.min_free_space) {
    return fail(store_errc::no_space,
                "store " + path_ + ": " + std::to_string(left) + " octets free, " +
                    std::to_string(options_.min_free_space) + " are kept free");
  }
  return std::unique_ptr<BodyWriter>(
      std::make_unique<StoredBodyWriter>(folder_, options_.body_memory));
}

void SqliteStore::submit(std::unique_ptr<Operation> operation) {
  if (writer_) {
    writer_->submit(std::move(operation));
  } else {
    operation->finish(std::unexpected(read_only_error(path_)));
  }
}

void SqliteStore::accept(NewMessage message, Done done) {
  if (writer_ && writer_->queued_octets() >= kMaxQueuedOctets) {
    submit(make_refusal({store_errc::busy, "store " + path_ + ": the disk is too slow"},
                        std::move(done)));
    return;
  }
  submit(make_accept(std::move(message), std::move(done)));
}

void SqliteStore::apply(Batch batch, Done done) {
  submit(make_apply(std::move(batch), std::move(done)));
}

Result<std::vector<StoredMessage>> SqliteStore::claim(const std::string& destination,
                                                      std::size_t limit) {
  if (!claims_) return std::unexpected(read_only_error(path_));
  return claims_->claim(destination, limit);
}

void SqliteStore::finish(const std::string& destination, MessageId message) {
  if (claims_) claims_->finish(destination, message);
}

bool SqliteStore::claim_one(const std::string& destination, MessageId message) {
  return claims_ && claims_->claim_one(destination, message);
}

bool SqliteStore::is_claimed(const std::string& destination, MessageId message) {
  return claims_ && claims_->is_claimed(destination, message);
}

Result<std::unique_ptr<BodyReader>> SqliteStore::open_body(MessageId id) {
  return reader_.open_body(folder_, id);
}
Result<std::vector<DestinationCount>> SqliteStore::destinations() {
  return reader_.destinations();
}
Result<std::optional<TracedMessage>> SqliteStore::message(MessageId id) {
  return reader_.message(id);
}
Result<std::vector<TracedMessage>> SqliteStore::trace(const TraceFilter& filter) {
  return reader_.trace(filter);
}
Result<std::vector<StoredMessage>> SqliteStore::pending(const std::string& destination,
                                                        std::size_t limit) {
  return reader_.pending(destination, limit);
}
Result<std::vector<StoredMessage>> SqliteStore::older_than(const std::string& destination,
                                                           Time before, bool not_notified,
                                                           MessageId after, std::size_t limit) {
  return reader_.older_than(destination, before, not_notified, after, limit);
}
Result<std::vector<StoredBlocker>> SqliteStore::blockers() {
  return reader_.blockers();
}
Result<std::optional<StoredVerdict>> SqliteStore::verdict(VerdictId id) {
  return reader_.verdict(id);
}
Result<std::vector<std::pair<std::string, std::string>>> SqliteStore::notes(
    std::string_view prefix) {
  return reader_.notes(prefix);
}

void SqliteStore::reroute(
    std::function<std::string(std::string_view domain, std::string_view old)> route, Done done) {
  submit(make_reroute(std::move(route), std::move(done)));
}
void SqliteStore::purge(Time now, const Retention& retention, Done done) {
  submit(make_purge(now, retention, std::move(done)));
}
std::uint64_t SqliteStore::free_space() {
  return space_.measure();
}

}  // namespace postern::store::sqlite
