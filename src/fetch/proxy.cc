#include "fetch/proxy.h"

#include <algorithm>
#include <cstdlib>

#include "base/text.h"

namespace postern::fetch {
namespace {

std::string first_of(const Environment& environment, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (std::string value = environment(name); !value.empty()) return value;
  return {};
}

// One word of no_proxy: "*", a host, a domain with or without its leading dot, or a network.
bool exempts(std::string_view word, const std::string& host) {
  if (word == "*") return true;
  const std::string_view domain = word.starts_with('.') ? word.substr(1) : word;
  if (domain.empty()) return false;
  if (iequals(domain, host) || iends_with(host, "." + std::string(domain))) return true;
  const Result<mail::Network> network = mail::Network::parse(word);
  return network && network->contains(host);
}

bool exempt(std::string list, const std::string& host) {
  std::ranges::replace(list, ' ', ',');
  return std::ranges::any_of(split(list, ','),
                             [&](std::string_view word) { return exempts(trim(word), host); });
}

}  // namespace

std::string process_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string proxy_for(const Url& url, const std::string& configured,
                      const Environment& environment) {
  if (configured == "none") return {};
  if (!configured.empty()) return configured;
  if (exempt(first_of(environment, {"no_proxy", "NO_PROXY"}), url.host)) return {};
  std::string of_scheme = url.secure() ? first_of(environment, {"https_proxy", "HTTPS_PROXY"})
                                       : first_of(environment, {"http_proxy"});
  return of_scheme.empty() ? first_of(environment, {"all_proxy", "ALL_PROXY"}) : of_scheme;
}

}  // namespace postern::fetch
