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

RemovalRecord removal() {
  return {"ops", "CR 4711: they changed their CA", *parse_rfc3339("2026-11-21T02:20:00Z")};
}

TEST(TrustFile, AnAnchorGoesWithItsRecord_AndTheRemovalIsRecorded) {
  const auto kept = make_root("Kept Root");
  const auto gone = make_root("Gone Root");
  const auto both = add_anchors("# ours\n", {gone.certificate, kept.certificate}, record());
  ASSERT_TRUE(both);
  const auto done = remove_anchor(both->text, gone.certificate, removal());
  ASSERT_TRUE(done) << done.error().detail();
  EXPECT_TRUE(done->any_left);
  const auto left = x509::parse_pem(done->text);
  ASSERT_TRUE(left);
  ASSERT_EQ(left->size(), 1U);
  EXPECT_EQ(left->front(), kept.certificate);
  EXPECT_TRUE(done->text.starts_with("# ours\n"));
  EXPECT_EQ(done->text.find("# subject: CN=Gone Root"), std::string::npos);
  EXPECT_NE(done->text.find("# subject: CN=Kept Root"), std::string::npos);
  EXPECT_NE(done->text.find("# removed: 2026-11-21T02:20:00Z by ops: CR 4711"), std::string::npos);
  const auto last = remove_anchor(done->text, kept.certificate, removal());
  ASSERT_TRUE(last);
  EXPECT_FALSE(last->any_left);
}

TEST(TrustFile, ARemovalNeedsItsAnchorAndAWholeRecord) {
  const auto root = make_root("Root");
  EXPECT_FALSE(remove_anchor("# empty\n", root.certificate, removal()));
  RemovalRecord broken = removal();
  broken.why = "x\n-----BEGIN CERTIFICATE-----";
  EXPECT_FALSE(remove_anchor(root.certificate.pem(), root.certificate, broken));
  broken.why = " ";
  EXPECT_FALSE(remove_anchor(root.certificate.pem(), root.certificate, broken));
}

TEST(TrustFile, NamesOfNewFilesAreHarmless) {
  const std::string name = anchor_file_name(make_root("../Fabrikam: Root (G2)").certificate);
  EXPECT_TRUE(name.starts_with("fabrikam-root-g2-")) << name;
  EXPECT_TRUE(name.ends_with(".pem"));
  EXPECT_EQ(name.find('/'), std::string::npos);
}

}  // namespace
}  // namespace postern::cli
