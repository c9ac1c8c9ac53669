#include "x509/trust.h"

#include <gtest/gtest.h>

#include "x509/testing/factory.h"

namespace postern::x509 {
namespace {

using namespace testing;  // the factory

TEST(TrustSet, IssuersByNameWithTheFittingKeyFirst) {
  const Issued old_root = make_root("Root"), new_root = make_root("Root");
  const Issued other = make_root("Other");
  const TrustSet set("partners", {{old_root.certificate, {.set = "partners", .file = "old.pem"}},
                                  {other.certificate, {}},
                                  {new_root.certificate, {.set = "partners", .file = "new.pem"}}});
  for (const Issued* issuer : {&old_root, &new_root}) {
    const auto found = set.issuers_of(make_leaf(*issuer, "a.test").certificate);
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found.front()->certificate, issuer->certificate);
  }
  EXPECT_TRUE(set.issuers_of(make_leaf(make_root("None"), "a.test").certificate).empty());
}

TEST(TrustSet, NamesCompareWithoutLetterCase) {
  const Issued root = make_root("Contoso Root");
  const Issued twin = make_root({.common_name = "CONTOSO  root", .key = root.key});
  const TrustSet set("s", {{root.certificate, {}}});
  EXPECT_EQ(set.issuers_of(make_leaf(twin, "a.test").certificate).size(), 1u);
}

TEST(TrustSet, FindTakesTheVeryCertificateOnly) {
  const Issued root = make_root("Root");
  const TrustSet set("s", {{root.certificate, {.set = "s", .file = "root.pem"}}});
  ASSERT_NE(set.find(root.certificate), nullptr);
  EXPECT_EQ(set.find(root.certificate)->provenance.file, "root.pem");
  EXPECT_EQ(set.find(make_root({.common_name = "Root", .key = root.key}).certificate), nullptr);
}

}  // namespace
}  // namespace postern::x509
