#include "policy/selection.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "x509/testing/factory.h"

namespace postern::policy {
namespace {

using x509::testing::CertificateSpec;
using x509::testing::Issued;

Time date(int year, unsigned month, unsigned day) {
  return Time(std::chrono::sys_days(std::chrono::year(year) / static_cast<int>(month) /
                                    static_cast<int>(day)));
}

const Time kNow = date(2026, 11, 21);
const Time kSoon = date(2027, 6, 1);
const Time kPast = date(2026, 11, 1);

const Issued& ca() {
  static const Issued issued = x509::testing::make_root("Contoso CA");
  return issued;
}

CertificateSpec spec(const std::string& name, Time from = date(2026, 1, 1), Time until = kSoon) {
  CertificateSpec out;
  out.common_name = name;
  out.dns = {name};
  out.not_before = from;
  out.not_after = until;
  return out;
}

LoadedCertificate loaded(const std::string& name, const x509::Certificate& leaf) {
  LoadedCertificate out;
  out.name = name;
  out.chain = {leaf};
  out.key_usable = true;
  return out;
}

LoadedCertificate issued(const std::string& name, const CertificateSpec& what) {
  return loaded(name, x509::testing::issue(ca(), what).certificate);
}

LoadedCertificate self_signed(const std::string& name, const CertificateSpec& what) {
  return loaded(name, x509::testing::make_self_signed(what).certificate);
}

LoadedCertificate unusable(LoadedCertificate certificate) {
  certificate.key_usable = false;
  certificate.problem = "tls/x.key: permission denied";
  certificate.problem_code = "private-key-inaccessible";
  return certificate;
}

Config server(const std::string& hostname) {
  Config out;
  out.server.hostname = hostname;
  return out;
}

ReceiveConnector inbound(const std::string& fqdn, const std::string& certificate = {}) {
  ReceiveConnector out;
  out.name = "internet";
  out.fqdn = fqdn;
  out.certificate = certificate;
  return out;
}

Selection select(const CertificateStore& store, const ReceiveConnector& connector,
                 std::string_view sni = {}) {
  return select_server_certificate(server("edge.contoso.com"), connector, store, sni, kNow);
}

std::string chosen(const CertificateStore& store, const Selection& selection) {
  return selection.index ? store[*selection.index].name : "";
}

// B1, steps 3 to 5.
TEST(ServerCertificate, ConnectorCertificateBeforeConnectorFqdnBeforeServerFqdn) {
  const CertificateStore store = {issued("edge", spec("edge.contoso.com")),
                                  issued("mail", spec("mail.contoso.com")),
                                  issued("pinned", spec("other.contoso.com"))};
  const auto pinned = select(store, inbound("mail.contoso.com", "pinned"));
  EXPECT_EQ(chosen(store, pinned), "pinned");
  EXPECT_EQ(pinned.asked, "certificate \"pinned\" of receive connector internet");
  const auto by_fqdn = select(store, inbound("mail.contoso.com"));
  EXPECT_EQ(chosen(store, by_fqdn), "mail");
  EXPECT_EQ(by_fqdn.asked, "fqdn mail.contoso.com of receive connector internet");
  const auto by_hostname = select(store, inbound(""));
  EXPECT_EQ(chosen(store, by_hostname), "edge");
  EXPECT_EQ(by_hostname.asked,
            "hostname edge.contoso.com of [server], since receive connector internet has no fqdn");
}

// B1, steps 6 and 8.
TEST(ServerCertificate, NoneWithTheName_IsMissingForFqdn_NotTheNextBest) {
  const CertificateStore store = {issued("edge", spec("edge.contoso.com"))};
  const auto none = select(store, inbound("mail.contoso.com"));
  EXPECT_FALSE(none.index);
  EXPECT_EQ(none.code, "certificate-missing-for-fqdn");
  EXPECT_EQ(none.reason, "no certificate bears the name mail.contoso.com");
  ASSERT_EQ(none.candidates.size(), 1U);
  EXPECT_EQ(none.candidates[0].reason,
            "no name of it is mail.contoso.com (it bears edge.contoso.com)");
}

// B1, step 7: SAN or subject carries the name.
TEST(ServerCertificate, TheSubjectCountsLikeExchangeCountsIt_ButIsRemarked) {
  CertificateSpec cn_only = spec("mail.contoso.com");
  cn_only.dns.clear();
  CertificateSpec wildcard = spec("x");
  wildcard.dns = {"*.contoso.com"};
  const CertificateStore by_cn = {issued("old-style", cn_only)};
  const auto selection = select(by_cn, inbound("mail.contoso.com"));
  EXPECT_EQ(chosen(by_cn, selection), "old-style");
  EXPECT_NE(selection.candidates[0].reason.find("in its subject only"), std::string::npos);
  const CertificateStore by_wildcard = {issued("wild", wildcard)};
  EXPECT_EQ(chosen(by_wildcard, select(by_wildcard, inbound("mail.contoso.com"))), "wild");
}

// B1, step 7, the first trap: Exchange chooses a certificate that matches by name and cannot be
// used, and fails in the handshake.
TEST(ServerCertificate, OneThatCannotBeUsedIsNeverChosen_AndTheSelectionSaysSo) {
  const auto broken = unusable(issued("new", spec("mail.contoso.com", date(2026, 11, 1))));
  const CertificateStore with_other = {broken, issued("old", spec("mail.contoso.com"))};
  const auto other = select(with_other, inbound("mail.contoso.com"));
  EXPECT_EQ(chosen(with_other, other), "old");
  EXPECT_EQ(other.candidates[0].reason, "cannot be used: tls/x.key: permission denied");
  const auto none = select({broken}, inbound("mail.contoso.com"));
  EXPECT_FALSE(none.index);
  EXPECT_EQ(none.code, "private-key-inaccessible");
  EXPECT_EQ(none.reason, "certificate new fits but cannot be used: tls/x.key: permission denied");
}

TEST(ServerCertificate, APinnedOneThatCannotBeUsedIsNotReplacedByAnother) {
  const CertificateStore store = {unusable(issued("pinned", spec("mail.contoso.com"))),
                                  issued("other", spec("mail.contoso.com"))};
  const auto selection = select(store, inbound("mail.contoso.com", "pinned"));
  EXPECT_FALSE(selection.index);
  EXPECT_EQ(selection.code, "private-key-inaccessible");
  EXPECT_EQ(selection.candidates[1].reason, "not the one that the connector names");
}

TEST(ServerCertificate, AFileThatCouldNotBeReadIsACandidateWithAReason) {
  LoadedCertificate unread;
  unread.name = "unread";
  unread.problem = "tls/unread.pem: no such file";
  unread.problem_code = "certificate-missing-for-fqdn";
  const auto selection = select({unread}, inbound("mail.contoso.com"));
  EXPECT_EQ(selection.code, "certificate-missing-for-fqdn");
  EXPECT_EQ(selection.candidates[0].reason, "cannot be used: tls/unread.pem: no such file");
}

// B1, step 9: CA-issued before self-signed, whatever the dates; then the newest notBefore.
TEST(ServerCertificate, CaIssuedBeforeSelfSigned_ThenTheNewestNotBefore) {
  const CertificateStore store = {
      self_signed("own", spec("mail.contoso.com", date(2026, 11, 20))),
      issued("old", spec("mail.contoso.com", date(2026, 1, 1))),
      issued("new", spec("mail.contoso.com", date(2026, 10, 1))),
  };
  const auto selection = select(store, inbound("mail.contoso.com"));
  EXPECT_EQ(chosen(store, selection), "new");
  EXPECT_EQ(selection.code, "none");
  EXPECT_EQ(selection.candidates[0].reason, "self-signed, and new is issued by a CA");
  EXPECT_EQ(selection.candidates[1].reason,
            "older than new (valid from 2026-01-01, not 2026-10-01)");
  EXPECT_EQ(selection.candidates[2].reason, "chosen: the one that bears mail.contoso.com");
  const CertificateStore only = {store[0]};
  EXPECT_EQ(chosen(only, select(only, inbound("mail.contoso.com"))), "own");
}

// The second trap: one text says the newest notBefore decides, another the newest expiry. Here it
// is notBefore; the expiry only between certificates of the same notBefore.
TEST(ServerCertificate, NewestNotBeforeDecides_NotTheNewestExpiry) {
  const CertificateStore store = {
      issued("longer", spec("mail.contoso.com", date(2026, 1, 1), date(2028, 1, 1))),
      issued("newer", spec("mail.contoso.com", date(2026, 10, 1), date(2027, 1, 1)))};
  EXPECT_EQ(chosen(store, select(store, inbound("mail.contoso.com"))), "newer");
  const CertificateStore same_start = {
      issued("short", spec("mail.contoso.com", date(2026, 1, 1), date(2027, 1, 1))),
      issued("long", spec("mail.contoso.com", date(2026, 1, 1), date(2028, 1, 1)))};
  const auto selection = select(same_start, inbound("mail.contoso.com"));
  EXPECT_EQ(chosen(same_start, selection), "long");
  EXPECT_EQ(selection.candidates[0].reason, "as new as long but ends earlier (2027-01-01)");
}

TEST(ServerCertificate, BetweenEqualsTheFirstInTheFileWins) {
  const CertificateStore store = {issued("a", spec("mail.contoso.com")),
                                  issued("b", spec("mail.contoso.com"))};
  const auto selection = select(store, inbound("mail.contoso.com"));
  EXPECT_EQ(chosen(store, selection), "a");
  EXPECT_EQ(selection.candidates[1].reason, "equal to a, which stands first in the configuration");
}

// B1, step 9: an expired one is still presented (event 12016), but only where it is the only one.
TEST(ServerCertificate, WhatIsNotValidNowIsPresentedOnlyForLackOfBetter_AsAFinding) {
  CertificateSpec no_server = spec("mail.contoso.com");
  no_server.eku = {"client"};
  const auto expired = issued("expired", spec("mail.contoso.com", date(2025, 1, 1), kPast));
  const auto future = issued("future", spec("mail.contoso.com", date(2026, 12, 1)));
  const auto client_only = issued("client-only", no_server);
  const auto own = self_signed("own", spec("mail.contoso.com", date(2020, 1, 1)));
  const struct {
    CertificateStore store;
    std::string chosen, code;
  } cases[] = {
      {{expired}, "expired", "expired"},
      {{future}, "future", "not-yet-valid"},
      {{client_only}, "client-only", "wrong-key-usage"},
      {{future, expired}, "expired", "expired"},
      {{future, expired, client_only}, "client-only", "wrong-key-usage"},
      {{future, expired, client_only, own}, "own", "none"},
  };
  for (const auto& c : cases) {
    const auto selection = select(c.store, inbound("mail.contoso.com"));
    EXPECT_EQ(chosen(c.store, selection), c.chosen);
    EXPECT_EQ(selection.code, c.code);
  }
  const auto finding = select({expired}, inbound("mail.contoso.com"));
  EXPECT_EQ(finding.reason,
            "certificate expired is the one that bears mail.contoso.com, the only one so, "
            "although: expired 2026-11-01");
}

TEST(ServerCertificate, SniComesFirst_UnlessTheConnectorNamesACertificate) {
  const CertificateStore store = {issued("mail", spec("mail.contoso.com")),
                                  issued("fabrikam", spec("mail.fabrikam.com"))};
  const auto by_sni = select(store, inbound("mail.contoso.com"), "MAIL.fabrikam.com");
  EXPECT_EQ(chosen(store, by_sni), "fabrikam");
  EXPECT_EQ(by_sni.asked, "server name mail.fabrikam.com asked by the client");
  EXPECT_EQ(chosen(store, select(store, inbound("mail.contoso.com"), "unknown.example")), "mail");
  EXPECT_EQ(chosen(store, select(store, inbound("mail.contoso.com", "mail"), "mail.fabrikam.com")),
            "mail");
}

TEST(ServerCertificate, SniOfACertificateThatCannotBeUsedFallsBackToTheFqdn) {
  const CertificateStore store = {issued("mail", spec("mail.contoso.com")),
                                  unusable(issued("fabrikam", spec("mail.fabrikam.com")))};
  EXPECT_EQ(chosen(store, select(store, inbound("mail.contoso.com"), "mail.fabrikam.com")), "mail");
}

// Any octets may come as a server name.
TEST(ServerCertificate, SniOfStrangeOctetsIsHarmless) {
  const CertificateStore store = {issued("mail", spec("mail.contoso.com"))};
  for (const std::string& sni : {std::string(1000, 'a'), std::string("\0\xFF\n", 3),
                                 std::string("*.contoso.com"), std::string(".")}) {
    EXPECT_TRUE(select(store, inbound("mail.contoso.com"), sni).index);
  }
}

SendConnector outbound(const std::string& certificate) {
  SendConnector out;
  out.name = "cloud";
  out.certificate = certificate;
  return out;
}

TEST(ClientCertificate, IsWhatTheConnectorNames_InEveryForm) {
  const CertificateStore store = {issued("other", spec("x.contoso.com")),
                                  issued("hybrid", spec("mail.contoso.com"))};
  const auto& leaf = store[1].chain.front();
  for (const std::string& form :
       {std::string("hybrid"), leaf.thumbprint(), lower(leaf.thumbprint()), leaf.sha256(),
        x509::exchange_certificate_name(leaf),
        std::string("<i>cn=contoso ca<s>CN = mail.contoso.com")}) {
    const auto selection = select_client_certificate(outbound(form), store, kNow);
    EXPECT_EQ(chosen(store, selection), "hybrid") << form;
    EXPECT_EQ(selection.code, "none");
  }
}

TEST(ClientCertificate, ARenewalWithTheSameNamesNeedsNoChangeOfIssuerSubject_AnyOtherIsStale) {
  const std::string pin = "<I>CN=Contoso CA<S>CN=mail.contoso.com";
  const CertificateStore renewed = {issued("old", spec("mail.contoso.com", date(2025, 1, 1))),
                                    issued("new", spec("mail.contoso.com", date(2026, 11, 1)))};
  EXPECT_EQ(chosen(renewed, select_client_certificate(outbound(pin), renewed, kNow)), "new");
  const Issued other_ca = x509::testing::make_root("Contoso CA 2");
  const CertificateStore reissued = {
      loaded("new", x509::testing::issue(other_ca, spec("mail.contoso.com")).certificate)};
  const auto stale = select_client_certificate(outbound(pin), reissued, kNow);
  EXPECT_FALSE(stale.index);
  EXPECT_EQ(stale.code, "tlscertificatename-stale");
  EXPECT_EQ(stale.reason,
            "send connector cloud pins <I>CN=Contoso CA<S>CN=mail.contoso.com, which no "
            "certificate bears: renewed by another issuer or for another subject");
}

TEST(ClientCertificate, AStaleThumbprintIsSaid) {
  const auto stale = select_client_certificate(outbound(std::string(40, 'A')), {}, kNow);
  EXPECT_EQ(stale.code, "tlscertificatename-stale");
  EXPECT_NE(stale.reason.find("pins thumbprint AAAA"), std::string::npos);
}

TEST(ClientCertificate, WithoutClientAuthIsPresentedAsAFinding) {
  CertificateSpec server_only = spec("mail.contoso.com");
  server_only.eku = {"server"};
  const CertificateStore store = {issued("hybrid", server_only)};
  const auto selection = select_client_certificate(outbound("hybrid"), store, kNow);
  EXPECT_EQ(chosen(store, selection), "hybrid");
  EXPECT_EQ(selection.code, "wrong-key-usage");
  EXPECT_EQ(selection.candidates[0].reason,
            "chosen: named by the connector; its extended key usage lacks clientAuth");
}

TEST(ClientCertificate, NoneNamed_NonePresented_WhateverTheStoreHolds) {
  const CertificateStore store = {issued("hybrid", spec("mail.contoso.com"))};
  const auto selection = select_client_certificate(outbound(""), store, kNow);
  EXPECT_FALSE(selection.index);
  EXPECT_EQ(selection.code, "none");
  EXPECT_EQ(selection.candidates[0].reason, "the connector names no certificate");
}

TEST(ReferenceForm, OfThumbprintsNamesAndPins) {
  const std::string not_hex(40, 'g');
  EXPECT_EQ(certificate_reference_form("hybrid"), ReferenceForm::name);
  EXPECT_EQ(certificate_reference_form(not_hex), ReferenceForm::name);
  EXPECT_EQ(certificate_reference_form(std::string(40, 'a')), ReferenceForm::thumbprint);
  EXPECT_EQ(certificate_reference_form(std::string(64, '0')), ReferenceForm::thumbprint);
  EXPECT_EQ(certificate_reference_form("<i>CN=a<s>CN=b"), ReferenceForm::issuer_subject);
}

}  // namespace
}  // namespace postern::policy
