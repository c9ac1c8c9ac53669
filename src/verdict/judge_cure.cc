// The steps of a cure: the catalog's words with this case's facts in their braces.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "verdict/catalog.h"
#include "verdict/judge_case.h"

namespace postern::verdict {
namespace {

// Where a case lacks a fact, the sentence still reads.
constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kWithoutFact{{
    {"peer", "the peer"},
    {"port", "25"},
    {"wanted", "the agreed name"},
    {"presented", "other names"},
    {"subject", "the certificate"},
    {"issuer", "its issuer"},
    {"from", "later"},
    {"until", "earlier"},
    {"anchor", "the root"},
    {"anchor_file", "its file"},
    {"anchor_set", "the set that holds it"},
    {"sets", "no set"},
    {"own", "our certificate"},
    {"who", "the connector"},
}};

const std::string* find_fact(const Facts& facts, std::string_view name) {
  const auto found =
      std::ranges::find(facts, name, &std::pair<std::string_view, std::string>::first);
  return found == facts.end() || found->second.empty() ? nullptr : &found->second;
}

std::string fact(const Case& c, const Finding& found, std::string_view name) {
  if (const std::string* own = find_fact(found.facts, name)) return *own;
  if (const std::string* common = find_fact(c.facts, name)) return *common;
  for (const auto& [key, words] : kWithoutFact) {
    if (key == name) return std::string(words);
  }
  return "{" + std::string(name) + "}";  // braces that are no fact: TLS 1.2\{Client,Server}
}

std::string filled(const Case& c, const Finding& found, std::string_view step) {
  std::string out;
  while (true) {
    const std::size_t open = step.find('{');
    const std::size_t close = step.find('}', open);
    if (open == std::string_view::npos || close == std::string_view::npos) return out.append(step);
    out += step.substr(0, open);
    out += fact(c, found, step.substr(open + 1, close - open - 1));
    step.remove_prefix(close + 1);
  }
}

// Which product the peer runs, as far as its greeting tells.
std::string_view product(const Evidence& evidence) {
  if (!evidence.smtp.greeting) return {};
  const std::string greeting = evidence.smtp.greeting->str();
  if (greeting.find("Microsoft ESMTP") != std::string::npos) return "Exchange";
  if (greeting.find("Postfix") != std::string::npos) return "Postfix";
  return {};
}

}  // namespace

std::vector<std::string> cure_for(const Case& c, const Finding& found) {
  const CatalogEntry& entry = catalog_entry(found.code);
  std::vector<std::string> steps;
  for (const std::string_view step : entry.cure_postern) steps.push_back(filled(c, found, step));
  // What the other side's operator types, where the fault is his and his product is known.
  if (found.fault != c.peer_fault()) return steps;
  const std::string_view theirs = product(c.evidence);
  if (theirs.empty()) return steps;
  for (const std::string_view step :
       theirs == "Exchange" ? entry.cure_exchange : entry.cure_postfix) {
    steps.push_back("There (" + std::string(theirs) + "): " + filled(c, found, step));
  }
  return steps;
}

}  // namespace postern::verdict
