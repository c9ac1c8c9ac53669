#include "fetch/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verdict/mta_sts.h"
#include "x509/testing/factory.h"

namespace postern::fetch {
namespace {

using namespace std::chrono_literals;
using namespace x509::testing;
using ::testing::HasSubstr;
using verdict::FetchKind;

const Time kNow = parse_rfc3339("2026-11-21T12:00:00Z").value();
const Issued kRoot = make_root("Root");

TEST(OcspGet, IsOnePathSegmentBelowTheResponder) {  // RFC 6960 A.1
  EXPECT_EQ(ocsp_get_url("http://o.example", "\xfb\xff\xfe"), "http://o.example/%2B%2F%2F%2B");
  EXPECT_EQ(ocsp_get_url("http://o.example/x/", "a"), "http://o.example/x/YQ%3D%3D");
}

TEST(OcspGet, LongRequestsAndUrlsWithAQueryGoByPost) {
  EXPECT_EQ(ocsp_get_url("http://o.example/", std::string(300, 'x')), std::nullopt);
  EXPECT_EQ(ocsp_get_url("http://o.example/?ca=1", "a"), std::nullopt);
}

TEST(ReadBody, ACrlInDerOrPemBecomesDerWithItsEnd) {
  const std::string der = make_crl(kRoot, {.next_update = kNow + 1h});
  for (const std::string& octets : {der, pem_crl(der)}) {
    const Body body = read_body(FetchKind::crl, octets).value();
    EXPECT_EQ(*body.octets, der);
    EXPECT_EQ(body.ends, kNow + 1h);
  }
}

TEST(ReadBody, WhatIsSomethingElseSaysSo) {
  const auto why = [](FetchKind kind, const std::string& octets) {
    const Result<Body> body = read_body(kind, octets);
    return body ? std::string("taken") : body.error().detail();
  };
  EXPECT_EQ(why(FetchKind::crl, "<html><p>Sign in"), "this is no CRL (it is a web page)");
  EXPECT_EQ(why(FetchKind::crl, ""), "this is no CRL (it is empty)");
  EXPECT_THAT(why(FetchKind::crl, kRoot.certificate.der()), HasSubstr("no CRL"));
  EXPECT_THAT(why(FetchKind::crl, pem_crl(make_crl(kRoot, {})) + pem_crl(make_crl(kRoot, {}))),
              HasSubstr("several"));
  EXPECT_THAT(why(FetchKind::ocsp, make_crl(kRoot, {})), HasSubstr("no OCSP response"));
  EXPECT_THAT(why(FetchKind::ocsp, make_ocsp_error(6)), HasSubstr("unauthorized"));
  EXPECT_THAT(why(FetchKind::aia, "<!DOCTYPE html>"), HasSubstr("no certificate"));
  EXPECT_EQ(why(FetchKind::aia, kRoot.certificate.der()), "taken");
  EXPECT_EQ(why(FetchKind::ocsp, make_ocsp(kRoot, kRoot.certificate, {})), "taken");
}

TEST(Answer, APolicyIsReadAsOneOrRefusedInWords) {
  const std::string policy =
      "version: STSv1\r\nmode: enforce\r\nmx: a.example\r\nmax_age: 86400\r\n";
  EXPECT_EQ(*read_body(verdict::FetchKind::mta_sts, policy).value().octets, policy);
  const auto page = read_body(verdict::FetchKind::mta_sts, "<html>Not found</html>");
  ASSERT_FALSE(page);
  EXPECT_TRUE(page.error().detail().ends_with("(it is a web page)")) << page.error().detail();
  EXPECT_EQ(max_octets(verdict::FetchKind::mta_sts), verdict::kMaxStsPolicyOctets);
}

TEST(Answer, APolicyComesAsPlainTextWhateverItsParameters) {
  using enum verdict::FetchKind;
  EXPECT_TRUE(right_media_type(mta_sts, "text/plain"));
  EXPECT_TRUE(right_media_type(mta_sts, "Text/Plain ; charset=utf-8"));
  for (const char* type : {"", "text/html", "text/plainly", "application/octet-stream"})
    EXPECT_FALSE(right_media_type(mta_sts, type)) << type;
  EXPECT_TRUE(right_media_type(crl, "text/html"));
}

}  // namespace
}  // namespace postern::fetch
