#include "verdict/catalog_tables.h"

namespace postern::verdict {
namespace {

std::vector<CatalogEntry> negotiation_entries() {
  return {
      {.code = "protocol-version-mismatch",
       .layer = "tls-handshake",
       .definition = "The two sides have no TLS version in common.",
       .usual_fault = Fault::server,
       .cure_postern = {"Postern speaks TLS 1.2 and 1.3 only: ask the operator of {peer} to enable "
                        "TLS 1.2.",
                        "If {who} asks for TLS 1.3 with `min_tls`, see whether 1.2 is enough."},
       .cure_exchange =
           {"Enable TLS 1.2 in Schannel, then restart: HKLM\\SYSTEM\\CurrentControlSet\\Control\\"
            "SecurityProviders\\SCHANNEL\\Protocols\\TLS 1.2\\{Client,Server}: Enabled=1, "
            "DisabledByDefault=0.",
            "HKLM\\SOFTWARE\\Microsoft\\.NETFramework\\v4.0.30319: SchUseStrongCrypto=1, "
            "SystemDefaultTlsVersions=1 (and below Wow6432Node)."},
       .cure_postfix = {"smtpd_tls_protocols = >=TLSv1.2",
                        "smtpd_tls_mandatory_protocols = >=TLSv1.2"},
       .exchange = "TLS negotiation failed with error SocketError",
       .exchange_online = "450 4.4.317",
       .tls_rpt = "validation-failure",
       .openssl = "SSL_R_UNSUPPORTED_PROTOCOL",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "only-old-tls",
       .layer = "tls-handshake",
       .definition = "The server speaks TLS 1.0 or 1.1 and nothing newer (RFC 8996 forbids both).",
       .usual_fault = Fault::server,
       .cure_postern =
           {"Ask the operator of {peer} to let it speak TLS 1.2 and 1.3: no sender that "
            "checks TLS delivers there."},
       .cure_exchange = {"Enable TLS 1.2 for Schannel and .NET on the server: Exchange Server TLS "
                         "guidance, part 2."},
       .cure_postfix = {"smtpd_tls_protocols = >=TLSv1.2, with an OpenSSL that has it."},
       .status = {2, 0, 0},
       .finding = true},
      {.code = "old-tls-accepted",
       .layer = "tls-handshake",
       .definition = "The server speaks TLS 1.2 or newer, and still takes TLS 1.0 or 1.1 (RFC 8996 "
                     "forbids both).",
       .usual_fault = Fault::server,
       .cure_postern = {"Tell the operator of {peer}; Postern itself never speaks them."},
       .cure_exchange = {"Disable TLS 1.0 and 1.1 for Schannel, once no application needs them."},
       .cure_postfix = {"smtpd_tls_protocols = >=TLSv1.2"},
       .status = {2, 0, 0},
       .finding = true},
      {.code = "no-shared-cipher",
       .layer = "tls-handshake",
       .definition = "The versions fit but no cipher suite (or matching key type) is acceptable to "
                     "both.",
       .usual_fault = Fault::server,
       .cure_postern =
           {"Ask the operator of {peer} to enable ECDHE suites with AES-GCM, and to use "
            "a certificate whose key type (RSA or EC) they fit."},
       .cure_exchange = {"Get-TlsCipherSuite | ft Name",
                         "Enable-TlsCipherSuite -Name TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
       .cure_postfix = {"smtpd_tls_ciphers = medium; smtpd_tls_mandatory_ciphers = medium; empty "
                        "smtpd_tls_exclude_ciphers."},
       .exchange = "AlgorithmMismatch",
       .exchange_online = "450 4.4.317",
       .tls_rpt = "validation-failure",
       .openssl = "SSL_R_NO_SHARED_CIPHER",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "weak-key-or-hash",
       .layer = "tls-handshake",
       .definition = "A peer refuses Diffie-Hellman parameters, a key size or a signature hash as "
                     "too weak.",
       .usual_fault = Fault::server,
       .cure_postern =
           {"Ask the operator of {peer} for a certificate with RSA 2048 or EC P-256 and "
            "a SHA-256 signature, in every certificate of the chain.",
            "For Diffie-Hellman: 2048 bits or more, or ECDHE only."},
       .cure_exchange = {"New-ExchangeCertificate -GenerateRequest -KeySize 2048 -SubjectName "
                         "'CN={wanted}' -DomainName {wanted}"},
       .cure_postfix = {"smtpd_tls_dh1024_param_file = auto",
                        "Renew the certificate with a key of 2048 bits and SHA-256."},
       .tls_rpt = "validation-failure",
       .openssl = "SSL_R_DH_KEY_TOO_SMALL, X509_V_ERR_EE_KEY_TOO_SMALL, X509_V_ERR_CA_MD_TOO_WEAK",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "sni-required",
       .layer = "tls-handshake",
       .definition = "The right certificate appears only when the client sends the server name; "
                     "without it a default one is shown.",
       .usual_fault = Fault::client,
       .names_role = true,
       .cure_postern = {"Name the host in `hosts` of {who} instead of its address: Postern sends "
                        "the host's name as SNI.",
                        "Or the operator of {peer} makes the wanted certificate the default one."},
       .cure_exchange =
           {"Exchange sends no SNI on SMTP: the server must show the right certificate "
            "by default."},
       .cure_postfix = {"smtp_tls_servername = hostname (or servername= in smtp_tls_policy_maps)"},
       .openssl = "SSL_R_TLSV1_UNRECOGNIZED_NAME",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "handshake-failed",
       .layer = "tls-handshake",
       .definition = "The TLS handshake broke off and neither side said why in words that point to "
                     "one cause.",
       .usual_fault = Fault::unknown,
       .cure_postern = {"Run postern check {peer}: it shows how far the handshake came.",
                        "Look at the log of {peer} for the same minute."},
       .cure_exchange = {"Look for Schannel events 36874, 36887 and 36888 in the System log: the "
                         "alert number names the reason."},
       .cure_postfix = {"smtpd_tls_loglevel = 1 (smtp_tls_loglevel on the sending side), then read "
                        "the line 'SSL_accept error'."},
       .exchange = "InvalidToken",
       .exchange_online = "450 4.4.317",
       .tls_rpt = "validation-failure",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "handshake-timeout",
       .layer = "tls-handshake",
       .definition = "The peer takes part in SMTP but falls silent in the TLS handshake.",
       .usual_fault = Fault::unknown,
       .cure_postern = {"Rule out a path that loses large packets: ping -M do -s 1472 {peer}.",
                        "Else a device in between holds the handshake back, or {peer} is "
                        "overloaded: ask its operator."},
       .cure_exchange = {"Exempt the path from TLS inspection and look for Schannel events of that "
                         "minute."},
       .cure_postfix =
           {"Check for entropy or CPU starvation on {peer}; smtpd_starttls_timeout says "
            "how long the server waits."},
       .exchange_online = "450 4.4.315",
       .tls_rpt = "validation-failure",
       .status = {4, 4, 2},
       .blocks = true},
      {.code = "tls-intercepted-by-middlebox",
       .layer = "tls-handshake",
       .definition = "A device or endpoint product terminates or rewrites the TLS session and "
                     "substitutes its own certificate or banner.",
       .usual_fault = Fault::path,
       .cure_postern = {"Compare the presented certificate from another network: postern check "
                        "{peer}.",
                        "Exempt the mail path from TLS inspection on the device that is named as "
                        "issuer: {issuer}."},
       .cure_exchange = {"Exempt Exchange Online's address ranges from TLS inspection."},
       .cure_postfix = {"Exempt port 25 of this host from TLS inspection."},
       .tls_rpt = "certificate-not-trusted",
       .status = {4, 7, 5},
       .blocks = true},
  };
}

std::vector<CatalogEntry> client_certificate_entries() {
  return {
      {.code = "ca-list-too-long",
       .layer = "tls-handshake",
       .definition = "The server's list of acceptable client CAs exceeds the size limit and is cut "
                     "or breaks the handshake (Schannel 36885).",
       .usual_fault = Fault::server,
       .names_role = true,
       .cure_postern = {"Ask the operator of {peer} to announce fewer client CAs or none.",
                        "On our own receive connectors leave `announce_cas` empty, or name small "
                        "trust sets."},
       .cure_exchange =
           {"Remove unneeded roots: certlm.msc, Trusted Root Certification Authorities.",
            "Or send no list: HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\"
            "SCHANNEL, SendTrustedIssuerList = 0 (DWORD)."},
       .cure_postfix = {"smtpd_tls_CAfile: only the roots of your own clients; put the public "
                        "bundle in smtpd_tls_CApath, which is not announced."},
       .exchange = "Schannel 36885",
       .openssl = "SSL_R_EXCESSIVE_MESSAGE_SIZE",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "client-certificate-missing",
       .layer = "tls-handshake",
       .definition = "The receiver wants a client certificate and the sender presents none.",
       .usual_fault = Fault::client,
       .names_role = true,
       .cure_postern = {"Sending: set `certificate` of {who} to the certificate that {peer} "
                        "expects.",
                        "Receiving: the operator of {peer} configures a client certificate that "
                        "bears {wanted}."},
       .cure_exchange =
           {"Get-SendConnector | fl Identity,Fqdn,TlsCertificateName",
            "Set-SendConnector <name> -TlsCertificateName '<I>issuer<S>subject' of a certificate "
            "with Services SMTP and a private key."},
       .cure_postfix = {"smtp_tls_chain_files = /etc/postfix/key.pem, /etc/postfix/chain.pem"},
       .exchange = "EmptyCertificate",
       .exchange_online = "550 5.7.51",
       .openssl = "SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "client-certificate-not-accepted",
       .layer = "tls-handshake",
       .definition = "The sender presents a client certificate which the receiver declines.",
       .usual_fault = Fault::client,
       .names_role = true,
       .cure_postern =
           {"See which certificate is presented and its chain: postern cert which.",
            "Present one that {peer} accepts (`certificate` of {who}): valid now, the full chain "
            "in its file, usable for client authentication, bearing the agreed name.",
            "If ours ({own}) is right, ask the operator of {peer} to trust its root and name."},
       .cure_exchange = {"The receiving side: Get-ReceiveConnector <name> | fl "
                         "TlsDomainCapabilities; put the client's root into the machine's "
                         "Third-Party Root store.",
                         "Exchange Online: Set-InboundConnector <name> -TlsSenderCertificateName "
                         "<a name on the certificate>."},
       .cure_postfix = {"On the receiving side: add the client's root to smtpd_tls_CAfile, its "
                        "fingerprint to relay_clientcerts; openssl verify -purpose sslclient."},
       .exchange = "454 4.7.5 Certificate validation failure",
       .exchange_online = "454 4.7.5",
       .openssl = "SSL_R_TLSV1_ALERT_UNKNOWN_CA",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "client-certificate-not-requested",
       .layer = "tls-handshake",
       .definition = "Mutual TLS is agreed, but the server does not ask the client for its "
                     "certificate.",
       .usual_fault = Fault::server,
       .names_role = true,
       .cure_postern = {"Ask the operator of {peer} to request client certificates from us.",
                        "If he does not want mutual TLS, set {who} to \"authenticate\"."},
       .cure_exchange =
           {"Set-ReceiveConnector <name> -DomainSecureEnabled $true -AuthMechanism Tls",
            "Set-TransportConfig -TLSReceiveDomainSecureList @{Add='<our domain>'}"},
       .cure_postfix = {"smtpd_tls_ask_ccert = yes (smtpd_tls_req_ccert = yes to insist)"},
       .exchange = "TlsDomainClientCertificateSubjectMismatch (11015)",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "server-certificate-not-accepted",
       .layer = "tls-handshake",
       .definition = "The client declines the certificate that the server presents.",
       .usual_fault = Fault::server,
       .names_role = true,
       .cure_postern =
           {"See which certificate is presented and why: postern cert which.",
            "Present one with its full chain, valid now, bearing the name the client looks for, "
            "from a CA that the client trusts (`certificate` of {who})."},
       .cure_exchange =
           {"Get-ExchangeCertificate -DomainName {wanted}: the first listed is the one "
            "used.",
            "Set-ReceiveConnector <name> -TlsCertificateName '<I>issuer<S>subject'"},
       .cure_postfix = {"smtpd_tls_chain_files: key, certificate and every intermediate, in this "
                        "order."},
       .exchange = "CertificateValidationFailure",
       .exchange_online = "450 4.7.320",
       .tls_rpt = "certificate-not-trusted",
       .openssl = "SSL_R_TLSV1_ALERT_UNKNOWN_CA",
       .status = {4, 7, 5},
       .blocks = true},
  };
}

}  // namespace

std::vector<CatalogEntry> handshake_entries() {
  std::vector<CatalogEntry> all = negotiation_entries();
  for (CatalogEntry& entry : client_certificate_entries()) all.push_back(std::move(entry));
  return all;
}

}  // namespace postern::verdict
