// SQLite as values and Results: a connection, and one run of a prepared statement. Statements are
// prepared once per connection. Not thread-safe: one connection belongs to one thread at a time.
// The only files that see sqlite3.h are the .cc files of this folder.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/result.h"
#include "store/store.h"

struct sqlite3;
struct sqlite3_stmt;

namespace postern::store::sqlite {

// Octets that are stored as they are; they must live until the statement was run.
struct Blob {
  std::string_view octets;
};

class Database;

// One run of a statement: bound when made, reset when destroyed. A failed preparation or binding
// comes out of step().
class Query {
 public:
  Query(Database& database, sqlite3_stmt* statement);
  ~Query();
  Query(Query&& other) noexcept;
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  Query& operator=(Query&&) = delete;

  // True: a row is there. False: the end.
  [[nodiscard]] Result<bool> step();

  // The next parameter, for statements whose number of parameters is not fixed.
  template <class T>
  void bind(const T& value) {
    bind_value(value);
  }

  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string text(int column) const;  // text and blob alike
  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] Time time(int column) const { return Time(Duration(integer(column))); }

 private:
  friend class Database;
  void bind_integer(std::int64_t value);
  void bind_value(std::string_view text);  // copied
  void bind_value(Blob blob);              // not copied
  void bind_value(std::nullptr_t);
  void bind_value(Time t) { bind_integer(t.time_since_epoch().count()); }
  template <std::integral T>
  void bind_value(T value) {
    bind_integer(static_cast<std::int64_t>(value));
  }
  template <class Tag>
  void bind_value(Id<Tag> id) {
    bind_integer(static_cast<std::int64_t>(id.value()));
  }
  template <class T>
    requires std::is_enum_v<T>
  void bind_value(T value) {
    bind_integer(static_cast<std::int64_t>(value));
  }

  Database* database_;
  sqlite3_stmt* statement_;  // null: preparation failed
  int bound_ = 0;
  int bind_error_ = 0;
};

enum class Access { read_write, read_only };

class Database {
 public:
  // Opens an existing file. Errors: of the disk, corrupt.
  [[nodiscard]] static Result<std::unique_ptr<Database>> open(const std::string& path,
                                                              Access access);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // `sql` is a literal of the program, never text of a peer.
  template <class... Args>
  [[nodiscard]] Query query(std::string_view sql, const Args&... args) {
    Query query(*this, prepare(sql));
    (query.bind_value(args), ...);
    return query;
  }
  // Runs to the end, rows ignored.
  template <class... Args>
  [[nodiscard]] Result<void> exec(std::string_view sql, const Args&... args) {
    Query run = query(sql, args...);
    return run_to_end(run);
  }
  // The first column of the first row; `otherwise` where there is none.
  template <class... Args>
  [[nodiscard]] Result<std::int64_t> number(std::int64_t otherwise, std::string_view sql,
                                            const Args&... args) {
    Query run = query(sql, args...);
    TRY(const bool row, run.step());
    return row ? run.integer(0) : otherwise;
  }
  // Several statements that are run once, without parameters (schema, settings).
  [[nodiscard]] Result<void> script(const std::string& sql);

  [[nodiscard]] std::int64_t changes() const;  // rows touched by the last statement
  [[nodiscard]] bool in_transaction() const;   // false also after SQLite rolled back by itself
  [[nodiscard]] Error last_error(std::string_view what) const;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit Database(std::string path) : path_(std::move(path)) {}
  sqlite3_stmt* prepare(std::string_view sql);
  static Result<void> run_to_end(Query& query);

  std::string path_;
  sqlite3* handle_ = nullptr;
  std::unordered_map<std::string_view, sqlite3_stmt*> statements_;
};

}  // namespace postern::store::sqlite
