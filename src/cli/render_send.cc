// How a message that was just sent fares, in the words of `postern send`.
#include "base/json.h"
#include "cli/render.h"

namespace postern::cli {
namespace {

std::string wait_words(const Json& recipient, const Style& style) {
  const Json& waits = object_of(recipient, "waits");
  const Json& blocker = object_of(waits, "blocker");
  const std::string code = text_of(recipient, "code");
  std::string out = "  waits";
  if (!code.empty() && code != "none") out += ": " + style.yellow(code);
  out += "\n";
  if (blocker.empty()) {
    const std::string error = text_of(recipient, "last_error");
    if (!error.empty()) out += wrapped(error, "    ", "    ");
    if (const auto next = time_of(waits, "next_attempt"))
      out += "    next attempt " + until(style, *next) + "\n";
    return out;
  }
  out += wrapped(text_of(blocker, "cause"), "    ", "    ");
  out += "    Whose fault: " + fault_words(blocker) + ".\n";
  std::size_t number = 0;
  for (const Json& step : list_of(blocker, "cure")) {
    if (step.is_string()) {
      out += wrapped(step.get_ref<const std::string&>(), "    " + std::to_string(++number) + ". ",
                     "       ");
    }
  }
  return out;
}

}  // namespace

std::string render_hop(const Json& verdict, const Style& style) {
  const bool ok = flag_of(verdict, "ok").value_or(false);
  const std::string version = text_of(verdict, "tls_version");
  std::string out =
      "  TLS verdict: " + (ok ? style.green("ok") : style.red(text_of(verdict, "code")));
  out += version.empty() ? ", no TLS" : ", " + version;
  out += ", " + text_of(verdict, "reached") + " (asked: " + text_of(verdict, "asked") + " by " +
         text_of(verdict, "asked_by") + ")";
  const std::string name = text_of(verdict, "reference_identifier");
  if (!name.empty()) out += (ok ? ", as " : ", wanted ") + name;
  const Json& anchor = object_of(verdict, "anchor");
  if (!anchor.empty()) out += ", trusted by " + text_of(anchor, "subject");
  return out + "\n";
}

std::string render_fate(const Json& message, const Style& style) {
  std::string out;
  for (const Json& recipient : list_of(message, "recipients")) {
    const std::string status = text_of(recipient, "status");
    const std::string address = text_of(recipient, "address");
    if (status == "delivered") {
      out += "  " + style.green("delivered") + " to " + address + "\n";
    } else if (status == "pending") {
      out += "  " + address + wait_words(recipient, style);
    } else {
      out +=
          "  " + style.red(status) + " for " + address + ", " + text_of(recipient, "code") + "\n";
      const std::string error = text_of(recipient, "last_error");
      if (!error.empty()) out += wrapped(error, "    ", "    ");
    }
  }
  return out;
}

}  // namespace postern::cli
