// A TOML document as plain values with their place in the file. toml.cc alone knows the TOML
// library; the rest of this module works on these.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace postern::config {

constexpr std::size_t kMaxConfigOctets = 4 << 20;

struct Place {
  int line = 0, column = 0;
  bool operator==(const Place&) const = default;
};

struct Entry;

struct Value {
  enum class Kind { string, integer, floating, boolean, time, local_time, array, table };
  Kind kind = Kind::table;
  Place place;
  std::string text;  // string
  std::int64_t integer = 0;
  bool boolean = false;
  Time time{};  // an offset date-time; a local one has no meaning for a server
  std::vector<Value> items;
  std::vector<Entry> entries;  // of a table, in the order of the file

  [[nodiscard]] const Value* find(std::string_view key) const;  // of a table; nullptr: not there
};

struct Entry {
  std::string key;
  Place place;  // of the key
  Value value;
};

// "a string", "an integer", ...: completes "must be ..., not ...".
[[nodiscard]] std::string_view describe(Value::Kind kind);

struct SyntaxError {
  Place place;
  std::string message;
};

// The whole document, or the first place where it is no TOML (a duplicate key counts as such).
struct Document {
  Value root;
  std::vector<SyntaxError> errors;
};
[[nodiscard]] Document parse_toml(std::string_view text);

}  // namespace postern::config
