#include "probe/sts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fetch/testing/scripted_fetcher.h"
#include "probe/testing/run.h"

namespace postern::probe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using verdict::FetchKind;
using Status = verdict::DnsEvidence::Status;

constexpr const char* kUrl = "https://mta-sts.contoso.test/.well-known/mta-sts.txt";
constexpr const char* kPolicy =
    "version: STSv1\r\nmode: enforce\r\nmx: *.contoso.test\r\nmax_age: 604800\r\n";

class StsTest : public ::testing::Test {
 protected:
  void publish(std::vector<std::string> texts) {
    dns::RecordsAnswer answer;
    answer.status = Status::insecure;
    answer.records = std::move(texts);
    resolver_.set_records("_mta-sts.contoso.test", dns::RecordType::txt, answer);
  }
  StsFacts look(bool fetching = true) {
    fetch::Fetcher* const fetcher = fetching ? &fetcher_ : nullptr;
    return testing::run([&](const io::Executor&) {
      return look_up_sts(resolver_, fetcher, "contoso.test", Duration{8'000});
    });
  }

  dns::ScriptedResolver resolver_;
  fetch::testing::ScriptedFetcher fetcher_;
};

TEST_F(StsTest, TheRecordAnnouncesThePolicyThatIsFetched) {
  publish({"v=spf1 -all", "v=STSv1; id=20261121;"});
  fetcher_.answer(FetchKind::mta_sts, kUrl, kPolicy);
  const StsFacts facts = look();
  EXPECT_EQ(facts.id, "20261121");
  EXPECT_EQ(facts.problem, "");
  ASSERT_TRUE(facts.policy);
  EXPECT_EQ(facts.policy->mode, verdict::StsMode::enforce);
  EXPECT_THAT(facts.policy->mx, ElementsAre("*.contoso.test"));
  EXPECT_EQ(facts.policy->max_age, std::chrono::hours(7 * 24));
  EXPECT_THAT(fetcher_.asked, ElementsAre(std::string("mta-sts ") + kUrl));
}

TEST_F(StsTest, WithoutARecordNothingIsFetched) {  // RFC 8461 s3.1
  EXPECT_EQ(look().status, Status::no_such_name);
  publish({"v=spf1 -all"});
  const StsFacts facts = look();
  EXPECT_EQ(facts.id, "");
  EXPECT_EQ(facts.problem, "");
  EXPECT_THAT(fetcher_.asked, IsEmpty());
}

TEST_F(StsTest, ABrokenRecordIsTheRecordsProblem) {
  publish({"v=STSv1; id=1;", "v=STSv1; id=2;"});
  const StsFacts facts = look();
  EXPECT_THAT(facts.problem, HasSubstr("more than one v=STSv1 record"));
  EXPECT_EQ(facts.problem_at, "_mta-sts.contoso.test");
  EXPECT_THAT(fetcher_.asked, IsEmpty());
}

TEST_F(StsTest, WhyAPolicyWasNotHadIsSaidWithItsUrl) {
  publish({"v=STSv1; id=1;"});
  fetcher_.fail(FetchKind::mta_sts, kUrl, "HTTP status 404");
  const StsFacts missing = look();
  EXPECT_FALSE(missing.policy);
  EXPECT_THAT(missing.problem, HasSubstr(std::string(kUrl) + ": HTTP status 404"));
  EXPECT_EQ(missing.problem_at, "mta-sts.contoso.test");
  fetcher_.answer(FetchKind::mta_sts, kUrl, "version: STSv1\nmode: strict\n");
  EXPECT_THAT(look().problem, HasSubstr("line 2 of the MTA-STS policy"));
}

TEST_F(StsTest, WithoutAFetcherTheRecordAloneIsRead) {
  publish({"v=STSv1; id=1;"});
  const StsFacts facts = look(false);
  EXPECT_EQ(facts.id, "1");
  EXPECT_FALSE(facts.policy);
  EXPECT_EQ(facts.problem, "");
}

TEST(StsSender, AsksTheMxNameAsDnsIdAndNoRevocation) {
  const verdict::TlsPolicy policy = sts_sender_policy("mx1.contoso.test", {});
  EXPECT_EQ(policy.level, verdict::Level::authenticate);
  ASSERT_EQ(policy.reference.size(), 1U);
  EXPECT_EQ(policy.reference.front().name, "mx1.contoso.test");
  EXPECT_EQ(policy.revocation, verdict::Revocation::off);
  EXPECT_FALSE(policy.legacy_cn);
}

}  // namespace
}  // namespace postern::probe
