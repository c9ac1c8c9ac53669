#include "relay/blocker.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace postern::relay {
namespace {

using namespace std::chrono_literals;

const Time kStart = parse_rfc3339("2026-11-21T00:00:00Z").value();

verdict::Verdict verdict_of(std::string code) {
  verdict::Verdict out;
  out.code = std::move(code);
  out.cause = "because";
  out.time = kStart;
  return out;
}

policy::Destination destination() {
  policy::Destination out;
  out.next_hop = "partner.example";
  out.connector = "partner";
  out.policy = "connector";
  return out;
}

class BlockerTest : public testing::Test {
 protected:
  policy::QueueConfig queue;
  Blocker blocker = start_blocker(destination(), verdict_of("expired"), "451 ...", queue, kStart);
  static constexpr double kMiddle = 0.5;  // no jitter
};

TEST_F(BlockerTest, ProbesBeginAtProbeMinAndDoubleToProbeMax) {
  EXPECT_EQ(blocker.next_probe, kStart + queue.probe_min);
  Time now = kStart;
  Duration last = queue.probe_min;
  for (int i = 0; i < 12; ++i) {
    now = blocker.next_probe;
    EXPECT_FALSE(update_blocker(blocker, verdict_of("expired"), "x", queue, now, kMiddle));
    EXPECT_EQ(blocker.next_probe - now, std::min(last * 2, queue.probe_max));
    last = blocker.next_probe - now;
  }
  EXPECT_EQ(last, queue.probe_max);
}

TEST_F(BlockerTest, JitterStaysWithinTenPerCent) {
  for (const double jitter : {0.0, 0.25, 0.999}) {
    Blocker copy = blocker;
    (void)update_blocker(copy, verdict_of("expired"), "x", queue, kStart, jitter);
    const Duration wait = copy.next_probe - kStart;
    EXPECT_GE(wait, 9s);
    EXPECT_LE(wait, 11s);
  }
}

TEST_F(BlockerTest, AChangeOfCodeKeepsIdAgeAndHistoryAndProbesSoonAgain) {
  const BlockerId id = blocker.id;
  for (int i = 0; i < 6; ++i)
    (void)update_blocker(blocker, verdict_of("expired"), "x", queue, kStart + 1h, kMiddle);
  EXPECT_TRUE(
      update_blocker(blocker, verdict_of("name-mismatch"), "y", queue, kStart + 2h, kMiddle));
  EXPECT_EQ(blocker.id, id);
  EXPECT_EQ(blocker.since, kStart);
  ASSERT_EQ(blocker.history.size(), 2U);
  EXPECT_EQ(blocker.history[0].code, "expired");
  EXPECT_EQ(blocker.history[1].code, "name-mismatch");
  EXPECT_EQ(blocker.next_probe, kStart + 2h + queue.probe_min);
}

TEST_F(BlockerTest, OrdinaryTroubleOnTopKeepsTheCode) {
  postpone_blocker(blocker, "421 refused", queue, kStart + 1min, kMiddle);
  EXPECT_EQ(blocker.verdict.code, "expired");
  EXPECT_EQ(blocker.last_error, "421 refused");
  EXPECT_EQ(blocker.history.size(), 1U);
  EXPECT_GT(blocker.next_probe, kStart + 1min);
}

TEST_F(BlockerTest, HistoryIsBoundedAndKeepsItsFirstEntry) {
  for (std::size_t i = 0; i < 3 * kMaxHistory; ++i) {
    (void)update_blocker(blocker, verdict_of(i % 2 == 0 ? "self-signed" : "untrusted-root"), "x",
                         queue, kStart + 1h, kMiddle);
  }
  EXPECT_EQ(blocker.history.size(), kMaxHistory);
  EXPECT_EQ(blocker.history.front().code, "expired");
}

TEST_F(BlockerTest, SurvivesARestartWhole) {
  blocker.findings = {"mx2: expired"};
  blocker.targets = "a, b";
  blocker.targets_expire = kStart + 5min;
  const Result<Blocker> back = blocker_from_json(to_json(blocker));
  ASSERT_TRUE(back) << back.error().what();
  EXPECT_EQ(dump_json(to_json(*back)), dump_json(to_json(blocker)));
  EXPECT_EQ(back->destination, blocker.destination);
}

TEST_F(BlockerTest, ABrokenRecordIsAnErrorNotACrash) {
  for (const char* text : {"{}", "[]", "{\"id\":\"x\"}", "{\"id\":3}"}) {
    EXPECT_FALSE(blocker_from_json(parse_json(text).value())) << text;
  }
}

TEST_F(BlockerTest, TheViewHasTheFixedNames) {
  const Json view = blocker_view(blocker, 3);
  for (const char* name : {"id", "next_hop", "connector", "policy", "code", "fault", "ours",
                           "messages", "since", "next_probe", "history", "verdict"}) {
    EXPECT_TRUE(view.contains(name)) << name;
  }
  EXPECT_EQ(view["messages"], 3);
}

}  // namespace
}  // namespace postern::relay
