#include "verdict/catalog_tables.h"

namespace postern::verdict {
namespace {

std::vector<CatalogEntry> trust_entries() {
  return {
      {.code = "untrusted-root",
       .layer = "certificate-trust",
       .definition = "The complete chain ends in a root that the verifying side does not trust, "
                     "usually a private CA.",
       .usual_fault = Fault::server,
       .cure_postern =
           {"If {peer} uses a private CA you agreed on: get its root from the operator on a second "
            "way, compare the fingerprint, put its PEM into a trust set and name the set in "
            "`trust` of {who} (now: {sets}).",
            "If not: ask the operator of {peer} for a certificate of a public CA.",
            "To let mail go meanwhile: a time-boxed `exception` with accept = \"untrusted-root\"."},
       .cure_exchange = {"Put the root into the machine's Third-Party Root store: certutil -f "
                         "-addstore AuthRoot root.cer; Get-ExchangeCertificate then shows "
                         "RootCAType ThirdParty.",
                         "Or bind a certificate of a public CA: Enable-ExchangeCertificate "
                         "-Thumbprint <thumbprint> -Services SMTP"},
       .cure_postfix =
           {"smtp_tls_CAfile = /etc/ssl/certs/ca-certificates.crt plus the private root "
            "(smtpd_tls_CAfile for clients)"},
       .exchange = "UntrustedRoot",
       .exchange_online = "450 4.7.320",
       .tls_rpt = "certificate-not-trusted",
       .openssl = "X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "self-signed",
       .layer = "certificate-trust",
       .definition = "The presented leaf is its own issuer.",
       .usual_fault = Fault::server,
       .cure_postern =
           {"Ask the operator of {peer} to present a certificate of a CA; a self-signed one is "
            "mostly a default that took the place of the right one.",
            "If exactly this certificate is agreed on, put its PEM into a trust set that {who} "
            "names in `trust` (now: {sets})."},
       .cure_exchange = {"Get-ExchangeCertificate | fl Thumbprint,IsSelfSigned,RootCAType,Services",
                         "Enable-ExchangeCertificate -Thumbprint <CA-issued> -Services SMTP",
                         "Set-ReceiveConnector <name> -TlsCertificateName '<I>issuer<S>subject'"},
       .cure_postfix = {"Replace the snake-oil certificate in smtpd_tls_chain_files."},
       .exchange = "UntrustedRoot (RootCAType Registry)",
       .exchange_online = "450 4.7.320",
       .tls_rpt = "certificate-not-trusted",
       .openssl = "X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "incomplete-chain",
       .layer = "certificate-trust",
       .definition = "The server or client leaves out the intermediate certificates needed to "
                     "reach a public root.",
       .usual_fault = Fault::server,
       .cure_postern =
           {"Ask the operator of {peer} to send the certificate of '{issuer}' together "
            "with the leaf.",
            "As a passing relief put that intermediate's PEM into a trust set of {who}."},
       .cure_exchange = {"Import the intermediate on every server: certutil -addstore CA "
                         "intermediate.cer, then Restart-Service MSExchangeTransport,"
                         "MSExchangeFrontEndTransport."},
       .cure_postfix = {"smtpd_tls_chain_files: append the intermediate after the leaf "
                        "(fullchain.pem)."},
       .exchange = "PartialChain",
       .exchange_online = "450 4.7.320",
       .tls_rpt = "certificate-not-trusted",
       .openssl = "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "root-in-wrong-store",
       .layer = "certificate-trust",
       .definition = "The root is present on the Windows host but in a place the product does not "
                     "honour (for instance RootCAType Registry).",
       .usual_fault = Fault::client,
       .cure_postern = {"Add \"{anchor_set}\" to `trust` of {who} (now: {sets}), or put the PEM of "
                        "'{anchor}' ({anchor_file}) into one of the sets that count there.",
                        "Nothing else is needed: waiting mail goes by itself."},
       .cure_exchange = {"certutil -f -addstore AuthRoot root.cer (Third-Party Root), not Root; "
                         "Get-ExchangeCertificate | fl RootCAType must say ThirdParty."},
       .cure_postfix = {"Name the file that holds the root in smtp_tls_CAfile (sending) or "
                        "smtpd_tls_CAfile (receiving); a chroot needs its own copy."},
       .exchange = "RootCAType Registry",
       .tls_rpt = "certificate-not-trusted",
       .openssl = "X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "local-trust-store-outdated",
       .layer = "certificate-trust",
       .definition = "The peer's public chain is sound; the verifier's own CA bundle is absent, "
                     "old or not configured.",
       .usual_fault = Fault::client,
       .cure_postern = {"Install or renew the public roots: apt-get install --reinstall "
                        "ca-certificates && update-ca-certificates.",
                        "Then name \"system\" in `trust` of {who}."},
       .cure_exchange = {"certutil -generateSSTFromWU roots.sst, or let Windows Update renew the "
                         "roots."},
       .cure_postfix = {"smtp_tls_CAfile = /etc/ssl/certs/ca-certificates.crt",
                        "apt-get install ca-certificates"},
       .tls_rpt = "certificate-not-trusted",
       .openssl = "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "bad-signature",
       .layer = "certificate-trust",
       .definition = "A certificate of the chain bears a signature that its issuer's key does not "
                     "confirm.",
       .usual_fault = Fault::server,
       .cure_postern = {"Ask the operator of {peer} to install certificate and chain afresh: two "
                        "CAs of the same name, or a damaged file, are the usual reasons."},
       .cure_exchange = {"Import the CA's own chain file again with Import-ExchangeCertificate."},
       .cure_postfix =
           {"openssl verify -untrusted chain.pem leaf.pem; take the chain file from the "
            "CA again."},
       .exchange = "The signature of the certificate cannot be verified",
       .exchange_online = "450 4.7.320",
       .tls_rpt = "certificate-not-trusted",
       .openssl = "X509_V_ERR_CERT_SIGNATURE_FAILURE",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "chain-constraint",
       .layer = "certificate-trust",
       .definition = "A CA of the chain may not issue this certificate: basic constraints, path "
                     "length, name constraints or policy forbid it.",
       .usual_fault = Fault::ca,
       .cure_postern =
           {"Ask the operator of {peer} to have the certificate issued by a CA that may "
            "issue it; the evidence names the constraint."},
       .tls_rpt = "certificate-not-trusted",
       .openssl = "X509_V_ERR_INVALID_CA, X509_V_ERR_PATH_LENGTH_EXCEEDED, "
                  "X509_V_ERR_PERMITTED_VIOLATION",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "malformed-certificate",
       .layer = "certificate-trust",
       .definition = "A certificate of the chain breaks the form that RFC 5280 gives it: fields "
                     "that cannot be read, extensions that are there twice, or critical ones that "
                     "nobody knows.",
       .usual_fault = Fault::ca,
       .cure_postern = {"Ask the operator of {peer} to have the certificate '{subject}' issued "
                        "again; the evidence names the rule that it breaks, for the CA."},
       .cure_exchange = {"certutil -dump cert.cer shows the field in question."},
       .cure_postfix = {"openssl x509 -noout -text -in leaf.pem shows the field in question."},
       .tls_rpt = "certificate-not-trusted",
       .openssl = "X509_V_ERR_INVALID_EXTENSION, X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "limit",
       .layer = "certificate-trust",
       .definition = "The peer presents more certificates, or a more tangled chain, than is worth "
                     "following.",
       .usual_fault = Fault::server,
       .cure_postern = {"Ask the operator of {peer} to present the leaf and its intermediates "
                        "only."},
       .cure_postfix = {"smtpd_tls_chain_files: the leaf's own chain only, no bundle of roots."},
       .tls_rpt = "certificate-not-trusted",
       .openssl = "X509_V_ERR_CERT_CHAIN_TOO_LONG",
       .status = {4, 7, 5},
       .blocks = true},
  };
}

std::vector<CatalogEntry> identity_entries() {
  return {
      {.code = "name-mismatch",
       .layer = "certificate-identity",
       .definition = "No name in the certificate equals the host name the verifier was asked to "
                     "find.",
       .usual_fault = Fault::server,
       .cure_postern =
           {"Ask the operator of {peer} to present a certificate that bears {wanted}; it now "
            "presents {presented}.",
            "If {presented} is right for this partner, correct the name that {who} asks for "
            "(`tls_domain`, the partner's `names`, or `client_domains`)."},
       .cure_exchange =
           {"Get-ExchangeCertificate -DomainName {wanted}: the first listed is the one used.",
            "Set-ReceiveConnector <name> -Fqdn {wanted} -TlsCertificateName '<I>issuer<S>subject' "
            "of the certificate that bears the name, on every server.",
            "Or the sending side: Set-SendConnector <name> -TlsDomain <a name it bears>; Exchange "
            "Online: Set-OutboundConnector <name> -TlsDomain <a name it bears>."},
       .cure_postfix = {"Receiving: a certificate with {wanted} in subjectAltName in "
                        "smtpd_tls_chain_files (or tls_server_sni_maps).",
                        "Sending: match=<a name it bears> in smtp_tls_policy_maps."},
       .exchange = "SubjectMismatch",
       .exchange_online = "450 4.4.317",
       .tls_rpt = "certificate-host-mismatch",
       .openssl = "X509_V_ERR_HOSTNAME_MISMATCH",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "wrong-key-usage",
       .layer = "certificate-identity",
       .definition = "Key usage, extended usage or key specification of the certificate does not "
                     "permit its role in this handshake.",
       .usual_fault = Fault::server,
       .cure_postern = {"Ask the operator of {peer} for a certificate whose extended key usage has "
                        "serverAuth for a server, clientAuth for a client. Many public CAs have "
                        "stopped to issue clientAuth."},
       .cure_exchange = {"Request it with both usages (EKU 1.3.6.1.5.5.7.3.1 and .3.2); the key "
                         "must be of KeySpec AT_KEYEXCHANGE (certutil -store my shows 1)."},
       .cure_postfix = {"openssl x509 -noout -purpose -in leaf.pem must say 'SSL server : Yes' (or "
                        "client)."},
       .exchange = "InvalidExtendedKeyUsage",
       .exchange_online = "450 4.7.320",
       .tls_rpt = "validation-failure",
       .openssl = "X509_V_ERR_INVALID_PURPOSE",
       .status = {4, 7, 5},
       .blocks = true},
  };
}

std::vector<CatalogEntry> validity_entries() {
  return {
      {.code = "expired",
       .layer = "certificate-validity",
       .definition = "A certificate in the presented chain is past its end date.",
       .usual_fault = Fault::server,
       .cure_postern = {"Ask the operator of {peer} to renew the certificate '{subject}' (it ended "
                        "{until}), and to load it: a renewed file that the server has not read "
                        "again looks the same.",
                        "To let mail go meanwhile: a time-boxed `exception` with accept = "
                        "\"expired\"."},
       .cure_exchange =
           {"Import-ExchangeCertificate the renewed one, then "
            "Enable-ExchangeCertificate -Thumbprint <new> -Services SMTP.",
            "Set-SendConnector and Set-ReceiveConnector -TlsCertificateName to the new "
            "'<I>issuer<S>subject', then remove the old one."},
       .cure_postfix = {"Renew (certbot renew), then postfix reload."},
       .exchange = "CertificateExpired",
       .exchange_online = "450 4.7.320",
       .tls_rpt = "certificate-expired",
       .openssl = "X509_V_ERR_CERT_HAS_EXPIRED",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "not-yet-valid",
       .layer = "certificate-validity",
       .definition = "A certificate in the presented chain has a start date in the future.",
       .usual_fault = Fault::server,
       .cure_postern = {"Check this machine's clock first: timedatectl.",
                        "If it is right, the operator of {peer} presents '{subject}' too early; it "
                        "counts from {from} on, and mail goes by itself then."},
       .cure_exchange =
           {"w32tm /query /status; present the former certificate until the new one is "
            "valid."},
       .cure_postfix = {"chronyc tracking; present the former certificate until the new one is "
                        "valid."},
       .tls_rpt = "validation-failure",
       .openssl = "X509_V_ERR_CERT_NOT_YET_VALID",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "clock-skew",
       .layer = "certificate-validity",
       .definition = "The verifying machine's clock is wrong, so a sound certificate looks out of "
                     "date or premature.",
       .usual_fault = Fault::client,
       .cure_postern = {"Set the clock and keep it set: timedatectl set-ntp true."},
       .cure_exchange = {"w32tm /resync"},
       .cure_postfix = {"chronyc makestep"},
       .tls_rpt = "validation-failure",
       .openssl = "X509_V_ERR_CERT_NOT_YET_VALID",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "expiring",
       .layer = "certificate-validity",
       .definition = "A certificate of the path that is used ends soon.",
       .usual_fault = Fault::server,
       .cure_postern =
           {"Renew it and write the new files over the old ones: they are taken up within "
            "seconds. Where it is {peer}'s, tell its operator.",
            "Before binding the new one: postern preflight --cert NEW.pem; afterwards: postern "
            "check.",
            "A root or an intermediate that ends: ask the CA which chain takes its place."},
       .cure_exchange = {"Get-ExchangeCertificate | fl Thumbprint,NotAfter,Services",
                         "Import-ExchangeCertificate the renewed one, then "
                         "Enable-ExchangeCertificate -Thumbprint <new> -Services SMTP."},
       .cure_postfix = {"Renew (certbot renew), then postfix reload."},
       .status = {2, 0, 0},
       .finding = true},
      {.code = "revoked",
       .layer = "revocation",
       .definition = "The issuer has withdrawn the certificate or one of its CAs.",
       .usual_fault = Fault::server,
       .cure_postern = {"Ask the operator of {peer} for a new certificate with a new key, and why "
                        "'{subject}' was revoked: the key may be in other hands."},
       .cure_exchange = {"New-ExchangeCertificate -GenerateRequest, import the answer, then "
                         "Enable-ExchangeCertificate -Thumbprint <new> -Services SMTP."},
       .cure_postfix = {"Issue a new certificate with a new key, then postfix reload."},
       .exchange = "Revoked",
       .exchange_online = "450 4.7.320",
       .tls_rpt = "validation-failure",
       .openssl = "X509_V_ERR_CERT_REVOKED",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "revocation-unreachable",
       .layer = "revocation",
       .definition = "The revocation state cannot be established: list or responder not reachable, "
                     "proxy in the way, staple missing or stale.",
       .usual_fault = Fault::ca,
       .cure_postern = {"Fetch the address in the evidence by hand from this machine; open the "
                        "firewall or the proxy for it, or list it in server.fetch_allow where it "
                        "is a host of your own network.",
                        "If the CA's list itself is stale or absent, tell the CA; revocation = "
                        "\"when-published\" for {who} delivers meanwhile and reports."},
       .cure_exchange = {"certutil -verify -urlfetch cert.cer",
                         "netsh winhttp show proxy; Set-ExchangeServer <server> "
                         "-InternetWebProxy http://proxy:port"},
       .cure_postfix = {"Postfix checks no revocation; nothing to do there."},
       .exchange = "RevocationCheckFailure",
       .openssl = "X509_V_ERR_UNABLE_TO_GET_CRL",
       .status = {4, 7, 5},
       .blocks = true},
  };
}

}  // namespace

std::vector<CatalogEntry> certificate_entries() {
  std::vector<CatalogEntry> all = trust_entries();
  for (CatalogEntry& entry : identity_entries()) all.push_back(std::move(entry));
  for (CatalogEntry& entry : validity_entries()) all.push_back(std::move(entry));
  return all;
}

}  // namespace postern::verdict
