#include "io/executor.h"

#include <atomic>
#include <future>
#include <thread>

#include <gtest/gtest.h>

namespace postern::io {
namespace {

using namespace std::chrono_literals;

Task<void> add_on_pool(Runtime& runtime, std::promise<int>& out) {
  const auto base = std::make_shared<int>(20);
  auto work = [base] { return *base + 22; };
  const int sum = co_await run_blocking(runtime, work);
  out.set_value(sum);
}

TEST(Runtime, BlockingWorkComesBackToItsLoop) {
  Runtime runtime(2, 2);
  runtime.start();
  std::promise<int> out;
  runtime.next().spawn("add", add_on_pool(runtime, out));
  EXPECT_EQ(out.get_future().get(), 42);
}

Task<void> wait_signal(Signal& signal, Duration timeout, std::promise<bool>& out) {
  const bool notified = co_await signal.wait(timeout);
  out.set_value(notified);
}

TEST(Signal, NotifiesWaitersAndRemembersOneNotify) {
  Runtime runtime(1, 1);
  runtime.start();
  Signal signal(runtime.main());
  std::promise<bool> first;
  runtime.main().post([&] { signal.notify(); });
  runtime.main().spawn("first", wait_signal(signal, 10s, first));
  EXPECT_TRUE(first.get_future().get());
  std::promise<bool> second;
  runtime.main().spawn("second", wait_signal(signal, 20ms, second));
  EXPECT_FALSE(second.get_future().get());
  std::promise<bool> third;
  runtime.main().spawn("third", wait_signal(signal, 10s, third));
  runtime.main().post([&] { signal.notify(); });
  EXPECT_TRUE(third.get_future().get());
  runtime.stop();
}

Task<void> ask_other(Executor here, Executor other, std::promise<bool>& out) {
  auto question = [other] { return other.running_here(); };
  const bool there = co_await call_on(other, question);
  out.set_value(there && here.running_here());
}

TEST(CallOn, RunsThereAndResumesHere) {
  Runtime runtime(2, 1);
  runtime.start();
  (void)runtime.next();
  const Executor other = runtime.next();
  std::promise<bool> out;
  runtime.main().spawn("ask", ask_other(runtime.main(), other, out));
  EXPECT_TRUE(out.get_future().get());
}

Task<void> throw_something() {
  co_await sleep_for(1ms);
  throw std::runtime_error("planted");
}

TEST(Spawn, AnExceptionIsLoggedAndCountedNotLost) {
  testing::internal::CaptureStderr();
  {
    Runtime runtime(1, 1);
    runtime.start();
    runtime.main().spawn("thrower", throw_something());
    while (runtime.running_tasks() != 0) std::this_thread::yield();
  }
  EXPECT_NE(testing::internal::GetCapturedStderr().find("planted"), std::string::npos);
}

TEST(Runtime, StopDestroysWhatIsStillSuspended) {
  Runtime runtime(1, 1);
  runtime.start();
  Signal signal(runtime.main());
  std::promise<bool> never;
  runtime.main().spawn("waits", wait_signal(signal, 1h, never));
  runtime.stop();
}

}  // namespace
}  // namespace postern::io
