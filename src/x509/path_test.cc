// Which fault a broken chain gets, and what is said about it.
#include "x509/path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "x509/testing/factory.h"

namespace postern::x509 {
namespace {

using namespace std::chrono_literals;
using namespace testing;  // the factory
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Time kNow = parse_rfc3339("2026-11-21T12:00:00Z").value();

TrustSets trust(const std::vector<Certificate>& certificates) {
  std::vector<Anchor> anchors;
  for (const Certificate& c : certificates) anchors.push_back({c, {.set = "test", .file = "f"}});
  return {std::make_shared<TrustSet>("test", std::move(anchors))};
}

PathResult find(const std::vector<Certificate>& presented, const TrustSets& sets,
                Purpose purpose = Purpose::tls_server, Time now = kNow) {
  return find_path(presented, sets, {}, {.purpose = purpose, .now = now});
}

std::vector<std::string> codes(const PathResult& result) {
  std::vector<std::string> out;
  for (const PathFault& fault : result.faults) out.push_back(fault.code);
  return out;
}

class Path : public ::testing::Test {
 protected:
  const Issued root = make_root("Root");
  const Issued inter = make_intermediate(root, "Intermediate");
  const Issued leaf = make_leaf(inter, "mail.contoso.com");
  const TrustSets sets = trust({root.certificate});
};

TEST_F(Path, CleanChainEndsInItsAnchor) {
  const PathResult found = find({leaf.certificate, inter.certificate}, sets);
  EXPECT_TRUE(found.ok);
  EXPECT_THAT(found.path, ElementsAre(leaf.certificate, inter.certificate, root.certificate));
  ASSERT_TRUE(found.anchor);
  EXPECT_EQ(found.anchor->provenance.file, "f");
  EXPECT_EQ(found.revocation.size(), 2u);
  EXPECT_TRUE(find({leaf.certificate, inter.certificate}, sets, Purpose::tls_client).ok);
}

TEST_F(Path, AnAnchorNeedNotBeSelfSigned) {
  const PathResult above = find({leaf.certificate}, trust({inter.certificate}));
  EXPECT_TRUE(above.ok);
  EXPECT_THAT(above.path, ElementsAre(leaf.certificate, inter.certificate));
  const PathResult pinned = find({leaf.certificate}, trust({leaf.certificate}));
  EXPECT_TRUE(pinned.ok);
  EXPECT_THAT(pinned.path, ElementsAre(leaf.certificate));
  EXPECT_TRUE(pinned.revocation.empty());
}

TEST_F(Path, SelfSignedLeafIsTrustedWhenItIsAnAnchorOnly) {
  const Issued own = make_self_signed({.common_name = "edge", .dns = {"edge"}});
  EXPECT_TRUE(find({own.certificate}, trust({own.certificate})).ok);
  const PathResult found = find({own.certificate}, sets);
  EXPECT_THAT(codes(found), ElementsAre("self-signed"));
  EXPECT_THAT(found.faults[0].detail, HasSubstr("\"CN=edge\" is its own issuer"));
  EXPECT_THAT(found.path, ElementsAre(own.certificate));
}

TEST_F(Path, UnknownRootIsNamedWhetherPresentedOrLeftOut) {
  const TrustSets none = trust({});
  for (const auto& presented : {std::vector{leaf.certificate, inter.certificate, root.certificate},
                                std::vector{leaf.certificate, inter.certificate}}) {
    const PathResult found = find(presented, none);
    EXPECT_THAT(codes(found), ElementsAre("untrusted-root"));
    EXPECT_THAT(found.faults[0].detail, HasSubstr("\"CN=Root\""));
    EXPECT_EQ(found.path.size(), presented.size());
    EXPECT_FALSE(found.anchor);
  }
}

TEST_F(Path, MissingIntermediateIsNamedWithTheAddressItCanBeFetchedFrom) {
  const PathResult bare = find({leaf.certificate}, sets);
  EXPECT_THAT(codes(bare), ElementsAre("incomplete-chain"));
  EXPECT_THAT(bare.faults[0].detail, HasSubstr("\"CN=Intermediate\""));
  const Issued with_aia =
      issue(inter, {.common_name = "a", .dns = {"a.test"}, .aia_urls = {"http://aia.test/i.crt"}});
  EXPECT_THAT(find({with_aia.certificate}, sets).faults.at(0).detail,
              HasSubstr("http://aia.test/i.crt"));
}

TEST_F(Path, DatesCountAtEveryDepthAndNotAfterIsInclusive) {
  const Time end = kNow - 1s;
  const Issued old_leaf = issue(inter, {.common_name = "old", .dns = {"a.test"}, .not_after = end});
  const std::vector chain{old_leaf.certificate, inter.certificate};
  EXPECT_TRUE(find(chain, sets, Purpose::tls_server, end).ok);
  EXPECT_TRUE(find(chain, sets, Purpose::tls_server, end + 999ms).ok);
  const PathResult late = find(chain, sets, Purpose::tls_server, end + 1s);
  EXPECT_THAT(codes(late), ElementsAre("expired"));
  EXPECT_THAT(late.faults[0].detail, HasSubstr("\"CN=old\" expired at 2026-11-21T11:59:59Z"));

  const Issued old_inter =
      make_intermediate(root, {.common_name = "Old intermediate", .not_after = end});
  const PathResult above =
      find({make_leaf(old_inter, "a.test").certificate, old_inter.certificate}, sets);
  EXPECT_THAT(codes(above), ElementsAre("expired"));
  EXPECT_EQ(above.faults[0].depth, 1u);

  const Issued early = issue(inter, {.common_name = "a", .dns = {"a"}, .not_before = kNow + 1s});
  const PathResult soon = find({early.certificate, inter.certificate}, sets);
  EXPECT_THAT(codes(soon), ElementsAre("not-yet-valid"));
  EXPECT_THAT(soon.faults[0].detail, HasSubstr("2026-11-21T12:00:01Z"));
}

TEST_F(Path, AnExpiredAnchorIsAFault) {
  const Issued old_root = make_root({.common_name = "Old root", .not_after = kNow - 24h});
  const PathResult found =
      find({make_leaf(old_root, "a.test").certificate}, trust({old_root.certificate}));
  EXPECT_THAT(codes(found), ElementsAre("expired"));
  EXPECT_EQ(found.faults[0].depth, 1u);
  EXPECT_TRUE(found.anchor);
}

TEST_F(Path, PurposeOfLeafAndOfIntermediates) {
  const Issued server = issue(inter, {.common_name = "s", .dns = {"s"}, .eku = {"server"}});
  const std::vector chain{server.certificate, inter.certificate};
  EXPECT_TRUE(find(chain, sets).ok);
  EXPECT_THAT(codes(find(chain, sets, Purpose::tls_client)), ElementsAre("wrong-key-usage"));
  const Issued any = issue(inter, {.common_name = "s", .dns = {"s"}, .eku = {"any"}});
  EXPECT_TRUE(find({any.certificate, inter.certificate}, sets, Purpose::tls_client).ok);
  const Issued signing_only =
      issue(inter, {.common_name = "s", .key_usage = std::vector<std::string>{"nonRepudiation"}});
  EXPECT_THAT(codes(find({signing_only.certificate, inter.certificate}, sets)),
              ElementsAre("wrong-key-usage"));
  const Issued mail_ca = make_intermediate(root, {.common_name = "M", .eku = {"email"}});
  const PathResult narrowed =
      find({make_leaf(mail_ca, "a.test").certificate, mail_ca.certificate}, sets);
  EXPECT_THAT(codes(narrowed), ElementsAre("wrong-key-usage"));
  EXPECT_EQ(narrowed.faults[0].depth, 1u);
}

TEST_F(Path, WeakKeysAndHashes) {
  const Issued weak =
      issue(inter, {.common_name = "w", .dns = {"w"}, .key_type = KeyType::rsa_1024});
  const std::vector chain{weak.certificate, inter.certificate};
  EXPECT_THAT(codes(find(chain, sets)), ElementsAre("weak-key-or-hash"));
  EXPECT_THAT(find(chain, sets).faults[0].detail, HasSubstr("RSA 1024"));
  EXPECT_TRUE(find_path(chain, sets, {}, {.now = kNow, .min_security_bits = 80}).ok);

  const Issued sha1 = issue(inter, {.common_name = "w", .dns = {"w"}, .digest = "SHA1"});
  const PathResult hashed = find({sha1.certificate, inter.certificate}, sets);
  EXPECT_THAT(codes(hashed), ElementsAre("weak-key-or-hash"));
  EXPECT_THAT(hashed.faults[0].detail, HasSubstr("ecdsa-with-SHA1"));
  // Nobody relies on the signature of an anchor.
  const Issued sha1_root = make_root({.common_name = "Old hash", .digest = "SHA1"});
  EXPECT_TRUE(
      find({make_leaf(sha1_root, "a.test").certificate}, trust({sha1_root.certificate})).ok);
}

TEST_F(Path, ConstraintsOfTheChain) {
  const Issued fabrikam =
      make_intermediate(root, {.common_name = "Constrained", .permitted = {"DNS:fabrikam.com"}});
  const PathResult outside =
      find({make_leaf(fabrikam, "mail.contoso.com").certificate, fabrikam.certificate}, sets);
  EXPECT_THAT(codes(outside), ElementsAre("chain-constraint"));
  EXPECT_TRUE(
      find({make_leaf(fabrikam, "mail.fabrikam.com").certificate, fabrikam.certificate}, sets).ok);

  const Issued last = make_intermediate(root, {.common_name = "Last", .path_length = 0});
  const Issued beyond = make_intermediate(last, "Beyond");
  EXPECT_THAT(
      codes(find({make_leaf(beyond, "a").certificate, beyond.certificate, last.certificate}, sets)),
      ElementsAre("chain-constraint"));

  // The old fraud: a leaf that issues.
  const PathResult fraud =
      find({make_leaf(leaf, "bank.test").certificate, leaf.certificate, inter.certificate}, sets);
  EXPECT_THAT(codes(fraud), ElementsAre("chain-constraint"));
  EXPECT_EQ(fraud.faults[0].depth, 1u);
  const Issued v1_style = issue(root, {.common_name = "no constraints",
                                       .basic_constraints = false,
                                       .key_usage = std::vector<std::string>{"keyCertSign"}});
  EXPECT_THAT(codes(find({make_leaf(v1_style, "a").certificate, v1_style.certificate}, sets)),
              ElementsAre("chain-constraint"));

  const Issued odd = issue(inter, {.common_name = "a",
                                   .dns = {"a"},
                                   .extensions = {{"1.2.3.4", "critical,ASN1:UTF8String:x"}}});
  EXPECT_THAT(codes(find({odd.certificate, inter.certificate}, sets)),
              ElementsAre("malformed-certificate"));
}

TEST_F(Path, APinnedLeafIssuesNothing) {
  const PathResult found = find({make_leaf(leaf, "a").certificate}, trust({leaf.certificate}));
  EXPECT_THAT(codes(found), ElementsAre("chain-constraint"));
}

TEST_F(Path, BrokenSignature) {
  const Certificate broken = break_signature(leaf.certificate);
  const PathResult found = find({broken, inter.certificate}, sets);
  EXPECT_THAT(codes(found), ElementsAre("bad-signature"));
  const PathResult above = find({leaf.certificate, break_signature(inter.certificate)}, sets);
  EXPECT_THAT(codes(above), ElementsAre("bad-signature"));
  EXPECT_EQ(above.faults[0].depth, 1u);
  const Certificate own = make_self_signed({.common_name = "a", .dns = {"a"}}).certificate;
  EXPECT_THAT(codes(find({break_signature(own)}, sets)), ElementsAre("bad-signature"));
}

TEST_F(Path, AForeignRootOfTheSameNameIsNoIssuer) {
  const Issued impostor = make_root("Root");
  const PathResult found =
      find({leaf.certificate, inter.certificate}, trust({impostor.certificate}));
  EXPECT_THAT(codes(found), ElementsAre("untrusted-root"));
}

TEST_F(Path, EveryFaultIsToldAndTrustComesFirst) {
  const Issued bad = make_self_signed({.common_name = "bad",
                                       .not_after = kNow - 1h,
                                       .eku = {"client"},
                                       .key_type = KeyType::rsa_1024});
  EXPECT_THAT(codes(find({bad.certificate}, sets)),
              ElementsAre("self-signed", "expired", "wrong-key-usage", "weak-key-or-hash"));
}

TEST_F(Path, NothingPresentedIsNoCrash) {
  const PathResult found = find({}, sets);
  EXPECT_FALSE(found.ok);
  EXPECT_THAT(codes(found), ElementsAre("incomplete-chain"));
}

TEST_F(Path, RevokedIsAFaultAndUnknownIsNot) {
  RevocationData data;
  data.crls_der = {make_crl(inter, {.revoked = {{leaf.certificate, kNow - 1h, 1}}})};
  PathOptions options{.now = kNow, .check_revocation = true};
  const std::vector chain{leaf.certificate, inter.certificate};
  const PathResult found = find_path(chain, sets, data, options);
  EXPECT_THAT(codes(found), ElementsAre("revoked"));
  EXPECT_THAT(found.faults[0].detail, HasSubstr("2026-11-21T11:00:00Z"));
  ASSERT_EQ(found.revocation.size(), 2u);
  EXPECT_EQ(found.revocation[0].state, RevocationState::revoked);
  EXPECT_EQ(found.revocation[1].state, RevocationState::unknown);
  EXPECT_EQ(found.revocation[1].detail, "no CRL of this issuer");
  EXPECT_TRUE(find_path(chain, sets, {}, options).ok);
  options.check_revocation = false;
  EXPECT_TRUE(find_path(chain, sets, data, options).ok);
}

}  // namespace
}  // namespace postern::x509
