#include "base/json.h"
#include "base/text.h"
#include "cli/render.h"

namespace postern::cli {
namespace {

std::string presented(const Json& row, const char* stage) {
  const std::string label = text_of(row, stage);
  return label.empty() ? "none" : label;
}

std::string connector_of(const Json& row, const Style& style) {
  std::string out = "  " + style.bold(text_of(row, "connector"));
  const std::string reading = text_of(row, "reading");
  if (!reading.empty()) out += "  (reading: " + reading + ")";
  out +=
      "\n    now    " + presented(row, "before") + "\n    after  " + presented(row, "after") + "\n";
  if (presented(row, "later") != presented(row, "after"))
    out += "    later  " + presented(row, "later") + ", when the old one is gone\n";
  return out;
}

std::string finding_of(const Json& found, const Style& style) {
  const std::string impact = text_of(found, "impact");
  const std::string mark = impact == "breaks"    ? style.red("BREAKS  ")
                           : impact == "warning" ? style.yellow("warning ")
                                                 : style.dim("note    ");
  const std::string code = text_of(found, "code");
  const std::string connector = text_of(found, "connector");
  std::string head = code == "none" ? "" : code;
  if (!connector.empty()) head += (head.empty() ? "" : "  ") + connector;
  std::string out = "  " + mark + head + "\n";
  out += wrapped("for " + text_of(found, "who"), "    ", "    ");
  const std::string reading = text_of(found, "reading");
  out += wrapped(
      text_of(found, "cause") + (reading.empty() ? "" : " (By the reading " + reading + " only.)"),
      "    ", "    ");
  return out;
}

std::string command_of(const Json& command, std::size_t number) {
  std::string out = wrapped(text_of(command, "where") + ": " + text_of(command, "why"),
                            "  " + std::to_string(number) + ". ", "     ");
  for (const Json& line : list_of(command, "lines")) {
    if (line.is_string())
      out += "       " + printable(line.get_ref<const std::string&>(), 4000) + "\n";
  }
  return out;
}

std::string asked_line(const Json& asked) {
  const std::string what = text_of(asked, "kind") + " " + text_of(asked, "url");
  const bool came = flag_of(asked, "ok").value_or(false);
  const std::string result = came ? std::to_string(number_of(asked, "octets")) + " octets"
                                  : std::string("failed") + ": " + text_of(asked, "error");
  return wrapped(what + ": " + result, "  ", "    ");
}

std::string count_words(const Json& report) {
  std::size_t breaks = 0;
  for (const Json& found : list_of(report, "findings"))
    breaks += text_of(found, "impact") == "breaks" ? 1 : 0;
  return count_of(breaks, "thing") + (breaks == 1 ? " breaks" : " break");
}

}  // namespace

std::string render_preflight(const Json& report, const Style& style) {
  const Json& certificate = object_of(report, "certificate");
  std::string out = flag_of(report, "safe") == true
                        ? style.green("SAFE") + "  nothing was found that breaks\n"
                        : style.red("NOT SAFE") + "  " + count_words(report) + "\n";
  out += "  new       " + text_of(certificate, "subject") + "\n            " +
         text_of(certificate, "thumbprint") + "\n";
  const std::string replaces = text_of(report, "replaces");
  out += "  replaces  " +
         (replaces.empty() ? "none that is known"
                           : replaces + " (" + text_of(report, "replaces_how") + ")") +
         "\n";
  const Json& findings = list_of(report, "findings");
  if (!findings.empty()) out += "\n" + style.bold("What was found") + "\n";
  for (const Json& found : findings) out += finding_of(found, style);
  const Json& rows = list_of(report, "presented");
  if (!rows.empty()) out += "\n" + style.bold("What is presented") + "\n";
  for (const Json& row : rows) out += connector_of(row, style);
  const Json& commands = list_of(report, "commands");
  if (!commands.empty()) out += "\n" + style.bold("What to do, in this order") + "\n";
  std::size_t number = 0;
  for (const Json& command : commands) out += command_of(command, ++number);
  const Json& asked = list_of(report, "asked");
  if (!asked.empty()) out += "\n" + style.bold("What was asked about revocation") + "\n";
  for (const Json& one : asked) out += asked_line(one);
  const Json& missing = list_of(report, "not_looked_at");
  if (!missing.empty()) out += "\n" + style.bold("Not looked at") + "\n";
  for (const Json& one : missing) {
    if (one.is_string()) out += wrapped(one.get_ref<const std::string&>(), "  - ", "    ");
  }
  const std::string look = text_of(report, "look_afterwards");
  if (!look.empty()) out += "\nAfterwards: " + look + "\n";
  return out;
}

}  // namespace postern::cli
