// What no list of phrases is complete for: people's and products' own wording, and systems that do
// not speak English.
#include <gtest/gtest.h>

#include "explain/explain_testing.h"

namespace postern::explain {
namespace {

struct Said {
  const char* code;
  const char* text;
};

const Said kOwnWording[] = {
    {"name-mismatch",
     "TLS policy: server name mx.a.example does not match certificate CN gw.b.net"},
    {"name-mismatch",
     "The host name (10.1.1.20) did not match any of the names given in the server's SSL "
     "certificate"},
    {"name-mismatch", "certificate presented is not valid for relay.a.example"},
    {"expired", "gateway: TLS certificate of mx.a.example expired 3 days ago"},
    {"expired", "peer cert is outside of its validity period"},
    {"not-yet-valid", "TLS certificate verification failed: it has not yet been activated"},
    {"clock-skew", "Thu Jan  1 00:07:44 UTC 1970"},
    {"untrusted-root", "the remote certificate was not issued by a trusted authority"},
    {"incomplete-chain", "TLS check: the intermediate certificate is missing"},
    {"protocol-version-mismatch",
     "421 4.7.66 TLS 1.0 and 1.1 are not supported. Please upgrade your client"},
    {"protocol-version-mismatch", "550 this server needs TLS 1.2 or higher"},
    {"no-shared-cipher", "peer and we have no mutual cipher suite"},
    {"weak-key-or-hash", "refused: the RSA key size is too small"},
    {"starttls-not-offered",
     "mx.a.example: TLS is required but unsupported by the recipient server"},
    {"starttls-not-offered", "delivery stopped, the next hop didn't offer TLS"},
    {"private-key-inaccessible", "the private key of /etc/mail/a.pem is not readable"},
    {"key-certificate-mismatch", "the private key does not belong to that certificate"},
    {"name-mismatch", "reject=454 4.7.0 CN a.example does not match mx.b.example; TLS"},
    {"tls-required-not-used-by-sender", "TLS required but client did not issue STARTTLS"},
    {"dns-resolution-failure", "could not resolve mx.a.example"},
    {"dns-resolution-failure", "No MX for a.example"},
    {"connection-refused", "mx.a.example refused the connection"},
};

TEST(Wording, OfNobodyInParticularIsUnderstood) {
  for (const auto& [code, text] : kOwnWording)
    EXPECT_EQ(first_code(explain_text(text)), code) << text;
}

const Said kTranslations[] = {
    {"name-mismatch", "Der Zielprinzipalname ist falsch"},
    {"name-mismatch", "Le nom du certificat ne correspond pas au serveur"},
    {"expired", "Das Zertifikat des Servers ist abgelaufen."},
    {"expired", "Le certificat du serveur a expiré."},
    {"expired", "El certificado del servidor ha expirado."},
    {"self-signed", "Zertifikat ist selbstsigniert und wird abgelehnt"},
    {"protocol-version-mismatch",
     "Der Client und der Server können keine Daten austauschen, da sie nicht über einen "
     "gemeinsamen Algorithmus verfügen"},
    {"connection-refused",
     "Es konnte keine Verbindung hergestellt werden, da der Zielcomputer die Verbindung "
     "verweigerte"},
    {"connection-refused", "Connexion refusée"},
    {"connection-timeout", "Die Wartezeit für die Verbindung ist abgelaufen"},
    {"dns-resolution-failure", "Der Name oder der Dienst ist nicht bekannt"},
    {"not-tls", "Das Postfach des Empfängers ist voll."},
    {"not-tls", "La boîte aux lettres est pleine."},
};

TEST(Wording, OfSystemsThatDoNotSpeakEnglishIsUnderstood) {
  for (const auto& [code, text] : kTranslations)
    EXPECT_EQ(first_code(explain_text(text)), code) << text;
}

TEST(Wording, WithoutAReasonIsNoReasonToGuess) {
  for (const char* text :
       {"Das Remotezertifikat ist laut Validierungsverfahren ungültig.",
        "Überprüfung des Serverzertifikats fehlgeschlagen.",
        "the certificate could not be verified", "Unable to connect to the remote server",
        "could not establish a secure session over TLS"})
    EXPECT_EQ(explain_text(text).outcome, Outcome::undecided) << text;
}

// Replies to commands that come after TLS, limits, and boilerplate.
TEST(Wording, OfOtherTroubleOverTlsIsNotTls) {
  for (const char* text :
       {"421 4.7.0 [TSS04] temporarily deferred due to unexpected volume or user complaints; "
        "TLSv1.3",
        "status=bounced (host mx.a.example said: 550 no thanks (in reply to RCPT TO command))",
        "SMTP error from remote mail server after RCPT TO:<a@b.example>: 550 no thanks, TLSv1.2",
        "H=mx.a.example X=TLS1.2:AES256 CV=no F=<a@b.example> rejected after DATA: 11.2 points",
        "The SMTP server requires a secure connection or the client was not authenticated. The "
        "server response was: 5.7.57 Client not authenticated to send mail."})
    EXPECT_EQ(first_code(explain_text(text)), "not-tls") << text;
}

TEST(Wording, OfAnUnverifiedSessionThatDeliversIsHealthy) {
  const char* const session =
      "sm[7]: STARTTLS=client, relay=mx.a.example., version=TLSv1.2, verify=FAIL, cipher=X\n";
  EXPECT_EQ(explain_text(session).outcome, Outcome::undecided);
  EXPECT_EQ(first_code(explain_text(std::string(session) +
                                    "sm[7]: x1: to=<a@b.example>, dsn=2.0.0, stat=Sent (ok)\n")),
            "none");
}

TEST(Wording, OfToolsThatFindAllInOrderIsHealthy) {
  for (const char* text : {"- Status: The certificate is trusted.\n- Handshake was completed",
                           "Hostname Validation: OK - Certificate matches server hostname",
                           "Cert VALIDATED: ok\nCert Hostname VERIFIED (mx.a.example)"})
    EXPECT_EQ(first_code(explain_text(text)), "none") << text;
}

TEST(Wording, OfOneFactInOneLineIsCountedOnce) {
  const Report report =
      explain_text("relay=mx.a.example: certificate has expired, cert is expired");
  ASSERT_EQ(report.incidents.size(), 1U);
  EXPECT_EQ(report.incidents[0].lines, 1U);
}

TEST(Wording, WhereStarttlsWasTriedThoughNotOfferedThePortIsNotToBlame) {
  EXPECT_EQ(first_code(explain_text(
                "Didn't find STARTTLS in server response, trying anyway...\n"
                "140219:error:1408F10B:SSL routines:ssl3_get_record:wrong version number\n")),
            "starttls-not-offered");
}

}  // namespace
}  // namespace postern::explain
