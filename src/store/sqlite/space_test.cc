#include "store/sqlite/space.h"

#include <gtest/gtest.h>

namespace postern::store::sqlite {
namespace {

TEST(SpaceGauge, AMeasurementIsDueForOneCallerEachSecond) {
  SpaceGauge gauge([] { return std::optional<std::uint64_t>(7); });
  const SpaceGauge::Clock::time_point start{};
  EXPECT_TRUE(gauge.is_due(start)) << "the first one at once";
  EXPECT_FALSE(gauge.is_due(start));
  EXPECT_FALSE(gauge.is_due(start + SpaceGauge::kMaxAge / 2));
  EXPECT_TRUE(gauge.is_due(start + SpaceGauge::kMaxAge));
  EXPECT_FALSE(gauge.is_due(start + SpaceGauge::kMaxAge));
}

TEST(SpaceGauge, WhereTheFileSystemDoesNotAnswerTheLastAnswerStays) {
  std::optional<std::uint64_t> answer;
  SpaceGauge gauge([&answer] { return answer; });
  EXPECT_EQ(gauge.measure(), 0U) << "nothing is known: nothing is taken in";
  answer = 4096;
  EXPECT_EQ(gauge.known(), 0U) << "until it is measured";
  EXPECT_EQ(gauge.measure(), 4096U);
  answer.reset();
  EXPECT_EQ(gauge.measure(), 4096U);
}

TEST(SpaceProbe, AsksTheFileSystemOfTheFolder) {
  EXPECT_GT(space_of(testing::TempDir())().value_or(0), 0U);
  EXPECT_GT(space_of("")().value_or(0), 0U) << "the folder we are in";
  EXPECT_FALSE(space_of("/nowhere/at/all")());
}

}  // namespace
}  // namespace postern::store::sqlite
