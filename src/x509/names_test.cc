#include "x509/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "x509/testing/factory.h"

namespace postern::x509 {
namespace {

using namespace testing;  // the factory
using ::testing::ElementsAre;

TEST(DnsName, PresentedAgainstReference) {
  const struct {
    const char *presented, *reference;
    bool match;
  } cases[] = {
      {"mail.contoso.com", "mail.contoso.com", true},
      {"MAIL.Contoso.COM", "mail.contoso.com.", true},
      {"mail.contoso.com", "contoso.com", false},
      {"contoso.com", "mail.contoso.com", false},
      // RFC 9525 s6.3: the wildcard is the whole leftmost label and stands for exactly one.
      {"*.contoso.com", "mail.contoso.com", true},
      {"*.contoso.com", "a.mail.contoso.com", false},
      {"*.contoso.com", "contoso.com", false},
      {"*.contoso.com", ".contoso.com", false},
      {"m*.contoso.com", "mail.contoso.com", false},
      {"*il.contoso.com", "mail.contoso.com", false},
      {"mail.*.com", "mail.contoso.com", false},
      {"*.*.com", "mail.contoso.com", false},
      {"*", "localhost", false},
      {"*.com", "contoso.com", false},
      {"*.contoso.com", "xn--mller-kva.contoso.com", true},
      // Exchange's TlsDomain form as reference.
      {"*.contoso.com", "*.contoso.com", true},
      {"mail.contoso.com", "*.contoso.com", true},
      {"a.mail.contoso.com", "*.contoso.com", false},
      {"contoso.com", "*.contoso.com", false},
      {"*.mail.contoso.com", "*.contoso.com", false},
      // What is no name matches nothing, not even itself.
      {"", "", false},
      {"a..com", "a..com", false},
      {"a.com\\x00.evil.test", "a.com\\x00.evil.test", false},
      {"ma il.contoso.com", "ma il.contoso.com", false},
  };
  for (const auto& [presented, reference, match] : cases)
    EXPECT_EQ(dns_name_matches(presented, reference), match) << presented << " / " << reference;
}

TEST(MatchName, CommonNameOnlyWhenAskedForAndWithoutAnyDnsName) {
  const Certificate cn_only =
      make_self_signed({.common_name = "mail.contoso.com", .ip = {"192.0.2.1"}}).certificate;
  EXPECT_EQ(match_name(cn_only, "mail.contoso.com", false), NameMatch::no);
  EXPECT_EQ(match_name(cn_only, "mail.contoso.com", true), NameMatch::legacy_cn);
  const Certificate both =
      make_self_signed({.common_name = "mail.contoso.com", .dns = {"other.contoso.com"}})
          .certificate;
  EXPECT_EQ(match_name(both, "mail.contoso.com", true), NameMatch::no);
  EXPECT_EQ(match_name(both, "other.contoso.com", true), NameMatch::san);
}

TEST(MatchName, AddressesCompareAsAddressesAndNeverAsNames) {
  const Certificate c =
      make_self_signed({.common_name = "192.0.2.7", .ip = {"192.0.2.1", "2001:db8::1"}})
          .certificate;
  EXPECT_EQ(match_name(c, "192.0.2.1", false), NameMatch::san);
  EXPECT_EQ(match_name(c, "2001:0DB8:0:0::1", false), NameMatch::san);
  EXPECT_EQ(match_name(c, "192.0.2.7", true), NameMatch::no);
  const Certificate as_dns =
      make_self_signed({.common_name = "a", .dns = {"192.0.2.1"}}).certificate;
  EXPECT_EQ(match_name(as_dns, "192.0.2.1", true), NameMatch::no);
}

TEST(PresentedNames, SanElseCommonNames) {
  EXPECT_THAT(
      presented_names(make_self_signed({.common_name = "x", .dns = {"a.test"}, .ip = {"192.0.2.1"}})
                          .certificate),
      ElementsAre("a.test", "192.0.2.1"));
  EXPECT_THAT(presented_names(make_self_signed({.common_name = "x"}).certificate),
              ElementsAre("CN=x"));
}

}  // namespace
}  // namespace postern::x509
