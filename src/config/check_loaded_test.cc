#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config_file.h"
#include "x509/testing/factory.h"

namespace postern::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using x509::testing::CertificateSpec;

const Time kNow = Time(std::chrono::sys_days(std::chrono::year(2026) / 11 / 21));

struct World {
  Loaded loaded;
  policy::CertificateStore certificates;
  policy::LoadedTrust trust;

  [[nodiscard]] std::vector<std::string> findings() const {
    std::vector<std::string> out;
    for (const auto& d : check_loaded(loaded.config, certificates, trust, kNow)) {
      out.push_back(d.str());
    }
    return out;
  }
};

World world(const std::string& more, const CertificateSpec& spec) {
  World out;
  out.loaded = parse_config(
      "[server]\nhostname = 'mail.contoso.com'\n"
      "[certificates.hybrid]\nchain = 'h.pem'\nkey = 'h.key'\n" +
          more,
      "/p.toml");
  static const auto ca = x509::testing::make_root("Contoso CA");
  policy::LoadedCertificate hybrid;
  hybrid.name = "hybrid";
  hybrid.chain = {x509::testing::issue(ca, spec).certificate};
  hybrid.key_usable = true;
  out.certificates = {hybrid};
  out.trust.sets = {std::make_shared<x509::TrustSet>(
      "own", std::vector<x509::Anchor>{{ca.certificate, {.set = "own"}}})};
  return out;
}

CertificateSpec named(const std::string& name) {
  CertificateSpec out;
  out.common_name = name;
  out.dns = {name};
  return out;
}

constexpr const char* kReceive = "[receive.in]\nlisten = ['127.0.0.1:25']\ntls = 'required'\n";

TEST(CheckLoaded, NothingToSayWhereAllFits) {
  EXPECT_THAT(world(kReceive, named("mail.contoso.com")).findings(), IsEmpty());
}

TEST(CheckLoaded, AChainWithoutItsIntermediateIsSaid) {
  World w = world(kReceive, named("mail.contoso.com"));
  const auto root = x509::testing::make_root("Root");
  const auto issuing = x509::testing::make_intermediate(root, "Issuing CA");
  w.certificates[0].chain = {x509::testing::make_leaf(issuing, "mail.contoso.com").certificate};
  EXPECT_THAT(
      w.findings(),
      ElementsAre(AllOf(HasSubstr("warning: certificates.hybrid: its issuer 'CN=Issuing CA'"),
                        HasSubstr("[incomplete-chain]"))));
  w.certificates[0].chain.push_back(issuing.certificate);
  EXPECT_THAT(w.findings(), IsEmpty());
}

TEST(CheckLoaded, ACertificateThatCannotBeUsedIsAnErrorOfItsSectionAndItsConnector) {
  World w = world(kReceive, named("mail.contoso.com"));
  w.certificates[0].key_usable = false;
  w.certificates[0].problem = "/h.key: permission denied";
  w.certificates[0].problem_code = "private-key-inaccessible";
  EXPECT_THAT(
      w.findings(),
      ElementsAre(HasSubstr("/p.toml:3:1: error: certificates.hybrid: cannot be used: "
                            "/h.key: permission denied"),
                  AllOf(HasSubstr("6:1: error: receive.in: no certificate can be presented"),
                        HasSubstr("[private-key-inaccessible]"))));
}

TEST(CheckLoaded, ExpiryIsAWarningAheadAndAfter) {
  CertificateSpec soon = named("mail.contoso.com");
  soon.not_after = kNow + 24h * 10;
  EXPECT_THAT(world(kReceive, soon).findings(),
              ElementsAre(HasSubstr("warning: certificates.hybrid: expires 2026-12-01, in 10 d")));
  soon.not_after = kNow - 24h;
  EXPECT_THAT(world(kReceive, soon).findings(),
              ElementsAre(HasSubstr("expired 2026-11-20; put the renewed certificate in /h.pem"),
                          HasSubstr("[expired]")));
}

TEST(CheckLoaded, TheNameOfGreetingAndEhloIsComparedWithTheCertificate) {
  EXPECT_THAT(world(std::string(kReceive) + "certificate = 'hybrid'\n"
                                            "[send.out]\ndomains = ['*']\ncertificate = 'hybrid'\n",
                    named("other.contoso.com"))
                  .findings(),
              ElementsAre(AllOf(HasSubstr("warning: receive.in: its name in the greeting, "
                                          "mail.contoso.com, is in neither SAN nor subject"),
                                HasSubstr("(other.contoso.com)")),
                          HasSubstr("warning: send.out: its name in the EHLO")));
}

TEST(CheckLoaded, AStalePinOfASendConnectorIsAWarning_SinceItHoldsUpOnlyItsOwnMail) {
  EXPECT_THAT(world("[send.out]\ndomains = ['*']\ncertificate = '<I>CN=Old CA<S>CN=x'\n",
                    named("mail.contoso.com"))
                  .findings(),
              ElementsAre(AllOf(HasSubstr("warning: send.out: "), HasSubstr("pins <I>CN=Old CA"),
                                HasSubstr("[tlscertificatename-stale]"))));
}

TEST(CheckLoaded, AStalePinOfAReceiveConnectorIsAnError) {
  EXPECT_THAT(world("[receive.in]\nlisten = ['127.0.0.1:25']\ntls = 'required'\n"
                    "certificate = '<I>CN=Old CA<S>CN=x'\n",
                    named("mail.contoso.com"))
                  .findings(),
              ElementsAre(AllOf(HasSubstr("error: receive.in: "), HasSubstr("pins <I>CN=Old CA"),
                                HasSubstr("[tlscertificatename-stale]"))));
}

TEST(CheckLoaded, ALongListOfCaNamesWarns_AndIsRefusedBeyondWhatWindowsTakes) {
  static const auto root = x509::testing::make_root(std::string(60, 'a'));
  const std::size_t octets = root.certificate.subject_der().size() + 2;
  const struct {
    std::size_t list;
    std::string said;
  } cases[] = {{8192, ""}, {8192 + octets, "warning: "}, {16384 + octets, "error: "}};
  for (const auto& c : cases) {
    World w = world(std::string(kReceive) + "announce_cas = ['big']\n[trust.big]\nfiles = ['b']\n",
                    named("mail.contoso.com"));
    std::vector<x509::Anchor> anchors(c.list / octets, {root.certificate, {}});
    w.trust.sets.push_back(std::make_shared<x509::TrustSet>("big", std::move(anchors)));
    if (c.said.empty()) {
      EXPECT_THAT(w.findings(), IsEmpty());
    } else {
      EXPECT_THAT(w.findings(), ElementsAre(HasSubstr(c.said + "receive.in: announce_cas")));
    }
  }
}

TEST(CheckLoaded, AnEmptyTrustSetAndALapsedExceptionAreSaid) {
  World w = world(
      "[trust.partners]\nfiles = ['roots']\n"
      "[partner.fabrikam]\ndomains = ['fabrikam.com']\nnames = ['mail.fabrikam.com']\n"
      "exception = { accept = 'expired', until = 2026-11-01T00:00:00Z, by = 'ops', why = 'x' }\n",
      named("mail.contoso.com"));
  ASSERT_TRUE(w.loaded.ok());
  EXPECT_THAT(w.findings(),
              ElementsAre(HasSubstr("error: trust.partners: no certificate was found in /roots"),
                          HasSubstr("warning: partner.fabrikam.exception: ended "
                                    "2026-11-01T00:00:00Z and has no effect")));
}

}  // namespace
}  // namespace postern::config
