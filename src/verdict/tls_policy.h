// TlsPolicy: what was asked of one session, by whom. A value made by policy/, read by judge.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "x509/trust.h"

namespace postern::verdict {

// Weakest first; see DESIGN.md "Words" for the table.
enum class Level { none, opportunistic, encrypt, validate, authenticate, mutual };
[[nodiscard]] std::string_view to_string(Level level);
[[nodiscard]] std::optional<Level> parse_level(std::string_view text);  // Postern's words only

enum class Revocation { off, when_published, required };
[[nodiscard]] std::string_view to_string(Revocation mode);
[[nodiscard]] std::optional<Revocation> parse_revocation(std::string_view text);

enum class TlsVersion {
  tls1_2,
  tls1_3
};  // what `min_tls` can ask; Postern itself never speaks less (check's probe context apart)

[[nodiscard]] std::string_view to_string(TlsVersion version);  // "TLSv1.2"
[[nodiscard]] std::optional<TlsVersion> parse_tls_version(
    std::string_view text);  // "1.2" or "TLSv1.2"

struct ReferenceIdentifier {
  std::string name;    // "mail.protection.outlook.com"; Exchange's "*.contoso.com" form is allowed
  std::string origin;  // "tls_domain of send connector cloud", "names of partner fabrikam",
                       // "recipient domain"
};

// A recorded, time-boxed relaxation: exactly this code is accepted until then (`until` excluded).
struct PolicyException {
  std::string accept;  // catalog code
  Time until;
  std::string by;
  std::string why;
};

struct TlsPolicy {
  Level level = Level::opportunistic;
  std::vector<ReferenceIdentifier> reference;  // one match is enough; empty below authenticate
  x509::TrustSets trust;                       // what counts
  x509::TrustSets
      other_sets;  // known here but not counting: tells root-in-wrong-store from untrusted-root
  Revocation revocation = Revocation::when_published;
  TlsVersion min_version = TlsVersion::tls1_2;
  bool legacy_cn = false;
  std::optional<PolicyException> exception;
  std::string set_by;  // "send connector cloud", "partner fabrikam", "receive connector internet"
  // Sending: a client certificate is configured (its name for the words of cause and cure); why
  // none could be used, if so.
  std::string own_certificate;
  std::string
      own_certificate_problem;  // e.g. "pins <I>..<S>.. which no certificate bears"; empty: none
  std::string
      own_certificate_problem_code;  // "tlscertificatename-stale", "certificate-missing-for-fqdn",
                                     // "private-key-inaccessible", ...
};

}  // namespace postern::verdict
