#include "verdict/json_reader.h"

#include <limits>

#include "base/text.h"

namespace postern::verdict {

Result<JsonReader> JsonReader::of(const Json& json, std::string_view what) {
  if (!json.is_object()) return invalid(std::string(what) + " is no JSON object");
  return JsonReader(json, what);
}

std::unexpected<Error> JsonReader::wrong(std::string_view name, std::string_view why) const {
  return invalid(std::string(what_) + ": '" + std::string(name) + "' " + std::string(why));
}

const Json* JsonReader::member(std::string_view name) const {
  const auto found = json_->find(name);
  return found == json_->end() || found->is_null() ? nullptr : &*found;
}

Result<void> JsonReader::read(std::string_view name, std::string& out) const {
  const Json* const value = member(name);
  if (value == nullptr) return {};
  if (!value->is_string()) return wrong(name, "is no string");
  out = value->get_ref<const std::string&>();
  return {};
}

Result<void> JsonReader::read(std::string_view name, bool& out) const {
  std::optional<bool> value;
  TRY_VOID(read(name, value));
  if (value) out = *value;
  return {};
}

Result<void> JsonReader::read(std::string_view name, std::optional<bool>& out) const {
  const Json* const value = member(name);
  if (value == nullptr) return {};
  if (!value->is_boolean()) return wrong(name, "is neither true nor false");
  out = value->get<bool>();
  return {};
}

Result<void> JsonReader::read(std::string_view name, std::optional<int>& out) const {
  if (member(name) == nullptr) return {};
  std::uint64_t value = 0;
  TRY_VOID(read_number(name, value, std::numeric_limits<int>::max()));
  out = static_cast<int>(value);
  return {};
}

Result<void> JsonReader::read(std::string_view name, Time& out) const {
  std::string text;
  TRY_VOID(read(name, text));
  if (text.empty()) return {};
  const Result<Time> time = parse_rfc3339(text);
  if (!time) return wrong(name, time.error().detail());
  out = *time;
  return {};
}

Result<const Json*> JsonReader::list_of(std::string_view name, std::size_t max) const {
  const Json* const value = member(name);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) return wrong(name, "is no list");
  if (value->size() > max) return wrong(name, "has more than " + std::to_string(max) + " entries");
  return value;
}

Result<void> JsonReader::read(std::string_view name, std::vector<std::string>& out,
                              std::size_t max) const {
  TRY(const Json* const list, list_of(name, max));
  if (list == nullptr) return {};
  out.clear();
  for (const Json& entry : *list) {
    if (!entry.is_string()) return wrong(name, "holds something other than strings");
    out.push_back(entry.get<std::string>());
  }
  return {};
}

Result<void> JsonReader::read_number(std::string_view name, std::uint64_t& out,
                                     std::uint64_t max) const {
  const Json* const value = member(name);
  if (value == nullptr) return {};
  // The library keeps numbers that were written in code as signed ones.
  const bool natural = value->is_number_unsigned() ||
                       (value->is_number_integer() && value->get<std::int64_t>() >= 0);
  if (!natural || value->get<std::uint64_t>() > max) {
    return wrong(name, "is no number from 0 to " + std::to_string(max));
  }
  out = value->get<std::uint64_t>();
  return {};
}

Result<void> JsonReader::read_octets(std::string_view name, std::string& out) const {
  std::string text;
  TRY_VOID(read(name, text));
  std::optional<std::string> octets = from_base64(text);
  if (!octets) return wrong(name, "is no base64");
  out = *std::move(octets);
  return {};
}

}  // namespace postern::verdict
