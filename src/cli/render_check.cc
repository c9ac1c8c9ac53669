// The page of a check: the verdict first, then cause, fault, cure and counter-tests, then what else
// to know, then the facts of every host.
#include "base/json.h"
#include "cli/render.h"

namespace postern::cli {
namespace {

std::string place_of(const Json& host) {
  const std::string name = text_of(host, "host");
  const std::string address = text_of(host, "address");
  const std::string port = ":" + std::to_string(number_of(host, "port"));
  return name == address ? address + port : name + " [" + address + "]" + port;
}

std::string joined(const Json& list, std::string_view separator = ", ") {
  std::string out;
  for (const Json& one : list) {
    if (!one.is_string()) continue;
    out += (out.empty() ? "" : std::string(separator)) + one.get<std::string>();
  }
  return out;
}

std::string line(std::string_view name, const std::string& value) {
  if (value.empty()) return {};
  std::string head = "    " + std::string(name);
  head.resize(std::max<std::size_t>(head.size() + 1, 17), ' ');
  return wrapped(value, head, std::string(17, ' '));
}

std::string headline(const Json& report, const Style& style) {
  const Json& verdict = object_of(report, "verdict");
  const bool ok = flag_of(report, "ok").value_or(false);
  const std::string severity = text_of(report, "severity");
  std::string out = !ok                  ? style.red("FAILS")
                    : severity == "info" ? style.green("SOUND")
                                         : style.yellow("SOUND, BUT");
  if (!ok) out += "  " + style.bold(text_of(verdict, "code"));
  return out + "  " + style.bold(text_of(report, "target")) +
         style.dim("  (as " + text_of(report, "as") + ")") + "\n";
}

std::string verdict_part(const Json& report, const Style& style) {
  const Json& verdict = object_of(report, "verdict");
  const bool ok = flag_of(report, "ok").value_or(false);
  if (ok) {
    std::string out = "  A sender like this delivers here";
    const std::string version = text_of(verdict, "tls_version");
    out += version.empty() ? ", in clear text" : ", over " + version;
    const std::string name = text_of(verdict, "reference_identifier");
    if (text_of(verdict, "reached") == "authenticated" || text_of(verdict, "reached") == "mutual")
      out += ", to " + name;
    return out + ".\n";
  }
  std::string out = wrapped(text_of(verdict, "cause"), "  ", "  ");
  out += "  " + style.bold("Whose fault: ") + fault_words(verdict) + ", " +
         text_of(verdict, "certainty") + ".\n";
  std::size_t number = 0;
  for (const Json& step : list_of(verdict, "cure")) {
    if (!step.is_string()) continue;
    if (number == 0) out += "  " + style.bold("What cures it:") + "\n";
    out += wrapped(step.get_ref<const std::string&>(), "    " + std::to_string(++number) + ". ",
                   "       ");
  }
  return out;
}

std::string tests_part(const Json& report, const Style& style) {
  std::string out;
  std::string last;
  const bool several = list_of(report, "hosts").size() > 1;
  for (const Json& test : list_of(report, "counter_tests")) {
    if (out.empty()) out = "  " + style.bold("Counter-tests:") + "\n";
    const std::string place = text_of(test, "host") + " [" + text_of(test, "address") + "]";
    if (several && place != last) out += "    " + place + "\n";
    last = place;
    out += wrapped(text_of(test, "answer"), several ? "      - " : "    - ",
                   several ? "        " : "      ");
  }
  return out;
}

std::string findings_part(const Json& report, const Style& style) {
  std::string out;
  const bool ok = flag_of(report, "ok").value_or(false);
  const std::string code = text_of(object_of(report, "verdict"), "code");
  for (const Json& finding : list_of(report, "findings")) {
    if (!ok && text_of(finding, "code") == code) continue;  // told above
    if (out.empty()) out = "  " + style.bold("Besides:") + "\n";
    const std::string severity = text_of(finding, "severity");
    const std::string words = text_of(finding, "code") + ": " + joined(list_of(finding, "hosts")) +
                              ": " + text_of(finding, "text");
    out += wrapped(severity + "  " + words, "    ", "      ");
    if (const std::string cure = text_of(finding, "cure"); !cure.empty())
      out += wrapped(cure, "      cure: ", "      ");
  }
  for (const Json& difference : list_of(report, "differences")) {
    if (out.empty()) out = "  " + style.bold("Besides:") + "\n";
    out += wrapped(text_of(difference, "text"), "    not alike: ", "      ");
  }
  return out;
}

std::string senders_part(const Json& report, const Style& style) {
  std::string words;
  for (const Json& one : list_of(report, "senders")) {
    const bool ok = flag_of(one, "ok").value_or(false);
    words += (words.empty() ? "" : "; ") + text_of(one, "as") + ": " +
             (ok ? "ok" : text_of(one, "code"));
  }
  if (words.empty()) return {};
  return "  " + style.bold("As each kind of sender:") + "\n" + wrapped(words, "    ", "    ");
}

// How many of the MX hosts a sender with MTA-STS would deliver to.
std::string sts_hosts_words(const Json& report) {
  std::size_t judged = 0;
  std::string refused;
  for (const Json& host : list_of(report, "hosts")) {
    const Json& sts = object_of(host, "mta_sts");
    if (sts.empty()) continue;
    ++judged;
    const bool listed = flag_of(sts, "listed").value_or(false);
    if (listed && flag_of(sts, "ok").value_or(false)) continue;
    refused += (refused.empty() ? "" : ", ") + text_of(host, "host") + " (" +
               (listed ? text_of(sts, "code") : "not listed") + ")";
  }
  if (judged == 0) return {};
  return refused.empty() ? "; every MX host fits it" : "; does not fit " + refused;
}

std::string sts_words(const Json& report) {
  const Json& sts = object_of(report, "mta_sts");
  const std::string id = text_of(sts, "id");
  if (const std::string mode = text_of(sts, "mode"); !mode.empty())
    return mode + ", id " + id + ", lists " + joined(list_of(sts, "mx")) + ", for " +
           format_duration(std::chrono::seconds(number_of(sts, "max_age_s"))) +
           sts_hosts_words(report);
  if (!id.empty()) return "announced, id " + id + ", and not to be had";
  const std::string status = text_of(sts, "status");
  if (status == "not-asked") return {};
  return text_of(sts, "problem").empty() ? "none (" + status + ")" : text_of(sts, "problem");
}

std::string dns_part(const Json& report, const Style& style) {
  const Json& dns = object_of(report, "dns");
  std::string out = "  " + style.bold("DNS:") + " MX " + text_of(dns, "mx") + ", addresses " +
                    text_of(dns, "address") + "\n";
  if (const std::string sts = sts_words(report); !sts.empty())
    out += wrapped("MTA-STS: " + sts, "  ", "    ");
  for (const Json& note : list_of(report, "notes"))
    if (note.is_string()) out += wrapped(note.get<std::string>(), "  ", "  ");
  return out;
}

std::string chain_part(const Json& host) {
  std::string out;
  std::size_t number = 0;
  for (const Json& certificate : list_of(host, "chain")) {
    std::string words = std::to_string(number) + "  " + text_of(certificate, "subject");
    if (number++ == 0) words += ", for " + joined(list_of(certificate, "names"));
    words += ", " + text_of(certificate, "key") + ", until " +
             text_of(certificate, "not_after").substr(0, 10) + ", issued by " +
             text_of(certificate, "issuer");
    out += line(number == 1 ? "certificates" : "", words);
  }
  return out;
}

std::string tls_words(const Json& tls) {
  if (tls.empty()) return "not used";
  if (!flag_of(tls, "completed").value_or(false)) return "failed: " + text_of(tls, "error");
  std::string out = text_of(tls, "version") + " " + text_of(tls, "cipher");
  if (flag_of(tls, "implicit").value_or(false)) out += ", from the first byte";
  out += number_of(tls, "staple_octets") > 0 ? ", OCSP staple" : ", no staple";
  if (flag_of(tls, "client_certificate_requested").value_or(false))
    out += ", client certificate asked for (" + std::to_string(number_of(tls, "ca_names")) +
           " CA names, " + std::to_string(number_of(tls, "ca_names_octets")) + " octets)";
  return out;
}

std::string views_words(const Json& host) {
  std::string out;
  for (const Json& view : list_of(host, "views")) {
    std::string seen = text_of(view, "version");
    if (seen.empty()) seen = "no TLS (" + text_of(view, "stage") + ")";
    if (text_of(view, "view").ends_with("sni") && !list_of(view, "names").empty())
      seen += " for " + joined(list_of(view, "names"));
    out += (out.empty() ? "" : "; ") + text_of(view, "view") + ": " + seen;
  }
  return out;
}

std::string host_part(const Json& host, const Style& style) {
  const Json& verdict = object_of(host, "verdict");
  const bool ok = flag_of(verdict, "ok").value_or(false);
  std::string out = "  " + style.bold(place_of(host)) + "  " +
                    (ok ? style.green("ok") : style.red(text_of(verdict, "code"))) + "\n";
  out += line("greeting", text_of(host, "greeting"));
  out += line("EHLO", joined(list_of(host, "keywords")));
  out += line("STARTTLS", text_of(host, "starttls_reply"));
  out += line("TLS", tls_words(object_of(host, "tls")));
  out += chain_part(host);
  out += line("EHLO in TLS", joined(list_of(host, "tls_keywords")));
  out += line("refusal", text_of(host, "refusal"));
  const Json& clear = object_of(host, "clear_text");
  if (const std::string reply = text_of(clear, "mail_from"); !reply.empty())
    out += line("MAIL in clear", reply);
  out += line("TLSA", joined(list_of(object_of(host, "dane"), "records"), "; "));
  return out + line("other looks", views_words(host));
}

}  // namespace

std::string render_check(const Json& report, const Style& style) {
  std::string out = headline(report, style) + verdict_part(report, style) +
                    tests_part(report, style) + findings_part(report, style) +
                    senders_part(report, style) + dns_part(report, style);
  for (const Json& host : list_of(report, "hosts")) out += host_part(host, style);
  return out;
}

}  // namespace postern::cli
