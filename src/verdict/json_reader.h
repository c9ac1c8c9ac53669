// Reads the members of a JSON object that may come from anywhere. A member that is absent keeps the
// default; one of the wrong kind is an error that names it. Private to this module.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace postern::verdict {

class JsonReader {
 public:
  // Errors: invalid, where `json` is no object. `json` outlives the reader.
  [[nodiscard]] static Result<JsonReader> of(const Json& json, std::string_view what);

  // nullptr: absent or null.
  [[nodiscard]] const Json* member(std::string_view name) const;
  [[nodiscard]] Result<void> read(std::string_view name, std::string& out) const;
  [[nodiscard]] Result<void> read(std::string_view name, bool& out) const;
  [[nodiscard]] Result<void> read(std::string_view name, std::optional<bool>& out) const;
  [[nodiscard]] Result<void> read(std::string_view name, std::optional<int>& out) const;
  [[nodiscard]] Result<void> read(std::string_view name, Time& out) const;
  [[nodiscard]] Result<void> read(std::string_view name, std::vector<std::string>& out,
                                  std::size_t max) const;
  [[nodiscard]] Result<void> read_number(std::string_view name, std::uint64_t& out,
                                         std::uint64_t max) const;
  // Base64 in the JSON, octets in `out`.
  [[nodiscard]] Result<void> read_octets(std::string_view name, std::string& out) const;

  template <class E>
  [[nodiscard]] Result<void> read(std::string_view name, E& out,
                                  std::optional<E> (*parse)(std::string_view)) const {
    std::string word;
    TRY_VOID(read(name, word));
    if (word.empty()) return {};
    const std::optional<E> value = parse(word);
    if (!value) return wrong(name, "is not one of its words");
    out = *value;
    return {};
  }

  [[nodiscard]] std::unexpected<Error> wrong(std::string_view name, std::string_view why) const;

 private:
  JsonReader(const Json& json, std::string_view what) : json_(&json), what_(what) {}
  const Json* json_;
  std::string_view what_;
};

}  // namespace postern::verdict
