#include "explain/draft.h"

#include <algorithm>

#include "base/text.h"
#include "explain/details.h"

namespace postern::explain {

std::string table_name(std::string_view text, const std::vector<std::string>& taken) {
  constexpr std::size_t kMaxName = 40;
  std::string name;
  for (const char c : text) {
    if (name.size() >= kMaxName) break;
    if (is_alnum(c)) name += to_lower(c);
    if (!is_alnum(c) && !name.empty() && name.back() != '-') name += '-';
  }
  while (name.ends_with('-')) name.pop_back();
  if (name.empty()) name = "unnamed";
  std::string out = name;
  for (int i = 2; std::ranges::find(taken, out) != taken.end(); ++i)
    out = name + "-" + std::to_string(i);
  return out;
}

std::string name_in(std::string_view text) {
  const std::string_view cn = after(text, "CN=", ",");
  const Result<mail::DomainPattern> name = mail::DomainPattern::parse(trim(cn.empty() ? text : cn));
  return name && name->text() != "*" ? name->text() : std::string();
}

bool add_domain(std::string_view text, std::vector<mail::DomainPattern>& domains,
                std::vector<std::string>& notes) {
  const Result<mail::DomainPattern> pattern = mail::DomainPattern::parse(trim(text));
  if (!pattern) {
    notes.push_back("Left out: '" + printable(text) + "' is no domain here.");
    return false;
  }
  if (std::ranges::find(domains, *pattern) == domains.end()) domains.push_back(*pattern);
  return true;
}

bool add_host(std::string_view text, std::uint16_t port, std::vector<policy::Endpoint>& hosts,
              std::vector<std::string>& notes) {
  const Result<policy::Endpoint> endpoint = policy::Endpoint::parse(trim(text), port);
  if (!endpoint) {
    notes.push_back("Left out: '" + printable(text) + "' is no host here.");
    return false;
  }
  hosts.push_back(*endpoint);
  return true;
}

policy::Draft draft_config(const std::vector<ExportFile>& files) {
  policy::Draft draft;
  PostfixSettings postfix;
  std::vector<ExportFile> exports;
  bool any_postfix = false;
  for (const ExportFile& file : files) {
    if (postfix.read(file.octets)) {
      any_postfix = true;
    } else {
      exports.push_back(file);
    }
  }
  const ExchangeEstate estate = read_exchange(exports);
  for (const ExportProblem& problem : estate.problems)
    draft.notes.push_back(problem.where.str() + ": " + problem.text);
  draft_exchange(estate, draft);
  if (any_postfix) postfix.draft(draft);
  return draft;
}

}  // namespace postern::explain
