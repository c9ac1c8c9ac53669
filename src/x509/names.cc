#include "x509/names.h"

#include <algorithm>
#include <array>
#include <optional>

#include <arpa/inet.h>

#include "base/text.h"

namespace postern::x509 {
namespace {

constexpr std::size_t kMaxDnsNameOctets = 253;
constexpr std::size_t kMaxLabelOctets = 63;

// Letters, digits, hyphen and underscore (which is in use, though no host name); labels neither
// empty nor too long. Whatever else a certificate holds matches nothing.
bool is_dns_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxDnsNameOctets) return false;
  const auto good = [](char c) { return is_alnum(c) || c == '-' || c == '_'; };
  return std::ranges::all_of(split(name, '.'), [&](std::string_view label) {
    return !label.empty() && label.size() <= kMaxLabelOctets && std::ranges::all_of(label, good);
  });
}

// What follows "*." of a wildcard name; nullopt: no wildcard. RFC 9525 s6.3: the whole leftmost
// label only. One label below a top-level name is not a place for a wildcard either.
std::optional<std::string_view> wildcard_base(std::string_view name) {
  if (!name.starts_with("*.")) return std::nullopt;
  name.remove_prefix(2);
  if (!is_dns_name(name) || name.find('.') == std::string_view::npos) return std::nullopt;
  return name;
}

// True when `name` is exactly one label below `base`.
bool one_label_below(std::string_view name, std::string_view base) {
  if (!is_dns_name(name)) return false;
  const std::size_t dot = name.find('.');
  return dot != std::string_view::npos && iequals(name.substr(dot + 1), base);
}

std::string_view without_trailing_dot(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return name;
}

// The octets of a textual address, empty when it is none. "[...]" is not taken off.
std::string address_octets(std::string_view text) {
  std::array<char, 16> octets{};
  const std::string zero_ended(text);
  if (inet_pton(AF_INET, zero_ended.c_str(), octets.data()) == 1) return {octets.data(), 4};
  if (inet_pton(AF_INET6, zero_ended.c_str(), octets.data()) == 1) return {octets.data(), 16};
  return {};
}

}  // namespace

bool dns_name_matches(std::string_view presented, std::string_view reference) {
  presented = without_trailing_dot(presented);
  reference = without_trailing_dot(reference);
  const auto presented_base = wildcard_base(presented);
  if (const auto base = wildcard_base(reference)) {
    if (presented_base) return iequals(*presented_base, *base);
    return one_label_below(presented, *base);
  }
  if (presented_base) return one_label_below(reference, *presented_base);
  return is_dns_name(reference) && iequals(presented, reference);
}

NameMatch match_name(const Certificate& certificate, std::string_view reference, bool legacy_cn) {
  if (const std::string address = address_octets(reference); !address.empty()) {
    const bool found = std::ranges::any_of(
        certificate.ip_addresses(),
        [&](const std::string& presented) { return address_octets(presented) == address; });
    return found ? NameMatch::san : NameMatch::no;
  }
  const auto matches = [&](const std::string& presented) {
    return dns_name_matches(presented, reference);
  };
  if (std::ranges::any_of(certificate.dns_names(), matches)) return NameMatch::san;
  if (legacy_cn && certificate.dns_names().empty() &&
      std::ranges::any_of(certificate.common_names(), matches))
    return NameMatch::legacy_cn;
  return NameMatch::no;
}

std::vector<std::string> presented_names(const Certificate& certificate) {
  std::vector<std::string> out = certificate.dns_names();
  out.insert(out.end(), certificate.ip_addresses().begin(), certificate.ip_addresses().end());
  if (out.empty())
    for (const std::string& name : certificate.common_names()) out.push_back("CN=" + name);
  return out;
}

}  // namespace postern::x509
