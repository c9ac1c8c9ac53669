// Dialects that read more than words: events by their number in any language, encoded parts of
// bounces, certificates pasted as PEM, tools that ask a server twice.
#include <gtest/gtest.h>

#include "base/text.h"
#include "explain/dialects/mime_part.h"
#include "explain/explain_testing.h"
#include "x509/testing/factory.h"

namespace postern::explain {
namespace {

using x509::testing::issue;
using x509::testing::make_leaf;
using x509::testing::make_root;
using x509::testing::make_self_signed;

struct Event {
  const char* code;
  const char* text;
};
const Event kEvents[] = {
    {"protocol-version-mismatch",
     "Quelle:        Schannel\nDatum:  03.06.2024 09:12:44\nEreignis-ID:   36887\n"
     "Es wurde eine schwerwiegende Warnung vom Remoteendpunkt empfangen. Die schwerwiegende "
     "Warnung hat folgenden für das TLS-Protokoll definierten Code: 70.\n"},
    {"untrusted-root",
     "ID de l’événement : 36887\nUne alerte irrécupérable a été reçue du point de terminaison "
     "distant. Le code d’alerte irrécupérable défini par le protocole TLS est 48.\n"},
    {"no-shared-cipher",
     "Event ID: 36888\nA fatal alert was generated and sent to the remote endpoint. The TLS "
     "protocol defined fatal error code is 40. The Windows SChannel error state is 1205.\n"},
    {"expired", "Id. del evento: 36881\nEl certificado del servidor remoto ha expirado.\n"},
    {"no-shared-cipher",
     "<Event xmlns='x'><System><Provider Name=\"Schannel\"/><EventID>36874</EventID></System>"
     "</Event>\n"},
    {"protocol-version-mismatch",
     "<Event><System><EventID>36887</EventID></System><EventData>\n"
     "<Data Name=\"AlertDesc\">70</Data></EventData></Event>\n"},
    {"revocation-unreachable",
     "<Event><System><EventID>41</EventID></System><UserData><Result "
     "value=\"80092013\">Die Sperrfunktion konnte nicht prüfen.</Result></UserData></Event>\n"},
    {"incomplete-chain", "<ErrorStatus value=\"10000\" CERT_TRUST_IS_PARTIAL_CHAIN=\"true\" />\n"},
};

TEST(Dialects, EventsAreKnownByTheirNumberInAnyLanguage) {
  for (const auto& [code, text] : kEvents) EXPECT_EQ(first_code(explain_text(text)), code) << text;
}

TEST(Dialects, Event12014NamesTheConnectorAndTheNameItMisses) {
  const Report report = explain_text(
      "<Event><System><EventID Qualifiers=\"49156\">12014</EventID></System><EventData>"
      "<Data>smtp.contoso.com</Data><Data>Client Frontend EX01</Data></EventData></Event>\n");
  ASSERT_EQ(first_code(report), "certificate-missing-for-fqdn");
  EXPECT_NE(report.causes[0].cause.find("smtp.contoso.com"), std::string::npos);
  EXPECT_NE(report.causes[0].cause.find("Client Frontend EX01"), std::string::npos);
  EXPECT_EQ(report.causes[0].fault, verdict::Fault::server);
  EXPECT_NE(report.causes[0].evidence[0].text.find("known by its number"), std::string::npos);
}

TEST(Dialects, AnEventThatNamesAPinIsAStalePin) {
  EXPECT_EQ(first_code(explain_text("Event ID: 12014\nKein Zertifikat für <I>CN=Old CA<S>CN=mail "
                                    "im persönlichen Speicher.\n")),
            "tlscertificatename-stale");
}

TEST(Dialects, OtherEventsSayNothing) {
  EXPECT_EQ(explain_text("Event ID: 7036\nThe Print Spooler service entered the stopped state.\n")
                .outcome,
            Outcome::not_tls);
}

constexpr std::string_view kMailHead =
    "Content-Type: multipart/report; boundary=b1\n\n--b1\nContent-Type: text/plain; "
    "charset=utf-8\nContent-Transfer-Encoding: ";

TEST(Dialects, QuotedPrintablePartsOfABounceAreReadThroughTheirSoftBreaks) {
  const Report report =
      explain_text(std::string(kMailHead) +
                   "quoted-printable\n\nTLS is re=\nquired, but was not off=\nered by host "
                   "mx2.bank.example[198.51.=\n100.9]\n\n--b1--\n");
  EXPECT_EQ(first_code(report), "starttls-not-offered");
  EXPECT_EQ(report.causes[0].evidence.size(), 1U);
}

TEST(Dialects, Base64PartsOfABounceAreRead) {
  const std::string body = to_base64("450 4.7.320 [Message=UntrustedRoot]\nmx.example.com\n");
  for (const std::size_t width : {std::size_t{76}, std::size_t{10}}) {
    std::string lines;
    for (std::size_t at = 0; at < body.size(); at += width) lines += body.substr(at, width) + "\n";
    EXPECT_EQ(
        first_code(explain_text(std::string(kMailHead) + "base64\n\n" + lines + "\n--b1--\n")),
        "untrusted-root");
  }
}

TEST(Dialects, QuotedPrintableThatIsNoneStaysAsItStands) {
  std::string out;
  EXPECT_TRUE(undo_quoted_printable("a=3Db =zz=", out));
  EXPECT_EQ(out, "a=b =zz");
  out.clear();
  EXPECT_FALSE(undo_quoted_printable("plain", out));
  EXPECT_EQ(out, "plain");
}

std::string asked(std::string_view name, const std::string& pem) {
  return "$ openssl s_client -starttls smtp -showcerts -connect " + std::string(name) + ":25\n" +
         "Certificate chain\n" + pem + "---\n";
}

TEST(Dialects, AServersOwnCertificateInPlaceOfTheWantedOneIsNamed) {
  const auto own = make_self_signed({.common_name = "SERVER1", .dns = {"SERVER1"}});
  const Report report = explain_text(asked("hybrid.contoso.com", own.certificate.pem()));
  EXPECT_EQ(first_code(report), "name-mismatch");
  EXPECT_NE(report.causes[0].cause.find("CN=SERVER1"), std::string::npos);
  EXPECT_NE(report.causes[0].cause.find("you asked for hybrid.contoso.com"), std::string::npos);
}

TEST(Dialects, ACertificateThatHadExpiredWhenTheTextWasWrittenIsExpired) {
  const auto old = issue(make_root("Root"), {.common_name = "mail.contoso.com",
                                             .dns = {"mail.contoso.com"},
                                             .not_after = *parse_rfc3339("2024-12-31T00:00:00Z")});
  const std::string pem = asked("mail.contoso.com", old.certificate.pem());
  EXPECT_EQ(first_code(explain_text(pem)), "expired");
  const Report then = explain_text(pem + "2024-06-01T00:00:00Z TLS handshake failed\n");
  for (const Cause& cause : then.causes) EXPECT_NE(cause.code, "expired");
}

TEST(Dialects, ACertificateWithoutFaultIsNoCause) {
  const auto good = make_leaf(make_root("Root"), "mail.contoso.com");
  EXPECT_TRUE(explain_text(asked("mail.contoso.com", good.certificate.pem())).causes.empty());
}

TEST(Dialects, ABrokenPemBlockIsPassedOver) {
  EXPECT_EQ(explain_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").outcome,
            Outcome::undecided);
}

TEST(Dialects, AServerThatShowsAnotherCertificateWithoutANameNeedsIt) {
  EXPECT_EQ(first_code(explain_text(
                "$ openssl s_client -connect mx.u.example:25 -noservername | openssl x509 -noout\n"
                "subject=CN = default\n"
                "$ openssl s_client -connect mx.u.example:25 -servername mx.u.example\n"
                "subject=CN = mx.u.example\n")),
            "sni-required");
}

TEST(Dialects, WrappedAndIndentedOutputOfACmdletIsReadAsOneLine) {
  EXPECT_EQ(
      first_code(explain_text(
          "LastError        : [{LED=454 4.7.5 The certificate specified in TlsCertificateName "
          "of the\n                   SendConnector could not be found.};{IP=192.0.2.1}]\n")),
      "tlscertificatename-stale");
}

TEST(Dialects, AnAddressThatWasNotReachedIsNoTroubleOnceMailWentThere) {
  const std::string failed =
      "Oct  2 10:00:01 m postfix/smtp[5]: connect to mx.example[2001:db8::1]:25: Network is "
      "unreachable\n";
  const std::string sent =
      "Oct  2 10:00:03 m postfix/smtp[5]: 4D: to=<x@example>, relay=mx.example[192.0.2.1]:25, "
      "dsn=2.0.0, status=sent (250 2.0.0 OK)\n";
  EXPECT_EQ(explain_text(failed + sent).outcome, Outcome::healthy);
  EXPECT_EQ(first_code(explain_text(failed)), "network-unreachable");
}

TEST(Dialects, ATextAboutTlsThatIsNotUnderstoodIsUndecidedNotHealthy) {
  const Report report = explain_text("The TLS thing on our server does odd things since Monday.\n");
  EXPECT_EQ(report.outcome, Outcome::undecided);
  EXPECT_FALSE(report.questions.empty());
}

}  // namespace
}  // namespace postern::explain
