// Whole texts in, the answer out: what mail systems and libraries say in their own words, whichever
// product prints them; and what is no TLS trouble, however frightening.
#include "explain/explainer.h"

#include <gtest/gtest.h>

#include "explain/explain_testing.h"

namespace postern::explain {
namespace {

struct Said {
  const char* code;
  const char* text;
};

const Said kLibraries[] = {
    {"expired", "verify error:num=10:certificate has expired"},
    {"expired",
     "x509: certificate has expired or is not yet valid: current time "
     "2026-03-01T10:00:00Z is after 2026-02-28T23:59:59Z"},
    {"expired", "invalid peer certificate: Expired\ninvalid peer certificate: CertExpired"},
    {"expired",
     "javax.net.ssl.SSLHandshakeException: PKIX path validation failed: "
     "java.security.cert.CertPathValidatorException: validity check failed"},
    {"expired", "The TLS connection failed: SEC_E_CERT_EXPIRED (0x80090328)"},
    {"not-yet-valid", "verify error:num=9:certificate is not yet valid"},
    {"self-signed", "verify error:num=18:self signed certificate"},
    {"self-signed", "TLS: certificate verify failed: SELF_SIGNED_CERT: self-signed certificate"},
    {"untrusted-root", "verify error:num=19:self-signed certificate in certificate chain"},
    {"untrusted-root", "invalid peer certificate: UnknownIssuer"},
    {"untrusted-root",
     "tls: failed to verify certificate: x509: certificate signed by unknown "
     "authority"},
    {"incomplete-chain", "Verify return code: 21 (unable to verify the first certificate)"},
    {"name-mismatch", "x509: certificate is valid for mx.example.net, not mail.example.org"},
    {"name-mismatch", "invalid peer certificate: NotValidForName"},
    {"name-mismatch",
     "ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate "
     "verify failed: Hostname mismatch, certificate is not valid for "
     "'mail.example.org'. (_ssl.c:1129)"},
    {"name-mismatch",
     "SSL: no alternative certificate subject name matches target host name "
     "'mail.example.org'"},
    {"name-mismatch",
     "Error: Hostname/IP does not match certificate's altnames: Host: "
     "mail.example.org. is not in the cert's altnames: DNS:mx.example.net"},
    {"no-shared-cipher", "error:0A0000C1:SSL routines::no shared cipher"},
    {"no-shared-cipher", "A TLS fatal alert: Could not negotiate a supported cipher suite."},
    {"protocol-version-mismatch", "tls: client offered only unsupported versions: [302 301]"},
    {"protocol-version-mismatch", "error:0A000102:SSL routines::unsupported protocol"},
    {"protocol-version-mismatch", "received fatal alert: ProtocolVersion"},
    {"weak-key-or-hash", "error:0A00018A:SSL routines::dh key too small"},
    {"weak-key-or-hash",
     "The Diffie-Hellman prime sent by the server is not acceptable (not long "
     "enough)."},
    {"wrong-tls-mode-for-port", "error:0A00010B:SSL routines::wrong version number"},
    {"wrong-tls-mode-for-port", "tls: first record does not look like a TLS handshake"},
    {"wrong-key-usage", "error 26 at 0 depth lookup: unsuitable certificate purpose"},
    {"revoked", "verify error:num=23:certificate revoked"},
    {"key-certificate-mismatch", "error:05800074:x509 certificate routines::key values mismatch"},
    {"key-certificate-mismatch", "tls: private key does not match public key"},
};

TEST(Explainer, WordsOfLibrariesAreUnderstoodInAnyText) {
  for (const auto& [code, text] : kLibraries)
    EXPECT_EQ(first_code(explain_text(text)), code) << text;
}

const Said kServers[] = {
    {"tls-required-not-used-by-sender", "530 5.7.0 Must issue a STARTTLS command first."},
    {"tls-required-not-used-by-sender", "550 5.7.10 Encryption required for this recipient"},
    {"starttls-not-offered",
     "smtplib.SMTPNotSupportedError: STARTTLS extension not supported by "
     "server."},
    {"starttls-rejected", "454 4.7.0 TLS not available due to local problem"},
    {"connector-certificate-mismatch",
     "550 5.7.51 TenantInboundAttribution; There is a partner "
     "connector configured that matched the message's recipient "
     "domain"},
    {"tlsa-mismatch", "450 4.7.323 tlsa-invalid: The domain failed DANE validation."},
    {"connection-timeout", "dial tcp 192.0.2.1:25: i/o timeout"},
    {"starttls-stripped-by-middlebox",
     "220 ****************\nEHLO test\n250-mail Hello\n250-SIZE\n"
     "250 XXXXXXXA\n"},
    {"starttls-not-offered",
     "220 mail ESMTP\nEHLO test\n250-mail.example\n250-PIPELINING\n"
     "250 8BITMIME\n"},
};

// Products that no rule was written for: their libraries' and RFCs' words must do.
const Said kProducts[] = {
    {"starttls-not-offered", "TLS error from 'mx.example.org': STARTTLS not advertised by host."},
    {"starttls-not-offered", "*** STARTTLS attempted but not advertised"},
    {"starttls-not-offered", "curl: (64) Requested SSL level failed"},
    {"starttls-not-offered", "554 5.7.1 TLS required but the remote host does not support it"},
    {"expired", "tls error: InvalidCertificate(Expired)"},
    {"clock-skew",
     "x509: certificate has expired or is not yet valid: current time "
     "1970-01-01T00:03:12Z is before 2023-01-01T00:00:00Z"},
    {"untrusted-root",
     "msmtp: TLS certificate verification failed: the certificate hasn't got a "
     "known issuer\nissuer of the certificate is unknown"},
    {"untrusted-root", "451 4.7.5 [internal] remote node SSL certificate not signed by a valid CA"},
    {"name-mismatch", "4.7.5 [internal] SSL certificate subject does not match host"},
    {"name-mismatch",
     "Peer certificate CN=`*.hosting.example' did not match expected "
     "CN=`mail.example.org'"},
    {"private-key-inaccessible",
     "STARTTLS=server: file /etc/mail/certs/key.pem unsafe: Group readable file"},
    {"tls-intercepted-by-middlebox",
     " 0 s:CN = smtp.example.org\n   i:CN = Avast Mail Scanner Root, O = Avast Mail Scanner"},
    {"mta-sts-policy-fetch-failed",
     "Error fetching MTA-STS policy (mta-sts.policy-fetch-error) causedBy = \"HTTP error 404\""},
    {"client-certificate-missing", "SSL routines::peer did not return a certificate"},
    {"wrong-tls-mode-for-port",
     "warning: non-SMTP command from unknown[192.0.2.1]: \\x16\\x03\\x01\\x02\\x00"},
};

TEST(Explainer, ProductsWithoutADialectAreUnderstoodByTheirMechanisms) {
  for (const auto& [code, text] : kProducts)
    EXPECT_EQ(first_code(explain_text(text)), code) << text;
}

const Said kExchange[] = {
    {"name-mismatch",
     "450 4.4.317 Cannot connect to remote server [Message=SubjectMismatch "
     "Expected Subject: *.contoso.com. Presented Subject: CN=EX01. Thumbprint: AB]"},
    {"expired", "{LED=450 4.4.317 Cannot connect to remote server [Message=CertificateExpired]}"},
    {"starttls-not-offered",
     "450 4.7.321 starttls-not-supported: Destination mail server must "
     "support TLS to receive mail."},
    {"dnssec-bogus",
     "450 4.7.324 dnssec-invalid: Destination domain returned invalid DNSSEC "
     "records"},
    {"tlscertificatename-stale",
     "454 4.7.5 The certificate specified in TlsCertificateName of the "
     "SendConnector could not be found."},
    {"certificate-not-bound",
     "2026-10-07T04:42:56.804Z,Outbound to Office 365,08D50D3D9730A8D2,21,"
     ",,*,,TLS negotiation failed with error UnknownCredentials"},
    {"queue-expired-cause-hidden", "550 5.4.300 Message expired"},
    {"private-key-inaccessible",
     "A fatal error occurred when attempting to access the TLS server "
     "credential private key. The error code returned from the "
     "cryptographic module is 0x8009030D."},
};

TEST(Explainer, ExchangesWordsAreUnderstood) {
  for (const auto& [code, text] : kExchange)
    EXPECT_EQ(first_code(explain_text(text)), code) << text;
}

TEST(Explainer, AStalePinIsFoundAmongTheSettingsAndCuredByItsCommand) {
  const Report report = explain_text(
      "Identity           : EX01\\Default Frontend EX01\n"
      "Bindings           : {[::]:25, 0.0.0.0:25}\n"
      "AuthMechanism      : Tls, Integrated\n"
      "Fqdn               : mail.contoso.com\n"
      "TlsCertificateName : <I>CN=Old CA, C=US<S>CN=mail.contoso.com\n\n"
      "Thumbprint         : 9876543210FEDCBA9876543210FEDCBA98765432\n"
      "CertificateDomains : {mail.contoso.com}\n"
      "HasPrivateKey      : True\n"
      "IsSelfSigned       : False\n"
      "Issuer             : CN=New CA, C=US\n"
      "Subject            : CN=mail.contoso.com\n"
      "Services           : SMTP\n"
      "Status             : Valid\n");
  ASSERT_FALSE(report.causes.empty());
  EXPECT_EQ(report.causes[0].code, "tlscertificatename-stale");
  ASSERT_GE(report.causes[0].cure.size(), 2U);
  EXPECT_NE(report.causes[0].cure[0].find("9876543210FEDCBA9876543210FEDCBA98765432"),
            std::string::npos);
  EXPECT_NE(report.causes[0].cure[1].find("Set-ReceiveConnector 'EX01\\Default Frontend EX01'"),
            std::string::npos);
}

TEST(Explainer, TheCertificateThatAConnectorPresentedIsReadInBothLayouts) {
  const std::string head = "2026-04-14T17:00:41.125Z,EX01\\Default Frontend EX01,08D479E14521204D,";
  const std::string ends = ",10.0.0.1:25,192.0.2.9:30648,*,";
  const std::string failed =
      "Reason: [{LED=450 4.7.320 Certificate validation failed};"
      "{MSG=SubjectMismatch};{FQDN=hybrid.contoso.com}]\n";
  const std::string old_layout = failed + head + "20" + ends + ",Sending certificate\n" + head +
                                 "21" + ends + "CN=EX01,Certificate subject\n" + head + "22" +
                                 ends + "CN=EX01,Certificate issuer name\n" + head + "23" + ends +
                                 "EX01;EX01.contoso.local,Certificate alternate names\n";
  const std::string new_layout =
      failed + head + "20" + ends +
      "CN=EX01 CN=EX01 1234567890ABCDEF1234567890ABCDEF 9876543210FEDCBA9876543210FEDCBA98765432 "
      "2025-01-01T00:00:00.000Z 2030-01-01T00:00:00.000Z EX01;EX01.contoso.local,Sending "
      "certificate Subject Issuer name Serial number Thumbprint Not before Not after Subject "
      "alternate names\n";
  for (const std::string& text : {old_layout, new_layout}) {
    const Report report = explain_text(text);
    EXPECT_EQ(first_code(report), "wrong-certificate-selected") << text;
    EXPECT_NE(report.causes[0].cause.find("CN=EX01"), std::string::npos);
  }
}

TEST(Explainer, ReportsOfSendersSayWhichMxThePolicyForgot) {
  const Report report = explain_text(
      R"({"policies":[{"policy":{"policy-type":"sts","policy-domain":"contoso.com",
"mx-host":["*.mail.example"]},"summary":{"total-successful-session-count":3},
"failure-details":[{"result-type":"validation-failure","receiving-mx-hostname":"a.b.mail.example",
"failed-session-count":4}]}]})");
  EXPECT_EQ(first_code(report), "mta-sts-mx-mismatch");
  EXPECT_EQ(report.healthy, 3U);
}

