#include "base/json.h"
#include "base/text.h"
#include "cli/render.h"

namespace postern::cli {
namespace {

std::string joined(const Json& list) {
  std::vector<std::string> out;
  for (const Json& one : list) {
    if (one.is_string()) out.push_back(printable(one.get_ref<const std::string&>()));
  }
  return join(out, ", ");
}

std::string day(const std::optional<Time>& t) {
  return t ? format_rfc3339(*t).substr(0, 10) : "?";
}

}  // namespace

std::string render_certificates(const Json& certificates, const Style& style) {
  const Json& rows = list_of(certificates, "certificates");
  if (rows.empty()) return "The configuration names no certificate.\n";
  std::string out;
  for (const Json& one : rows) {
    if (!out.empty()) out += "\n";
    const std::string status = text_of(one, "status");
    out += style.bold(text_of(one, "name")) + "  " +
           (status == "Valid" ? style.green(status) : style.red(status)) + "\n";
    const std::string detail = text_of(one, "status_detail");
    if (!detail.empty()) out += wrapped(detail, "  status      ", "              ");
    const std::string problem = text_of(one, "problem");
    if (!problem.empty()) out += wrapped(problem, "  problem     ", "              ");
    if (!text_of(one, "subject").empty()) {
      out += "  subject     " + text_of(one, "subject") + "\n";
      out += "  names       " + joined(list_of(one, "names")) + "\n";
      out += "  issuer      " + text_of(one, "issuer") + "\n";
      out += "  valid       " + day(time_of(one, "not_before")) + " to " +
             day(time_of(one, "not_after"));
      if (const auto end = time_of(one, "not_after"); end && *end > style.now)
        out += ", ends " + until(style, *end);
      out += "\n  thumbprint  " + text_of(one, "thumbprint") + "\n";
      out += "  class       " + text_of(one, "class");
      const std::string set = text_of(one, "trust_set");
      if (!set.empty()) out += " (anchor in set " + set + ")";
      out += "\n";
    }
    const std::string services = joined(list_of(one, "services"));
    out += "  services    " + (services.empty() ? "none" : services) + "\n";
  }
  return out;
}

std::string render_selection(const Json& selection, const Style& style) {
  std::string out = "Looked for: " + text_of(selection, "asked") + "\n";
  const std::string code = text_of(selection, "code");
  const std::string chosen = text_of(selection, "chosen");
  out += (chosen.empty() ? style.red("None is presented") : "Presented: " + style.green(chosen));
  if (!code.empty() && code != "none") out += "  " + style.yellow(code);
  out += "\n" + wrapped(text_of(selection, "reason"), "  ", "  ");
  for (const Json& one : list_of(selection, "candidates"))
    out += wrapped(
        text_of(one, "reason"),
        std::string(flag_of(one, "chosen") == true ? "  * " : "    ") + text_of(one, "name") + ": ",
        "      ");
  return out;
}

std::string render_trust(const Json& trust, const Style& style) {
  std::string out;
  for (const Json& set : list_of(trust, "sets")) {
    if (!out.empty()) out += "\n";
    out += style.bold(text_of(set, "name")) + "  " + count_of(number_of(set, "count"), "anchor") +
           "\n";
    for (const Json& one : list_of(set, "anchors")) {
      out += "  " + text_of(one, "subject") + "\n";
      out +=
          "    until " + day(time_of(one, "not_after")) + ", from " + text_of(one, "file") + "\n";
      out += "    added " + day(time_of(one, "added"));
      const std::string by = text_of(one, "added_by");
      out += by.empty() ? ", by whom is not recorded" : " by " + by;
      const std::string partner = text_of(one, "partner");
      if (!partner.empty()) out += " for " + partner;
      out += "\n    sha256 " + text_of(one, "sha256") + "\n";
    }
  }
  return out.empty() ? "No such trust set.\n" : out;
}

std::string render_trust_audit(const Json& audit, const Style& style) {
  std::string out;
  for (const Json& one : list_of(audit, "findings")) {
    const bool grave = flag_of(one, "grave") == true;
    const std::string fault = text_of(one, "fault");
    out += (grave ? style.red(fault) : style.yellow(fault)) + "  set " + text_of(one, "set") + "\n";
    const std::string subject = text_of(one, "subject");
    if (!subject.empty()) out += "  " + subject + "\n  " + text_of(one, "file") + "\n";
    out += wrapped(text_of(one, "text"), "  ", "  ");
    out += wrapped(text_of(one, "cure"), "  > ", "    ");
  }
  return out.empty() ? "No fault was found in the trust sets.\n" : out;
}

}  // namespace postern::cli
