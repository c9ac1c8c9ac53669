#include "base/json.h"
#include "cli/render.h"

namespace postern::cli {

std::string render_verification(const Json& answer, const Style& style) {
  const bool ok = flag_of(answer, "ok").value_or(false);
  const std::string code = text_of(answer, "code");
  std::string out =
      ok ? style.green("OK") + "\n" : style.red("FAILS") + "  " + style.bold(code) + "\n";
  if (const std::string detail = text_of(answer, "detail"); !detail.empty())
    out += wrapped(detail, "  ", "  ");
  if (const std::string words = text_of(answer, "definition"); !words.empty())
    out += wrapped(words, "  ", "  ");
  const Json& faults = list_of(answer, "faults");
  if (faults.size() > 1) {
    out += "  All that is wrong:\n";
    for (const Json& fault : faults)
      out +=
          wrapped(text_of(fault, "code") + " at depth " +
                      std::to_string(number_of(fault, "depth")) + ": " + text_of(fault, "detail"),
                  "    ", "      ");
  }
  const Json& path = list_of(answer, "path");
  if (!path.empty()) out += ok ? "  The path:\n" : "  The best path found:\n";
  std::size_t depth = 0;
  for (const Json& one : path) {
    out += "    " + std::to_string(depth++) + "  " + text_of(one, "subject") + "\n";
    out += style.dim("       until " + text_of(one, "not_after") + ", SHA-256 " +
                     text_of(one, "sha256")) +
           "\n";
  }
  const Json& anchor = object_of(answer, "anchor");
  if (!anchor.empty())
    out += "  Anchor: " + text_of(anchor, "subject") + " in " + text_of(anchor, "set") + " (" +
           text_of(anchor, "file") + ")\n";
  return out;
}

}  // namespace postern::cli
