// Export-Csv: an optional "#TYPE ..." line, a header of quoted names, rows of quoted values in
// which quotes are doubled and line breaks may stand. Separator: comma, or semicolon and TAB as
// some cultures write them. Source: RFC 4180.
#include <algorithm>

#include "base/text.h"
#include "explain/readers.h"

namespace postern::explain {
namespace {

struct Row {
  std::vector<std::string> cells;
  int first_line = 0, last_line = 0;
};

class CsvReader {
 public:
  CsvReader(std::string_view text, int line, char separator)
      : rest_(text), line_(line), separator_(separator) {}

  // nullopt: the end.
  std::optional<Row> next() {
    while (rest_.starts_with('\r') || rest_.starts_with('\n')) take_line_end();
    if (rest_.empty()) return std::nullopt;
    Row row;
    row.first_line = line_;
    for (;;) {
      row.cells.push_back(cell());
      if (!rest_.starts_with(separator_)) break;
      rest_.remove_prefix(1);
    }
    row.last_line = line_;
    take_line_end();
    return row;
  }

 private:
  void take_line_end() {
    if (rest_.starts_with('\r')) rest_.remove_prefix(1);
    if (!rest_.starts_with('\n')) return;
    rest_.remove_prefix(1);
    ++line_;
  }

  std::string cell() {
    if (!rest_.starts_with('"')) {
      const std::size_t end =
          std::min(rest_.size(), rest_.find_first_of(std::string{separator_, '\r', '\n'}));
      const std::string out(rest_.substr(0, end));
      rest_.remove_prefix(end);
      return out;
    }
    rest_.remove_prefix(1);
    std::string out;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') {
        if (!rest_.starts_with('"')) break;
        rest_.remove_prefix(1);
      }
      if (c == '\n') ++line_;
      out += c;
    }
    // What stands behind the closing quote belongs to no value.
    rest_.remove_prefix(
        std::min(rest_.size(), rest_.find_first_of(std::string{separator_, '\r', '\n'})));
    return out;
  }

  std::string_view rest_;
  int line_;
  char separator_;
};

bool is_header(const std::vector<std::string>& cells) {
  return cells.size() >= 2 && std::ranges::all_of(cells, [](const std::string& cell) {
           return !cell.empty() && is_alpha(cell.front()) &&
                  std::ranges::all_of(cell, [](char c) { return is_alnum(c) || c == '_'; });
         });
}

std::string_view first_line(std::string_view text) {
  return trim(text.substr(0, text.find('\n')));
}

char separator_of(std::string_view header) {
  const std::size_t at = header.find_first_of(",;\t");
  return at == std::string_view::npos ? ',' : header[at];
}

CmdletObject object_of(const std::vector<std::string>& header, const Row& row,
                       const std::string& type) {
  CmdletObject out;
  out.hint = type;
  for (std::size_t i = 0; i < std::min(header.size(), row.cells.size()); ++i) {
    Property property;
    property.name = header[i];
    property.first_line = row.first_line;
    property.last_line = row.last_line;
    set_value(property, row.cells[i]);
    (void)add_property(out, std::move(property));
  }
  return out;
}

}  // namespace

std::optional<ReadObjects> read_csv(std::string_view text) {
  int line = 1;
  std::string type;
  while (!text.empty() && (text.front() == '\r' || text.front() == '\n')) {
    if (text.front() == '\n') ++line;
    text.remove_prefix(1);
  }
  if (text.starts_with("#TYPE")) {
    type = trim(first_line(text).substr(5));
    const std::size_t end = text.find('\n');
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++line;
  }
  CsvReader reader(text, line, separator_of(first_line(text)));
  const std::optional<Row> header = reader.next();
  if (!header || !is_header(header->cells)) return std::nullopt;
  ReadObjects out;
  out.format = ExportFormat::csv;
  while (const std::optional<Row> row = reader.next()) {
    if (row->cells.size() != header->cells.size() && out.remarks.size() < 1000) {
      out.remarks.push_back({row->first_line, std::to_string(row->cells.size()) +
                                                  " values where the header has " +
                                                  std::to_string(header->cells.size())});
    }
    add_object(out, object_of(header->cells, *row, type));
  }
  return out;
}

}  // namespace postern::explain
