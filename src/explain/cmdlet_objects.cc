#include "explain/cmdlet_objects.h"

#include <algorithm>

#include "base/text.h"
#include "base/text_encoding.h"
#include "explain/readers.h"

namespace postern::explain {
namespace {

constexpr std::string_view kEllipsis = "\xE2\x80\xA6";

// "System.Object[]", "Microsoft.Exchange.Data.MultiValuedProperty`1[...]": what Export-Csv writes
// for a list.
bool is_type_name(std::string_view text) {
  const bool namespaced = text.starts_with("System.") || text.starts_with("Microsoft.Exchange.");
  return namespaced && !text.contains(' ') &&
         (text.ends_with(']') || text.contains("Collection") || text.contains('`'));
}

bool cut_ellipsis(std::string_view& text) {
  for (const std::string_view mark : {std::string_view("..."), kEllipsis}) {
    if (!text.ends_with(mark)) continue;
    text = trim(text.substr(0, text.size() - mark.size()));
    return true;
  }
  return false;
}

}  // namespace

std::string_view to_string(ExportFormat format) {
  switch (format) {
    case ExportFormat::none:
      return "none";
    case ExportFormat::format_list:
      return "fl";
    case ExportFormat::csv:
      return "CSV";
    case ExportFormat::clixml:
      return "CLIXML";
    case ExportFormat::json:
      return "JSON";
  }
  return "none";
}

const Property* CmdletObject::find(std::string_view name) const {
  const auto it = std::ranges::find_if(
      properties, [&](const Property& property) { return iequals(property.name, name); });
  return it == properties.end() ? nullptr : &*it;
}

std::string CmdletObject::text(std::string_view name) const {
  const Property* property = find(name);
  return property == nullptr ? std::string() : property->text;
}

void set_list(Property& property, std::vector<std::string> items) {
  if (items.size() > kMaxExportItems) {
    items.resize(kMaxExportItems);
    property.truncated = true;
  }
  property.is_list = true;
  property.items = std::move(items);
  property.text = join(property.items, ", ");
}

void set_value(Property& property, std::string_view text) {
  text = trim(text);
  if (!text.starts_with('{') || !text.ends_with('}')) {
    property.truncated = cut_ellipsis(text);
    property.lost = is_type_name(text);
    property.text = property.lost ? std::string() : std::string(text);
    if (!property.text.empty()) property.items = {property.text};
    return;
  }
  std::string_view inner = trim(text.substr(1, text.size() - 2));
  property.truncated = cut_ellipsis(inner);
  std::vector<std::string> items;
  for (const std::string_view item : split(inner, ',')) {
    if (!trim(item).empty()) items.emplace_back(trim(item));
    if (items.size() > kMaxExportItems) break;
  }
  set_list(property, std::move(items));
}

bool add_property(CmdletObject& object, Property property) {
  if (object.properties.size() == kMaxExportProperties || property.name.empty() ||
      object.find(property.name) != nullptr)
    return false;
  if (object.properties.empty()) object.first_line = property.first_line;
  object.last_line = std::max(object.last_line, property.last_line);
  object.properties.push_back(std::move(property));
  return true;
}

void add_object(ReadObjects& out, CmdletObject object) {
  if (object.properties.empty()) return;
  if (out.objects.size() < kMaxExportObjects) {
    out.objects.push_back(std::move(object));
  } else if (out.remarks.empty() || out.remarks.back().line != object.first_line) {
    if (out.objects.size() == kMaxExportObjects && out.remarks.size() < 1000)
      out.remarks.push_back({object.first_line, "more than " + std::to_string(kMaxExportObjects) +
                                                    " objects: the others are not read"});
  }
}

ReadObjects read_objects(std::string_view octets) {
  const bool too_long = octets.size() > kMaxExportOctets;
  const DecodedText decoded = decode_text(octets.substr(0, kMaxExportOctets));
  const std::string_view text = decoded.text;
  ReadObjects out;
  if (auto xml = read_clixml(text)) {
    out = std::move(*xml);
  } else if (auto json = read_json_export(text)) {
    out = std::move(*json);
  } else if (auto csv = read_csv(text)) {
    out = std::move(*csv);
  } else {
    out = read_format_list(text);
  }
  out.encoding = decoded.encoding;
  if (too_long) out.remarks.push_back({0, "more than 8 MiB of text: the rest is not read"});
  return out;
}

}  // namespace postern::explain
