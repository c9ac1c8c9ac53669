#include "verdict/catalog_tables.h"

namespace postern::verdict {

std::vector<CatalogEntry> selection_entries() {
  return {
      {.code = "wrong-certificate-selected",
       .layer = "selection-binding",
       .definition = "A suitable certificate exists on the server, but the service hands out a "
                     "different one.",
       .usual_fault = Fault::server,
       .cure_postern = {"See what is chosen and why: postern cert which --connector NAME.",
                        "Name the right one: `certificate` of the connector."},
       .cure_exchange =
           {"Get-ExchangeCertificate -DomainName {wanted}: the first listed is the one "
            "used.",
            "Set-ReceiveConnector <name> -TlsCertificateName '<I>issuer<S>subject'"},
       .cure_postfix = {"One certificate in smtpd_tls_chain_files; others by name in "
                        "tls_server_sni_maps."},
       .exchange = "SubjectMismatch",
       .exchange_online = "450 4.4.317",
       .tls_rpt = "certificate-host-mismatch",
       .openssl = "X509_V_ERR_HOSTNAME_MISMATCH",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "certificate-missing-for-fqdn",
       .layer = "selection-binding",
       .definition = "No installed certificate contains the FQDN configured on the connector or "
                     "service.",
       .usual_fault = Fault::client,
       .cure_postern = {"List them: postern cert list.",
                        "Add a certificate that bears the FQDN, or name one: `certificate` of "
                        "{who}."},
       .cure_exchange = {"Event 12014 names connector and FQDN. Set-ReceiveConnector <name> -Fqdn "
                         "<a name on the certificate>, or import a certificate with that name.",
                         "Enable-ExchangeCertificate -Thumbprint <thumbprint> -Services SMTP"},
       .cure_postfix = {"myhostname must be on the certificate in smtpd_tls_chain_files."},
       .exchange = "Event 12014",
       .exchange_online = "450 4.4.317",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "certificate-not-bound",
       .layer = "selection-binding",
       .definition = "A certificate exists but is not enabled for SMTP, or the service has none "
                     "configured at all.",
       .usual_fault = Fault::server,
       .cure_postern = {"Ask the operator of {peer} to give the mail service a certificate.",
                        "On our side: name a [certificates] entry in `certificate` of {who}."},
       .cure_exchange = {"Enable-ExchangeCertificate -Thumbprint <thumbprint> -Services SMTP"},
       .cure_postfix = {"smtpd_tls_chain_files = /etc/postfix/key.pem, /etc/postfix/chain.pem"},
       .exchange = "Event 12014",
       .openssl = "SSL_R_NO_CERTIFICATE_ASSIGNED",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "private-key-inaccessible",
       .layer = "selection-binding",
       .definition = "The private key of the chosen certificate is missing or cannot be read by "
                     "the service.",
       .usual_fault = Fault::client,
       .cure_postern = {"Make the key file of {own} readable for the user postern runs as, and for "
                        "nobody else: chown postern KEY; chmod 600 KEY.",
                        "Check it: postern config check."},
       .cure_exchange = {"certutil -repairstore my <serial>; if HasPrivateKey stays False, import "
                         "the .pfx again.",
                         "Give NETWORK SERVICE read access to the key (certlm.msc, Manage Private "
                         "Keys)."},
       .cure_postfix = {"The key must be readable by root; postfix check, then postfix reload."},
       .exchange = "NoCredentials",
       .openssl = "SSL_R_NO_PRIVATE_KEY_ASSIGNED",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "key-certificate-mismatch",
       .layer = "selection-binding",
       .definition = "Configured key and certificate do not belong together.",
       .usual_fault = Fault::client,
       .cure_postern = {"Put in `key` of {own} the key the certificate was requested with; both "
                        "public keys must print the same: openssl x509 -noout -pubkey -in CHAIN, "
                        "openssl pkey -pubout -in KEY. The leaf comes first in the chain file."},
       .cure_exchange = {"Import the .pfx that holds both: Import-ExchangeCertificate."},
       .cure_postfix = {"smtpd_tls_chain_files: the key first, then its own certificate."},
       .openssl = "X509_R_KEY_VALUES_MISMATCH",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "tlscertificatename-stale",
       .layer = "selection-binding",
       .definition = "A connector pins issuer and subject of a certificate that no longer exists "
                     "on the server, commonly after renewal.",
       .usual_fault = Fault::client,
       .cure_postern = {"List issuer and subject of the present ones: postern cert list.",
                        "Write the new <I>issuer<S>subject, or better the certificate's name, into "
                        "`certificate` of {who}."},
       .cure_exchange = {"$c = Get-ExchangeCertificate -Thumbprint <new>",
                         "Set-SendConnector <name> -TlsCertificateName "
                         "\"<I>$($c.Issuer)<S>$($c.Subject)\" (Set-ReceiveConnector likewise)"},
       .cure_postfix = {"smtp_tls_chain_files: the path of the renewed files."},
       .exchange = "454 4.7.5 The certificate specified in TlsCertificateName of the SendConnector "
                   "could not be found",
       .exchange_online = "450 4.4.101",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "connector-certificate-mismatch",
       .layer = "connector-policy",
       .definition = "The cloud connector expects a different certificate name from the one "
                     "presented, so the session is not attributed to the tenant "
                     "(TlsSenderCertificateName).",
       .usual_fault = Fault::client,
       .names_role = true,
       .cure_postern = {"Compare the name the cloud's inbound connector expects with ours ({own}).",
                        "Present the certificate that bears it: `certificate` of {who}; or have "
                        "the connector changed."},
       .cure_exchange =
           {"Get-InboundConnector | fl Name,TlsSenderCertificateName,Enabled",
            "Set-InboundConnector <name> -TlsSenderCertificateName <a name on the "
            "certificate>; one of its names must be an accepted domain of the tenant."},
       .cure_postfix = {"smtp_tls_chain_files: the certificate that bears the expected name."},
       .exchange_online = "550 5.7.51, 550 5.7.64 TenantAttribution",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "sender-domain-not-on-certificate",
       .layer = "connector-policy",
       .definition = "The sender's domain is bound to a certificate name, and the client's "
                     "certificate does not bear it (RestrictDomainsToCertificate).",
       .usual_fault = Fault::client,
       .names_role = true,
       .cure_postern = {"The operator of {peer} presents a certificate that bears {wanted}.",
                        "If the client may send for this domain, add its name to the partner's "
                        "`names`, or the domain to `sender_domains` of the receive connector."},
       .cure_exchange = {"Set-InboundConnector <name> -SenderDomains <domains> "
                         "-TlsSenderCertificateName <name> -RestrictDomainsToCertificate $true"},
       .cure_postfix = {"smtp_tls_chain_files on the client: the certificate that bears the agreed "
                        "name."},
       .exchange = "TlsDomainClientCertificateSubjectMismatch (11015)",
       .exchange_online = "550 5.7.51",
       .status = {5, 7, 1}},
      {.code = "tls-policy-misconfigured",
       .layer = "connector-policy",
       .definition =
           "The sender's own TLS rule is wrong or cannot be evaluated: match list, pinned "
           "fingerprint, protocol list or lookup helper.",
       .usual_fault = Fault::client,
       .cure_postern = {"Run postern config check and correct what it says about {who}: from "
                        "\"authenticate\" on it needs a name to look for."},
       .cure_exchange = {"Set-SendConnector <name> -TlsDomain <name>: DomainValidation with smart "
                         "hosts needs one."},
       .cure_postfix = {"postmap -q <next hop> hash:/etc/postfix/tls_policy; levels verify and "
                        "secure take match=name."},
       .exchange = "TlsAuthLevel without TlsDomain",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "takes-mail-without-tls",
       .layer = "connector-policy",
       .definition =
           "The server takes MAIL FROM before STARTTLS, so a sender that loses TLS on the "
           "way delivers in clear text.",
       .usual_fault = Fault::server,
       .cure_postern = {"Receive connector: tls = \"required\", where no sender needs clear text."},
       .cure_exchange = {"Set-ReceiveConnector <name> -RequireTLS $true"},
       .cure_postfix = {"smtpd_tls_security_level = encrypt, on listeners for known senders."},
       .status = {2, 0, 0},
       .finding = true},
  };
}

namespace {

std::vector<CatalogEntry> dane_entries() {
  return {
      {.code = "tlsa-mismatch",
       .layer = "dane",
       .definition = "Validated TLSA records exist, but none matches the presented chain.",
       .usual_fault = Fault::server,
       .cure_postern = {"Ask the operator of {peer} to publish TLSA records of the present key; on "
                        "a renewal the new record goes first, the certificate after its TTL."},
       .cure_exchange = {"Publish a 3 1 1 record of the new key before the new certificate is "
                         "bound."},
       .cure_postfix = {"posttls-finger -l dane {peer} on another machine shows the difference."},
       .exchange_online = "450 4.7.323",
       .tls_rpt = "tlsa-invalid",
       .openssl = "X509_V_ERR_DANE_NO_MATCH",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "tlsa-lookup-failed",
       .layer = "dane",
       .definition = "A validated TLSA answer cannot be obtained: resolver error, name server "
                     "fault, or a resolver that does not validate.",
       .usual_fault = Fault::dns,
       .cure_postern = {"dig +dnssec TLSA _{port}._tcp.{peer}: an error here is the name server's "
                        "of that zone; tell its operator.",
                        "If every zone fails, correct `dns` in [server]."},
       .cure_postfix = {"smtp_dns_support_level = dnssec with a validating resolver on 127.0.0.1."},
       .exchange_online = "450 4.4.312",
       .tls_rpt = "dnssec-invalid",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "dnssec-bogus",
       .layer = "dane",
       .definition = "DNSSEC validation of the destination's zone fails.",
       .usual_fault = Fault::dns,
       .cure_postern = {"See where the chain of trust breaks: delv MX {wanted}.",
                        "Tell the owner of the zone: mostly signatures have run out, or the DS "
                        "record names an old key."},
       .exchange_online = "450 4.7.324",
       .tls_rpt = "dnssec-invalid",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "tlsa-not-secure",
       .layer = "dane",
       .definition =
           "TLSA records are published, and no DNSSEC that validates here covers them, so "
           "senders with DANE ignore them.",
       .usual_fault = Fault::dns,
       .cure_postern = {"If the resolver does not validate, give [server] a `trust_anchor`.",
                        "Else the owner of the zone signs it and publishes its DS record."},
       .cure_postfix = {"dig +dnssec TLSA _{port}._tcp.{peer} shows the flag ad where it is "
                        "signed."},
       .status = {2, 0, 0},
       .finding = true},
      {.code = "dane-required-but-unavailable",
       .layer = "dane",
       .definition = "Local policy insists on DANE while the destination has no secure TLSA "
                     "records.",
       .usual_fault = Fault::client,
       .cure_postern =
           {"Ask less of this destination in {who}, or have its owner sign the zone and "
            "publish TLSA records."},
       .cure_postfix = {"dane instead of dane-only for this next hop in smtp_tls_policy_maps."},
       .tls_rpt = "dane-required",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "mta-sts-policy-fetch-failed",
       .layer = "mta-sts",
       .definition = "A policy is announced in DNS but cannot be downloaded or understood.",
       .usual_fault = Fault::server,
       .cure_postern = {"Fetch https://mta-sts.<domain>/.well-known/mta-sts.txt by hand; the owner "
                        "of the domain repairs host, certificate or text."},
       .tls_rpt = "sts-policy-fetch-error",
       .status = {4, 7, 5},
       .blocks = true},
      {.code = "mta-sts-mx-mismatch",
       .layer = "mta-sts",
       .definition = "The MX host actually used is not listed in the MTA-STS policy.",
       .usual_fault = Fault::server,
       .cure_postern = {"The owner of the domain adds {peer} to the `mx:` lines of the policy and "
                        "changes the id in its TXT record, or corrects the MX records."},
       .exchange_online = "450 4.4.8",
       .tls_rpt = "validation-failure",
       .status = {4, 7, 5},
       .blocks = true},
  };
}

}  // namespace

std::vector<CatalogEntry> other_entries() {
  std::vector<CatalogEntry> all = dane_entries();
  const std::vector<CatalogEntry> rest = {
      {.code = "queue-expired-cause-hidden",
       .layer = "queue",
       .definition = "Only the end of the retry period is visible; the artefact cannot name the "
                     "underlying cause.",
       .usual_fault = Fault::unknown,
       .cure_postern = {"Look for the last attempt before the end: postern trace, or the sending "
                        "server's own queue log."},
       .cure_exchange =
           {"Get-MessageTraceDetailV2, or Get-Queue | fl Identity,LastError while such "
            "mail still waits."},
       .cure_postfix = {"grep the queue id in the mail log: the deferral lines name the cause."},
       .exchange = "4.4.7 Message expired",
       .exchange_online = "550 5.4.300",
       .status = {5, 4, 7}},
      {.code = "software-defect",
       .layer = "other",
       .definition = "A bug, protocol violation or broken crypto installation in one of the "
                     "products, not the administrator's settings.",
       .usual_fault = Fault::unknown,
       .cure_postern = {"Update both sides; keep the evidence for the maker of the product that "
                        "broke the protocol."},
       .status = {4, 3, 0},
       .blocks = true},
      {.code = "not-tls",
       .layer = "other",
       .definition = "A real mail problem, but in another layer: recipient, quota, authentication, "
                     "content or plain SMTP sequence.",
       .usual_fault = Fault::unknown,
       .cure_postern = {"Read the reply's own words; the TLS side is sound."},
       .status = {4, 0, 0}},
      {.code = "none",
       .layer = "other",
       .definition = "Nothing is wrong: a healthy session, a cosmetic message or a side effect of "
                     "the test tool.",
       .usual_fault = Fault::none,
       .status = {2, 0, 0}},
  };
  all.insert(all.end(), rest.begin(), rest.end());
  return all;
}

}  // namespace postern::verdict
