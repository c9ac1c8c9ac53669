#include "relay/findings.h"

#include <gmock/gmock.h>

#include "base/json.h"

namespace postern::relay {
namespace {

using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Time kNow{Duration(1'790'000'000'000)};

observe::Target host(const std::string& name) {
  observe::Target out;
  out.host = name;
  out.address = "192.0.2.1";
  return out;
}

// A look that came to `works` behind broken hosts.
NextHopLook look(const std::string& works, const std::vector<std::string>& broken,
                 const std::vector<std::string>& others = {}) {
  NextHopLook out;
  out.target = host(works);
  out.hosts.insert(describe(out.target));
  for (const std::string& name : others) out.hosts.insert(describe(host(name)));
  for (const std::string& name : broken) {
    out.hosts.insert(describe(host(name)));
    out.findings.push_back({describe(host(name)), name + " is broken"});
  }
  return out;
}

class FindingsTest : public ::testing::Test {
 protected:
  policy::Destination partner_{"partner.test", "partner", "connector", ""};
  policy::Destination other_{"other.test", "partner", "connector", ""};
  Findings findings_;
};

TEST_F(FindingsTest, ABrokenHost_IsNewOnce_AndStaysThoughNothingWaits) {
  EXPECT_EQ(findings_.note(partner_, look("b", {"a"}), kNow).size(), 1U);
  EXPECT_THAT(findings_.note(partner_, look("b", {"a"}), kNow + hours(1)), IsEmpty());
  EXPECT_THAT(findings_.texts_of(partner_, kNow + hours(2)), ElementsAre("a is broken"));
  EXPECT_THAT(findings_.texts_of(other_, kNow), IsEmpty());
  const Json view = findings_.view(kNow + hours(2));
  ASSERT_EQ(view.size(), 1U);
  EXPECT_EQ(view[0]["next_hop"], "partner.test");
  EXPECT_EQ(view[0]["since"], format_rfc3339(kNow));
  EXPECT_EQ(view[0]["seen"], format_rfc3339(kNow + hours(1)));
}

TEST_F(FindingsTest, WhatIsUnknownOfTheHostInUse_IsNewOnceToo) {
  EXPECT_EQ(findings_.note(partner_, look("a", {"a"}), kNow).size(), 1U);
  EXPECT_THAT(findings_.note(partner_, look("a", {"a"}), kNow + hours(1)), IsEmpty());
  EXPECT_EQ(findings_.texts_of(partner_, kNow + hours(1)).size(), 1U);
  (void)findings_.note(partner_, look("a", {}), kNow + hours(2));
  EXPECT_THAT(findings_.texts_of(partner_, kNow + hours(2)), IsEmpty());
}

TEST_F(FindingsTest, ALookThatNeverCameToTheHost_SaysNothingOfIt) {
  (void)findings_.note(partner_, look("b", {"a"}), kNow);
  (void)findings_.note(partner_, look("b", {}, {"a"}), kNow);
  EXPECT_THAT(findings_.texts_of(partner_, kNow), ElementsAre("a is broken"));
}

TEST_F(FindingsTest, SeenClean_NoLongerATarget_OrTooOld_ItIsGone) {
  (void)findings_.note(partner_, look("b", {"a"}), kNow);
  (void)findings_.note(partner_, look("a", {}, {"b"}), kNow);
  EXPECT_THAT(findings_.texts_of(partner_, kNow), IsEmpty()) << "seen clean";
  (void)findings_.note(partner_, look("b", {"a"}), kNow);
  (void)findings_.note(partner_, look("b", {}), kNow);
  EXPECT_THAT(findings_.texts_of(partner_, kNow), IsEmpty()) << "DNS names it no more";
  (void)findings_.note(partner_, look("b", {"a"}), kNow);
  const Time later = kNow + kFindingAge + Duration(1);
  EXPECT_THAT(findings_.texts_of(partner_, later), IsEmpty());
  EXPECT_EQ(findings_.view(later).size(), 0U);
}

TEST_F(FindingsTest, TheOneSeenLongestAgo_MakesRoom) {
  (void)findings_.note(partner_, look("b", {"a"}), kNow);
  for (std::size_t i = 0; i < kMaxFindings; ++i) {
    const policy::Destination one{"d" + std::to_string(i) + ".test", "partner", "connector", ""};
    (void)findings_.note(one, look("b", {"a"}), kNow + hours(1));
  }
  EXPECT_EQ(findings_.view(kNow + hours(1)).size(), kMaxFindings);
  EXPECT_THAT(findings_.texts_of(partner_, kNow + hours(1)), IsEmpty());
}

}  // namespace
}  // namespace postern::relay
