#include "mail/domain.h"

#include <algorithm>
#include <array>

#include <arpa/inet.h>

#include "base/text.h"
#include "mail/idna.h"

namespace postern::mail {
namespace {

constexpr std::size_t kIpv4Octets = 4;
constexpr std::size_t kIpv6Octets = 16;
constexpr std::size_t kMaxAddressText = INET6_ADDRSTRLEN;
constexpr std::string_view kIpv6Tag = "IPv6:";
constexpr int kExactSpecificity = 1000;  // above any number of labels
constexpr std::string_view kMappedPrefix("\0\0\0\0\0\0\0\0\0\0\xFF\xFF", 12);  // ::ffff:0:0/96

bool is_high(char c) {
  return static_cast<unsigned char>(c) >= 0x80;
}

Result<void> check_label(std::string_view label, bool allow_utf8) {
  if (label.empty()) return invalid("empty label in domain");
  if (label.size() > kMaxLabelOctets) return invalid("label of more than 63 octets in domain");
  if (label.front() == '-' || label.back() == '-') {
    return invalid("label begins or ends with a hyphen in domain");
  }
  for (const char c : label) {
    if (!is_alnum(c) && c != '-' && !(allow_utf8 && is_high(c))) {
      return invalid("'" + printable(std::string_view(&c, 1)) + "' not allowed in domain");
    }
  }
  return {};
}

// The octets of a textual IP address: 4 or 16 in network order, empty where it is none.
std::string address_bytes(std::string_view text) {
  if (text.size() >= kMaxAddressText || text.find('\0') != std::string_view::npos) return {};
  const std::string zero_ended(text);
  std::array<char, kIpv6Octets> octets{};
  if (inet_pton(AF_INET, zero_ended.c_str(), octets.data()) == 1) {
    return {octets.data(), kIpv4Octets};
  }
  if (inet_pton(AF_INET6, zero_ended.c_str(), octets.data()) == 1) {
    return {octets.data(), kIpv6Octets};
  }
  return {};
}

std::string address_text(const std::string& bytes) {
  std::array<char, kMaxAddressText> out{};
  const int family = bytes.size() == kIpv4Octets ? AF_INET : AF_INET6;
  inet_ntop(family, bytes.data(), out.data(), out.size());
  return out.data();
}

bool is_mapped(std::string_view bytes) {
  return bytes.size() == kIpv6Octets && bytes.starts_with(kMappedPrefix);
}

bool bit(std::string_view bytes, std::size_t index) {
  return (static_cast<unsigned char>(bytes[index / 8]) >> (7 - index % 8) & 1) != 0;
}

// The address with all bits beyond the prefix cleared.
std::string first_address(std::string bytes, std::size_t prefix) {
  for (std::size_t i = prefix; i < bytes.size() * 8; ++i) {
    bytes[i / 8] = static_cast<char>(static_cast<unsigned char>(bytes[i / 8]) & ~(0x80U >> i % 8));
  }
  return bytes;
}

}  // namespace

Result<std::string> parse_domain(std::string_view text, bool allow_utf8) {
  if (text.empty()) return invalid("empty domain");
  if (text.size() > kMaxDomainOctets) return invalid("domain of more than 255 octets");
  if (allow_utf8 && !is_valid_utf8(text)) return invalid("domain is no valid UTF-8");
  for (const std::string_view label : split(text, '.')) {
    TRY_VOID(check_label(label, allow_utf8));
  }
  return lower(text);
}

Result<std::string> parse_address_literal(std::string_view text) {
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') {
    return invalid("address literal without its brackets");
  }
  const std::string_view inside = text.substr(1, text.size() - 2);
  const bool tagged = istarts_with(inside, kIpv6Tag);
  const std::string bytes = address_bytes(tagged ? inside.substr(kIpv6Tag.size()) : inside);
  // RFC 5321 s4.1.3: an IPv6 address carries its tag, an IPv4 address none.
  if (bytes.size() != (tagged ? kIpv6Octets : kIpv4Octets)) {
    return invalid("'" + printable(text, 80) + "' is no address literal");
  }
  return "[" + std::string(tagged ? kIpv6Tag : "") + address_text(bytes) + "]";
}

Result<DomainPattern> DomainPattern::parse(std::string_view text) {
  DomainPattern pattern;
  if (text == "*") {
    pattern.text_ = "*";
    return pattern;
  }
  const bool wildcard = text.starts_with("*.");
  TRY(const std::string domain, parse_domain(wildcard ? text.substr(2) : text, true));
  TRY(const std::string a_labels, to_a_labels(domain));
  pattern.text_ = (wildcard ? "*." : "") + a_labels;
  return pattern;
}

bool DomainPattern::matches(std::string_view domain) const {
  if (text_ == "*") return true;
  if (!is_ascii(domain)) {
    const auto a_labels = to_a_labels(domain);
    return a_labels && matches(*a_labels);
  }
  if (!text_.starts_with("*.")) return iequals(domain, text_);
  const std::string_view suffix = std::string_view(text_).substr(1);  // with its dot
  return domain.size() > suffix.size() && iends_with(domain, suffix);
}

int DomainPattern::specificity() const {
  if (text_ == "*") return 0;
  if (!text_.starts_with("*.")) return kExactSpecificity;
  return static_cast<int>(std::count(text_.begin(), text_.end(), '.'));
}

Result<Network> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  Network network;
  network.bytes_ = address_bytes(text.substr(0, slash));
  if (network.bytes_.empty()) {
    return invalid("'" + printable(text, 80) + "' is no IP address or network");
  }
  std::size_t bits = network.bytes_.size() * 8;
  std::size_t prefix = bits;
  if (slash != std::string_view::npos) {
    const auto given = parse_uint(text.substr(slash + 1), bits);
    if (!given) {
      return invalid("'" + printable(text, 80) + "': the prefix length is 0 to " +
                     std::to_string(bits));
    }
    prefix = static_cast<std::size_t>(*given);
  }
  if (const std::string first = first_address(network.bytes_, prefix); first != network.bytes_) {
    return invalid("'" + printable(text, 80) +
                   "': bits are set beyond the prefix length; for the whole network write " +
                   address_text(first) + "/" + std::to_string(prefix));
  }
  // Since no bit is set beyond the prefix, a mapped one has a prefix of 96 or more.
  if (is_mapped(network.bytes_)) {
    network.bytes_.erase(0, kMappedPrefix.size());
    prefix -= kMappedPrefix.size() * 8;
    bits = kIpv4Octets * 8;
  }
  network.prefix_ = static_cast<int>(prefix);
  network.text_ = address_text(network.bytes_);
  if (prefix < bits) network.text_ += "/" + std::to_string(prefix);
  return network;
}

bool Network::contains(std::string_view address) const {
  std::string bytes = address_bytes(address);
  if (is_mapped(bytes)) bytes.erase(0, kMappedPrefix.size());
  if (bytes.size() != bytes_.size()) return false;
  for (std::size_t i = 0; i < static_cast<std::size_t>(prefix_); ++i) {
    if (bit(bytes, i) != bit(bytes_, i)) return false;
  }
  return true;
}

}  // namespace postern::mail
