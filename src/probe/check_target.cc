#include "probe/check_target.h"

#include "base/text.h"
#include "mail/domain.h"
#include "mail/idna.h"
#include "policy/config.h"

namespace postern::probe {
namespace {

constexpr std::uint64_t kMaxPort = 65535;

std::unexpected<Error> no_target(std::string_view text, const std::string& why) {
  return invalid("'" + printable(text, mail::kMaxDomainOctets) + "' is no target: " + why +
                 "; give a domain, a host, HOST:PORT or an address like [192.0.2.1]:25");
}

// The port behind the last colon, taken off `rest`. A colon belongs to a bare IPv6 address too.
Result<std::optional<std::uint16_t>> take_port(std::string_view text, std::string_view& rest) {
  const std::size_t colon = rest.rfind(':');
  const bool bracketed = rest.starts_with('[');
  if (colon == rest.npos || (bracketed && colon < rest.find(']'))) return std::nullopt;
  if (!bracketed && rest.find(':') != colon) return std::nullopt;
  const auto port = parse_uint(rest.substr(colon + 1), kMaxPort);
  if (!port || *port == 0) return no_target(text, "what follows the colon is no port");
  rest = rest.substr(0, colon);
  return static_cast<std::uint16_t>(*port);
}

std::string_view without_brackets(std::string_view rest) {
  if (!rest.starts_with('[') || !rest.ends_with(']')) return rest;
  rest = rest.substr(1, rest.size() - 2);
  if (istarts_with(rest, "IPv6:")) rest.remove_prefix(5);
  return rest;
}

}  // namespace

Result<CheckTarget> parse_check_target(std::string_view text) {
  CheckTarget out;
  out.text = printable(trim(text), mail::kMaxDomainOctets);
  std::string_view rest = trim(text);
  if (const std::size_t at = rest.rfind('@'); at != rest.npos) rest.remove_prefix(at + 1);
  if (rest.empty()) return no_target(text, "it is empty");
  TRY(out.port, take_port(text, rest));
  if (const auto address = policy::canonical_address(without_brackets(rest))) {
    out.name = *address;
    out.literal = true;
    return out;
  }
  if (rest.starts_with('[')) return no_target(text, "no address stands between the brackets");
  if (rest.ends_with('.')) rest.remove_suffix(1);
  auto ascii = mail::to_a_labels(rest);
  if (!ascii) return no_target(text, ascii.error().detail());
  auto domain = mail::parse_domain(*ascii);
  if (!domain) return no_target(text, domain.error().detail());
  out.name = std::move(*domain);
  return out;
}

}  // namespace postern::probe
