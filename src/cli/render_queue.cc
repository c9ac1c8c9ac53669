// The queue in ten seconds: what blocks comes first, each with its cause, its fault and its cure.
#include "base/json.h"
#include "cli/render.h"

namespace postern::cli {
namespace {

std::string blocker_head(const Json& blocker) {
  std::string out =
      text_of(blocker, "next_hop") + "  (send connector " + text_of(blocker, "connector");
  const std::string policy = text_of(blocker, "policy");
  if (policy.starts_with("partner:")) out += ", " + policy.substr(0, 7) + " " + policy.substr(8);
  return out + ")";
}

std::string cure_lines(const Json& cure) {
  if (cure.empty()) return "";
  std::string out = "  What cures it:\n";
  std::size_t number = 0;
  for (const Json& step : cure) {
    if (!step.is_string()) continue;
    out += wrapped(step.get_ref<const std::string&>(), "    " + std::to_string(++number) + ". ",
                   "       ");
  }
  return out;
}

// Only where the cause has changed: the present one stands above.
std::string history_lines(const Json& history) {
  if (history.size() < 2) return "";
  std::string out = "  Before that:";
  for (std::size_t i = 0; i + 1 < history.size(); ++i) {
    const std::optional<Time> at = time_of(history[i], "at");
    out += (i == 0 ? " " : ", ") + text_of(history[i], "code");
    if (at) out += " from " + when(*at);
  }
  return out + "\n";
}

std::string render_blocker(const Json& blocker, const Style& style) {
  const std::uint64_t messages = number_of(blocker, "messages");
  std::string out = style.red("BLOCKED") + "  " + style.bold(blocker_head(blocker)) + "\n";
  out += "  " + count_of(messages, "message") + (messages == 1 ? " waits" : " wait");
  if (const auto start = time_of(blocker, "since"))
    out += "; blocked since " + since(style, *start);
  out += ".\n";
  out += wrapped(text_of(blocker, "cause"), "  " + style.yellow(text_of(blocker, "code")) + ": ",
                 "  ");
  out += "  Whose fault: " + fault_words(blocker) + ".\n";
  out += cure_lines(list_of(blocker, "cure"));
  if (const auto probe = time_of(blocker, "next_probe"))
    out += "  Next probe " + until(style, *probe) + "; once it is clean the mail goes by itself.\n";
  out += history_lines(list_of(blocker, "history"));
  for (const Json& finding : list_of(blocker, "findings")) {
    if (finding.is_string())
      out += wrapped(finding.get_ref<const std::string&>(), "  Also: ", "  ");
  }
  return out + style.dim("  blocker " + text_of(blocker, "id")) + "\n";
}

std::string render_destinations(const Json& destinations, const Style& style) {
  Table table({"NEXT HOP", "CONNECTOR", "QUEUED", "DEFERRED", "HELD", "OLDEST", "NEXT ATTEMPT"});
  for (const Json& row : destinations) {
    const auto oldest = time_of(row, "oldest");
    const auto next = time_of(row, "next_attempt");
    table.add({text_of(row, "next_hop"), text_of(row, "connector"),
               std::to_string(number_of(row, "queued")), std::to_string(number_of(row, "deferred")),
               std::to_string(number_of(row, "held")),
               oldest ? format_duration(style.now - *oldest) : "-",
               next ? until(style, *next) : "-"});
    const std::string error = text_of(row, "last_error");
    if (!error.empty()) table.add_note("  " + error);
  }
  return table.str(style);
}

}  // namespace

std::string render_findings(const Json& findings, const Style& style) {
  std::string out;
  for (const Json& finding : findings) {
    out +=
        wrapped(text_of(finding, "text"), "  " + text_of(finding, "next_hop") + ", host ", "    ");
    const auto start = time_of(finding, "since");
    const auto seen = time_of(finding, "seen");
    if (start && seen)
      out += "    since " + since(style, *start) + "; last seen " + when(*seen) + "\n";
  }
  return out;
}

std::string render_queue(const Json& queue, const Style& style) {
  const Json& blockers = list_of(queue, "blockers");
  const Json& destinations = list_of(queue, "destinations");
  std::string out;
  if (flag_of(queue, "live") == false)
    out += style.yellow("No gateway runs: this is what the store holds; nothing is being sent.") +
           "\n\n";
  std::string broken = render_findings(list_of(queue, "findings"), style);
  if (!broken.empty())
    broken = "\nBroken hosts beside working ones (the mail goes by the others):\n" + broken;
  if (blockers.empty() && destinations.empty()) return out + "Nothing waits.\n" + broken;
  for (const Json& blocker : blockers) out += render_blocker(blocker, style) + "\n";
  if (!destinations.empty()) out += render_destinations(destinations, style);
  if (destinations.empty()) out.pop_back();  // the blank line after the last blocker
  return out + broken;
}

}  // namespace postern::cli
