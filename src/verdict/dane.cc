#include "verdict/dane.h"

#include <algorithm>
#include <memory>

#include "base/text.h"
#include "x509/digest.h"
#include "x509/names.h"
#include "x509/path.h"

namespace postern::verdict {
namespace {

constexpr std::uint8_t kDaneTa = 2, kDaneEe = 3;
constexpr std::uint8_t kWholeCertificate = 0, kPublicKey = 1;
constexpr std::uint8_t kFull = 0, kSha256 = 1, kSha512 = 2;
constexpr std::size_t kSha256Octets = 32, kSha512Octets = 64;

std::string association(const x509::Certificate& certificate, std::uint8_t selector,
                        std::uint8_t matching) {
  const std::string selected =
      selector == kWholeCertificate ? certificate.der() : x509::public_key_der(certificate);
  if (matching == kSha256) return x509::sha256_digest(selected);
  if (matching == kSha512) return x509::sha512_digest(selected);
  return selected;
}

// The anchors that a DANE-TA record can mean: certificates of the chain, or the one that the record
// itself holds in full ("2 0 0").
std::vector<x509::Certificate> anchors_of(const TlsaRecord& record,
                                          const std::vector<x509::Certificate>& presented) {
  std::vector<x509::Certificate> out;
  for (const x509::Certificate& one : presented) {
    if (is_about(record, one)) out.push_back(one);
  }
  if (out.empty() && record.selector == kWholeCertificate && record.matching == kFull) {
    if (Result<x509::Certificate> full = x509::Certificate::from_der(record.data))
      out.push_back(std::move(*full));
  }
  return out;
}

// Empty: the chain fits; else why not.
std::string why_not_by_anchor(const TlsaRecord& record,
                              const std::vector<x509::Certificate>& presented,
                              const std::vector<std::string>& names, Time now) {
  std::vector<x509::Anchor> anchors;
  for (x509::Certificate& one : anchors_of(record, presented)) {
    anchors.push_back({std::move(one), {.set = "TLSA"}});
  }
  if (anchors.empty()) return "no presented certificate is the anchor of " + format_tlsa(record);
  x509::PathOptions options;
  options.now = now;
  const auto set = std::make_shared<const x509::TrustSet>("TLSA", std::move(anchors));
  const x509::PathResult path = x509::find_path(presented, {set}, {}, options);
  if (!path.ok) {
    return "the anchor of " + format_tlsa(record) + " is presented, but " +
           (path.faults.empty() ? "no path leads to it" : path.faults.front().detail);
  }
  const bool named = std::ranges::any_of(names, [&](const std::string& name) {
    return x509::match_name(presented.front(), name, /*legacy_cn=*/false) != x509::NameMatch::no;
  });
  return named ? std::string()
               : "the anchor of " + format_tlsa(record) +
                     " fits, but the certificate bears none of " + join(names, ", ");
}

std::string why_not(const TlsaRecord& record, const std::vector<x509::Certificate>& presented,
                    const std::vector<std::string>& names, Time now) {
  if (record.usage == kDaneTa) return why_not_by_anchor(record, presented, names, now);
  if (is_about(record, presented.front())) return {};
  return "the presented " + std::string(record.selector == kPublicKey ? "key" : "certificate") +
         " is not that of " + format_tlsa(record);
}

}  // namespace

Result<TlsaRecord> decode_tlsa(std::string_view rdata) {
  if (rdata.size() < 4)
    return invalid("a TLSA record has at least 4 octets, not " + std::to_string(rdata.size()));
  if (rdata.size() > kMaxTlsaOctets) return invalid("a TLSA record of more than 64 KiB");
  const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(rdata[i]); };
  return TlsaRecord{octet(0), octet(1), octet(2), std::string(rdata.substr(3))};
}

Result<TlsaRecord> parse_tlsa(std::string_view text) {
  if (text.size() > 3 * kMaxTlsaOctets) return invalid("a TLSA record of more than 64 KiB");
  std::vector<std::string_view> fields;
  for (const std::string_view part : split(trim(text), ' ')) {
    if (!trim(part).empty()) fields.push_back(trim(part));
  }
  if (fields.size() < 4) return invalid("a TLSA record is USAGE SELECTOR MATCHING HEX");
  std::uint8_t numbers[3] = {};
  for (std::size_t i = 0; i < 3; ++i) {
    const std::optional<std::uint64_t> number = parse_uint(fields[i], UINT8_MAX);
    if (!number) return invalid("'" + printable(fields[i], 20) + "' of a TLSA record is no octet");
    numbers[i] = static_cast<std::uint8_t>(*number);
  }
  std::string hex;
  for (std::size_t i = 3; i < fields.size(); ++i) hex += fields[i];
  const std::optional<std::string> data = from_hex(hex);
  if (!data || data->empty()) return invalid("the association data of a TLSA record is no hex");
  return TlsaRecord{numbers[0], numbers[1], numbers[2], *data};
}

std::string format_tlsa(const TlsaRecord& record) {
  return std::to_string(record.usage) + " " + std::to_string(record.selector) + " " +
         std::to_string(record.matching) + " " + to_hex(record.data);
}

TlsaRecord make_tlsa(const x509::Certificate& certificate, std::uint8_t usage,
                     std::uint8_t selector, std::uint8_t matching) {
  return {usage, selector, matching, association(certificate, selector, matching)};
}

bool is_usable(const TlsaRecord& record) {
  if (record.usage != kDaneTa && record.usage != kDaneEe) return false;
  if (record.selector > kPublicKey || record.data.empty()) return false;
  switch (record.matching) {
    case kFull:
      return true;
    case kSha256:
      return record.data.size() == kSha256Octets;
    case kSha512:
      return record.data.size() == kSha512Octets;
    default:
      return false;
  }
}

bool is_about(const TlsaRecord& record, const x509::Certificate& certificate) {
  return record.selector <= kPublicKey && record.matching <= kSha512 &&
         association(certificate, record.selector, record.matching) == record.data;
}

TlsaMatch match_tlsa(const std::vector<TlsaRecord>& records,
                     const std::vector<x509::Certificate>& presented,
                     const std::vector<std::string>& names, Time now) {
  TlsaMatch out;
  out.detail = "none of " + std::to_string(records.size()) + " TLSA records is usable";
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (!is_usable(records[i])) continue;
    const std::string why = presented.empty() ? "no certificate is presented"
                                              : why_not(records[i], presented, names, now);
    if (why.empty()) {
      return {TlsaMatch::State::match, i, "TLSA " + format_tlsa(records[i]) + " matches"};
    }
    // An anchor that fits by itself is nearer than a digest of something else.
    if (out.state != TlsaMatch::State::mismatch || why.starts_with("the anchor")) out.detail = why;
    out.state = TlsaMatch::State::mismatch;
  }
  return out;
}

}  // namespace postern::verdict
