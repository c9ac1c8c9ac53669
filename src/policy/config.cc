#include "policy/config.h"

#include <algorithm>
#include <array>

#include <arpa/inet.h>

#include "base/text.h"

namespace postern::policy {
namespace {

template <class T>
const T* find_named(const std::vector<T>& all, std::string_view name) {
  const auto it = std::ranges::find(all, name, &T::name);
  return it == all.end() ? nullptr : &*it;
}

}  // namespace

std::optional<std::string> canonical_address(std::string_view text) {
  const std::string address(text);
  std::array<unsigned char, sizeof(in6_addr)> octets{};
  std::array<char, INET6_ADDRSTRLEN> out{};
  for (const int family : {AF_INET, AF_INET6}) {
    if (inet_pton(family, address.c_str(), octets.data()) == 1 &&
        address.find('\0') == std::string::npos &&
        inet_ntop(family, octets.data(), out.data(), out.size()) != nullptr) {
      return std::string(out.data());
    }
  }
  return std::nullopt;
}

std::string Location::str() const {
  if (line == 0) return file;
  return file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

std::string Endpoint::str() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Endpoint> Endpoint::parse(std::string_view text, std::uint16_t default_port) {
  const auto bad = [&](const std::string& why) {
    return invalid("'" + printable(text, 100) + "' is no host and port: " + why);
  };
  const bool bracketed = text.starts_with('[');
  std::string_view host = text;
  std::string_view rest;  // ":port" or empty
  if (bracketed) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return bad("the bracket is not closed");
    host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') return bad("after the bracket comes :port");
  } else if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
    if (text.find(':', colon + 1) != std::string_view::npos) {
      return bad("write an IPv6 address in brackets: [2001:db8::1]:25");
    }
    host = text.substr(0, colon);
    rest = text.substr(colon);
  }
  Endpoint out;
  out.port = default_port;
  if (!rest.empty()) {
    const auto port = parse_uint(rest.substr(1), 65535);
    if (!port) return bad("the port is a number from 0 to 65535");
    out.port = static_cast<std::uint16_t>(*port);
  }
  const auto address = canonical_address(host);
  const bool ipv6 = address && address->find(':') != std::string::npos;
  if (bracketed && !ipv6) return bad("brackets are for IPv6 addresses");
  if (address) {
    out.host = *address;
    return out;
  }
  auto name = mail::parse_domain(host);
  if (!name) return bad(name.error().detail());
  out.host = std::move(*name);
  return out;
}

const SendConnector* Config::find_send(std::string_view name) const {
  return find_named(send, name);
}

const ReceiveConnector* Config::find_receive(std::string_view name) const {
  return find_named(receive, name);
}

const Partner* Config::find_partner(std::string_view name) const {
  return find_named(partners, name);
}

}  // namespace postern::policy
