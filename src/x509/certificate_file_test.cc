// What people have in place of PEM: each is read, or told apart.
#include "x509/certificate_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "x509/testing/factory.h"

namespace postern::x509 {
namespace {

using namespace testing;  // the factory
using ::testing::HasSubstr;

std::string utf16(std::string_view text, bool mark) {
  std::string out = mark ? "\xFF\xFE" : "";
  for (const char c : text) out += {c, '\0'};
  return out;
}

TEST(CertificateFile, PemDerAndUtf16OfWindowsAreRead) {
  const Certificate leaf = make_self_signed({.common_name = "edge"}).certificate;
  const std::string pem = leaf.pem();
  for (const std::string& file : {pem, leaf.der(), utf16(pem, true), utf16(pem, false),
                                  "\xEF\xBB\xBF" + pem, "subject=edge\r\n" + pem}) {
    const auto read = parse_certificates(file, std::nullopt);
    ASSERT_TRUE(read) << read.error().detail();
    EXPECT_EQ(read->front(), leaf);
  }
}

TEST(CertificateFile, WhatIsFoundInPlaceOfACertificateIsSaid) {
  const Issued edge = make_self_signed({.common_name = "edge"});
  const std::string pem = edge.certificate.pem();
  const struct {
    std::string file;
    const char* found;
  } cases[] = {
      {"", "it is empty"},
      {"  \r\n", "nothing but blanks"},
      {edge.key.pem(), "a private key (PEM block PRIVATE KEY)"},
      {utf16(edge.key.pem(), true), "it is UTF-16 text; it holds a private key"},
      {pem_crl(make_crl(edge, {})), "a revocation list"},
      {make_crl(edge, {}), "a revocation list in DER form"},
      {pem.substr(0, pem.size() / 2), "PEM block 1 is broken or cut off"},
      {edge.certificate.der().substr(0, 100), "cut off"},
      {pem.substr(28, 64), "cut off"},
      {"hello", "text without any PEM block"},
      {std::string("\x01\x80\x02", 3), "binary data"},
  };
  for (const auto& [file, found] : cases) {
    const auto read = parse_certificates(file, std::nullopt);
    ASSERT_FALSE(read) << found;
    EXPECT_THAT(read.error().detail(), HasSubstr(found));
  }
}

TEST(CertificateFile, APfxSaysWhetherItBringsTheKeyOfItsLeaf) {
  const Issued root = make_root("Root");
  const Issued leaf = make_leaf(root, "mail.contoso.com");
  const auto whole = parse_certificate_file(make_pfx(leaf, {root.certificate}, "secret"), "secret");
  ASSERT_TRUE(whole) << whole.error().detail();
  EXPECT_TRUE(whole->pfx);
  EXPECT_EQ(whole->pfx_key_problem, "");
  EXPECT_EQ(whole->certificates.front(), leaf.certificate);
  const auto pem = parse_certificate_file(leaf.certificate.pem(), std::nullopt);
  ASSERT_TRUE(pem);
  EXPECT_FALSE(pem->pfx);
}

TEST(CertificateFile, APfxNeedsItsPassword) {
  const Issued root = make_root("Root");
  const Issued leaf = make_leaf(root, "mail.contoso.com");
  const std::string pfx = make_pfx(leaf, {root.certificate}, "secret");
  const auto read = parse_certificates(pfx, "secret");
  ASSERT_TRUE(read) << read.error().detail();
  EXPECT_EQ(*read, (std::vector{leaf.certificate, root.certificate}));
  EXPECT_THAT(parse_certificates(pfx, std::nullopt).error().detail(),
              HasSubstr("under a password"));
  EXPECT_THAT(parse_certificates(pfx, "wrong").error().detail(), HasSubstr("does not open it"));
  EXPECT_TRUE(parse_certificates(make_pfx(leaf, {}, ""), std::nullopt));
}

TEST(CertificateFile, MoreThanTenThousandCertificatesAreRefusedBeforeAnyIsRead) {
  const std::string pem = make_self_signed({.common_name = "edge"}).certificate.pem();
  std::string many;
  for (std::size_t i = 0; i <= kMaxPemCertificates; ++i) many += pem;
  EXPECT_THAT(parse_certificates(many, std::nullopt).error().detail(),
              HasSubstr("more than 10000"));
}

}  // namespace
}  // namespace postern::x509
