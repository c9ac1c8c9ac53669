#include "admin/certificates.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "x509/testing/factory.h"

namespace postern::admin {
namespace {

using x509::testing::CertificateSpec;

const Time kNow = *parse_rfc3339("2026-11-21T02:20:00Z");

class CertificatesTest : public testing::Test {
 protected:
  CertificatesTest() {
    trust_.sets = {set("system", public_), set("partners", private_)};
    config_.server.hostname = "edge.contoso.com";
    policy::ReceiveConnector receive;
    receive.name = "internet";
    receive.fqdn = "mx.contoso.com";
    config_.receive.push_back(receive);
    policy::SendConnector send;
    send.name = "cloud";
    send.certificate = "client";
    config_.send.push_back(send);
  }

  static std::shared_ptr<const x509::TrustSet> set(const std::string& name,
                                                   const x509::testing::Issued& root) {
    x509::Anchor anchor{root.certificate, {}};
    anchor.provenance.set = name;
    anchor.provenance.added_by = "ops";
    return std::make_shared<const x509::TrustSet>(name, std::vector<x509::Anchor>{anchor});
  }
  void add(const std::string& name, const x509::Certificate& leaf, bool key_usable = true) {
    policy::LoadedCertificate one;
    one.name = name;
    one.chain = {leaf};
    one.key_usable = key_usable;
    if (!key_usable) one.problem = "key.pem cannot be read";
    certificates_.push_back(one);
  }
  [[nodiscard]] Loaded loaded() const { return {config_, certificates_, trust_, kNow}; }
  Json row(std::size_t index) { return certificates_json(loaded())["certificates"][index]; }

  x509::testing::Issued public_ = x509::testing::make_root("Public Root");
  x509::testing::Issued private_ = x509::testing::make_root("Partner Root");
  policy::Config config_;
  policy::CertificateStore certificates_;
  policy::LoadedTrust trust_;
};

TEST_F(CertificatesTest, ClassSaysWhichAnchorsWouldTrustIt) {
  CertificateSpec self;
  self.common_name = "self.example";
  self.dns = {"self.example"};
  add("public", make_leaf(public_, "a.example").certificate);
  add("private", make_leaf(private_, "b.example").certificate);
  add("self", make_self_signed(self).certificate);
  add("none", make_leaf(x509::testing::make_root("Stranger"), "c.example").certificate);
  EXPECT_EQ(row(0)["class"], "public");
  EXPECT_EQ(row(0)["trust_set"], "system");
  EXPECT_EQ(row(1)["class"], "private");
  EXPECT_EQ(row(1)["trust_set"], "partners");
  EXPECT_EQ(row(2)["class"], "self-signed");
  EXPECT_EQ(row(3)["class"], "none");
  EXPECT_EQ(row(3)["trust_set"], nullptr);
}

TEST_F(CertificatesTest, StatusTellsExpiryAndKeys_AndClassDoesNotDependOnTheDates) {
  CertificateSpec expired;
  expired.common_name = "old.example";
  expired.dns = {"old.example"};
  expired.not_after = kNow - std::chrono::hours(24);
  CertificateSpec early = expired;
  early.not_before = kNow + std::chrono::hours(24);
  early.not_after = kNow + std::chrono::hours(48);
  add("expired", issue(public_, expired).certificate);
  add("early", issue(public_, early).certificate);
  add("keyless", make_leaf(public_, "k.example").certificate, /*key_usable=*/false);
  add("good", make_leaf(public_, "g.example").certificate);
  certificates_.emplace_back().name = "missing";
  EXPECT_EQ(row(0)["status"], "Expired");
  EXPECT_EQ(row(0)["class"], "public");
  EXPECT_EQ(row(1)["status"], "NotYetValid");
  EXPECT_EQ(row(1)["class"], "public");
  EXPECT_EQ(row(2)["status"], "KeyProblem");
  EXPECT_EQ(row(3)["status"], "Valid");
  EXPECT_EQ(row(4)["status"], "Unreadable");
}

TEST_F(CertificatesTest, StatusCountsTrustAndRevocation) {
  const auto issuing = make_intermediate(public_, "Issuing");
  const auto revoked = make_leaf(public_, "r.example");
  add("lone", make_leaf(issuing, "l.example").certificate);
  add("stranger", x509::testing::make_self_signed({.common_name = "s.example"}).certificate);
  add("revoked", revoked.certificate);
  trust_.crls = {
      {"system",
       {x509::testing::make_crl(public_, {.revoked = {{.certificate = revoked.certificate}}})}}};
  EXPECT_EQ(row(0)["status"], "IncompleteChain");
  EXPECT_NE(row(0)["status_detail"], nullptr);
  EXPECT_EQ(row(1)["status"], "Untrusted");
  EXPECT_EQ(row(2)["status"], "Revoked");
  certificates_[0].chain.push_back(issuing.certificate);
  EXPECT_EQ(row(0)["status"], "Valid");
  EXPECT_EQ(row(0)["status_detail"], nullptr);
}

TEST_F(CertificatesTest, ServicesAreTheConnectorsThatPresentIt) {
  add("mx", make_leaf(public_, "mx.contoso.com").certificate);
  add("client", make_leaf(public_, "edge.contoso.com").certificate);
  add("unused", make_leaf(public_, "other.example").certificate);
  EXPECT_EQ(row(0)["services"], Json::array({"receive internet"}));
  EXPECT_EQ(row(1)["services"], Json::array({"send cloud"}));
  EXPECT_EQ(row(2)["services"], Json::array());
}

TEST_F(CertificatesTest, SelectionSaysWhyForEachOne) {
  add("mx", make_leaf(public_, "mx.contoso.com").certificate);
  add("client", make_leaf(public_, "edge.contoso.com").certificate);
  const Result<Json> selection = selection_json(loaded(), "internet", "");
  ASSERT_TRUE(selection);
  EXPECT_EQ((*selection)["chosen"], "mx");
  ASSERT_EQ((*selection)["candidates"].size(), 2U);
  EXPECT_FALSE((*selection)["candidates"][1]["reason"].get<std::string>().empty());
  const Result<Json> unknown = selection_json(loaded(), "intranet", "");
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().detail().find("receive.internet, send.cloud"), std::string::npos);
  EXPECT_FALSE(selection_json(loaded(), "cloud", "mx.example"));
}

TEST_F(CertificatesTest, AConnectorsKindMayBeSaidWhereTwoBearOneName) {
  config_.send[0].name = "internet";
  add("mx", make_leaf(public_, "mx.contoso.com").certificate);
  add("client", make_leaf(public_, "edge.contoso.com").certificate);
  EXPECT_EQ((*selection_json(loaded(), "internet", ""))["chosen"], "mx");
  EXPECT_EQ((*selection_json(loaded(), "receive.internet", ""))["chosen"], "mx");
  EXPECT_EQ((*selection_json(loaded(), "send.internet", ""))["chosen"], "client");
  EXPECT_FALSE(selection_json(loaded(), "send.intranet", ""));
}

TEST_F(CertificatesTest, AnchorsOfTheSystemAreListedOnlyWhenNamed) {
  const Json all = *trust_json(loaded(), "");
  ASSERT_EQ(all["sets"].size(), 2U);
  EXPECT_FALSE(all["sets"][0].contains("anchors"));
  EXPECT_EQ(all["sets"][1]["anchors"][0]["added_by"], "ops");
  EXPECT_TRUE((*trust_json(loaded(), "system"))["sets"][0].contains("anchors"));
  EXPECT_FALSE(trust_json(loaded(), "nowhere"));
}

}  // namespace
}  // namespace postern::admin
