// What was fetched to judge a peer by: revocation data and issuers that a certificate names by URL.
// Part of Evidence. Whatever came is here as it came; what it is worth says judge.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "x509/certificate.h"

namespace postern::verdict {

// aia: the issuer's certificate (caIssuers). mta_sts: a domain's policy (RFC 8461 s3.3), which is
// never a want of a verdict.
enum class FetchKind { ocsp, crl, aia, mta_sts };
[[nodiscard]] std::string_view to_string(FetchKind kind);

// One try. A CRL serves many certificates, so a try of its URL counts for all of them; an OCSP
// answer is for `certificate` alone.
struct Fetch {
  FetchKind kind = FetchKind::crl;
  std::string url;
  std::string certificate;  // SHA-256 of the certificate that it was about
  bool ok = false;
  std::string error;         // in words, where it failed: "HTTP status 404", "connection refused"
  std::uint64_t octets = 0;  // of what came
  std::string sha256;        // of what came; upper-case hex, empty where nothing did
  bool cached = false;       // what came (or failed) is from the cache
};

struct FetchedEvidence {
  std::vector<Fetch> fetches;  // in the order in which they were tried
  std::vector<std::string> ocsp_der, crls_der;
  // For counter-tests only: a sender that fetches intermediates would have found these. Postern,
  // like most senders, judges what was presented.
  std::vector<x509::Certificate> issuers;
};

// What a verdict would like to know and could be fetched.
struct Want {
  FetchKind kind = FetchKind::crl;
  std::string url;
  std::string certificate;                // SHA-256 of the certificate that it is about
  std::string ocsp_request;               // DER, for `ocsp`
  [[nodiscard]] std::string str() const;  // "crl http://ca.example/x.crl"
  bool operator==(const Want&) const = default;
};
// The kind and URL of `text` as str() wrote it; nullopt: it is none.
[[nodiscard]] std::optional<Want> parse_want(std::string_view text);

}  // namespace postern::verdict
