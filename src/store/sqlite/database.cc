#include "store/sqlite/database.h"

#include <cerrno>
#include <limits>

#include <sqlite3.h>

namespace postern::store::sqlite {
namespace {

constexpr int kBusyTimeoutMs = 5000;  // readers wait for the recovery of a log, nothing longer

std::error_code code_of(int extended, int system_errno) {
  const int primary = extended & 0xff;
  if (primary == SQLITE_FULL || system_errno == ENOSPC || system_errno == EDQUOT) {
    return store_errc::no_space;
  }
  if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB) return store_errc::corrupt;
  if (primary == SQLITE_BUSY || primary == SQLITE_LOCKED) return store_errc::busy;
  if (primary == SQLITE_READONLY) return store_errc::read_only;
  if (system_errno != 0) return {system_errno, std::generic_category()};
  return std::make_error_code(std::errc::io_error);
}

}  // namespace

Query::Query(Database& database, sqlite3_stmt* statement)
    : database_(&database), statement_(statement) {}

Query::Query(Query&& other) noexcept
    : database_(other.database_),
      statement_(std::exchange(other.statement_, nullptr)),
      bound_(other.bound_),
      bind_error_(other.bind_error_) {}

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Result<bool> Query::step() {
  if (statement_ == nullptr || bind_error_ != 0) {
    return std::unexpected(database_->last_error("prepare a statement"));
  }
  const int rc = sqlite3_step(statement_);
  if (rc == SQLITE_ROW) return true;
  if (rc == SQLITE_DONE) return false;
  return std::unexpected(database_->last_error(sqlite3_sql(statement_)));
}

void Query::bind_integer(std::int64_t value) {
  if (statement_ == nullptr) return;
  bind_error_ |= sqlite3_bind_int64(statement_, ++bound_, value);
}
void Query::bind_value(std::string_view text) {
  if (statement_ == nullptr) return;
  const char* data = text.data() == nullptr ? "" : text.data();  // a null pointer would bind NULL
  bind_error_ |=
      sqlite3_bind_text64(statement_, ++bound_, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}
void Query::bind_value(Blob blob) {
  if (statement_ == nullptr) return;
  const char* data = blob.octets.data() == nullptr ? "" : blob.octets.data();
  bind_error_ |= sqlite3_bind_blob64(statement_, ++bound_, data, blob.octets.size(), SQLITE_STATIC);
}
void Query::bind_value(std::nullptr_t) {
  if (statement_ == nullptr) return;
  bind_error_ |= sqlite3_bind_null(statement_, ++bound_);
}

std::int64_t Query::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}
std::string Query::text(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (data == nullptr || size <= 0) return {};
  return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}
bool Query::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path, Access access) {
  std::unique_ptr<Database> database(new Database(path));
  // A connection is handed from thread to thread but used by one at a time: no mutex of SQLite's.
  const int flags = (access == Access::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (sqlite3_open_v2(path.c_str(), &database->handle_, flags, nullptr) != SQLITE_OK) {
    return std::unexpected(database->last_error("open"));
  }
  sqlite3_busy_timeout(database->handle_, kBusyTimeoutMs);
  return database;
}

Database::~Database() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

sqlite3_stmt* Database::prepare(std::string_view sql) {
  if (const auto it = statements_.find(sql); it != statements_.end()) return it->second;
  sqlite3_stmt* statement = nullptr;
  const int rc = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                    SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (rc != SQLITE_OK) return nullptr;
  // The key is SQLite's own copy of the text: it lives as long as the statement.
  statements_.emplace(std::string_view(sqlite3_sql(statement)), statement);
  return statement;
}

Result<void> Database::run_to_end(Query& query) {
  while (true) {
    TRY(const bool row, query.step());
    if (!row) return {};
  }
}

Result<void> Database::script(const std::string& sql) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return std::unexpected(last_error(sql));
  }
  return {};
}

std::int64_t Database::changes() const {
  return sqlite3_changes64(handle_);
}
bool Database::in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}

Error Database::last_error(std::string_view what) const {
  if (handle_ == nullptr) {
    return {std::make_error_code(std::errc::not_enough_memory), "store " + path_};
  }
  const int extended = sqlite3_extended_errcode(handle_);
  const int primary = extended & 0xff;
  // The errno of the last failed system call is only of this failure where SQLite blames the disk.
  const bool of_system =
      primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN || primary == SQLITE_FULL;
  const int system_errno = of_system ? sqlite3_system_errno(handle_) : 0;
  std::string detail = "store " + path_ + ": " + sqlite3_errmsg(handle_) + " (SQLite " +
                       std::to_string(extended) + ") at \"" +
                       std::string(what.substr(0, what.find('\n'))) + "\"";
  return {code_of(extended, system_errno), std::move(detail)};
}

}  // namespace postern::store::sqlite