TEST(Explainer, ScannersFailingHandshakesAreNoise) {
  const Report report = explain_text(
      "mail postfix/smtpd[7]: SSL_accept error from scanner-06.censys-scanner.com[192.0.2.1]: -1\n"
      "mail postfix/smtpd[7]: warning: TLS library problem: error:142090C1:SSL routines:"
      "tls_early_post_process_client_hello:no shared cipher:\n");
  EXPECT_EQ(report.outcome, Outcome::healthy);
}

TEST(Explainer, WordsOfServersAreUnderstood) {
  for (const auto& [code, text] : kServers) EXPECT_EQ(first_code(explain_text(text)), code) << text;
}

const char* const kOtherTroubles[] = {
    "552 5.2.2 The email account that you tried to reach is over quota",
    "450 4.7.1 <a@b.example>: Recipient address rejected: Greylisted, see http://x.example",
    "550 5.7.1 Our system has detected that this message is likely unsolicited mail.",
    "535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6",
    "421 4.7.28 Our system has detected an unusual rate of unsolicited mail; rate limited",
    "550 5.1.1 <nobody@example.org>: Recipient address rejected: User unknown",
};

TEST(Explainer, OtherTroublesAreNeverTlsCauses) {
  for (const char* const text : kOtherTroubles)
    EXPECT_EQ(explain_text(text).outcome, Outcome::not_tls) << text;
}

