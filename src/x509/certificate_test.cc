#include "x509/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "x509/testing/factory.h"

namespace postern::x509 {
namespace {

using namespace testing;  // the factory
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Certificate, FactsAreWhatWasIssued) {
  const Issued root = make_root({.common_name = "Contoso Root", .organization = "Contoso, Inc."});
  CertificateSpec spec;
  spec.name = {{"C", "US"}, {"ST", "Washington"}, {"O", "Contoso"}, {"CN", "mail.contoso.com"}};
  spec.dns = {"mail.contoso.com", "*.Contoso.com"};
  spec.ip = {"192.0.2.1", "2001:db8::1"};
  spec.email = {"postmaster@contoso.com"};
  spec.eku = {"client"};
  spec.not_before = parse_rfc3339("2026-01-02T03:04:05Z").value();
  spec.not_after = parse_rfc3339("2055-06-07T08:09:10Z").value();  // GeneralizedTime from 2050
  spec.crl_urls = {"http://crl.contoso.com/a.crl"};
  spec.ocsp_urls = {"http://ocsp.contoso.com/"};
  spec.aia_urls = {"http://aia.contoso.com/i.crt"};
  const Certificate c = issue(root, spec).certificate;
  EXPECT_EQ(c.subject(), "CN=mail.contoso.com, O=Contoso, S=Washington, C=US");
  EXPECT_EQ(c.issuer(), "CN=Contoso Root, O=\"Contoso, Inc.\"");
  EXPECT_THAT(c.dns_names(), ElementsAre("mail.contoso.com", "*.Contoso.com"));
  EXPECT_THAT(c.ip_addresses(), ElementsAre("192.0.2.1", "2001:db8::1"));
  EXPECT_THAT(c.email_addresses(), ElementsAre("postmaster@contoso.com"));
  EXPECT_THAT(c.common_names(), ElementsAre("mail.contoso.com"));
  EXPECT_EQ(format_rfc3339(c.not_before()), "2026-01-02T03:04:05Z");
  EXPECT_EQ(format_rfc3339(c.not_after()), "2055-06-07T08:09:10Z");
  EXPECT_THAT(c.crl_urls(), ElementsAre("http://crl.contoso.com/a.crl"));
  EXPECT_THAT(c.ocsp_urls(), ElementsAre("http://ocsp.contoso.com/"));
  EXPECT_THAT(c.aia_urls(), ElementsAre("http://aia.contoso.com/i.crt"));
  EXPECT_FALSE(c.is_ca() || c.self_issued() || c.self_signed() || c.eku_allows_server());
  EXPECT_TRUE(c.has_eku() && c.eku_allows_client());
  EXPECT_EQ(c.authority_key_id(), root.certificate.subject_key_id());
  EXPECT_EQ(c.signature_algorithm(), "ecdsa-with-SHA256");
  EXPECT_EQ(c.sha256().size(), 64u);
  EXPECT_EQ(c.thumbprint(), upper(c.thumbprint()));
  EXPECT_EQ(c.thumbprint().size(), 40u);
}

TEST(Certificate, KeyTypesAndTheirStrength) {
  const struct {
    KeyType type;
    const char* name;
    int bits;
  } cases[] = {{KeyType::ec_p256, "EC P-256", 128},
               {KeyType::rsa_1024, "RSA 1024", 80},
               {KeyType::rsa_2048, "RSA 2048", 112},
               {KeyType::ed25519, "Ed25519", 128}};
  for (const auto& [type, name, bits] : cases) {
    const Certificate c = make_self_signed({.common_name = "a", .key_type = type}).certificate;
    EXPECT_EQ(c.key_type(), name);
    EXPECT_EQ(c.security_bits(), bits) << name;
    EXPECT_TRUE(c.self_signed()) << name;
  }
}

TEST(Certificate, SelfSignedNeedsTheOwnKeyNotOnlyTheOwnName) {
  const Issued root = make_root("Root");
  EXPECT_TRUE(root.certificate.self_signed() && root.certificate.is_ca());
  const Certificate other = make_intermediate(root, "Root").certificate;
  EXPECT_TRUE(other.self_issued());
  EXPECT_FALSE(other.self_signed());
}

TEST(Certificate, AnyExtendedKeyUsageAllowsBothRoles) {
  const Certificate any = make_self_signed({.common_name = "a", .eku = {"any"}}).certificate;
  EXPECT_TRUE(any.has_eku() && any.eku_allows_server() && any.eku_allows_client());
  const Certificate none = make_self_signed({.common_name = "a"}).certificate;
  EXPECT_TRUE(!none.has_eku() && none.eku_allows_server() && none.eku_allows_client());
}

TEST(Certificate, NulInANameIsShownAndMakesItAnotherName) {
  const Certificate c =
      make_self_signed({.common_name = std::string("a.com\0.evil.test", 16)}).certificate;
  EXPECT_THAT(c.common_names(), ElementsAre("a.com\\x00.evil.test"));
}

TEST(Certificate, WholeInputMustBeOneCertificate) {
  const std::string der = make_root("Root").certificate.der();
  EXPECT_EQ(Certificate::from_der(der)->der(), der);
  EXPECT_THAT(Certificate::from_der(der + "x").error().detail(), HasSubstr("octets after"));
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, der.size() / 2, der.size() - 1})
    EXPECT_FALSE(Certificate::from_der(der.substr(0, size))) << size;
  EXPECT_FALSE(Certificate::from_der(std::string(kMaxCertificateOctets + 1, '0')));
}

