// One page: is all well, what waits, what ends soon.
#include "base/json.h"
#include "cli/render.h"

namespace postern::cli {
namespace {

std::string state_words(std::uint64_t state, const Style& style) {
  if (state == 0) return style.green("all well");
  if (state == 1) return style.yellow("needs attention");
  return style.red("refuses mail");
}

std::string section(std::string_view title, const std::string& lines, const Style& style) {
  return lines.empty() ? "" : "\n" + style.bold(title) + "\n" + lines;
}

std::string strings_of(const Json& list, std::string_view prefix) {
  std::string out;
  for (const Json& one : list) {
    if (one.is_string())
      out += wrapped(one.get_ref<const std::string&>(), prefix, std::string(prefix.size(), ' '));
  }
  return out;
}

std::string queue_lines(const Json& queue, const Style& style) {
  std::string out;
  for (const Json& blocker : list_of(queue, "blockers")) {
    out += "  " + style.red("blocked") + "  " + text_of(blocker, "next_hop") + "  " +
           text_of(blocker, "code") + ", " + count_of(number_of(blocker, "messages"), "message");
    if (const auto start = time_of(blocker, "since")) out += ", since " + since(style, *start);
    out += "\n";
  }
  std::uint64_t queued = 0;
  std::uint64_t deferred = 0;
  std::uint64_t held = 0;
  for (const Json& row : list_of(queue, "destinations")) {
    queued += number_of(row, "queued");
    deferred += number_of(row, "deferred");
    held += number_of(row, "held");
  }
  return out + "  " + std::to_string(queued) + " queued, " + std::to_string(deferred) +
         " deferred, " + std::to_string(held) + " held (recipients outside of blockers)\n";
}

std::string certificate_lines(const Json& certificates, const Style& style) {
  std::string out;
  for (const Json& one : certificates) {
    out += "  " + text_of(one, "name") + "  " + text_of(one, "subject");
    if (const auto end = time_of(one, "not_after"))
      out += *end < style.now ? style.red("  expired " + when(*end))
                              : "  ends " + until(style, *end) + " (" + when(*end) + ")";
    const std::string problem = text_of(one, "problem");
    if (!problem.empty()) out += "\n    " + style.red(problem);
    out += "\n";
  }
  return out;
}

}  // namespace

std::string render_status(const Json& status, const Style& style) {
  if (flag_of(status, "running") == false)
    return style.red("No gateway runs") + ": nobody answers on " + text_of(status, "socket") +
           ".\nStart it with: postern serve --config " + text_of(status, "configuration") + "\n";
  std::string out = "postern on " + style.bold(text_of(status, "hostname")) + ": " +
                    state_words(number_of(status, "state"), style) + "\n";
  if (const auto started = time_of(status, "started"))
    out += "  running since " + since(style, *started) + "\n";
  out += "  configuration " + text_of(status, "configuration");
  if (const auto loaded = time_of(status, "last_reload")) out += ", loaded " + when(*loaded);
  out += "\n  " + count_of(number_of(status, "receive_sessions"), "session") + " open, " +
         size_words(number_of(status, "free_space")) + " free for the store\n";
  out += section("Problems", strings_of(list_of(status, "problems"), "  - "), style);
  out += section("Queue", queue_lines(object_of(status, "queue"), style), style);
  out += section("Broken hosts beside working ones",
                 render_findings(list_of(object_of(status, "queue"), "findings"), style), style);
  out += section("Listening", strings_of(list_of(status, "listeners"), "  "), style);
  out += section("Certificates", certificate_lines(list_of(status, "certificates"), style), style);
  return out;
}

}  // namespace postern::cli
