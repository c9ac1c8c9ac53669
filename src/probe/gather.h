// Several coroutines side by side on one loop, awaited together.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/awaitable.h"
#include "io/executor.h"

namespace postern::probe {

// Whatever ends the task, its place is filled: the one who waits never waits in vain.
template <class T>
io::Task<void> run_into(io::Task<T> task, io::Promise<T> promise) {
  T value{};
  try {
    value = co_await std::move(task);
  } catch (...) {
    promise.set(std::move(value));
    throw;  // the executor tells the operator
  }
  promise.set(std::move(value));
}

// The values of all tasks, in their order. `what`: for the log, where one ends badly.
template <class T>
io::Task<std::vector<T>> gather(io::Executor executor, std::string what,
                                std::vector<io::Task<T>> tasks) {
  std::vector<io::Promise<T>> promises;
  for (io::Task<T>& task : tasks) {
    const io::Promise<T> promise;
    executor.spawn(what, run_into(std::move(task), promise));
    promises.push_back(promise);
  }
  std::vector<T> out;
  for (const io::Promise<T>& promise : promises) {
    T value = co_await promise.get();
    out.push_back(std::move(value));
  }
  co_return out;
}

// A value that may come too late; kept alive by whoever comes last.
template <class T>
struct Late {
  explicit Late(io::Executor executor) : come(executor) {}
  io::Signal come;
  std::optional<T> value;
};

template <class T>
io::Task<void> run_late(io::Task<T> task, std::shared_ptr<Late<T>> late) {
  T value = co_await std::move(task);
  late->value.emplace(std::move(value));
  late->come.notify();
}

// The task's value, or nullopt when it does not come in `time`; the task then goes on unwatched, so
// what it refers to outlives the executor's tasks.
template <class T>
io::Task<std::optional<T>> within(io::Executor executor, std::string what, io::Task<T> task,
                                  Duration time) {
  const auto late = std::make_shared<Late<T>>(executor);
  executor.spawn(std::move(what), run_late(std::move(task), late));
  const bool come = co_await late->come.wait(time);
  if (!come) co_return std::nullopt;
  co_return std::move(late->value);
}

}  // namespace postern::probe
