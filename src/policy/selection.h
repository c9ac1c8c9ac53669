// Which certificate is presented, and for each other one why not. Exchange's documented order
// without its traps: connector `certificate` (name of a [certificates.NAME], thumbprint, or
// <I>issuer<S>subject), else connector FQDN, else server FQDN; usable key, name match, validity;
// CA-issued before self-signed, then newest notBefore. Pure. Source: "Selection of inbound STARTTLS
// certificates" (Exchange documentation), see docs/certificates.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/config.h"
#include "x509/certificate.h"

namespace postern::policy {

// A configured certificate as loaded now. tls/ loads it, this module chooses.
struct LoadedCertificate {
  std::string name;                      // of [certificates.NAME]
  std::vector<x509::Certificate> chain;  // leaf first; empty: the file could not be read or parsed
  bool key_usable = false;               // readable and fits the leaf
  std::string problem;                   // why unusable: sentence with the file; empty: usable
  std::string problem_code;  // catalog: "private-key-inaccessible", "key-certificate-mismatch", ...
  std::string chain_file, key_file;
};
using CertificateStore = std::vector<LoadedCertificate>;

struct Candidate {
  std::string name;
  bool chosen = false;
  std::string reason;  // "chosen: named by the connector"; "no name of it is mail.contoso.com",
                       // "expired 2026-11-01", "older than ..."
};

struct Selection {
  std::optional<std::size_t> index;  // into the store; nullopt: none can be presented
  std::string
      asked;  // what was looked for: "fqdn hybrid.contoso.com of receive connector internet"
  std::string code =
      "none";          // why none, or a finding although one was chosen ("expired": the only one)
  std::string reason;  // sentence
  std::vector<Candidate> candidates;  // every certificate of the store
};

// How a connector's `certificate` names it: "<I>issuer<S>subject" by its first tag, 40 or 64 hex
// digits as a thumbprint (SHA-1 or SHA-256), else the name of a [certificates.NAME].
enum class ReferenceForm { name, thumbprint, issuer_subject };
[[nodiscard]] ReferenceForm certificate_reference_form(std::string_view text);

// Inbound: SNI (when a certificate bears that name and the connector names none) first, then the
// order above. An expired certificate is chosen only when it is the only eligible one (then code =
// "expired").
[[nodiscard]] Selection select_server_certificate(const Config& config,
                                                  const ReceiveConnector& connector,
                                                  const CertificateStore& store,
                                                  std::string_view sni, Time now);
// Outbound: only what `certificate` names; a stale pin is tlscertificatename-stale.
[[nodiscard]] Selection select_client_certificate(const SendConnector& connector,
                                                  const CertificateStore& store, Time now);

}  // namespace postern::policy
