#include "cli/trust_file.h"

#include <gtest/gtest.h>

#include "x509/testing/factory.h"

namespace postern::cli {
namespace {

using x509::testing::make_leaf;
using x509::testing::make_root;

AnchorRecord record() {
  return {"ops", "fabrikam", *parse_rfc3339("2026-11-21T02:20:00Z")};
}

TEST(TrustFile, AnchorIsAddedWithItsRecordAndWhatWasThereStays) {
  const auto old = make_root("Old Root");
  const auto root = make_root("New Root");
  const std::string before = "# ours\n" + old.certificate.pem();
  const auto done = add_anchors(before, {root.certificate}, record());
  ASSERT_TRUE(done) << done.error().what();
  EXPECT_TRUE(done->text.starts_with(before));
  EXPECT_NE(
      done->text.find("# added-by: ops\n# added: 2026-11-21T02:20:00Z\n# partner: fabrikam\n"),
      std::string::npos);
  const auto all = x509::parse_pem(done->text);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ((*all)[1], root.certificate);
}

TEST(TrustFile, AnAnchorThatIsThereIsNotAddedTwice) {
  const auto root = make_root("Root");
  const auto once = add_anchors("", {root.certificate, root.certificate}, record());
  ASSERT_TRUE(once);
  EXPECT_EQ(once->added.size(), 1U);
  EXPECT_EQ(once->already_there.size(), 1U);
  const auto again = add_anchors(once->text, {root.certificate}, record());
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->added.empty());
  EXPECT_EQ(again->text, once->text);
}

TEST(TrustFile, AServersCertificateIsNoAnchor) {
  const auto root = make_root("Root");
  const auto leaf = make_leaf(root, "mx.example");
  const auto done = add_anchors("", {leaf.certificate}, record());
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().what().find("no CA certificate"), std::string::npos);
}

TEST(TrustFile, ARecordIsOneLine) {
  const auto root = make_root("Root");
  AnchorRecord forged = record();
  forged.by = "ops\n# partner: somebody-else";
  EXPECT_FALSE(add_anchors("", {root.certificate}, forged));
  forged.by = " ";
  EXPECT_FALSE(add_anchors("", {root.certificate}, forged));
}

TEST(TrustFile, ABrokenFileIsNotMadeWorse) {
  const auto root = make_root("Root");
  EXPECT_FALSE(add_anchors("-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n",
                           {root.certificate}, record()));
  EXPECT_TRUE(add_anchors("# nothing yet\n", {root.certificate}, record()));
}

}  // namespace
}  // namespace postern::cli
