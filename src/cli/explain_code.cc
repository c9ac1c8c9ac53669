// postern explain-code CODE: what one code of the catalog means, and what cures it.
#include <CLI/CLI.hpp>

#include "base/json.h"
#include "cli/command.h"
#include "cli/render.h"
#include "verdict/catalog.h"

namespace postern::cli {
namespace {

// Codes that share a word with what was typed: "name" finds name-mismatch.
std::string similar(std::string_view typed) {
  std::string out;
  for (const verdict::CatalogEntry& entry : verdict::catalog()) {
    if (typed.empty() || entry.code.find(typed) == std::string_view::npos) continue;
    out += (out.empty() ? "" : ", ") + std::string(entry.code);
  }
  return out;
}

int run(const Shell& shell, const std::string& code) {
  const verdict::CatalogEntry* const entry = verdict::find_catalog_entry(code);
  if (entry == nullptr) {
    const std::string near = similar(code);
    (void)shell.fail("explain-code: '" + code + "' is no code" +
                     (near.empty() ? "; postern docs verdicts lists them" : "; you mean " + near));
    return kFinding;
  }
  shell.print_answer(verdict::to_json(*entry), render_code);
  return kOk;
}

}  // namespace

void add_explain_code(CLI::App& app, Shell& shell) {
  auto code = std::make_shared<std::string>();
  CLI::App* command =
      add_command(app, shell, "explain-code", "What one code means: cause, cures, names elsewhere",
                  Form::text_or_json, [&shell, code] { return run(shell, *code); });
  command->add_option("CODE", *code, "As in queue, trace, log and DSN: name-mismatch")->required();
}

}  // namespace postern::cli