TEST(Explainer, HealthySessionsAreHealthy) {
  const char* const kHealthy[] = {
      "postfix/smtp[7]: Verified TLS connection established to mx.example.org[192.0.2.1]:25: "
      "TLSv1.3\npostfix/smtp[7]: 4A1: to=<a@example.org>, relay=mx.example.org[192.0.2.1]:25, "
      "dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 5B2)",
      "Verify return code: 0 (ok)",
  };
  for (const char* const text : kHealthy)
    EXPECT_EQ(explain_text(text).outcome, Outcome::healthy) << text;
}

TEST(Explainer, SegmentationChangesNothing) {
  const std::string text =
      "mail postfix/smtp[7]: certificate verification failed for mx.example.org[192.0.2.1]:25: "
      "self-signed certificate\r\nmail postfix/smtp[7]: 4A1: status=deferred (Server certificate "
      "not\r\nverified)\r\n";
  const std::string whole = first_code(explain_text(text));
  EXPECT_EQ(whole, "self-signed");
  for (const std::size_t step : {1U, 2U, 7U}) {
    const Report report = explain_text(text, step);
    EXPECT_EQ(first_code(report), whole) << step;
    EXPECT_EQ(report.lines, 3U) << step;
    EXPECT_EQ(report.causes[0].evidence[0].line, 1U) << step;
  }
}

