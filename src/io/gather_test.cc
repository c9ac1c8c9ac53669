#include "io/gather.h"

#include <future>
#include <stdexcept>

#include <gtest/gtest.h>

namespace postern::io {
namespace {

using namespace std::chrono_literals;

struct Width {
  std::size_t open = 0, most = 0;
};

Task<int> doubled(int number, Width& width) {
  width.most = std::max(width.most, ++width.open);
  co_await sleep_for(1ms);
  --width.open;
  co_return number * 2;
}

Task<int> broken() {
  co_await sleep_for(1ms);
  throw std::runtime_error("planted");
}

Task<void> gather_into(Executor executor, std::vector<Task<int>> tasks, std::size_t at_once,
                       std::promise<std::vector<int>>& out) {
  std::vector<int> values = co_await gather(executor, "test", std::move(tasks), at_once);
  out.set_value(std::move(values));
}

class Gather : public ::testing::Test {
 protected:
  void SetUp() override { runtime_.start(); }
  std::vector<int> gathered(std::vector<Task<int>> tasks, std::size_t at_once) {
    std::promise<std::vector<int>> out;
    const Executor here = runtime_.main();
    here.spawn("test", gather_into(here, std::move(tasks), at_once, out));
    return out.get_future().get();
  }
  Runtime runtime_{1, 1};
};

TEST_F(Gather, ValuesComeInTheOrderOfTheirTasksAndWidthIsKept) {
  for (const std::size_t at_once : {std::size_t{1}, std::size_t{3}, kAllAtOnce}) {
    Width width;
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 8; ++i) tasks.push_back(doubled(i, width));
    EXPECT_EQ(gathered(std::move(tasks), at_once), (std::vector<int>{0, 2, 4, 6, 8, 10, 12, 14}));
    EXPECT_EQ(width.most, std::min<std::size_t>(at_once, 8));
  }
  EXPECT_TRUE(gathered({}, kAllAtOnce).empty());
}

TEST_F(Gather, OneThatEndsBadlyIsToldAndHoldsUpNobody) {
  testing::internal::CaptureStderr();
  Width width;
  std::vector<Task<int>> tasks;
  tasks.push_back(broken());
  tasks.push_back(doubled(7, width));
  EXPECT_EQ(gathered(std::move(tasks), 1), (std::vector<int>{0, 14}));
  runtime_.stop();
  EXPECT_NE(testing::internal::GetCapturedStderr().find("planted"), std::string::npos);
}

Task<int> number_after(Duration time) {
  co_await sleep_for(time);
  co_return 5;
}

Task<void> wait_within(Executor executor, Duration takes, Duration time,
                       std::promise<std::optional<int>>& out) {
  auto value = co_await within(executor, "test", number_after(takes), time);
  out.set_value(value);
}

TEST_F(Gather, WithinGivesTheValueOrNothingInTime) {
  std::promise<std::optional<int>> early;
  runtime_.main().spawn("test", wait_within(runtime_.main(), 1ms, 1h, early));
  EXPECT_EQ(early.get_future().get(), 5);
  std::promise<std::optional<int>> late;
  runtime_.main().spawn("test", wait_within(runtime_.main(), 1h, 1ms, late));
  EXPECT_EQ(late.get_future().get(), std::nullopt);
}

}  // namespace
}  // namespace postern::io
