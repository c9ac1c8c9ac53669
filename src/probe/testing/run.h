// For tests: a coroutine run to its end on a loop of its own.
#pragma once

#include <future>
#include <utility>

#include "io/executor.h"

namespace postern::probe::testing {

template <class T>
io::Task<void> run_to(io::Task<T> task, std::promise<T>* out) {
  T value = co_await std::move(task);
  out->set_value(std::move(value));
}

// `make`: from an Executor to the task.
template <class Make>
auto run(Make make) {
  io::Runtime runtime(1, 1);
  using T = typename decltype(make(runtime.main()))::value_type;
  std::promise<T> out;
  std::future<T> waiting = out.get_future();
  runtime.main().spawn("test", run_to<T>(make(runtime.main()), &out));
  runtime.start();
  T value = waiting.get();
  runtime.stop();
  return value;
}

}  // namespace postern::probe::testing
