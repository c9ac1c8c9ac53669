#include "x509/names.h"

#include <algorithm>
#include <array>
#include <optional>

#include <arpa/inet.h>

#include "base/text.h"

namespace postern::x509 {

constexpr std::size_t kMaxDnsNameOctets = 253;
constexpr std::size_t kMaxLabelOctets = 63;

bool is_dns_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxDnsNameOctets) return false;
  const auto good = [](char c) { return is_alnum(c) || c == '-' || c == '_'; };
  return std::ranges::all_of(split(name, '.'), [&](std::string_view label) {
    return !label.empty() && label.size() <= kMaxLabelOctets && std::ranges::all_of(label, good);
  });
}

std::string address_text(std::string_view octets) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = octets.size() == 4 ? AF_INET : AF_INET6;
  if (octets.size() != 4 && octets.size() != 16) return to_hex(octets);
  return inet_ntop(family, octets.data(), text.data(), text.size());
}

namespace {

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
  if (text.contains('\0')) return {};
  const std::string zero_ended(text);
  if (inet_pton(AF_INET, zero_ended.c_str(), octets.data()) == 1) return {octets.data(), 4};
  if (inet_pton(AF_INET6, zero_ended.c_str(), octets.data()) == 1) return {octets.data(), 16};
  return {};
}

bool address_among(const std::vector<std::string>& presented, std::string_view reference) {
  const std::string wanted = address_octets(reference);
  return !wanted.empty() && std::ranges::any_of(presented, [&](const std::string& address) {
    return address_octets(address) == wanted;
  });
}

bool same_mailbox(std::string_view a, std::string_view b) {
  const std::size_t at = a.rfind('@');
  return at != std::string_view::npos && at != 0 && b.rfind('@') == at &&
         a.substr(0, at) == b.substr(0, at) && is_dns_name(a.substr(at + 1)) &&
         iequals(a.substr(at), b.substr(at));
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

bool is_ip_address(std::string_view text) {
  return !address_octets(text).empty();
}

bool name_matches(const Certificate& certificate, const ReferenceName& reference) {
  switch (reference.kind) {
    case NameKind::dns:
      return !is_ip_address(reference.value) &&
             std::ranges::any_of(certificate.dns_names(), [&](const std::string& presented) {
               return dns_name_matches(presented, reference.value);
             });
    case NameKind::ip:
      return address_among(certificate.ip_addresses(), reference.value);
    case NameKind::email:
      return std::ranges::any_of(certificate.email_addresses(), [&](const std::string& presented) {
        return same_mailbox(presented, reference.value);
      });
  }
  return false;
}

NameMatch match_name(const Certificate& certificate, std::string_view reference, bool legacy_cn) {
  if (is_ip_address(reference))
    return address_among(certificate.ip_addresses(), reference) ? NameMatch::san : NameMatch::no;
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
