#include "cli/certificate_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "x509/testing/factory.h"

namespace postern::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const x509::testing::Issued& root() {
  static const auto issued = x509::testing::make_root("Root");
  return issued;
}
const x509::testing::Issued& leaf() {
  static const auto issued = x509::testing::make_leaf(root(), "mail.contoso.com");
  return issued;
}

std::string wide(std::string_view ascii) {
  std::string out = "\xFF\xFE";
  for (const char c : ascii) {
    out += c;
    out += '\0';
  }
  return out;
}

std::string error_of(std::string_view octets) {
  const auto chain = parse_certificate_file("new.cer", octets);
  return chain ? "none" : chain.error().detail();
}

TEST(CertificateFile, PemDerBareBase64AndUtf16) {
  const std::string pem = leaf().certificate.pem();
  const std::string der = leaf().certificate.der();
  for (const std::string& octets : {pem, der, to_base64(der), wide(pem), "\xEF\xBB\xBF" + pem}) {
    const auto chain = parse_certificate_file("new.cer", octets);
    ASSERT_TRUE(chain) << chain.error().detail();
    EXPECT_EQ(chain->certificates.front(), leaf().certificate);
  }
}

TEST(CertificateFile, ErrorsNameTheFileWhatWasFoundAndWhatWasExpected) {
  EXPECT_THAT(error_of(""), StartsWith("new.cer: it is empty; expected are certificates"));
  EXPECT_THAT(error_of(leaf().key.pem()), HasSubstr("it holds a private key"));
  EXPECT_THAT(error_of("hello"), HasSubstr("text without any PEM block"));
  EXPECT_THAT(error_of(leaf().certificate.der().substr(0, 200)), HasSubstr("cut off"));
}

TEST(CertificateFile, TheLeafStandsFirst) {
  const auto intermediate = x509::testing::make_intermediate(root(), "Issuing");
  EXPECT_THAT(error_of(intermediate.certificate.pem() + leaf().certificate.pem()),
              HasSubstr("the first certificate is that of the CA CN=Issuing"));
}

}  // namespace
}  // namespace postern::cli
