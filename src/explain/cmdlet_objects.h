// Output of PowerShell cmdlets as generic objects, known by its content and not by a file name:
// `| fl` text as saved or pasted (wrapped values, {lists}, prompts, quoting), Export-Csv,
// Export-Clixml and ConvertTo-Json. Total: whatever the octets, what is no object is passed over,
// and what had to be guessed stands in the remarks. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postern::explain {

constexpr std::size_t kMaxExportOctets = 8 << 20;  // more of one text is not read
constexpr std::size_t kMaxExportObjects = 20'000;
constexpr std::size_t kMaxExportProperties = 1000;  // of one object
constexpr std::size_t kMaxExportItems = 10'000;     // of one list

enum class ExportFormat { none, format_list, csv, clixml, json };
[[nodiscard]] std::string_view to_string(ExportFormat format);

struct Property {
  std::string name;
  std::string text;                // wrapped lines joined; of a list its items, joined by ", "
  std::vector<std::string> items;  // of a list; else the text alone, none where it is empty
  bool is_list = false;
  bool truncated = false;  // PowerShell cut it: "{a, b, c, d...}"
  bool lost = false;       // the export wrote a type's name in place of the value
  int first_line = 0, last_line = 0;
};

struct CmdletObject {
  std::string hint;  // "Get-SendConnector" of the prompt above it, or the type that an export names
  std::vector<Property> properties;
  int first_line = 0, last_line = 0;
  [[nodiscard]] const Property* find(std::string_view name) const;  // case does not count
  [[nodiscard]] std::string text(std::string_view name) const;      // empty where there is none
};

struct Remark {
  int line = 0;
  std::string text;
};

struct ReadObjects {
  ExportFormat format = ExportFormat::none;
  std::string_view encoding;
  std::vector<CmdletObject> objects;
  std::vector<Remark> remarks;
};
[[nodiscard]] ReadObjects read_objects(std::string_view octets);

}  // namespace postern::explain
