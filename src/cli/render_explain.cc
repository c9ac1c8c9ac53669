#include "base/json.h"
#include "cli/render.h"

namespace postern::cli {
namespace {

constexpr std::size_t kShownIncidents = 20;

std::string headline(const Json& report, const Style& style) {
  const std::string outcome = text_of(report, "outcome");
  const Json& causes = list_of(report, "causes");
  if (outcome == "unreadable") return style.red("Nothing here could be read as text.") + "\n";
  if (outcome == "healthy") return style.green("Healthy: nothing here is a TLS failure.") + "\n";
  if (outcome == "not-tls" && causes.empty())
    return style.green("Nothing here speaks of a TLS failure.") + "\n";
  if (causes.empty()) return {};
  const Json& first = causes.front();
  const std::string code = text_of(first, "code");
  if (outcome == "not-tls") return style.bold("Not a TLS problem: another layer refuses.") + "\n";
  if (outcome == "undecided")
    return style.yellow("Undecided; most like " + code + ".") + "\n" +
           wrapped(text_of(first, "cause"), "  ", "  ");
  return style.bold(code) + "\n" + wrapped(text_of(first, "cause"), "  ", "  ");
}

std::string lines_of(const Json& cause) {
  std::string out;
  for (const Json& line : list_of(cause, "evidence")) {
    out += "  " + text_of(line, "source") + ":" + std::to_string(number_of(line, "line")) + "\n" +
           wrapped(text_of(line, "text"), "      ", "      ");
  }
  return out.empty() ? out : "\nWhat decides it:\n" + out;
}

std::string steps_of(const Json& cause) {
  std::string out;
  std::size_t number = 0;
  for (const Json& step : list_of(cause, "cure")) {
    if (step.is_string())
      out += wrapped(step.get_ref<const std::string&>(), "  " + std::to_string(++number) + ". ",
                     "     ");
  }
  return out.empty() ? out : "\nWhat cures it:\n" + out;
}

std::string others_of(const Json& causes) {
  std::string out;
  for (std::size_t i = 1; i < causes.size(); ++i) {
    out += "  " + text_of(causes[i], "code") + " (" + text_of(causes[i], "certainty") + ")\n";
  }
  return out.empty() ? out : "\nAlso seen or possible:\n" + out;
}

std::string ruled_out_of(const Json& cause) {
  std::string out;
  for (const Json& one : list_of(cause, "ruled_out")) {
    out += wrapped(text_of(one, "code") + ": " + text_of(one, "why"), "  ", "    ");
  }
  return out.empty() ? out : "\nConsidered and ruled out:\n" + out;
}

std::string questions_of(const Json& report) {
  std::string out;
  for (const Json& question : list_of(report, "questions")) {
    out += wrapped(text_of(question, "what") + ":", "  ", "  ") +
           wrapped(text_of(question, "command"), "    ", "    ");
  }
  return out.empty() ? out : "\nWhat would decide it:\n" + out;
}

std::string incidents_of(const Json& report) {
  const Json& incidents = list_of(report, "incidents");
  if (incidents.size() < 2) return {};
  Table table({"CODE", "WITH", "CONNECTOR", "LINES", "FIRST", "LAST"});
  for (std::size_t i = 0; i < incidents.size() && i < kShownIncidents; ++i) {
    const Json& one = incidents[i];
    table.add({text_of(one, "code"), text_of(one, "counterpart"), text_of(one, "connector"),
               std::to_string(number_of(one, "lines")), text_of(one, "first"),
               text_of(one, "last")});
  }
  return "\nBy counterpart:\n" + table.str({}, "  ");
}

}  // namespace

std::string render_explain(const Json& report, const Style& style) {
  std::string out = headline(report, style);
  const Json& causes = list_of(report, "causes");
  if (!causes.empty() && text_of(report, "outcome") != "healthy") {
    const Json& first = causes.front();
    if (text_of(report, "outcome") != "not-tls")
      out +=
          "  Fault: " + fault_words(first) + ". Certainty: " + text_of(first, "certainty") + ".\n";
    out += lines_of(first) + ruled_out_of(first) + steps_of(first) + others_of(causes);
  }
  out += questions_of(report) + incidents_of(report);
  out += "\n" + count_of(number_of(report, "lines"), "line") + " read, " +
         count_of(number_of(report, "healthy"), "healthy event") + ".\n";
  for (const Json& note : list_of(report, "notes")) {
    if (note.is_string()) out += wrapped(note.get_ref<const std::string&>(), "Note: ", "      ");
  }
  return out;
}

}  // namespace postern::cli
