#include "base/json.h"
#include "cli/render.h"

namespace postern::cli {
namespace {

std::string steps(std::string_view title, const Json& cure, const char* name) {
  std::string out;
  std::size_t number = 0;
  for (const Json& step : list_of(cure, name)) {
    if (!step.is_string()) continue;
    if (number == 0) out += "\n" + std::string(title) + ":\n";
    out += wrapped(step.get_ref<const std::string&>(), "  " + std::to_string(++number) + ". ",
                   "     ");
  }
  return out;
}

}  // namespace

std::string render_code(const Json& entry, const Style& style) {
  std::string out = style.bold(text_of(entry, "code")) + "  (" + text_of(entry, "layer") + ")\n";
  out += wrapped(text_of(entry, "definition"), "  ", "  ");
  out += "  Usual fault: " + text_of(entry, "usual_fault") + ". ";
  if (flag_of(entry, "finding").value_or(false)) {
    out += "A finding beside a verdict: it holds no mail.\n";
  } else {
    out += std::string("While sending: ") +
           (flag_of(entry, "blocks").value_or(false) ? "mail waits behind a blocker."
                                                     : "ordinary back-off.") +
           " Status " + text_of(entry, "status") + ".\n";
  }
  const Json& cure = object_of(entry, "cure");
  out += steps("What cures it in Postern", cure, "postern");
  out += steps("In Exchange", cure, "exchange");
  out += steps("In Postfix", cure, "postfix");
  const Json& elsewhere = object_of(entry, "elsewhere");
  if (!elsewhere.empty()) out += "\nThe same thing elsewhere:\n";
  for (const auto& [name, words] : elsewhere.items()) {
    if (words.is_string()) out += "  " + name + ": " + text_of(elsewhere, name.c_str()) + "\n";
  }
  return out;
}

}  // namespace postern::cli
