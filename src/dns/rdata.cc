#include "dns/rdata.h"

#include <algorithm>
#include <array>

#include <arpa/inet.h>

#include "base/text.h"

namespace postern::dns {
namespace {

constexpr std::size_t kMaxLabelOctets = 63;  // RFC 1035 s2.3.4
constexpr std::size_t kMaxNameOctets = 255;  // with lengths and the root

bool is_host_label(std::string_view label) {
  return std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-' || c == '_'; });
}

std::optional<std::string> parse_name(std::string_view wire) {
  if (wire.size() > kMaxNameOctets) return std::nullopt;
  std::string name;
  while (!wire.empty()) {
    const std::size_t length = static_cast<unsigned char>(wire.front());
    wire.remove_prefix(1);
    if (length == 0) return wire.empty() ? std::optional(lower(name)) : std::nullopt;
    if (length > kMaxLabelOctets || length > wire.size()) return std::nullopt;
    const std::string_view label = wire.substr(0, length);
    if (!is_host_label(label)) return std::nullopt;
    if (!name.empty()) name += '.';
    name += label;
    wire.remove_prefix(length);
  }
  return std::nullopt;  // no root at its end
}

}  // namespace

std::optional<MxRecord> parse_mx(std::string_view rdata) {
  if (rdata.size() < 3) return std::nullopt;
  const unsigned preference =
      static_cast<unsigned char>(rdata[0]) * 256U + static_cast<unsigned char>(rdata[1]);
  auto host = parse_name(rdata.substr(2));
  if (!host) return std::nullopt;
  return MxRecord{preference, std::move(*host)};
}

std::optional<std::string> parse_address(std::string_view rdata) {
  if (rdata.size() != 4 && rdata.size() != 16) return std::nullopt;
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = rdata.size() == 4 ? AF_INET : AF_INET6;
  if (::inet_ntop(family, rdata.data(), text.data(), text.size()) == nullptr) return std::nullopt;
  return std::string(text.data());
}

std::optional<std::string> parse_txt(std::string_view rdata) {
  std::string text;
  while (!rdata.empty()) {
    const std::size_t length = static_cast<unsigned char>(rdata.front());
    rdata.remove_prefix(1);
    if (length > rdata.size()) return std::nullopt;
    text += rdata.substr(0, length);
    rdata.remove_prefix(length);
  }
  return text;
}

}  // namespace postern::dns
