// Where a fetch may go. Hostile certificates choose the URLs, so without permission of the
// configuration (`server.fetch_allow`) a fetch reaches the public internet only, and there the
// ports of the web. Addresses are judged when they are connected to, so a name that resolves to
// another address the second time gains nothing. Pure. Source: IANA IPv4 and IPv6 Special-Purpose
// Address Registries (RFC 6890).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/config.h"

namespace postern::fetch {

constexpr std::size_t kMaxUrlOctets = 2048;

// An http or https URL, read.
struct Url {
  std::string text;
  std::string scheme;  // "http", "https"
  std::string host;    // lower case; an IPv6 literal without brackets
  std::uint16_t port = 0;
  [[nodiscard]] bool secure() const { return scheme == "https"; }
};
// Errors: invalid, in words: another scheme, a user name, too long, unreadable.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

// Where `from` may be redirected to: the same host, over TLS if it was so before.
// Errors: invalid, in words.
[[nodiscard]] Result<Url> check_redirect(const Url& from, std::string_view to);

// What kind of place an address is that no fetch goes to unasked: "a loopback address", "a private
// address". Empty: it is public. IPv4 within IPv6 (mapped, NAT64, 6to4, Teredo) is never public:
// what it reaches depends on translators that we do not know.
[[nodiscard]] std::string special_address(std::string_view address);

class Guard {
 public:
  Guard() = default;
  explicit Guard(std::vector<policy::FetchPlace> allowed) : allowed_(std::move(allowed)) {}

  // Why `url`'s host must not be asked at `address` (textual) and `port`; empty: it may.
  [[nodiscard]] std::string objection(const Url& url, std::string_view address,
                                      std::uint16_t port) const;
  // The same before anything is resolved, for a fetch through a proxy, whose address is what is
  // connected to: literal addresses and ports. Names are the proxy's to judge.
  [[nodiscard]] std::string objection_by_proxy(const Url& url) const;

 private:
  std::vector<policy::FetchPlace> allowed_;
};

}  // namespace postern::fetch
