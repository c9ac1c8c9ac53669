// A manual page in the man macros of troff (man(7)), made of plain text. `code` between backticks
// becomes bold, as commands and keys are; links of Markdown become their words.
#pragma once

#include <string>
#include <string_view>

namespace postern {

// Of the last release: a page that is made again must come out the same.
constexpr std::string_view kManualDate = "2026-11-21";

class ManPage {
 public:
  // "postern", 1, "carries mail over TLS that is really checked".
  ManPage(std::string_view name, int section, std::string_view about);

  void section(std::string_view title);
  void subsection(std::string_view title);
  void paragraph(std::string_view text);
  // A term in bold, and behind it what stands for a value; below them the text.
  void item(std::string_view term, std::string_view value, std::string_view text);
  void example(std::string_view lines);  // as they stand
  [[nodiscard]] const std::string& text() const { return out_; }

 private:
  std::string out_;
};

}  // namespace postern
