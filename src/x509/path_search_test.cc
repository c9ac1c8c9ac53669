// The search: cross-certificates, strangers, shuffled and hostile bags.
#include <algorithm>
#include <ctime>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "x509/path.h"
#include "x509/testing/factory.h"

namespace postern::x509 {
namespace {

using namespace std::chrono_literals;
using namespace testing;  // the factory
using ::testing::ElementsAre;

const Time kNow = parse_rfc3339("2026-11-21T12:00:00Z").value();
constexpr int kShuffles = 40;

TrustSets trust(const std::vector<Certificate>& certificates) {
  std::vector<Anchor> anchors;
  for (const Certificate& c : certificates) anchors.push_back({c, {}});
  return {std::make_shared<TrustSet>("test", std::move(anchors))};
}

PathResult find(const std::vector<Certificate>& presented, const TrustSets& sets) {
  return find_path(presented, sets, {}, {.now = kNow});
}

std::string summary(const PathResult& result) {
  std::string out = result.ok ? "ok" : "failed";
  for (const Certificate& c : result.path) out += " " + c.sha256();
  for (const PathFault& f : result.faults)
    out += "\n" + std::to_string(f.depth) + " " + f.code + " " + f.detail;
  return out;
}

// The same answer whatever the order and number of the certificates behind the leaf, and whatever
// strangers stand among them.
void expect_stable(const std::vector<Certificate>& presented, const TrustSets& sets) {
  const std::string expected = summary(find(presented, sets));
  const Issued stranger_root = make_root("Stranger root");
  const std::vector<Certificate> strangers = {
      stranger_root.certificate, make_intermediate(stranger_root, "Stranger").certificate,
      make_leaf(stranger_root, "stranger.test").certificate};
  std::mt19937 random(20261121);
  for (int i = 0; i < kShuffles; ++i) {
    std::vector<Certificate> bag(presented.begin() + 1, presented.end());
    if (i % 2 == 1) bag.insert(bag.end(), strangers.begin(), strangers.end());
    if (i % 3 == 1) bag.insert(bag.end(), presented.begin(), presented.end());
    std::ranges::shuffle(bag, random);
    bag.insert(bag.begin(), presented.front());
    ASSERT_EQ(summary(find(bag, sets)), expected) << "shuffle " << i;
  }
}

// R1 and R2 are roots; X has one key with two certificates, by R1 and by R2.
class CrossSigned : public ::testing::Test {
 protected:
  const Issued r1 = make_root("R1"), r2 = make_root("R2");
  const Issued x1 = make_intermediate(r1, "X");
  const Issued x2 = cross_sign(r2, x1);
  const Issued leaf = make_leaf(x1, "mail.contoso.com");
  const std::vector<Certificate> bag{leaf.certificate, x1.certificate, x2.certificate};
};

TEST_F(CrossSigned, TheBranchThatReachesAnAnchorIsTaken) {
  EXPECT_THAT(find(bag, trust({r1.certificate})).path,
              ElementsAre(leaf.certificate, x1.certificate, r1.certificate));
  EXPECT_THAT(find(bag, trust({r2.certificate})).path,
              ElementsAre(leaf.certificate, x2.certificate, r2.certificate));
  EXPECT_TRUE(find(bag, trust({r1.certificate})).ok && find(bag, trust({r2.certificate})).ok);
}

TEST_F(CrossSigned, AnExpiredBranchDoesNotHideACleanOne) {
  const Issued dead =
      issue(r1, {.common_name = "X", .not_after = kNow - 24h, .ca = true, .key = x1.key});
  const TrustSets both = trust({r1.certificate, r2.certificate});
  const PathResult found = find({leaf.certificate, dead.certificate, x2.certificate}, both);
  EXPECT_TRUE(found.ok);
  EXPECT_THAT(found.path, ElementsAre(leaf.certificate, x2.certificate, r2.certificate));
  const PathResult only = find({leaf.certificate, dead.certificate}, both);
  ASSERT_EQ(only.faults.size(), 1u);
  EXPECT_EQ(only.faults[0].code, "expired");
}

TEST_F(CrossSigned, ARevokedBranchDoesNotHideACleanOne) {
  const RevocationData data{{make_crl(r1, {.revoked = {{x1.certificate, kNow - 1h, {}}}})}, {}};
  const PathOptions options{.now = kNow, .check_revocation = true};
  const PathResult found = find_path(bag, trust({r1.certificate, r2.certificate}), data, options);
  EXPECT_TRUE(found.ok);
  EXPECT_EQ(found.anchor->certificate, r2.certificate);
}

TEST_F(CrossSigned, AnExpiredRootBesideItsRenewalOfTheSameKey) {
  const Issued old_root = make_root({.common_name = "R1", .not_after = kNow - 24h, .key = r1.key});
  const PathResult found = find(bag, trust({old_root.certificate, r1.certificate}));
  EXPECT_TRUE(found.ok);
  EXPECT_EQ(found.anchor->certificate, r1.certificate);
}

TEST_F(CrossSigned, RootsThatCertifyEachOtherMakeNoLoop) {
  const Issued r1_by_r2 = cross_sign(r2, r1), r2_by_r1 = cross_sign(r1, r2);
  std::vector<Certificate> ring = bag;
  ring.insert(ring.end(), {r1_by_r2.certificate, r2_by_r1.certificate});
  EXPECT_TRUE(find(ring, trust({r2.certificate})).ok);
  const PathResult none = find(ring, trust({}));
  ASSERT_FALSE(none.faults.empty());
  EXPECT_EQ(none.faults[0].code, "untrusted-root");
  expect_stable(ring, trust({}));
}

TEST_F(CrossSigned, TheAnswerDoesNotDependOnOrderRepeatsOrStrangers) {
  std::vector<Certificate> with_roots = bag;
  with_roots.insert(with_roots.end(), {r1.certificate, r2.certificate});
  const Certificate lone = make_self_signed({.common_name = "lone"}).certificate;
  for (const TrustSets& sets : {trust({}), trust({r1.certificate}), trust({r2.certificate}),
                                trust({r1.certificate, r2.certificate})}) {
    expect_stable(bag, sets);
    expect_stable(with_roots, sets);
    expect_stable({leaf.certificate}, sets);
    expect_stable({break_signature(leaf.certificate), x1.certificate}, sets);
    expect_stable({lone}, sets);
  }
}

TEST(Search, WithoutKeyIdentifiersSignaturesDecide) {
  // Two CAs of one name and no key identifiers: only the signature tells the issuer.
  const Issued root = make_root("Root");
  const CertificateSpec twin{.common_name = "Twin", .subject_key_id = false};
  const Issued a = make_intermediate(root, twin), b = make_intermediate(root, twin);
  for (const Issued* issuer : {&a, &b}) {
    const Certificate leaf = make_leaf(*issuer, "a.test").certificate;
    const PathResult found = find({leaf, a.certificate, b.certificate}, trust({root.certificate}));
    EXPECT_TRUE(found.ok);
    EXPECT_THAT(found.path, ElementsAre(leaf, issuer->certificate, root.certificate));
  }
}

// RFC 4158 s3.5.12, RFC 5280 s4.2.1.1: identifiers help to find an issuer and refuse none.
TEST(Search, AKeyIdentifierThatDoesNotFitIsOnlyAHint) {
  const Issued root = make_root("Root");
  const Issued inter = make_intermediate(root, "I");
  const Certificate leaf = issue(inter, {.common_name = "a",
                                         .dns = {"a.test"},
                                         .authority_key_id = false,
                                         .extensions = {{"2.5.29.35", "DER:30068004deadbeef"}}})
                               .certificate;
  EXPECT_TRUE(find({leaf, inter.certificate}, trust({root.certificate})).ok);
  EXPECT_TRUE(find({leaf}, trust({inter.certificate})).ok);
  // What is of the right name only is still no issuer, and no broken signature either.
  const Certificate stranger = make_intermediate(root, "I").certificate;
  EXPECT_EQ(find({leaf, stranger}, trust({root.certificate})).faults.at(0).code,
            "incomplete-chain");
}

TEST(Search, DepthIsBounded) {
  const Issued root = make_root("Root");
  std::vector<Issued> chain = {root};
  for (std::size_t i = 1; i < kMaxPathDepth; ++i)
    chain.push_back(make_intermediate(chain.back(), "CA " + std::to_string(i)));
  const auto presented = [&](std::size_t intermediates) {
    std::vector<Certificate> out = {make_leaf(chain[intermediates], "a.test").certificate};
    for (std::size_t i = intermediates; i > 0; --i) out.push_back(chain[i].certificate);
    return out;
  };
  EXPECT_TRUE(find(presented(kMaxPathDepth - 2), trust({root.certificate})).ok);
  const PathResult longer = find(presented(kMaxPathDepth - 1), trust({root.certificate}));
  ASSERT_FALSE(longer.faults.empty());
  EXPECT_EQ(longer.faults[0].code, "limit");
}

TEST(Search, MoreCertificatesThanAPeerMayPresentIsALimit) {
  const Issued root = make_root("Root");
  std::vector<Certificate> bag;
  for (std::size_t i = 0; i <= kMaxPresentedCertificates; ++i)
    bag.push_back(make_leaf(root, "a.test").certificate);
  const PathResult found = find(bag, trust({root.certificate}));
  EXPECT_FALSE(found.ok);
  EXPECT_EQ(found.faults.at(0).code, "limit");
  EXPECT_THAT(found.path, ElementsAre(bag.front()));
  bag.pop_back();
  bag.push_back(bag.front());
  EXPECT_TRUE(find(bag, trust({root.certificate})).ok);  // a repeat does not count
}

// Ten keys, each certified by every other: a path for every order of them.
TEST(Search, AHostileBagOfCrossCertificatesEndsQuicklyInALimit) {
  std::vector<Issued> keys;
  for (int i = 0; i < 10; ++i) keys.push_back(make_root("Key " + std::to_string(i)));
  std::vector<Certificate> bag = {make_leaf(keys[0], "a.test").certificate};
  for (const Issued& issuer : keys)
    for (const Issued& subject : keys)
      if (&issuer != &subject) bag.push_back(cross_sign(issuer, subject).certificate);
  const std::clock_t start = std::clock();  // of the processor: other work does not count
  const PathResult found = find(bag, trust({make_root("Other").certificate}));
  const std::clock_t spent = std::clock() - start;
  EXPECT_EQ(found.faults.at(0).code, "limit");
  EXPECT_FALSE(found.path.empty());
  EXPECT_LT(spent, 5 * CLOCKS_PER_SEC);  // in the sanitised build too
  // A way out that the anchors offer is found all the same.
  EXPECT_TRUE(find(bag, trust({keys[0].certificate})).ok);
}

// Issuers of one name and one key, in any number, are one question.
TEST(Search, ALadderOfEqualRungsEndsInALimitOrAtItsAnchor) {
  const Issued root = make_root("Root");
  std::vector<Issued> rungs = {root};
  std::vector<Certificate> bag;
  for (int i = 0; i < 9; ++i) {
    rungs.push_back(make_intermediate(rungs.back(), "Rung " + std::to_string(i)));
    for (int twin = 0; twin < 14; ++twin)
      bag.push_back(cross_sign(rungs[rungs.size() - 2], rungs.back()).certificate);
  }
  bag.insert(bag.begin(), make_leaf(rungs.back(), "a.test").certificate);
  EXPECT_TRUE(find(bag, trust({root.certificate})).ok);
  EXPECT_EQ(find(bag, trust({make_root("Other").certificate})).faults.at(0).code, "limit");
}

// A hundred certificates of the issuer's name, none of which is the issuer.
TEST(Search, FalseIssuersOfTheRightNameCostOnlyTheBudget) {
  const Issued root = make_root("Root");
  const Issued inter = make_intermediate(root, {.common_name = "I", .subject_key_id = false});
  std::vector<Certificate> bag = {make_leaf(inter, "a.test").certificate};
  while (bag.size() < kMaxPresentedCertificates - 1)
    bag.push_back(make_root({.common_name = "I", .subject_key_id = false}).certificate);
  EXPECT_EQ(find(bag, trust({root.certificate})).faults.at(0).code, "bad-signature");
  bag.push_back(inter.certificate);
  EXPECT_TRUE(find(bag, trust({root.certificate})).ok);
}

}  // namespace
}  // namespace postern::x509
