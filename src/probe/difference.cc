#include "probe/difference.h"

#include <algorithm>
#include <functional>

#include "base/text.h"
#include "probe/finding.h"
#include "x509/names.h"

namespace postern::probe {
namespace {

struct Fact {
  std::string_view name;
  std::string_view words;  // "N of M hosts ..."
  std::function<std::string(const HostReport&)> value;
};

std::string sorted_keywords(const HostReport& host) {
  std::vector<std::string> keywords = host.evidence.smtp.tls_keywords;
  if (keywords.empty()) keywords = host.evidence.smtp.keywords;
  // SIZE and the like may carry other numbers on purpose; the word is what counts.
  for (std::string& keyword : keywords) keyword = std::string(split(keyword, ' ').front());
  std::ranges::sort(keywords);
  return join(keywords, " ");
}

// A certificate of its own for each host is usual; other names, another issuer or another end are
// what somebody forgot.
std::string certificate(const HostReport& host) {
  if (host.evidence.tls.presented.empty()) return "none";
  const x509::Certificate& leaf = host.evidence.tls.presented.front();
  if (x509::match_name(leaf, host.target.host, false) == x509::NameMatch::san)
    return "bearing the host's name; issued by " + leaf.issuer();
  return "for " + join(x509::presented_names(leaf), ", ") + "; issued by " + leaf.issuer() +
         "; until " + format_rfc3339(leaf.not_after()).substr(0, 10);
}

const std::vector<Fact>& facts() {
  static const std::vector<Fact> all{
      {"verdict", "come to another verdict",
       [](const HostReport& host) { return host.verdict.code; }},
      {"certificate", "present another certificate", certificate},
      {"version", "speak another TLS version",
       [](const HostReport& host) {
         const std::string& version = host.evidence.tls.version;
         return version.empty() ? std::string("none") : version;
       }},
      {"client-certificate", "differ in asking for a client certificate",
       [](const HostReport& host) {
         return std::string(host.evidence.tls.certificate_requested ? "asked for"
                                                                    : "not asked for");
       }},
      {"keywords", "announce other keywords", sorted_keywords},
  };
  return all;
}

Difference compare(const std::vector<HostReport>& hosts, const Fact& fact) {
  Difference out;
  out.fact = fact.name;
  for (const HostReport& host : hosts) {
    // What was not reached says nothing but in the verdict.
    if (fact.name != "verdict" && host.evidence.smtp.keywords.empty() &&
        !host.evidence.tls.completed)
      continue;
    const std::string value = fact.value(host);
    auto group = std::ranges::find(out.groups, value,
                                   &std::pair<std::string, std::vector<std::string>>::first);
    if (group == out.groups.end()) group = out.groups.insert(group, {value, {}});
    group->second.push_back(place_of(host.target));
  }
  return out;
}

// The smallest group is what differs from the rest.
std::string sentence(const Difference& difference, const Fact& fact) {
  std::size_t all = 0;
  const auto* fewest = &difference.groups.front();
  for (const auto& group : difference.groups) {
    all += group.second.size();
    if (group.second.size() <= fewest->second.size()) fewest = &group;
  }
  return std::to_string(fewest->second.size()) + " of " + std::to_string(all) + " addresses " +
         std::string(fact.words) + ": " + join(fewest->second, ", ") + " (" +
         printable(fewest->first, 200) + ")";
}

}  // namespace

std::vector<Difference> differences(const CheckReport& report) {
  std::vector<Difference> out;
  for (const Fact& fact : facts()) {
    Difference one = compare(report.hosts, fact);
    if (one.groups.size() < 2) continue;
    one.text = sentence(one, fact);
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace postern::probe
