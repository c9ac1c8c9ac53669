// Evidence: what was seen of one peer in one session, and nothing else. No judgement, no policy. A
// value; can be stored as JSON and judged again under another policy. One Evidence is one address
// of one host (sending), or one client (receiving).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json_fwd.h"
#include "base/result.h"
#include "mail/reply.h"
#include "verdict/fetched.h"
#include "x509/certificate.h"

namespace postern::verdict {

// Whose certificate is judged: the server's (we look at a next hop) or the client's (a client came
// to us).
enum class Judged { server, client };

// How far the session came: the stage in which it ended. Later stages imply that the earlier ones
// are past, so `connect` with `timeout` means TCP never completed, `greeting` with `timeout` that
// the connected server said nothing, `starttls` that it did not answer STARTTLS.
enum class Stage { dns, connect, greeting, ehlo, starttls, handshake, second_ehlo, done };

// Why it went no further than `stage`.
enum class Stop { none, refused, timeout, reset, closed, unreachable, not_smtp, rejected, error };

struct DnsEvidence {
  enum class Status { not_asked, secure, insecure, bogus, failed, no_such_name, no_data };
  Status mx = Status::not_asked;
  Status address = Status::not_asked;
  bool null_mx = false;
  std::string detail;  // "SERVFAIL from 127.0.0.1", "no MX, A record used"
};

struct SmtpEvidence {
  std::optional<mail::Reply> greeting;
  bool helo_only = false;                 // EHLO was refused, HELO taken
  std::optional<mail::Reply> ehlo_reply;  // before TLS, as it came
  std::vector<std::string>
      keywords;  // EHLO keywords before TLS, upper case, with parameters: "SIZE 1000"
  bool starttls_offered = false;
  std::optional<mail::Reply> starttls_reply;
  std::vector<std::string> tls_keywords;  // after TLS
  std::optional<mail::Reply> refusal;  // the reply that ended the session, at whatever stage (also
                                       // 4xx/5xx to EHLO after TLS)
};

struct TlsEvidence {
  bool attempted = false;
  bool completed = false;  // our side's handshake ended
  bool confirmed = false;  // and the peer answered something inside TLS after it (TLS 1.3 client
                           // auth, see DESIGN)
  bool resumed = false;
  bool implicit = false;  // TLS from the first byte
  std::string version;    // "TLSv1.3"
  std::string cipher;
  std::string sni;    // sent (sending) or received (receiving)
  std::string error;  // OpenSSL's words where it failed: "certificate verify failed", "unsupported
                      // protocol"
  std::string error_reason;  // symbolic reason: "SSL_R_UNSUPPORTED_PROTOCOL" or ""
  std::optional<int>
      alert_received;  // TLS alert number from the peer, during or after the handshake
  std::optional<int> alert_sent;
  bool certificate_requested = false;  // the peer asked for our certificate / we asked the client
  std::size_t ca_names_octets = 0;     // length of the CA names in the CertificateRequest
  std::size_t ca_names_count = 0;
  std::optional<x509::Certificate> own_certificate;  // what we presented, if anything
  std::vector<x509::Certificate> presented;  // the peer's chain exactly as presented, leaf first
  std::string ocsp_staple;                   // DER; empty: none
};

struct Evidence {
  Judged judged = Judged::server;
  Time time{};
  std::string host;     // the name we connected to, or the client's HELO name (made printable)
  std::string address;  // textual IP
  std::uint16_t port = 0;
  Stage stage = Stage::dns;  // the last stage that was reached
  Stop stop = Stop::none;
  std::string error;  // the system's words: "Connection refused"
  DnsEvidence dns;
  SmtpEvidence smtp;
  TlsEvidence tls;
  std::vector<std::string> crls_der;  // revocation lists that were at hand as files
  FetchedEvidence fetched;
};

[[nodiscard]] std::string_view to_string(Stage stage);
[[nodiscard]] std::string_view to_string(Stop stop);
[[nodiscard]] std::string_view to_string(Judged judged);
[[nodiscard]] std::string_view to_string(DnsEvidence::Status status);

// Bounds of a stored Evidence; more is refused when it is read back.
constexpr std::size_t kMaxStoredCertificates = 1000;
constexpr std::size_t kMaxStoredCrls = 1000;
constexpr std::size_t kMaxStoredLines = 10'000;  // reply lines, keywords
constexpr std::size_t kMaxStoredFetches = 1000;
// Stored form (certificates as PEM, DER as base64) and back. Errors: invalid.
[[nodiscard]] Json to_json(const Evidence& evidence);
[[nodiscard]] Result<Evidence> evidence_from_json(const Json& json);

// `evidence` fit to be stored with its verdict. A CRL can be megabytes: one above
// kMaxStoredCrlOctets is left out, as are answers that no responder needs to be so long; what each
// fetch brought stays as its length and digest, what it meant stands in the verdict. Judged again
// without the list, the revocation state is unknown. Of a chain that is longer than
// kMaxStoredChainOctets the leaf alone is kept; the verdict has the fingerprints of all.
constexpr std::size_t kMaxStoredCrlOctets = 64 * 1024;
constexpr std::size_t kMaxStoredOcspOctets = 16 * 1024;
constexpr std::size_t kMaxStoredChainOctets = 16 * 1024;  // an honest chain is a quarter of this
[[nodiscard]] Evidence for_storage(Evidence evidence);

// The evidence of a peer who had sent the issuers that were fetched as well: for counter-tests.
[[nodiscard]] Evidence with_fetched_issuers(Evidence evidence);

}  // namespace postern::verdict