TEST(Explainer, PhrasesBrokenByLineWrappingAndQuotingAreFound) {
  EXPECT_EQ(
      first_code(explain_text("> Reason: x509: certificate signed by\n> unknown authority\n")),
      "untrusted-root");
  EXPECT_EQ(first_code(explain_text("the answer was: certificate has\nexpired")), "expired");
}

TEST(Explainer, Utf16IsRead) {
  std::string wide = "\xFF\xFE";
  for (const char c : std::string_view("certificate has expired\r\n")) wide += {c, '\0'};
  EXPECT_EQ(first_code(explain_text(wide)), "expired");
  EXPECT_EQ(first_code(explain_text(wide, 3)), "expired");
}

TEST(Explainer, BinaryIsSaidToBeUnreadable) {
  std::string octets;
  for (int i = 0; i < 5000; ++i) octets += static_cast<char>(i * 37 % 251);
  const Report report = explain_text(octets);
  EXPECT_EQ(report.outcome, Outcome::unreadable);
  ASSERT_EQ(report.notes.size(), 1U);
}

TEST(Explainer, AnEndlessLineIsPassedOverAndCounted) {
  const std::string text = std::string(3 << 20, 'x') + "\ncertificate has expired\n";
  const Report report = explain_text(text, 64 * 1024);
  EXPECT_EQ(first_code(report), "expired");
  EXPECT_EQ(report.causes[0].evidence[0].line, 2U);
  ASSERT_EQ(report.notes.size(), 1U);
}

TEST(Explainer, SinceAndUntilLeaveOutWhatIsOutside) {
  Options options;
  options.now = *parse_rfc3339("2026-11-21T00:00:00Z");
  options.since = *parse_rfc3339("2026-11-02T00:00:00Z");
  Explainer explainer(options);
  explainer.begin("log");
  explainer.feed(
      "2026-11-01T10:00:00Z error: no shared cipher\n"
      "2026-11-03T10:00:00Z error: dh key too small\n");
  explainer.end();
  const Report report = explainer.report();
  ASSERT_EQ(report.causes.size(), 1U);
  EXPECT_EQ(report.causes[0].code, "weak-key-or-hash");
}

TEST(Explainer, WhatOneCodeCannotDecideStaysUndecidedAndAsks) {
  const Report report = explain_text(
      "450 4.4.317 Cannot connect to remote server [Message=451 5.7.3 STARTTLS is required to send "
      "mail]");
  EXPECT_EQ(report.outcome, Outcome::undecided);
  EXPECT_GT(report.causes.size(), 2U);
  EXPECT_FALSE(report.questions.empty());
}

TEST(Explainer, IncidentsAreGroupedByCounterpart) {
  const Report report = explain_text(
      "Nov  3 10:00:00 m postfix/smtp[1]: certificate verification failed for a.example[192.0.2.1]"
      ":25: certificate has expired\n"
      "Nov  3 11:00:00 m postfix/smtp[1]: certificate verification failed for a.example[192.0.2.1]"
      ":25: certificate has expired\n"
      "Nov  3 12:00:00 m postfix/smtp[2]: certificate verification failed for b.example[192.0.2.2]"
      ":25: self-signed certificate\n");
  ASSERT_EQ(report.incidents.size(), 2U);
  EXPECT_EQ(report.incidents[0].counterpart, "a.example");
  EXPECT_EQ(report.incidents[0].code, "expired");
  EXPECT_EQ(report.incidents[0].lines, 2U);
  EXPECT_EQ(report.incidents[0].first, *parse_rfc3339("2026-11-03T10:00:00Z"));
  EXPECT_EQ(report.incidents[0].last, *parse_rfc3339("2026-11-03T11:00:00Z"));
}

}  // namespace
}  // namespace postern::explain
