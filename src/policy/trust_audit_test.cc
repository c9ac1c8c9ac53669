#include "policy/trust_audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "x509/testing/factory.h"

namespace postern::policy {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Time kNow = parse_rfc3339("2026-11-21T02:20:00Z").value();

const x509::Certificate& root() {
  static const x509::Certificate one = x509::testing::make_root("Partner Root").certificate;
  return one;
}

x509::Certificate root_until(const char* day, x509::testing::KeyType key = {}) {
  x509::testing::CertificateSpec what;
  what.common_name = "Root";
  what.not_after = parse_rfc3339(std::string(day) + "T00:00:00Z").value();
  what.key_type = key;
  return x509::testing::make_root(what).certificate;
}

// A receive connector that trusts the system, and partner fabrikam with a set of his own.
struct Estate {
  Config config;
  LoadedTrust trust;

  Estate() {
    ReceiveConnector receive;
    receive.name = "internet";
    config.receive = {receive};
    Partner fabrikam;
    fabrikam.name = "fabrikam";
    fabrikam.trust = {"partners"};
    config.partners = {fabrikam};
    add("system", {});
  }
  void add(const std::string& set, const std::vector<x509::Certificate>& roots,
           const std::string& partner = {}) {
    std::vector<x509::Anchor> anchors;
    for (const x509::Certificate& one : roots)
      anchors.push_back({one, {.set = set, .file = set + ".pem", .partner = partner}});
    trust.sets.push_back(std::make_shared<x509::TrustSet>(set, std::move(anchors)));
  }
  [[nodiscard]] std::vector<std::string> findings() const {
    std::vector<std::string> out;
    for (const TrustFinding& one : audit_trust(config, trust, kNow))
      out.push_back(std::string(to_string(one.fault)) + (one.grave ? "!" : "") + " " + one.set);
    return out;
  }
};

TEST(TrustAudit, ASoundSetIsSilent) {
  Estate estate;
  estate.add("partners", {root()}, "fabrikam");
  EXPECT_THAT(estate.findings(), IsEmpty());
}

TEST(TrustAudit, WhatNobodyNeeds) {
  Estate estate;
  estate.add("old", {root()});
  EXPECT_THAT(estate.findings(), ElementsAre("unused old"));
  Estate gone;
  gone.add("partners", {root()}, "adatum");
  EXPECT_THAT(gone.findings(), ElementsAre("unused partners"));
}

TEST(TrustAudit, RootsInTheWrongSet) {
  Estate elsewhere;
  elsewhere.config.receive[0].trust = {"system", "common"};
  elsewhere.add("common", {root()}, "fabrikam");
  EXPECT_THAT(elsewhere.findings(), ElementsAre("wrong-set! common", "wrong-set common"));
  Estate shared;
  shared.config.receive[0].trust = {"system", "partners"};
  shared.add("partners", {root()}, "fabrikam");
  EXPECT_THAT(shared.findings(), ElementsAre("wrong-set partners"));
}

TEST(TrustAudit, DatesKeysAndLeaves) {
  Estate estate;
  estate.add("partners",
             {root_until("2026-11-01"), root_until("2027-01-15"), root_until("2027-06-01"),
              root_until("2040-01-01", x509::testing::KeyType::rsa_1024),
              x509::testing::make_self_signed({.common_name = "mail.fabrikam.com"}).certificate});
  EXPECT_THAT(estate.findings(), ElementsAre("expired! partners", "weak! partners",
                                             "expiring partners", "no-ca partners"));
}

TEST(TrustAudit, APublicRootNeedsNoSetOfItsOwn) {
  Estate estate;
  estate.trust.sets.clear();
  estate.add("system", {root()});
  estate.add("partners", {root()});
  EXPECT_THAT(estate.findings(), ElementsAre("duplicate partners"));
}

TEST(TrustAudit, ListsOfCaNamesThatWindowsCuts) {
  Estate estate;
  x509::testing::CertificateSpec what;
  what.common_name = std::string(60, 'x');
  what.organization = std::string(60, 'y');
  const std::vector<x509::Certificate> many(60, x509::testing::make_root(what).certificate);
  estate.add("partners", many);
  estate.config.receive[0].announce_cas = {"partners"};
  EXPECT_THAT(estate.findings(), Contains("announced partners"));
  estate.trust.sets.pop_back();
  estate.add("partners", std::vector<x509::Certificate>(130, many.front()));
  EXPECT_THAT(estate.findings(), Contains("announced! partners"));
}

}  // namespace
}  // namespace postern::policy
