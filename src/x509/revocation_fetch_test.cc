#include "x509/revocation_fetch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pkcs7.h>

#include "base/text.h"
#include "x509/openssl.h"
#include "x509/testing/factory.h"

namespace postern::x509 {
namespace {

using namespace std::chrono_literals;
using namespace testing;  // the factory
using ::testing::HasSubstr;

const Time kNow = parse_rfc3339("2026-11-21T12:00:00Z").value();
const Issued kRoot = make_root("Root");
const Issued kLeaf = make_leaf(kRoot, "mail.contoso.com");

using RequestPtr = std::unique_ptr<OCSP_REQUEST, OpenSslDelete<OCSP_REQUEST_free>>;
using Pkcs7Ptr = std::unique_ptr<PKCS7, OpenSslDelete<PKCS7_free>>;

std::string certs_only(const std::vector<Certificate>& certificates) {
  const Pkcs7Ptr message(PKCS7_new());
  PKCS7_set_type(message.get(), NID_pkcs7_signed);
  PKCS7_content_new(message.get(), NID_pkcs7_data);
  for (const Certificate& one : certificates)
    PKCS7_add_certificate(message.get(), const_cast<X509*>(one.native()));
  return encode_der(message.get(), i2d_PKCS7);
}

TEST(OcspRequest, AsksOneCertificateBySha1WithoutNonceOrSignature) {
  const std::string der = ocsp_request(kLeaf.certificate, kRoot.certificate).value();
  const unsigned char* at = octets_of(der);
  const RequestPtr request(d2i_OCSP_REQUEST(nullptr, &at, static_cast<long>(der.size())));
  ASSERT_NE(request, nullptr);
  EXPECT_EQ(OCSP_request_onereq_count(request.get()), 1);
  EXPECT_EQ(OCSP_REQUEST_get_ext_count(request.get()), 0);
  EXPECT_EQ(OCSP_request_is_signed(request.get()), 0);
  OCSP_CERTID* id = OCSP_onereq_get0_id(OCSP_request_onereq_get0(request.get(), 0));
  OCSP_CERTID* expected =
      OCSP_cert_to_id(EVP_sha1(), kLeaf.certificate.native(), kRoot.certificate.native());
  EXPECT_EQ(OCSP_id_cmp(id, expected), 0);
  OCSP_CERTID_free(expected);
}

TEST(OcspRequest, IsSmallEnoughForGet) {  // RFC 5019 s5: 255 octets, as a URL
  EXPECT_LT(to_base64(ocsp_request(kLeaf.certificate, kRoot.certificate).value()).size(), 200U);
}

TEST(CrlTimes, AreItsOwn) {
  const AnswerTimes times =
      crl_times(make_crl(kRoot, {.this_update = kNow, .next_update = kNow + 24h})).value();
  EXPECT_EQ(times.begins, kNow);
  EXPECT_EQ(times.ends, kNow + 24h);
  EXPECT_EQ(crl_times(make_crl(kRoot, {.next_update = std::nullopt})).value().ends, std::nullopt);
}

TEST(CrlTimes, WhatIsNoCrlIsSaidToBeNone) {
  EXPECT_THAT(crl_times("<html>").error().what(), HasSubstr("no CRL"));
  EXPECT_THAT(crl_times("").error().what(), HasSubstr("no CRL"));
  EXPECT_FALSE(crl_times(kLeaf.certificate.der()));
}

TEST(OcspTimes, AreThoseOfTheAnswer) {
  const AnswerTimes times = ocsp_times(make_ocsp(kRoot, kLeaf.certificate,
                                                 {.this_update = kNow, .next_update = kNow + 1h}))
                                .value();
  EXPECT_EQ(times.begins, kNow);
  EXPECT_EQ(times.ends, kNow + 1h);
}

TEST(OcspTimes, ARefusalIsSaidInItsWords) {
  EXPECT_THAT(ocsp_times(make_ocsp_error(3)).error().what(), HasSubstr("trylater"));
  EXPECT_THAT(ocsp_times("no").error().what(), HasSubstr("no OCSP response"));
}

TEST(ParseIssuers, TakesDerPemAndCertsOnlyMessages) {
  const std::vector<Certificate> one{kRoot.certificate};
  EXPECT_EQ(parse_issuers(kRoot.certificate.der()).value(), one);
  EXPECT_EQ(parse_issuers(kRoot.certificate.pem()).value(), one);
  EXPECT_EQ(parse_issuers(certs_only({kRoot.certificate, kLeaf.certificate})).value().size(), 2U);
}

TEST(ParseIssuers, AnythingElseIsAnError) {
  for (const std::string& bad : {std::string(), std::string("<html>"), make_crl(kRoot, {}),
                                 certs_only({}), std::string(kMaxCertificateOctets + 1, '0')}) {
    EXPECT_FALSE(parse_issuers(bad));
  }
}

TEST(ParseIssuers, TakesABoundedNumber) {
  std::string text;
  for (std::size_t i = 0; i < kMaxFetchedIssuers + 5; ++i) text += kRoot.certificate.pem();
  EXPECT_EQ(parse_issuers(text).value().size(), kMaxFetchedIssuers);
}

}  // namespace
}  // namespace postern::x509
