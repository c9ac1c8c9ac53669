// The database's tables, and how an older database becomes the present one.
// user_version holds the schema's version; table `schema` the program that brought each one, so
// that an older program can say which one it takes.
#pragma once

#include "store/sqlite/database.h"

namespace postern::store::sqlite {

// Creates or migrates. Errors: newer_schema, corrupt (no store of Postern), the disk's.
[[nodiscard]] Result<void> migrate(Database& database);
// For readers: the version must be the present one. Errors: older_schema and those of migrate.
[[nodiscard]] Result<void> check_schema(Database& database);
// What every writing connection sets.
[[nodiscard]] Result<void> configure_writer(Database& database);

}  // namespace postern::store::sqlite
