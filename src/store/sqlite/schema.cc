#include "store/sqlite/schema.h"

#include <array>

#include "base/log.h"

namespace postern::store::sqlite {
namespace {

constexpr std::int64_t kApplicationId = 0x50535452;  // "PSTR", in the file's header

// message.id is the MessageId; order of ids is order of arrival. Times are ms since 1970. Addresses
// are kept split as they came, and once more as lookup key "domain@local" in lower case: one index
// serves the address (equal) and the domain (prefix).
// message.open: recipients pending or held. final_at: when it became 0. trouble: one of them failed
// or expired. kept: the body is there.
// destination holds the counters that lists show, so that nobody counts a million rows.
// body.file: name below bodies/ where the octets are not in the row.
constexpr std::string_view kVersion1 = R"sql(
CREATE TABLE schema(version INTEGER PRIMARY KEY, program TEXT NOT NULL);
CREATE TABLE message(
  id INTEGER PRIMARY KEY, sender_local TEXT NOT NULL, sender_domain TEXT NOT NULL,
  sender_key TEXT NOT NULL, body INTEGER NOT NULL, smtputf8 INTEGER NOT NULL, ret INTEGER NOT NULL,
  envid TEXT NOT NULL, size INTEGER NOT NULL, arrival INTEGER NOT NULL, message_id TEXT NOT NULL,
  subject TEXT NOT NULL, auto_submitted INTEGER NOT NULL, list_mail INTEGER NOT NULL,
  notify_sender INTEGER NOT NULL, connector TEXT NOT NULL, client TEXT NOT NULL,
  expire_at TEXT NOT NULL, open INTEGER NOT NULL, final_at INTEGER, trouble INTEGER NOT NULL,
  kept INTEGER NOT NULL);
CREATE INDEX message_arrival ON message(arrival);
CREATE INDEX message_message_id ON message(message_id);
CREATE INDEX message_sender ON message(sender_key);
CREATE INDEX message_kept ON message(trouble, final_at, size) WHERE kept = 1 AND final_at IS NOT NULL;
CREATE INDEX message_done ON message(final_at) WHERE kept = 0 AND final_at IS NOT NULL;
CREATE TABLE destination(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, pending INTEGER NOT NULL DEFAULT 0,
  held INTEGER NOT NULL DEFAULT 0, messages INTEGER NOT NULL DEFAULT 0);
CREATE TABLE recipient(
  message INTEGER NOT NULL, idx INTEGER NOT NULL, local TEXT NOT NULL, domain TEXT NOT NULL,
  address_key TEXT NOT NULL, notify INTEGER NOT NULL, orcpt TEXT NOT NULL,
  destination INTEGER NOT NULL, status INTEGER NOT NULL, code TEXT NOT NULL,
  last_error TEXT NOT NULL, changed INTEGER NOT NULL, notified INTEGER NOT NULL,
  PRIMARY KEY(message, idx)) WITHOUT ROWID;
CREATE INDEX recipient_queue ON recipient(destination, status, message, idx, notified);
CREATE INDEX recipient_address ON recipient(address_key);
CREATE TABLE body(
  message INTEGER PRIMARY KEY, file TEXT, size INTEGER NOT NULL, prefix BLOB NOT NULL, octets BLOB);
CREATE INDEX body_file ON body(file) WHERE file IS NOT NULL;
CREATE TABLE event(
  id INTEGER PRIMARY KEY, message INTEGER NOT NULL, recipient INTEGER NOT NULL,
  time INTEGER NOT NULL, event TEXT NOT NULL, data TEXT NOT NULL);
CREATE INDEX event_message ON event(message);
CREATE TABLE verdict(
  id INTEGER PRIMARY KEY, time INTEGER NOT NULL, json TEXT NOT NULL, evidence TEXT NOT NULL);
CREATE INDEX verdict_time ON verdict(time);
CREATE TABLE blocker(id INTEGER PRIMARY KEY, destination TEXT NOT NULL, json TEXT NOT NULL);
CREATE TABLE note(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE total(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO total VALUES('trace', 0), ('fence', 0);
)sql";

struct Migration {
  std::int64_t version;
  std::string_view program;  // the first version of the program that knows it
  std::string_view sql;
};
constexpr std::array kMigrations{Migration{1, "0.1.0", kVersion1}};
constexpr std::int64_t kSchemaVersion = kMigrations.back().version;

constexpr log::Event kMigrated{3001, log::Level::info, "store.migrate"};

// The version of the database; 0 for an empty one.
Result<std::int64_t> read_version(Database& database) {
  TRY(const std::int64_t version, database.number(0, "PRAGMA user_version"));
  TRY(const std::int64_t application, database.number(0, "PRAGMA application_id"));
  TRY(const std::int64_t tables, database.number(0, "SELECT COUNT(*) FROM sqlite_master"));
  const bool ours = application == kApplicationId;
  if (!ours && (tables != 0 || version != 0)) {
    return fail(
        store_errc::corrupt,
        database.path() + " is an SQLite database, but no store of Postern; name another file");
  }
  if (version <= kSchemaVersion) return version;
  Query query = database.query("SELECT program FROM schema ORDER BY version DESC LIMIT 1");
  TRY(const bool row, query.step());
  return fail(store_errc::newer_schema,
              database.path() + " has schema " + std::to_string(version) + ", this program knows " +
                  std::to_string(kSchemaVersion) + "; it needs postern " +
                  (row ? query.text(0) : std::string("of a newer version")) + " or later");
}

Result<void> run_migration(Database& database, const Migration& migration) {
  TRY_VOID(database.script(std::string(migration.sql)));
  TRY_VOID(database.exec("INSERT INTO schema VALUES(?, ?)", migration.version, migration.program));
  return database.script("PRAGMA application_id = " + std::to_string(kApplicationId) +
                         "; PRAGMA user_version = " + std::to_string(migration.version));
}

}  // namespace

Result<void> migrate(Database& database) {
  TRY(const std::int64_t found, read_version(database));
  for (const Migration& migration : kMigrations) {
    if (migration.version <= found) continue;
    TRY_VOID(database.script("BEGIN IMMEDIATE"));
    auto result = run_migration(database, migration);
    if (result) result = database.script("COMMIT");
    if (!result) {
      if (database.in_transaction()) (void)database.script("ROLLBACK");
      return result;
    }
    if (found != 0) {
      log::write(kMigrated, {{"store", database.path()},
                             {"from", std::to_string(found)},
                             {"to", std::to_string(migration.version)}});
    }
  }
  return {};
}

Result<void> check_schema(Database& database) {
  TRY(const std::int64_t found, read_version(database));
  if (found == kSchemaVersion) return {};
  return fail(store_errc::older_schema, database.path() + " has schema " + std::to_string(found) +
                                            ", this program needs " +
                                            std::to_string(kSchemaVersion) +
                                            "; start the gateway once, it migrates the store");
}

Result<void> configure_writer(Database& database) {
  // WAL with FULL: every commit syncs the log, and nothing else, before it returns. Checkpoints
  // every 16 MiB; the log is cut back to 64 MiB after a burst.
  return database.script(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;"
      "PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -32768; PRAGMA temp_store = "
      "MEMORY");
}

}  // namespace postern::store::sqlite
