// The rules of one path: form, profile, name constraints, lengths, usages, revocation coverage.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "x509/path.h"
#include "x509/testing/factory.h"

namespace postern::x509 {
namespace {

using namespace std::chrono_literals;
using namespace testing;  // the factory
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Time kNow = parse_rfc3339("2026-11-21T12:00:00Z").value();

PathResult find(const std::vector<Certificate>& presented, const Issued& root,
                PathOptions options = {}, const RevocationData& data = {}) {
  options.now = kNow;
  std::vector<Anchor> anchors{{root.certificate, {}}};
  return find_path(presented, {std::make_shared<TrustSet>("test", std::move(anchors))}, data,
                   options);
}

std::string code(const PathResult& result) {
  return result.ok ? "none" : result.faults.at(0).code;
}

class Rules : public ::testing::Test {
 protected:
  const Issued root = make_root("Root");
  const PathOptions strict{.profile = Profile::strict};

  std::string code_of(const CertificateSpec& leaf, const PathOptions& options = {}) const {
    return code(find({issue(root, leaf).certificate}, root, options));
  }
};

TEST_F(Rules, WhatPrivateCasLeaveOutCountsInTheStrictProfileOnly) {
  const Issued plain = make_intermediate(
      root, {.common_name = "Plain", .subject_key_id = false, .authority_key_id = false});
  const std::vector chain{make_leaf(plain, "a.test").certificate, plain.certificate};
  EXPECT_EQ(code(find(chain, root)), "none");
  EXPECT_EQ(code(find(chain, root, strict)), "malformed-certificate");
  EXPECT_EQ(code(find({make_leaf(root, "a.test").certificate}, root, strict)), "none");
}

TEST_F(Rules, FormThatCannotBeJudgedSafelyCountsInEveryProfile) {
  const std::pair<std::string, std::string> unknown{"1.2.3.4", "critical,ASN1:UTF8String:x"};
  const std::pair<std::string, std::string> harmless{"1.2.3.4", "ASN1:UTF8String:x"};
  EXPECT_EQ(code_of({.common_name = "a", .dns = {"a.test"}, .extensions = {harmless}}), "none");
  EXPECT_EQ(code_of({.common_name = "a", .dns = {"a.test"}, .extensions = {unknown}}),
            "malformed-certificate");
  EXPECT_EQ(code_of({.common_name = "a", .dns = {"a.test"}, .extensions = {harmless, harmless}}),
            "malformed-certificate");
  // RFC 5280 s4.2.2.1: never critical, so nobody processes it as such.
  EXPECT_EQ(code_of({.common_name = "a",
                     .dns = {"a.test"},
                     .extensions = {{"authorityInfoAccess",
                                     "critical,caIssuers;URI:http://aia.test/a"}}}),
            "malformed-certificate");
  const Issued odd_root = make_root({.common_name = "Odd", .extensions = {unknown}});
  EXPECT_EQ(code(find({make_leaf(odd_root, "a.test").certificate}, odd_root)),
            "malformed-certificate");
}

TEST_F(Rules, NothingStandsAfterTheValueOfAnExtension) {
  const auto code_of_ca = [&](const char* constraints) {
    const Issued ca =
        make_intermediate(root, {.common_name = "CA", .extensions = {{"2.5.29.30", constraints}}});
    return code(find({make_leaf(ca, "a.test").certificate, ca.certificate}, root));
  };
  // Permitted is the DNS name a.test; then the same and two octets.
  EXPECT_EQ(code_of_ca("critical,DER:300ca00a30088206612e74657374"), "none");
  EXPECT_EQ(code_of_ca("critical,DER:300ca00a30088206612e746573740500"), "malformed-certificate");
}

TEST_F(Rules, ASubjectIsThereOrTheAlternativeNameIsCritical) {
  EXPECT_EQ(code_of({.dns = {"a.test"}}, strict), "malformed-certificate");
  EXPECT_EQ(code_of({.dns = {"a.test"}}), "none");
}

TEST_F(Rules, NameConstraintsAgainstPresentedNames) {
  const struct {
    const char* why;
    std::vector<std::string> permitted, excluded, dns, ip, email;
    bool good;
  } cases[] = {
      {"equal", {"DNS:a.test"}, {}, {"a.test"}, {}, {}, true},
      {"more labels on the left", {"DNS:a.test"}, {}, {"x.y.A.test"}, {}, {}, true},
      {"only whole labels", {"DNS:a.test"}, {}, {"xa.test"}, {}, {}, false},
      {"every name counts", {"DNS:a.test"}, {}, {"a.test", "b.test"}, {}, {}, false},
      {"a leading period means below", {"DNS:.a.test"}, {}, {"x.a.test"}, {}, {}, true},
      {"and not itself", {"DNS:.a.test"}, {}, {"a.test"}, {}, {}, false},
      {"another kind is free", {"DNS:a.test"}, {}, {}, {"192.0.2.1"}, {}, true},
      {"excluded", {}, {"DNS:a.test"}, {"x.a.test"}, {}, {}, false},
      {"excluded wins", {"DNS:a.test"}, {"DNS:x.a.test"}, {"x.a.test"}, {}, {}, false},
      {"a wildcard within", {"DNS:a.test"}, {}, {"*.a.test"}, {}, {}, true},
      {"a wildcard that reaches out", {"DNS:x.a.test"}, {}, {"*.a.test"}, {}, {}, false},
      {"a wildcard that could be the excluded", {}, {"DNS:x.a.test"}, {"*.a.test"}, {}, {}, false},
      {"a wildcard that could not", {}, {"DNS:x.y.a.test"}, {"*.a.test"}, {}, {}, true},
      {"what is no name", {"DNS:a.test"}, {}, {"a b.a.test"}, {}, {}, false},
      {"address", {"IP:192.0.2.0/255.255.255.0"}, {}, {}, {"192.0.2.7"}, {}, true},
      {"address outside", {"IP:192.0.2.0/255.255.255.0"}, {}, {}, {"192.0.3.7"}, {}, false},
      {"the other family", {"IP:192.0.2.0/255.255.255.0"}, {}, {}, {"2001:db8::1"}, {}, false},
      {"all addresses excluded", {}, {"IP:0.0.0.0/0.0.0.0"}, {"a.test"}, {"192.0.2.1"}, {}, false},
      {"mailbox", {"email:a@b.test"}, {}, {}, {}, {"a@B.test"}, true},
      {"mailbox, letter case", {"email:a@b.test"}, {}, {}, {}, {"A@b.test"}, false},
      {"mailboxes of a host", {"email:b.test"}, {}, {}, {}, {"a@b.test"}, true},
      {"but not below it", {"email:b.test"}, {}, {}, {}, {"a@x.b.test"}, false},
      {"mailboxes below a domain", {"email:.b.test"}, {}, {}, {}, {"a@x.b.test"}, true},
      {"no mailbox at all", {"email:b.test"}, {}, {}, {}, {"b.test"}, false},
  };
  for (const auto& c : cases) {
    const Issued ca = make_intermediate(
        root, {.common_name = "CA", .permitted = c.permitted, .excluded = c.excluded});
    const Issued leaf =
        issue(ca, {.common_name = "leaf", .dns = c.dns, .ip = c.ip, .email = c.email});
    const PathResult found = find({leaf.certificate, ca.certificate}, root);
    EXPECT_EQ(code(found), c.good ? "none" : "chain-constraint") << c.why;
  }
}

TEST_F(Rules, MalformedNameConstraintsAreNotGuessedAt) {
  for (const char* bad : {"DNS:*.a.test", "IP:192.0.2.0/255.0.255.0", "email:@a.test"}) {
    const Issued ca = make_intermediate(root, {.common_name = "CA", .permitted = {bad}});
    EXPECT_EQ(code(find({make_leaf(ca, "b.test").certificate, ca.certificate}, root)),
              "malformed-certificate")
        << bad;
  }
}

TEST_F(Rules, ConstraintsOfTheAnchorCount) {
  const Issued own = make_root({.common_name = "Own", .permitted = {"DNS:a.test"}});
  EXPECT_EQ(code(find({make_leaf(own, "x.a.test").certificate}, own)), "none");
  EXPECT_EQ(code(find({make_leaf(own, "b.test").certificate}, own)), "chain-constraint");
}

TEST_F(Rules, TheCommonNameIsConstrainedOnlyWhereItMayBeMatched) {
  const Issued ca = make_intermediate(root, {.common_name = "CA", .permitted = {"DNS:a.test"}});
  const std::vector chain{issue(ca, {.common_name = "b.test"}).certificate, ca.certificate};
  EXPECT_EQ(code(find(chain, root)), "none");
  EXPECT_EQ(code(find(chain, root, {.common_name_counts = true})), "chain-constraint");
}

TEST_F(Rules, TooManyNamesAndConstraintsEndInALimit) {
  CertificateSpec ca_spec{.common_name = "CA"}, leaf_spec{.common_name = "leaf"};
  for (int i = 0; i < 600; ++i) {
    ca_spec.excluded.push_back("DNS:x" + std::to_string(i) + ".test");
    leaf_spec.dns.push_back("y" + std::to_string(i) + ".test");
  }
  const Issued ca = make_intermediate(root, ca_spec);
  EXPECT_EQ(code(find({issue(ca, leaf_spec).certificate, ca.certificate}, root)), "limit");
}

TEST_F(Rules, PathLengthAskedForCountsIntermediatesThatAreNotSelfIssued) {
  const Issued one = make_intermediate(root, "One");
  const Issued again = make_intermediate(one, "One");  // a new key under the same name
  const Issued leaf = make_leaf(again, "a.test");
  const std::vector chain{leaf.certificate, again.certificate, one.certificate};
  EXPECT_EQ(code(find(chain, root, {.max_path_length = 1})), "none");
  EXPECT_EQ(code(find(chain, root, {.max_path_length = 0})), "chain-constraint");
  EXPECT_EQ(code(find({make_leaf(root, "a.test").certificate}, root, {.max_path_length = 0})),
            "none");
}

TEST_F(Rules, TheLeafAllowsTheUsagesAskedFor) {
  const CertificateSpec spec{.common_name = "a",
                             .dns = {"a.test"},
                             .key_usage = std::vector<std::string>{"digitalSignature"}};
  EXPECT_EQ(code_of(spec, {.key_usage = 1U << 0}), "none");
  EXPECT_EQ(code_of(spec, {.key_usage = 1U << 2}), "wrong-key-usage");
}

TEST_F(Rules, CoverageAskedForMakesEveryUnknownAFault) {
  const Issued inter = make_intermediate(root, "Intermediate");
  const std::vector chain{make_leaf(inter, "a.test").certificate, inter.certificate};
  const PathOptions covered{.check_revocation = true, .require_revocation = true};
  const std::string of_root = make_crl(root, {}), of_inter = make_crl(inter, {});
  EXPECT_EQ(code(find(chain, root, covered, {{of_root, of_inter}, {}})), "none");
  const PathResult partly = find(chain, root, covered, {{of_root}, {}});
  EXPECT_EQ(code(partly), "revocation-unreachable");
  EXPECT_EQ(partly.faults[0].depth, 0u);
  const std::string marked =
      make_crl(inter, {.extensions = {{"2.5.29.20", "critical,ASN1:INTEGER:1"}}});
  EXPECT_EQ(code(find(chain, root, covered, {{of_root, marked}, {}})), "revocation-unreachable");
}

// RFC 5280 s6.3.3 (f): a CA may have another key for its lists, of its own name or (indirect) of
// another's; what counts is that a CA of the path issued that certificate.
TEST_F(Rules, ListsMayBeSignedByACertificateThatACaOfThePathIssued) {
  const PathOptions covered{.check_revocation = true, .require_revocation = true};
  const Issued inter = make_intermediate(root, "Intermediate");
  const std::string of_root = make_crl(root, {});
  const Certificate leaf = make_leaf(inter, "a.test").certificate;
  const CertificateSpec lists{.common_name = "Intermediate",
                              .key_usage = std::vector<std::string>{"cRLSign"}};
  const auto code_with = [&](const Issued& signer, const CrlSpec& spec = {}) {
    return code(find({leaf, inter.certificate, signer.certificate}, root, covered,
                     {{of_root, make_crl(signer, spec)}, {}}));
  };
  EXPECT_EQ(code_with(issue(root, lists)), "none");
  EXPECT_EQ(code_with(issue(inter, lists)), "none");
  EXPECT_EQ(code_with(issue(root, lists), {.revoked = {{leaf}}}), "revoked");
  EXPECT_EQ(code_with(issue(make_root("Root"), lists)), "revocation-unreachable");
  CertificateSpec other = lists;
  other.key_usage = std::vector<std::string>{"digitalSignature"};
  EXPECT_EQ(code_with(issue(root, other)), "revocation-unreachable");
  other = lists;
  other.not_after = kNow - 1s;
  EXPECT_EQ(code_with(issue(root, other)), "revocation-unreachable");
}

TEST_F(Rules, AnIndirectListCountsWhereItsSignerBelongsToThePath) {
  const PathOptions covered{.check_revocation = true, .require_revocation = true};
  const CertificateSpec lists{.common_name = "Lists",
                              .key_usage = std::vector<std::string>{"cRLSign"}};
  const Issued signer = issue(root, lists), foreign = issue(make_root("Foreign"), lists);
  // cRLDistributionPoints of a cRLIssuer alone: [2] GeneralNames of a directoryName.
  const std::string name = signer.certificate.subject_der();
  const auto wrap = [](char tag, const std::string& content) {
    return std::string{tag, static_cast<char>(content.size())} + content;
  };
  const std::string point = wrap('\x30', wrap('\x30', wrap('\xA2', wrap('\xA4', name))));
  const Issued leaf =
      issue(root, {.common_name = "a", .extensions = {{"2.5.29.31", "DER:" + to_hex(point)}}});
  const CrlSpec indirect{.extensions = {{"issuingDistributionPoint", "critical,indirectCRL:TRUE"}}};
  const auto code_with = [&](const Issued& by, const CrlSpec& spec) {
    return code(
        find({leaf.certificate, by.certificate}, root, covered, {{make_crl(by, spec)}, {}}));
  };
  EXPECT_EQ(code_with(signer, indirect), "none");
  EXPECT_EQ(code_with(signer, {}), "revocation-unreachable");
  EXPECT_EQ(code_with(foreign, indirect), "unsupported");
  // An entry is of the list's own issuer until it names another.
  CrlSpec revoking = indirect;
  revoking.revoked = {{leaf.certificate}};
  EXPECT_EQ(code_with(signer, revoking), "none");
  const std::string names = wrap('\x30', wrap('\xA4', root.certificate.subject_der()));
  revoking.revoked.at(0).extensions = {{"2.5.29.29", "critical,DER:" + to_hex(names)}};
  EXPECT_EQ(code_with(signer, revoking), "revoked");
}

TEST_F(Rules, AListIsInForceToTheSecondWhereTheTimeIsGiven) {
  PathOptions covered{.check_revocation = true, .require_revocation = true};
  const std::vector chain{make_leaf(root, "a.test").certificate};
  const RevocationData ended{{make_crl(root, {.next_update = kNow - 1s})}, {}};
  EXPECT_EQ(code(find(chain, root, covered, ended)), "none");
  covered.revocation_slack = 0s;
  EXPECT_EQ(code(find(chain, root, covered, ended)), "revocation-unreachable");
  const RevocationData ending{{make_crl(root, {.next_update = kNow})}, {}};
  EXPECT_EQ(code(find(chain, root, covered, ending)), "none");
}

// RFC 5280 s6.1.4 (a), s4.2.1.4.
TEST_F(Rules, PoliciesAreWellFormed) {
  const auto code_below = [&](const char* name, const char* value, const PathOptions& options) {
    const Issued ca = make_intermediate(root, {.common_name = "CA", .extensions = {{name, value}}});
    return code(find({make_leaf(ca, "a.test").certificate, ca.certificate}, root, options));
  };
  const char* any_mapped = "critical,DER:300c300a0604551d200006022a03";
  const char* mapped = "critical,DER:300a300806022a0306022a04";
  const char* twice = "DER:300c300406022a03300406022a03";
  EXPECT_EQ(code_below("2.5.29.33", any_mapped, {}), "malformed-certificate");
  EXPECT_EQ(code_below("2.5.29.33", mapped, {}), "none");
  EXPECT_EQ(code_below("2.5.29.33", "DER:3003020101", {}), "malformed-certificate");
  EXPECT_EQ(code_below("2.5.29.32", twice, {}), "none");
  EXPECT_EQ(code_below("2.5.29.32", twice, strict), "malformed-certificate");
  EXPECT_EQ(code_below("2.5.29.36", "critical,DER:0403020101", {}), "malformed-certificate");
}

TEST_F(Rules, AHundredStrangersOfTheRightNameDoNotHideTheWay) {
  const Issued inter = make_intermediate(root, "Intermediate");
  std::vector<Certificate> bag{make_leaf(inter, "a.test").certificate, inter.certificate};
  const Issued other_root = make_root("Root");
  Issued below = make_intermediate(other_root, "Intermediate");
  for (int i = 0; i < 100; ++i) {
    below = make_intermediate(below, "Intermediate");
    bag.push_back(below.certificate);
  }
  EXPECT_EQ(code(find(bag, root)), "none");
}

}  // namespace
}  // namespace postern::x509
