#include "fetch/guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern::fetch {
namespace {

using ::testing::HasSubstr;

Url url(const std::string& text) {
  return parse_url(text).value();
}
policy::FetchPlace network(const char* text) {
  return mail::Network::parse(text).value();
}
policy::FetchPlace name(const char* text) {
  return mail::DomainPattern::parse(text).value();
}

TEST(ParseUrl, ReadsSchemeHostAndPort) {
  const Url plain = url("http://CRL.Example/a.crl#part");
  EXPECT_EQ(plain.host, "crl.example");
  EXPECT_EQ(plain.port, 80);
  EXPECT_EQ(plain.text, "http://CRL.Example/a.crl");
  EXPECT_EQ(url("https://[2001:db8::1]:8443/").host, "2001:db8::1");
  EXPECT_EQ(url("https://x.example/").port, 443);
}

TEST(ParseUrl, RefusesWhatIsNoPlainWebAddress) {
  struct Row {
    std::string text;
    const char* why;
  };
  for (const Row& row :
       {Row{"ldap://dc1.contoso.com/CN=x", "only http and https"},
        Row{"file:///etc/passwd", "only http and https"}, Row{"ftp://x.example/", "only http"},
        Row{"gopher://x.example/", "only http"}, Row{"http:x.example", "only http"},
        Row{"", "only http"}, Row{"http://user:secret@x.example/", "names a user"},
        Row{"http://user@x.example/", "names a user"}, Row{"http://x.example/a b", "blanks"},
        Row{"http://x.example/\r\nHost: y", "blanks"}, Row{"http://", ""},
        Row{"http://x.example:99999/", ""}, Row{"http://x.example:0/", ""},
        Row{"http://x.example/" + std::string(kMaxUrlOctets, 'a'), "longer"}}) {
    const Result<Url> read = parse_url(row.text);
    ASSERT_FALSE(read) << row.text;
    EXPECT_THAT(read.error().detail(), HasSubstr(row.why)) << row.text;
  }
}

TEST(ParseUrl, OddFormsOfAnAddressAreThatAddress) {  // as the connection would have it
  EXPECT_EQ(url("http://0x7f000001/").host, "127.0.0.1");
  EXPECT_EQ(url("http://2130706433/").host, "127.0.0.1");
  EXPECT_EQ(url("http://0177.0.0.1/").host, "127.0.0.1");
}

TEST(Redirect, StaysOnItsHost) {
  const Url from = url("http://ca.example/a");
  EXPECT_EQ(check_redirect(from, "https://CA.example/b").value().text, "https://CA.example/b");
  EXPECT_THAT(check_redirect(from, "http://169.254.169.254/latest").error().detail(),
              HasSubstr("another host, 169.254.169.254"));
  EXPECT_THAT(check_redirect(from, "file:///etc/passwd").error().detail(),
              HasSubstr("only http and https"));
  EXPECT_FALSE(check_redirect(from, "http://www.ca.example/a"));
  EXPECT_FALSE(check_redirect(url("https://ca.example/a"), "http://ca.example/a"));
}

TEST(SpecialAddress, EveryPlaceThatIsNotThePublicInternet) {
  for (const char* address : {"127.0.0.1",
                              "127.255.255.254",
                              "10.0.0.1",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.168.1.1",
                              "169.254.169.254",
                              "100.64.0.1",
                              "100.127.255.255",
                              "0.0.0.0",
                              "0.1.2.3",
                              "192.0.0.170",
                              "192.0.2.1",
                              "198.18.0.1",
                              "198.51.100.7",
                              "203.0.113.9",
                              "224.0.0.1",
                              "239.1.1.1",
                              "240.0.0.1",
                              "255.255.255.255",
                              "192.88.99.1",
                              "::",
                              "::1",
                              "fe80::1",
                              "febf::1",
                              "fc00::1",
                              "fd12:3456::1",
                              "ff02::1",
                              "::ffff:127.0.0.1",
                              "::ffff:8.8.8.8",
                              "64:ff9b::7f00:1",
                              "64:ff9b::8.8.8.8",
                              "64:ff9b:1::1",
                              "2002:7f00:1::1",
                              "2001:0:1::1",
                              "2001:db8::1",
                              "2001:20::1",
                              "3fff::1",
                              "::127.0.0.1",
                              "100::1",
                              "5f00::1",
                              "fec0::1",
                              "4000::1",
                              "rubbish",
                              ""}) {
    EXPECT_NE(special_address(address), "") << address;
  }
}

TEST(SpecialAddress, PublicOnesAreNot) {
  for (const char* address :
       {"8.8.8.8", "1.1.1.1", "172.32.0.1", "172.15.255.255", "100.128.0.1", "192.167.255.255",
        "223.255.255.255", "2606:4700::1111", "2a00:1450::200e", "2001:4860:4860::8888"}) {
    EXPECT_EQ(special_address(address), "") << address;
  }
}

TEST(Guard, WithoutPermissionOnlyThePublicInternetAndTheWebsPorts) {
  const Guard guard;
  const Url here = url("http://crl.example/");
  EXPECT_EQ(guard.objection(here, "8.8.8.8", 80), "");
  EXPECT_EQ(guard.objection(here, "8.8.8.8", 443), "");
  EXPECT_EQ(guard.objection(here, "8.8.8.8", 8080), "");
  EXPECT_THAT(guard.objection(here, "8.8.8.8", 25), HasSubstr("port 25"));
  EXPECT_THAT(guard.objection(here, "127.0.0.1", 80),
              HasSubstr("127.0.0.1 is a loopback address; server.fetch_allow"));
  EXPECT_THAT(guard.objection(here, "", 80), HasSubstr("no address"));
}

TEST(Guard, AListedNetworkMayBeReachedByAnyName) {
  const Guard guard({network("10.1.0.0/16"), network("fd00::/8")});
  EXPECT_EQ(guard.objection(url("http://pki.contoso.com/"), "10.1.2.3", 80), "");
  EXPECT_EQ(guard.objection(url("http://pki.contoso.com/"), "10.1.2.3", 99), "");
  EXPECT_EQ(guard.objection(url("http://pki.contoso.com/"), "fd00::1", 80), "");
  EXPECT_NE(guard.objection(url("http://pki.contoso.com/"), "10.2.0.1", 80), "");
}

TEST(Guard, AListedNameMayResolveToAnything) {
  const Guard guard({name("pki.contoso.com"), name("*.ca.example")});
  EXPECT_EQ(guard.objection(url("http://PKI.contoso.com/"), "192.168.0.1", 81), "");
  EXPECT_EQ(guard.objection(url("http://a.ca.example/"), "127.0.0.1", 80), "");
  EXPECT_NE(guard.objection(url("http://contoso.com/"), "192.168.0.1", 80), "");
}

TEST(Guard, ThroughAProxyLiteralsAndPortsAreJudgedAndNamesAreTheProxys) {
  const Guard guard({name("pki.contoso.com")});
  EXPECT_EQ(guard.objection_by_proxy(url("http://crl.example/")), "");
  EXPECT_NE(guard.objection_by_proxy(url("http://crl.example:25/")), "");
  EXPECT_NE(guard.objection_by_proxy(url("http://127.0.0.1/")), "");
  EXPECT_NE(guard.objection_by_proxy(url("http://[::1]/")), "");
  EXPECT_NE(guard.objection_by_proxy(url("http://localhost/")), "");
  EXPECT_NE(guard.objection_by_proxy(url("http://2130706433/")), "");
  EXPECT_EQ(guard.objection_by_proxy(url("http://pki.contoso.com:25/")), "");
}

}  // namespace
}  // namespace postern::fetch