TEST(Certificate, OuterLengthNotInDerIsRefused) {
  std::string der = make_root("Root").certificate.der();
  ASSERT_EQ(der.substr(0, 2), "\x30\x82");
  der.replace(0, 2, std::string("\x30\x83\x00", 3));  // the same length in one octet more
  EXPECT_THAT(Certificate::from_der(der).error().detail(), HasSubstr("not in DER"));
}

TEST(ParsePem, BlocksInOrderAmongTextAndOtherBlocks) {
  const Issued a = make_root("A"), b = make_root("B");
  const std::string text = "Bag attributes\n" + a.certificate.pem() + a.key.pem() + "words\n\n" +
                           b.certificate.pem() + "trailing";
  const auto found = parse_pem(text).value();
  EXPECT_THAT(found, ElementsAre(a.certificate, b.certificate));
}

TEST(ParsePem, TrustedCertificateLosesItsTrustSettings) {
  const Certificate c = make_root("A").certificate;
  // SEQUENCE { SEQUENCE { serverAuth } }: OpenSSL's X509_CERT_AUX.
  const std::string aux("\x30\x0c\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01", 14);
  const std::string text = "-----BEGIN TRUSTED CERTIFICATE-----\n" + to_base64(c.der() + aux) +
                           "\n-----END TRUSTED CERTIFICATE-----\n";
  EXPECT_THAT(parse_pem(text).value(), ElementsAre(c));
}

TEST(ParsePem, ABrokenBlockIsNamedByItsNumber) {
  const std::string good = make_root("A").certificate.pem();
  const std::string no_certificate =
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  const std::string no_base64 = "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n";
  EXPECT_THAT(parse_pem(good + no_certificate).error().detail(), HasSubstr("PEM block 2"));
  EXPECT_THAT(parse_pem(good + no_base64).error().detail(), HasSubstr("PEM block 2"));
  EXPECT_THAT(parse_pem("").error().detail(), HasSubstr("it is empty; expected is"));
  EXPECT_FALSE(parse_pem(make_root("A").key.pem()));
}

TEST(ExchangeCertificateName, IssuerAndSubjectRoundTrip) {
  const Issued root = make_root({.common_name = "Root <S> 1", .organization = "Contoso, Inc."});
  const Certificate c = make_leaf(root, "mail.contoso.com").certificate;
  const std::string name = exchange_certificate_name(c);
  EXPECT_EQ(name, "<I>CN=\"Root <S> 1\", O=\"Contoso, Inc.\"<S>CN=mail.contoso.com");
  const auto parts = parse_exchange_certificate_name(name);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->issuer, c.issuer());
  EXPECT_EQ(parts->subject, c.subject());
}

TEST(ExchangeCertificateName, LowerCaseMarksAreTakenAndOtherTextIsNot) {
  const auto parts = parse_exchange_certificate_name(" <i>CN=A, O=B <s> CN=C ");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->issuer, "CN=A, O=B");
  EXPECT_EQ(parts->subject, "CN=C");
  for (const char* bad : {"", "<I>", "<I>CN=A", "<I><S>CN=A", "<I>CN=A<S>", "CN=A<S>CN=B",
                          "mail.contoso.com", "<I>CN=\"A<S>CN=B"})
    EXPECT_FALSE(parse_exchange_certificate_name(bad)) << bad;
}

TEST(DistinguishedName, WritingDoesNotCount) {
  EXPECT_TRUE(same_distinguished_name("CN=A, O=Contoso, C=US", "cn = a,o=CONTOSO,C=us"));
  EXPECT_TRUE(same_distinguished_name("O=\"Contoso, Inc.\"", "O=Contoso\\, Inc."));
  EXPECT_TRUE(same_distinguished_name("S=Washington, E=a@b", "ST=Washington,emailAddress=a@b"));
  EXPECT_TRUE(same_distinguished_name("O=\"say \"\"x\"\"\"", "O=say \\\"x\\\""));
  EXPECT_FALSE(same_distinguished_name("CN=A, O=B", "O=B, CN=A"));
  EXPECT_FALSE(same_distinguished_name("CN=A", "CN=A, O=B"));
  EXPECT_FALSE(same_distinguished_name("CN=\"A, O=B\"", "CN=A, O=B"));
  EXPECT_TRUE(same_distinguished_name("no name", " No  Name"));
  EXPECT_FALSE(same_distinguished_name("", "CN=A"));
}

}  // namespace
}  // namespace postern::x509
