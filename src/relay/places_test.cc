#include "relay/places.h"

#include <gtest/gtest.h>

namespace postern::relay {
namespace {

TEST(SessionPlaces, DestinationsThatStallTakeTheirShareAndLeaveTheRestToOthers) {
  SessionPlaces places;
  for (std::size_t i = 0; i < kMaxStalledSessions; ++i) {
    ASSERT_TRUE(places.is_left(true));
    places.take(true);
  }
  EXPECT_FALSE(places.is_left(true));
  for (std::size_t i = kMaxStalledSessions; i < kMaxSessions; ++i) {
    ASSERT_TRUE(places.is_left(false)) << i;
    places.take(false);
  }
  EXPECT_FALSE(places.is_left(false));
  places.give_back(false);
  EXPECT_TRUE(places.is_left(false));
  EXPECT_FALSE(places.is_left(true)) << "a free place is not a free one of the share";
}

TEST(SessionPlaces, OthersMayTakeEveryPlaceAndTheShareIsNotKeptFree) {
  SessionPlaces places;
  for (std::size_t i = 0; i < kMaxSessions; ++i) places.take(false);
  EXPECT_EQ(places.taken(), kMaxSessions);
  EXPECT_FALSE(places.is_left(true));
  places.give_back(false);
  EXPECT_TRUE(places.is_left(true));
}

TEST(SessionPlaces, APlaceOfTheShareComesBackToIt) {
  SessionPlaces places;
  for (std::size_t i = 0; i < kMaxStalledSessions; ++i) places.take(true);
  places.give_back(true);
  EXPECT_TRUE(places.is_left(true));
  EXPECT_EQ(places.taken(), kMaxStalledSessions - 1);
}

}  // namespace
}  // namespace postern::relay
