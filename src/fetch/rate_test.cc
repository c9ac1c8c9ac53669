#include "fetch/rate.h"

#include <gtest/gtest.h>

namespace postern::fetch {
namespace {

using namespace std::chrono_literals;
using Say = HostRate::Say;

const Time kNow = parse_rfc3339("2026-11-21T12:00:00Z").value();

TEST(HostRateTest, AHostIsAskedSoOftenAndSoMuchAtOnce) {
  HostRate rate(2, 3, 1min);
  EXPECT_EQ(rate.ask("a", kNow), Say::start);
  EXPECT_EQ(rate.ask("a", kNow), Say::start);
  EXPECT_EQ(rate.ask("a", kNow), Say::wait);
  EXPECT_EQ(rate.ask("b", kNow), Say::start) << "each host for itself";
  rate.ended("a");
  EXPECT_EQ(rate.ask("a", kNow), Say::start);
  rate.ended("a");
  EXPECT_EQ(rate.ask("a", kNow), Say::too_often);
  EXPECT_EQ(rate.ask("a", kNow + 1min), Say::start);
}

TEST(HostRateTest, HostsAreForgotten) {
  HostRate rate(2, 3, 1min);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(rate.ask(std::to_string(i), kNow), Say::start);
    rate.ended(std::to_string(i));
  }
  EXPECT_EQ(rate.ask("x", kNow + 1min), Say::start);
  EXPECT_EQ(rate.hosts(), 1U);
}

}  // namespace
}  // namespace postern::fetch
