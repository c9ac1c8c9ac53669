// How Postfix and Exim put the same thing in their logs, so that a line found there leads to the
// code and a code to the line to search for. Words that vary (hosts, addresses) are left out or
// shown as X. Sources: Postfix 3.7 and Exim 4.96, as their logs show them.
#include <array>

#include "verdict/catalog_tables.h"

namespace postern::verdict {
namespace {

struct Wording {
  std::string_view code, postfix, exim;
};

constexpr std::array kWordings{
    Wording{"untrusted-root", "certificate verification failed for X: untrusted issuer",
            "SSL verify error: error=self-signed certificate in certificate chain"},
    Wording{"self-signed", "certificate verification failed for X: self-signed certificate",
            "SSL verify error: depth=0 error=self-signed certificate"},
    Wording{"incomplete-chain",
            "certificate verification failed for X: num=20:unable to get local issuer certificate",
            "SSL verify error: depth=0 error=unable to get local issuer certificate"},
    Wording{"local-trust-store-outdated", "Server certificate not trusted",
            "SSL verify error: error=unable to get local issuer certificate"},
    Wording{"root-in-wrong-store", "Server certificate not trusted",
            "SSL verify error: error=unable to get issuer certificate"},
    Wording{"bad-signature", "certificate signature failure",
            "error=certificate signature failure"},
    Wording{"chain-constraint", "invalid CA certificate", "error=permitted subtree violation"},
    Wording{"name-mismatch", "Server certificate not verified",
            "SSL verify error: certificate name mismatch"},
    Wording{"wrong-key-usage", "unsuitable certificate purpose",
            "error=unsuitable certificate purpose"},
    Wording{"expired", "certificate verification failed for X: certificate has expired",
            "SSL verify error: depth=0 error=certificate has expired"},
    Wording{"not-yet-valid", "certificate verification failed for X: certificate is not yet valid",
            "SSL verify error: depth=0 error=certificate is not yet valid"},
    Wording{"clock-skew", "certificate is not yet valid", "error=certificate is not yet valid"},
    Wording{"revoked", "tlsv1 alert certificate revoked", "error=certificate revoked"},
    Wording{"protocol-version-mismatch", "SSL routines::unsupported protocol",
            "SSL_connect: error: tlsv1 alert protocol version"},
    Wording{"no-shared-cipher", "SSL routines::no shared cipher",
            "SSL_accept: error: no shared cipher"},
    Wording{"weak-key-or-hash", "SSL routines::dh key too small",
            "SSL_connect: error: dh key too small"},
    Wording{"sni-required", "tlsv1 unrecognized name", "tlsv1 unrecognized name"},
    Wording{"handshake-failed", "Cannot start TLS: handshake failure",
            "TLS error on connection to X (SSL_connect)"},
    Wording{"handshake-timeout", "SSL_connect error to X: Connection timed out",
            "TLS error on connection to X (SSL_connect): timed out"},
    Wording{"client-certificate-missing", "peer did not return a certificate",
            "SSL_accept: peer did not return a certificate"},
    Wording{"client-certificate-not-accepted", "sslv3 alert bad certificate",
            "SSL_connect: sslv3 alert bad certificate"},
    Wording{"server-certificate-not-accepted", "SSL_accept error from X: tlsv1 alert unknown ca",
            "TLS error on connection from X (SSL_accept): tlsv1 alert unknown ca"},
    Wording{"ca-list-too-long", "SSL_accept error from X: excessive message size",
            "SSL_connect: excessive message size"},
    Wording{"dns-resolution-failure", "Host or domain name not found. Name service error",
            "host lookup did not complete"},
    Wording{"null-mx", "Domain X does not accept mail (nullMX)",
            "an MX or SRV record indicated no SMTP service"},
    Wording{"mail-loop", "mail for X loops back to myself",
            "remote host address is the local host"},
    Wording{"connection-refused", "connect to X: Connection refused", "H=X: Connection refused"},
    Wording{"connection-timeout", "connect to X: Connection timed out",
            "H=X: Connection timed out"},
    Wording{"network-unreachable", "connect to X: Network is unreachable",
            "H=X: Network is unreachable"},
    Wording{"connection-lost", "lost connection with X while", "Remote host closed connection"},
    Wording{"smtp-timeout", "conversation with X timed out while", "SMTP timeout after"},
    Wording{"greeting-rejected", "host X refused to talk to me",
            "SMTP error from remote mail server after initial connection"},
    Wording{"peer-deferred", "host X said: 4", "SMTP error from remote mail server after RCPT TO"},
    Wording{"peer-rejected", "host X said: 5", "SMTP error from remote mail server after RCPT TO"},
    Wording{"ip-blocklisted", "blocked using",
            "SMTP error from remote mail server after initial connection: 554"},
    Wording{"starttls-not-offered", "TLS is required, but was not offered by host X",
            "a TLS session is required for X, but the server did not offer TLS support"},
    Wording{"starttls-stripped-by-middlebox", "TLS is required, but was not offered by host X",
            "a TLS session is required for X, but the server did not offer TLS support"},
    Wording{"starttls-rejected", "TLS is required, but host X refused to start TLS",
            "a TLS session is required, but an attempt to start TLS failed"},
    Wording{"tls-required-not-used-by-sender", "Must issue a STARTTLS command first", ""},
    Wording{"wrong-tls-mode-for-port", "SSL routines::wrong version number",
            "SSL_connect: wrong version number"},
    Wording{"private-key-inaccessible", "cannot get RSA private key from file",
            "SSL_CTX_use_PrivateKey_file"},
    Wording{"key-certificate-mismatch", "key values mismatch", "key values mismatch"},
    Wording{"tlsa-mismatch", "Server certificate not verified: no matching DANE TLSA records",
            "DANE attempt failed"},
    Wording{"tlsa-lookup-failed", "TLSA lookup error for X", "DANE error: tlsa lookup DEFER"},
    Wording{"dane-required-but-unavailable", "no TLSA records found",
            "DANE required for X but no TLSA records"},
    Wording{"dnssec-bogus", "TLSA lookup error for X: Host not found, try again",
            "DANE error: tlsa lookup DEFER"},
};

}  // namespace

void add_wordings(std::vector<CatalogEntry>& entries) {
  for (CatalogEntry& entry : entries) {
    for (const Wording& wording : kWordings) {
      if (wording.code != entry.code) continue;
      entry.postfix = wording.postfix;
      entry.exim = wording.exim;
    }
  }
}

}  // namespace postern::verdict
