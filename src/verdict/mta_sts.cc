#include "verdict/mta_sts.h"

#include <algorithm>

#include "base/text.h"
#include "mail/domain.h"
#include "x509/names.h"

namespace postern::verdict {
namespace {

constexpr std::size_t kMaxIdOctets = 32;

std::unexpected<Error> at_line(std::size_t line, std::string_view what) {
  return invalid("line " + std::to_string(line) + " of the MTA-STS policy: " + std::string(what));
}

bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= kMaxIdOctets && std::ranges::all_of(id, is_alnum);
}

Result<std::string> parse_mx(std::string_view value) {
  const bool wildcard = value.starts_with("*.");
  const Result<std::string> host = mail::parse_domain(wildcard ? value.substr(2) : value);
  if (!host) return invalid("mx is a host name or *.DOMAIN, not '" + printable(value, 80) + "'");
  return (wildcard ? "*." : "") + *host;
}

struct Seen {
  bool version = false, mode = false, max_age = false;
};

Result<void> read_field(std::string_view key, std::string_view value, StsPolicy& out, Seen& seen) {
  // Keys that are repeated count once, the first one (s3.2).
  if (key == "version") {
    if (!seen.version && value != "STSv1") return invalid("version is STSv1 only");
    seen.version = true;
  } else if (key == "mode" && !seen.mode) {
    if (value != "enforce" && value != "testing" && value != "none")
      return invalid("mode is enforce, testing or none");
    out.mode = value == "enforce"   ? StsMode::enforce
               : value == "testing" ? StsMode::testing
                                    : StsMode::none;
    seen.mode = true;
  } else if (key == "max_age" && !seen.max_age) {
    const auto seconds = parse_uint(value, static_cast<std::uint64_t>(kMaxStsAge.count()));
    if (!seconds) return invalid("max_age is a number of seconds, 31557600 at most");
    out.max_age = std::chrono::seconds(*seconds);
    seen.max_age = true;
  } else if (key == "mx") {
    TRY(std::string mx, parse_mx(value));
    if (out.mx.size() == kMaxStsMxPatterns) return invalid("more than 1000 mx lines");
    out.mx.push_back(std::move(mx));
  }
  return {};
}

}  // namespace

std::string_view to_string(StsMode mode) {
  switch (mode) {
    case StsMode::none:
      return "none";
    case StsMode::testing:
      return "testing";
    case StsMode::enforce:
      return "enforce";
  }
  return "none";
}

Result<std::optional<std::string>> parse_sts_records(const std::vector<std::string>& texts) {
  std::optional<std::string> id;
  for (const std::string& text : texts) {
    const std::vector<std::string_view> fields = split(text, ';');
    if (trim(fields.front()) != "v=STSv1") continue;
    if (id) return invalid("more than one v=STSv1 record: none of them counts");
    for (const std::string_view field : fields) {
      const std::string_view trimmed = trim(field);
      if (!id && trimmed.starts_with("id=")) id = std::string(trimmed.substr(3));
    }
    if (!id || !is_id(*id)) return invalid("a v=STSv1 record without an id of letters and digits");
  }
  return id;
}

Result<StsPolicy> parse_sts_policy(std::string_view text) {
  if (text.size() > kMaxStsPolicyOctets) return invalid("an MTA-STS policy of more than 64 KiB");
  StsPolicy out;
  Seen seen;
  std::size_t number = 0;
  for (const std::string_view raw : split(text, '\n')) {
    ++number;
    const std::string_view line = trim(raw);
    if (line.empty()) continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return at_line(number, "no 'key: value'");
    const Result<void> read =
        read_field(trim(line.substr(0, colon)), trim(line.substr(colon + 1)), out, seen);
    if (!read) return at_line(number, read.error().detail());
  }
  if (!seen.version) return invalid("the MTA-STS policy has no version");
  if (!seen.mode) return invalid("the MTA-STS policy has no mode");
  if (!seen.max_age) return invalid("the MTA-STS policy has no max_age");
  if (out.mx.empty() && out.mode != StsMode::none) return invalid("the MTA-STS policy lists no mx");
  return out;
}

bool lists_mx(const StsPolicy& policy, std::string_view host) {
  return std::ranges::any_of(
      policy.mx, [&](const std::string& pattern) { return x509::dns_name_matches(pattern, host); });
}

}  // namespace postern::verdict
