// HTTP as OCSP, CRLs and issuers use it: the request's form, and what an answer must be to count.
// Pure. Source: RFC 6960 A.1, RFC 5019 s5, RFC 5280 s4.2.1.13, s4.2.2.1;
// RFC 8461 s3.2, s3.3.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "fetch/fetcher.h"

namespace postern::fetch {

// What one fetch may bring; more ends it. Public CAs split lists long before this.
constexpr std::size_t kMaxFetchedCrlOctets = 16 << 20;
constexpr std::size_t kMaxFetchedOcspOctets = 256 << 10;
constexpr std::size_t kMaxFetchedIssuerOctets = 256 << 10;
// An MTA-STS policy: verdict::kMaxStsPolicyOctets.
[[nodiscard]] std::size_t max_octets(verdict::FetchKind kind);

// The URL of an OCSP request by GET, which caches on the way can answer; nullopt: it would be
// longer than kMaxGetUrl octets (RFC 5019 s5) or has a query of its own, so it goes by POST.
constexpr std::size_t kMaxGetUrl = 255;
[[nodiscard]] std::optional<std::string> ocsp_get_url(std::string_view url,
                                                      std::string_view request_der);

// Whether a responder that answered a GET so may still take a POST.
[[nodiscard]] bool post_may_help(long status);

// What is fetched so over https alone, without redirects (RFC 8461 s3.3).
[[nodiscard]] constexpr bool strictly_https(verdict::FetchKind kind) {
  return kind == verdict::FetchKind::mta_sts;
}
// Is this field (Content-Type) what `kind` must come as? RFC 8461 s3.2 has text/plain; whoever may
// only lay files on a web server cannot publish a policy so.
[[nodiscard]] bool right_media_type(verdict::FetchKind kind, std::string_view content_type);

struct Body {
  std::shared_ptr<const std::string> octets;  // a CRL in DER, even where it came as PEM
  std::optional<Time> ends;                   // its own nextUpdate
};
// The body of a 200 answer. Errors: invalid, in words: it is not what was asked for, or the
// responder's own refusal.
[[nodiscard]] Result<Body> read_body(verdict::FetchKind kind, std::string octets);

}  // namespace postern::fetch
