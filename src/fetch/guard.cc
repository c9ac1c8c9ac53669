#include "fetch/guard.h"

#include <algorithm>
#include <array>
#include <memory>

#include <arpa/inet.h>
#include <curl/curl.h>

#include "base/text.h"

namespace postern::fetch {
namespace {

constexpr std::uint16_t kHttpPort = 80, kHttpsPort = 443;
// CAs of companies listen on ports like 2560 and 8080. Below stand the services of the system,
// which must not be spoken to in HTTP because a certificate says so.
constexpr std::uint16_t kFirstUserPort = 1024;

struct SpecialRange {
  const char* network;
  const char* what;
};
constexpr std::array<SpecialRange, 14> kSpecialIpv4{{
    {"0.0.0.0/8", "an unspecified address"},
    {"10.0.0.0/8", "a private address"},
    {"100.64.0.0/10", "an address of a carrier's NAT"},
    {"127.0.0.0/8", "a loopback address"},
    {"169.254.0.0/16", "a link-local address"},
    {"172.16.0.0/12", "a private address"},
    {"192.0.0.0/24", "an address for protocols"},
    {"192.0.2.0/24", "an address for documentation"},
    {"192.88.99.0/24", "an address of a 6to4 relay"},
    {"192.168.0.0/16", "a private address"},
    {"198.18.0.0/15", "an address for benchmarks"},
    {"198.51.100.0/24", "an address for documentation"},
    {"203.0.113.0/24", "an address for documentation"},
    {"224.0.0.0/3", "a multicast or reserved address"},
}};
// Tried in order; what none holds is public only within 2000::/3.
constexpr std::array<SpecialRange, 12> kSpecialIpv6{{
    {"::/128", "an unspecified address"},
    {"::1/128", "a loopback address"},
    {"64:ff9b::/96", "a NAT64 address"},
    {"64:ff9b:1::/48", "a NAT64 address"},
    {"fe80::/10", "a link-local address"},
    {"fc00::/7", "a private address"},
    {"ff00::/8", "a multicast address"},
    {"2001::/32", "a Teredo address"},
    {"2001::/23", "an address for protocols"},
    {"2001:db8::/32", "an address for documentation"},
    {"3fff::/20", "an address for documentation"},
    {"2002::/16", "a 6to4 address"},
}};
constexpr const char* kGlobalIpv6 = "2000::/3";

bool within(const char* network, std::string_view address) {
  const Result<mail::Network> parsed = mail::Network::parse(network);
  return parsed && parsed->contains(address);
}

template <std::size_t N>
std::string kind_of(const std::array<SpecialRange, N>& ranges, std::string_view address) {
  for (const SpecialRange& range : ranges)
    if (within(range.network, address)) return range.what;
  return {};
}

bool is_ipv4(std::string_view address) {
  in_addr octets{};
  return inet_pton(AF_INET, std::string(address).c_str(), &octets) == 1;
}
bool is_ipv6(std::string_view address) {
  in6_addr octets{};
  return inet_pton(AF_INET6, std::string(address).c_str(), &octets) == 1;
}

bool usual_port(std::uint16_t port) {
  return port == kHttpPort || port == kHttpsPort || port >= kFirstUserPort;
}

constexpr std::string_view kNotListed = "; server.fetch_allow does not list it";

std::string port_objection(std::uint16_t port) {
  return "port " + std::to_string(port) + " is none of the web" + std::string(kNotListed);
}

struct UrlDelete {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct CurlFree {
  void operator()(char* text) const { curl_free(text); }
};

std::string part(CURLU* url, CURLUPart what, unsigned flags = 0) {
  char* raw = nullptr;
  if (curl_url_get(url, what, &raw, flags) != CURLUE_OK) return {};
  const std::unique_ptr<char, CurlFree> owner(raw);
  return raw;
}

bool is_plain(char c) {
  return c > ' ' && c <= '~';
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  if (text.size() > kMaxUrlOctets)
    return invalid("the URL is longer than " + std::to_string(kMaxUrlOctets) + " octets");
  if (!std::ranges::all_of(text, is_plain))
    return invalid("the URL has blanks, control or non-ASCII characters");
  const std::size_t colon = text.find("://");
  const std::string scheme = lower(text.substr(0, std::min(colon, text.size())));
  if (colon == std::string_view::npos || (scheme != "http" && scheme != "https"))
    return invalid("not followed: only http and https are");
  const std::unique_ptr<CURLU, UrlDelete> url(curl_url());
  if (!url || curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(), 0) != CURLUE_OK)
    return invalid("the URL is not readable");
  if (!part(url.get(), CURLUPART_USER).empty() || !part(url.get(), CURLUPART_PASSWORD).empty())
    return invalid("the URL names a user");
  // A fragment is the reader's business, not the server's (RFC 3986 s3.5).
  curl_url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0);
  Url out;
  out.scheme = scheme;
  out.text = part(url.get(), CURLUPART_URL);
  out.host = lower(part(url.get(), CURLUPART_HOST));
  if (out.host.starts_with('[') && out.host.ends_with(']'))
    out.host = out.host.substr(1, out.host.size() - 2);
  const auto port = parse_uint(part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT), UINT16_MAX);
  if (out.host.empty() || !port || *port == 0) return invalid("the URL names no host");
  out.port = static_cast<std::uint16_t>(*port);
  return out;
}

Result<Url> check_redirect(const Url& from, std::string_view to) {
  Result<Url> target = parse_url(to);
  if (!target) return invalid("redirected to " + printable(to, 200) + ": " + target.error().what());
  if (target->host != from.host)
    return invalid("redirected to another host, " + target->host + ", which is not followed");
  if (from.secure() && !target->secure())
    return invalid("redirected from https to http, which is not followed");
  return target;
}

std::string special_address(std::string_view address) {
  if (is_ipv4(address)) return kind_of(kSpecialIpv4, address);
  if (!is_ipv6(address)) return "no address";
  // mail::Network takes a mapped address for the IPv4 one.
  if (within("0.0.0.0/0", address)) return "an IPv4-mapped address";
  if (std::string special = kind_of(kSpecialIpv6, address); !special.empty()) return special;
  return within(kGlobalIpv6, address) ? "" : "a reserved address";
}

std::string Guard::objection(const Url& url, std::string_view address, std::uint16_t port) const {
  for (const policy::FetchPlace& place : allowed_) {
    if (const auto* network = std::get_if<mail::Network>(&place)) {
      if (network->contains(address)) return {};
    } else if (std::get<mail::DomainPattern>(place).matches(url.host)) {
      return {};
    }
  }
  if (const std::string special = special_address(address); !special.empty())
    return std::string(address) + " is " + special + std::string(kNotListed);
  return usual_port(port) ? std::string() : port_objection(port);
}

std::string Guard::objection_by_proxy(const Url& url) const {
  if (is_ipv4(url.host) || is_ipv6(url.host)) return objection(url, url.host, url.port);
  const bool listed = std::ranges::any_of(allowed_, [&](const policy::FetchPlace& place) {
    const auto* pattern = std::get_if<mail::DomainPattern>(&place);
    return pattern != nullptr && pattern->matches(url.host);
  });
  if (listed) return {};
  if (url.host == "localhost" || url.host.ends_with(".localhost"))
    return url.host + " is a loopback name" + std::string(kNotListed);
  return usual_port(url.port) ? std::string() : port_objection(url.port);
}

}  // namespace postern::fetch
