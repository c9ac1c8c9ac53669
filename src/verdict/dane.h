// TLSA records of SMTP servers as values: their two forms, which of them are usable, and whether a
// presented chain fits one. No lookup, no DNSSEC: who asks brings only records that were secure.
// Source: RFC 6698 s2, RFC 7671 s5, RFC 7672 s3.1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "x509/certificate.h"

namespace postern::verdict {

constexpr std::size_t kMaxTlsaOctets = 64 * 1024;

struct TlsaRecord {
  std::uint8_t usage = 3;     // 2 DANE-TA, 3 DANE-EE; 0 and 1 are not usable in SMTP
  std::uint8_t selector = 1;  // 0 the whole certificate, 1 its public key
  std::uint8_t matching = 1;  // 0 the octets themselves, 1 SHA-256, 2 SHA-512
  std::string data;           // octets
  bool operator==(const TlsaRecord&) const = default;
};

// RDATA as the wire has it. Errors: invalid.
[[nodiscard]] Result<TlsaRecord> decode_tlsa(std::string_view rdata);
// "3 1 1 8BD1…": hex digits in either case, blanks between them. Errors: invalid.
[[nodiscard]] Result<TlsaRecord> parse_tlsa(std::string_view text);
[[nodiscard]] std::string format_tlsa(const TlsaRecord& record);  // "3 1 1 8BD1…"
// The record that `certificate` wants published.
[[nodiscard]] TlsaRecord make_tlsa(const x509::Certificate& certificate, std::uint8_t usage = 3,
                                   std::uint8_t selector = 1, std::uint8_t matching = 1);

// RFC 7672 s3.1.3, RFC 7671 s4.1: usage 2 or 3, selector and matching type known, digest as long
// as its algorithm makes it.
[[nodiscard]] bool is_usable(const TlsaRecord& record);
// The record speaks of this very certificate (or its key), whatever its usage.
[[nodiscard]] bool is_about(const TlsaRecord& record, const x509::Certificate& certificate);

struct TlsaMatch {
  enum class State { none_usable, match, mismatch };
  State state = State::none_usable;
  std::optional<std::size_t> record;  // the one that matched
  std::string detail;                 // a sentence; for a mismatch, why the nearest one fails
};
// `presented`: leaf first. `names`: the TLSA base domain and the next-hop domain; DANE-TA asks for
// one of them and for a path that is valid at `now`, DANE-EE for neither (RFC 7672 s3.1.1, s3.1.2).
[[nodiscard]] TlsaMatch match_tlsa(const std::vector<TlsaRecord>& records,
                                   const std::vector<x509::Certificate>& presented,
                                   const std::vector<std::string>& names, Time now);

}  // namespace postern::verdict
