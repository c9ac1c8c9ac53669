#include "explain/exchange_fields.h"

#include <array>

#include "base/text.h"

namespace postern::explain {
namespace {

constexpr std::size_t kMaxProblems = 1000;

std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> out;
  for (const std::string_view part : split(text, ',')) {
    if (!trim(part).empty()) out.emplace_back(trim(part));
  }
  return out;
}

// AllowedServices as a set of bits. Source: the .NET enumeration of that name.
std::vector<std::string> services_in(std::uint64_t bits) {
  constexpr std::array<std::string_view, 7> kNames = {"IMAP", "POP",        "UM",          "IIS",
                                                      "SMTP", "FEDERATION", "UMCALLROUTER"};
  std::vector<std::string> out;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if ((bits >> i & 1) != 0) out.emplace_back(kNames[i]);
  }
  return out;
}

}  // namespace

std::string without_blanks(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ' && c != '\t') out += c;
  }
  return out;
}

void Fields::note(const Property& property, std::string text) {
  if (problems_.size() < kMaxProblems)
    problems_.push_back({{file_, property.first_line}, property.name + " " + std::move(text)});
}

bool Fields::present(std::string_view name) const {
  const Property* property = object_.find(name);
  return property != nullptr && !property->lost;
}

std::string Fields::text(std::string_view name) {
  const Property* property = object_.find(name);
  if (property == nullptr) return {};
  if (property->lost) note(*property, "was lost by the export: a type's name stands in its place");
  if (property->truncated && !property->is_list)
    note(*property,
         "was cut by PowerShell; export it with | fl in a wide window, or Export-Clixml");
  return property->text;
}

std::string Fields::first_of(std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (std::string found = text(name); !found.empty()) return found;
  }
  return {};
}

std::vector<std::string> Fields::list(std::string_view name, bool& complete) {
  const Property* property = object_.find(name);
  if (property == nullptr) {
    complete = false;
    return {};
  }
  if (property->lost) {
    note(*property,
         "was lost by the export: Export-Csv writes a type's name for a list; use | fl "
         "or Export-Clixml");
    complete = false;
  }
  if (property->truncated) {
    note(*property, "was cut by PowerShell after " + std::to_string(property->items.size()) +
                        " values; set $FormatEnumerationLimit = -1 before, or use Export-Clixml");
    complete = false;
  }
  return property->is_list ? property->items : parts_of(property->text);
}

std::vector<std::string> Fields::words(std::string_view name) {
  const Property* property = object_.find(name);
  if (property == nullptr) return {};
  return property->is_list ? property->items : parts_of(property->text);
}

std::optional<bool> Fields::flag(std::string_view name) {
  const std::string value = text(name);
  if (iequals(value, "True") || iequals(value, "$true")) return true;
  if (iequals(value, "False") || iequals(value, "$false")) return false;
  return std::nullopt;
}

std::optional<Time> Fields::date(std::string_view name, DateOrder order, bool& ambiguous) {
  const Property* property = object_.find(name);
  if (property == nullptr || property->text.empty()) return std::nullopt;
  const ExportDate parsed = parse_export_date(property->text);
  if (!parsed.known()) {
    note(*property, "is no date that is understood: " + printable(property->text, 80));
    return std::nullopt;
  }
  const PickedDate picked = pick_date(parsed, order);
  if (picked.ambiguous) {
    ambiguous = true;
    note(*property, printable(property->text, 80) + " can be read in two ways; taken as " +
                        format_rfc3339(*picked.time).substr(0, 10) + ", month first");
  }
  return picked.time;
}

std::optional<std::vector<std::string>> Fields::services(std::string_view name) {
  const Property* property = object_.find(name);
  if (property == nullptr || property->lost) return std::nullopt;
  if (const auto bits = parse_uint(property->text, UINT32_MAX)) return services_in(*bits);
  std::vector<std::string> out;
  for (const std::string& word : words(name)) {
    if (!iequals(word, "None")) out.push_back(upper(word));
  }
  return out;
}

std::optional<x509::Certificate> Fields::certificate(std::string_view name,
                                                     std::string_view thumbprint) {
  const Property* property = object_.find(name);
  if (property == nullptr || property->is_list) return std::nullopt;
  const std::optional<std::string> der = from_base64(without_blanks(property->text));
  if (!der) return std::nullopt;
  Result<x509::Certificate> parsed = x509::Certificate::from_der(*der);
  if (!parsed || !iequals(parsed->thumbprint(), thumbprint)) return std::nullopt;
  return std::move(*parsed);
}

}  // namespace postern::explain
