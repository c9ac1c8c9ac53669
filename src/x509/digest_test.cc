#include "x509/digest.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "x509/testing/factory.h"

namespace postern::x509 {
namespace {

TEST(Digest, KnownAnswers) {
  EXPECT_EQ(to_hex(sha256_digest("abc")),
            "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD");
  EXPECT_EQ(to_hex(sha512_digest("")).substr(0, 16), "CF83E1357EEFB8BD");
}

TEST(Digest, TheKeyStaysWhereACertificateIsRenewedWithIt) {
  const testing::Issued ca = testing::make_root("Root");
  const testing::Issued old = testing::make_leaf(ca, "mail.contoso.com");
  testing::CertificateSpec renewed;
  renewed.common_name = "mail.contoso.com";
  renewed.key = old.key;
  const Certificate same_key = testing::issue(ca, renewed).certificate;
  EXPECT_EQ(public_key_der(old.certificate), public_key_der(same_key));
  EXPECT_NE(public_key_der(old.certificate), public_key_der(ca.certificate));
  EXPECT_EQ(sha256_digest(old.certificate.der()), *from_hex(old.certificate.sha256()));
}

}  // namespace
}  // namespace postern::x509
