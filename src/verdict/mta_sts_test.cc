#include "verdict/mta_sts.h"

#include <gtest/gtest.h>

namespace postern::verdict {
namespace {

TEST(StsRecord, ExactlyOneWithAnId) {
  const auto id = parse_sts_records({"v=spf1 -all", "v=STSv1; id=20261101T000000Z;"});
  ASSERT_TRUE(id);
  EXPECT_EQ(*id, "20261101T000000Z");
  EXPECT_EQ(*parse_sts_records({"v=spf1 -all"}), std::nullopt);
  EXPECT_FALSE(parse_sts_records({"v=STSv1; id=1", "v=STSv1; id=2"}));
  for (const char* broken : {"v=STSv1", "v=STSv1; id=", "v=STSv1; id=a-b",
                             "v=STSv1; id=012345678901234567890123456789012"})
    EXPECT_FALSE(parse_sts_records({broken})) << broken;
}

TEST(StsPolicy, TheExampleOfTheRfc) {
  const auto policy = parse_sts_policy(
      "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.Example.NET\r\n"
      "mx: backupmx.example.com\r\nmax_age: 604800\r\n");
  ASSERT_TRUE(policy) << policy.error().detail();
  EXPECT_EQ(policy->mode, StsMode::enforce);
  EXPECT_EQ(policy->max_age, std::chrono::seconds(604800));
  ASSERT_EQ(policy->mx.size(), 3U);
  EXPECT_TRUE(lists_mx(*policy, "MAIL.example.com"));
  EXPECT_TRUE(lists_mx(*policy, "mx1.example.net"));
  EXPECT_FALSE(lists_mx(*policy, "a.mx1.example.net"));
  EXPECT_FALSE(lists_mx(*policy, "example.net"));
  EXPECT_FALSE(lists_mx(*policy, "mail.example.org"));
}

TEST(StsPolicy, BareNewlinesUnknownKeysAndRepeatsAreTaken) {
  const auto policy = parse_sts_policy(
      "version: STSv1\nmode: testing\nfuture: yes\nmx: a.example\nmax_age: 1\nmax_age: 2\n");
  ASSERT_TRUE(policy);
  EXPECT_EQ(policy->mode, StsMode::testing);
  EXPECT_EQ(policy->max_age, std::chrono::seconds(1));
}

TEST(StsPolicy, BrokenOnesSayWhere) {
  const struct {
    const char* text;
    const char* says;
  } cases[] = {
      {"", "no version"},
      {"version: STSv2\n", "line 1 of the MTA-STS policy: version is STSv1 only"},
      {"version: STSv1\nmx: a.example\nmax_age: 1\n", "no mode"},
      {"version: STSv1\nmode: enforce\nmx: a.example\n", "no max_age"},
      {"version: STSv1\nmode: enforce\nmax_age: 1\n", "lists no mx"},
      {"version: STSv1\nmode: Enforce\n", "line 2"},
      {"version: STSv1\nmode: none\nmax_age: 31557601\n", "line 3"},
      {"version: STSv1\nmx: a.*.example\n", "line 2"},
      {"<html>\n", "no 'key: value'"},
  };
  for (const auto& one : cases) {
    const auto policy = parse_sts_policy(one.text);
    ASSERT_FALSE(policy) << one.text;
    EXPECT_NE(policy.error().detail().find(one.says), std::string::npos) << policy.error().detail();
  }
  EXPECT_TRUE(parse_sts_policy("version: STSv1\nmode: none\nmax_age: 0\n"));
}

}  // namespace
}  // namespace postern::verdict
