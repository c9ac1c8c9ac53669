// Text for people: colour only where a terminal reads, times in UTC with how long ago, tables, and
// careful reading of JSON (what is missing or of another kind is shown as nothing, never an error).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json_fwd.h"

namespace postern::cli {

struct Style {
  bool colour = false;
  Time now{};

  [[nodiscard]] std::string bold(std::string_view text) const;
  [[nodiscard]] std::string red(std::string_view text) const;
  [[nodiscard]] std::string yellow(std::string_view text) const;
  [[nodiscard]] std::string green(std::string_view text) const;
  [[nodiscard]] std::string dim(std::string_view text) const;
};

[[nodiscard]] std::string when(Time t);                       // "2026-11-21 02:20:00 UTC"
[[nodiscard]] std::string since(const Style& style, Time t);  // "..., 12 min ago"
[[nodiscard]] std::string until(const Style& style, Time t);  // "in 5 s", "now"
[[nodiscard]] std::string size_words(std::uint64_t octets);   // "4 KiB"
[[nodiscard]] std::string count_of(std::uint64_t n, std::string_view singular);  // "3 messages"

// Octets of the network and of files: printable before they reach a terminal.
[[nodiscard]] std::string text_of(const Json& object, const char* name);
[[nodiscard]] std::uint64_t number_of(const Json& object, const char* name);
[[nodiscard]] std::optional<Time> time_of(const Json& object, const char* name);
[[nodiscard]] std::optional<bool> flag_of(const Json& object, const char* name);
// The array or object of that name; an empty one where there is none.
[[nodiscard]] const Json& list_of(const Json& object, const char* name);
[[nodiscard]] const Json& object_of(const Json& object, const char* name);

// "the server's (theirs: it is cured there)".
[[nodiscard]] std::string fault_words(const Json& verdict);

// Columns as wide as their widest cell, two blanks between, nothing after the last. Cells count
// code points, so colour belongs on whole lines.
class Table {
 public:
  explicit Table(std::vector<std::string> head) : rows_{std::move(head)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  // Lines that follow the last row as they stand.
  void add_note(std::string line) { notes_.emplace_back(rows_.size(), std::move(line)); }
  [[nodiscard]] std::string str(const Style& style, std::string_view indent = "") const;

 private:
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::pair<std::size_t, std::string>> notes_;
};

// Words broken at blanks so that lines stay within kLineColumns; each starts with `indent`.
constexpr std::size_t kLineColumns = 100;
[[nodiscard]] std::string wrapped(std::string_view text, std::string_view first,
                                  std::string_view indent);

}  // namespace postern::cli
