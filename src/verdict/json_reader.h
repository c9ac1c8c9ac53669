// Reads the members of a JSON object that may come from anywhere. A member that is absent keeps the
// default; one of the wrong kind is an error that names it. Private to this module.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
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

  // A member that is an object, by `read_it`; absent leaves `out`.
  template <class Out, class Part>
  [[nodiscard]] Result<void> read_part(std::string_view name, Out& out,
                                       Result<Part> (*read_it)(const JsonReader&)) const {
    const Json* const value = member(name);
    if (value == nullptr) return {};
    TRY(const JsonReader part, of(*value, name));
    TRY(out, read_it(part));
    return {};
  }
  // A list of such objects.
  template <class Part>
  [[nodiscard]] Result<void> read_parts(std::string_view name, std::vector<Part>& out,
                                        std::size_t max,
                                        Result<Part> (*read_it)(const JsonReader&)) const {
    TRY(const Json* const list, list_of(name, max));
    if (list == nullptr) return {};
    for (const Json& entry : *list) {
      TRY(const JsonReader reader, of(entry, name));
      TRY(Part part, read_it(reader));
      out.push_back(std::move(part));
    }
    return {};
  }
  // A list of words with a form: `what` names it.
  template <class Entry>
  [[nodiscard]] Result<void> read_words(std::string_view name, std::vector<Entry>& out,
                                        std::size_t max,
                                        std::optional<Entry> (*parse)(std::string_view),
                                        std::string_view what) const {
    std::vector<std::string> words;
    TRY_VOID(read(name, words, max));
    for (const std::string& word : words) {
      std::optional<Entry> entry = parse(word);
      if (!entry) return wrong(name, "holds something that is no " + std::string(what));
      out.push_back(*std::move(entry));
    }
    return {};
  }

  [[nodiscard]] std::unexpected<Error> wrong(std::string_view name, std::string_view why) const;

 private:
  JsonReader(const Json& json, std::string_view what) : json_(&json), what_(what) {}
  // nullptr: absent or null.
  [[nodiscard]] Result<const Json*> list_of(std::string_view name, std::size_t max) const;
  const Json* json_;
  std::string_view what_;
};

}  // namespace postern::verdict
