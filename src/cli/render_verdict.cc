#include "base/json.h"
#include "cli/render.h"

namespace postern::cli {
namespace {

std::string mark(const std::string& result, const Style& style) {
  if (result == "pass") return style.green("pass      ");
  if (result == "fail") return style.red("fail      ");
  if (result == "unknown") return style.yellow("unknown   ");
  return style.dim("not asked ");
}

std::string checks_of(const Json& verdict, const Style& style) {
  std::string out;
  for (const Json& check : list_of(verdict, "checks")) {
    std::string words = text_of(check, "name");
    const std::string code = text_of(check, "code");
    if (!code.empty() && code != "none") words += " [" + code + "]";
    const std::string detail = text_of(check, "detail");
    if (!detail.empty()) words += ": " + detail;
    out += "  " + mark(text_of(check, "result"), style) + words + "\n";
  }
  return out;
}

std::string fact(std::string_view name, const std::string& value) {
  return value.empty() ? "" : "  " + std::string(name) + ": " + value + "\n";
}

std::string peer_of(const Json& verdict) {
  const std::string host = text_of(verdict, "host");
  const std::string address = text_of(verdict, "address");
  if (host.empty() || host == address) return address;
  if (address.empty()) return host;
  return host + " [" + address + "]";
}

}  // namespace

std::string render_verdict(const Json& verdict, const Style& style) {
  const bool ok = flag_of(verdict, "ok").value_or(false);
  const std::string code = text_of(verdict, "code");
  std::string out = ok ? style.green("OK") : style.red("FAILS");
  if (code != "none") out += "  " + style.bold(code) + " (" + text_of(verdict, "layer") + ")";
  if (const std::string peer = peer_of(verdict); !peer.empty()) out += "  " + peer;
  if (const auto at = time_of(verdict, "time")) out += "  " + when(*at);
  out += "\n";
  if (const std::string cause = text_of(verdict, "cause"); !cause.empty())
    out += wrapped(cause, "  ", "  ");
  if (code != "none") out += "  Whose fault: " + fault_words(verdict) + ".\n";
  std::size_t number = 0;
  for (const Json& step : list_of(verdict, "cure")) {
    if (!step.is_string()) continue;
    if (number == 0) out += "  What cures it:\n";
    out += wrapped(step.get_ref<const std::string&>(), "    " + std::to_string(++number) + ". ",
                   "       ");
  }
  out += checks_of(verdict, style);
  out += fact("asked", text_of(verdict, "asked") + " by " + text_of(verdict, "asked_by"));
  out += fact("reached", text_of(verdict, "reached"));
  out += fact("reference identifier", text_of(verdict, "reference_identifier"));
  const std::string version = text_of(verdict, "tls_version");
  if (!version.empty()) out += fact("TLS", version + ", " + text_of(verdict, "cipher"));
  const Json& anchor = object_of(verdict, "anchor");
  if (!anchor.empty())
    out += fact("trusted by", text_of(anchor, "subject") + " in set " + text_of(anchor, "set") +
                                  " (" + text_of(anchor, "file") + ")");
  out += fact("by exception for", text_of(verdict, "by_exception"));
  for (const Json& line : list_of(verdict, "evidence")) {
    if (line.is_string()) out += wrapped(line.get_ref<const std::string&>(), "  seen: ", "    ");
  }
  return out;
}

}  // namespace postern::cli
