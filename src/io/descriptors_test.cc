#include "io/descriptors.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace postern::io {
namespace {

TEST(Descriptors, SoftLimitIsRaisedToTheHardOne) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = before.rlim_max / 2;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(descriptor_limit(), before.rlim_max / 2);
  EXPECT_EQ(raise_descriptor_limit(), before.rlim_max);
  EXPECT_EQ(descriptor_limit(), before.rlim_max);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(Descriptors, SessionsLeaveAReserveForEverythingElse) {
  EXPECT_EQ(sessions_for(1024), 384U);
  EXPECT_EQ(sessions_for(65536), (65536U - 2048U) / 2);
  EXPECT_EQ(sessions_for(0), 1U);
}

}  // namespace
}  // namespace postern::io
