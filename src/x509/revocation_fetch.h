// What fetching revocation data and issuers needs to know of X.509: the OCSP request, and what came
// as values. Pure; signatures are not checked here (revocation.h does, when it is judged).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "x509/certificate.h"

namespace postern::x509 {

// Only what an observer can fetch: http and https. CAs of Windows domains also name ldap:
// addresses.
[[nodiscard]] bool is_fetchable(std::string_view url);

// DER of the request for one certificate in the lightweight profile: one CertID by SHA-1, which
// every responder knows (the digest only names the issuer, it protects nothing), no nonce, so that
// responders can answer from a cache, not signed. Errors: invalid. Source: RFC 5019 s2.1.1.
[[nodiscard]] Result<std::string> ocsp_request(const Certificate& certificate,
                                               const Certificate& issuer);

// From when, and until when an answer speaks; without `ends` it names none.
struct AnswerTimes {
  Time begins{};
  std::optional<Time> ends;
};
// Of one CRL in DER. Errors: invalid (no CRL).
[[nodiscard]] Result<AnswerTimes> crl_times(std::string_view der);
// Of a successful OCSP response: the shortest of its answers. Errors: invalid (no response, or the
// responder's refusal in words).
[[nodiscard]] Result<AnswerTimes> ocsp_times(std::string_view der);

constexpr std::size_t kMaxFetchedIssuers = 10;
// What stands behind a caIssuers URL: one certificate in DER (or PEM), or a certs-only CMS message.
// Errors: invalid. Source: RFC 5280 s4.2.2.1.
[[nodiscard]] Result<std::vector<Certificate>> parse_issuers(std::string_view octets);

}  // namespace postern::x509
