// ConvertTo-Json: one object or an array of them. Values that are objects themselves are taken by
// the member that says what they are, as ConvertTo-Json writes them ("value", "Name", "Domain").
#include "base/json.h"
#include "base/text.h"
#include "explain/readers.h"

namespace postern::explain {
namespace {

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>();
  if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
  if (value.is_null()) return {};
  if (value.is_object()) {
    for (const char* member :
         {"value", "Value", "Name", "Domain", "Address", "DistinguishedName"}) {
      const auto it = value.find(member);
      if (it != value.end() && !it->is_structured()) return text_of(*it);
    }
    return {};
  }
  return dump_json(value);
}

Property property_of(const std::string& name, const Json& value, int line) {
  Property out;
  out.name = name;
  out.first_line = out.last_line = line;
  if (value.is_array()) {
    std::vector<std::string> items;
    for (const Json& item : value) {
      if (items.size() > kMaxExportItems) break;
      items.push_back(text_of(item));
    }
    set_list(out, std::move(items));
  } else {
    out.text = text_of(value);
    out.lost = value.is_object() && out.text.empty();
    if (!out.text.empty()) out.items = {out.text};
  }
  return out;
}

// The lines on which the objects of the outermost level begin.
std::vector<int> lines_of_objects(std::string_view text) {
  std::vector<int> out;
  int line = 1;
  int depth = 0;
  bool in_string = false;
  const int outer = trim(text).starts_with('[') ? 1 : 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') ++line;
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (c == '{' && depth == outer) out.push_back(line);
      ++depth;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return out;
}

CmdletObject object_of(const Json& value, int line) {
  CmdletObject out;
  for (const auto& [name, member] : value.items())
    (void)add_property(out, property_of(name, member, line));
  return out;
}

}  // namespace

std::optional<ReadObjects> read_json_export(std::string_view text) {
  const std::string_view start = trim(text);
  if (!start.starts_with('{') && !start.starts_with('[')) return std::nullopt;
  const Result<Json> json = parse_json(text);
  if (!json) return std::nullopt;
  ReadObjects out;
  out.format = ExportFormat::json;
  if (json->is_object()) {
    add_object(out, object_of(*json, lines_of_objects(text).front()));
    return out;
  }
  const std::vector<int> lines = lines_of_objects(text);
  std::size_t index = 0;
  for (const Json& one : *json) {
    if (!one.is_object()) continue;
    add_object(out, object_of(one, index < lines.size() ? lines[index] : 1));
    ++index;
  }
  return out;
}

}  // namespace postern::explain
