// Several coroutines side by side on one loop, awaited together.
#pragma once

#include <algorithm>
#include <cstddef>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/awaitable.h"
#include "io/executor.h"

namespace postern::io {

constexpr std::size_t kAllAtOnce = std::numeric_limits<std::size_t>::max();

namespace detail {

template <class T>
struct Gathering {
  std::vector<Task<T>> tasks;
  std::vector<T> values;
  std::size_t next = 0;  // the first task nobody has begun
};

// Takes one task after the other. Whatever ends a task, the next one has its turn and the one who
// waits does not wait in vain; what ended badly is told in the end, by the executor.
template <class T>
Task<void> run_gathered(std::shared_ptr<Gathering<T>> all, Promise<bool> done) {
  std::exception_ptr problem;
  while (all->next < all->tasks.size()) {
    const std::size_t at = all->next++;
    try {
      T value = co_await std::move(all->tasks[at]);
      all->values[at] = std::move(value);
    } catch (...) {
      problem = std::current_exception();
    }
  }
  done.set(true);
  if (problem) std::rethrow_exception(problem);
}

}  // namespace detail

// The values of all tasks, in their order, at most `at_once` of them under way at a time; T{} where
// one ended badly. `executor`: of the awaiting loop. `what`: for the log.
template <class T>
Task<std::vector<T>> gather(Executor executor, std::string what, std::vector<Task<T>> tasks,
                            std::size_t at_once = kAllAtOnce) {
  const auto all = std::make_shared<detail::Gathering<T>>();
  all->values.resize(tasks.size());
  all->tasks = std::move(tasks);
  std::vector<Promise<bool>> runners(std::min(all->tasks.size(), at_once));
  for (const Promise<bool>& done : runners) executor.spawn(what, detail::run_gathered(all, done));
  for (const Promise<bool>& done : runners) {
    const bool ended = co_await done.get();
    (void)ended;
  }
  co_return std::move(all->values);
}

// A value that may come too late; kept alive by whoever comes last.
template <class T>
struct Late {
  explicit Late(Executor executor) : come(executor) {}
  Signal come;
  std::optional<T> value;
};

namespace detail {

template <class T>
Task<void> run_late(Task<T> task, std::shared_ptr<Late<T>> late) {
  T value = co_await std::move(task);
  late->value.emplace(std::move(value));
  late->come.notify();
}

}  // namespace detail

// The task's value, or nullopt when it does not come in `time`; the task then goes on unwatched, so
// what it refers to outlives the executor's tasks.
template <class T>
Task<std::optional<T>> within(Executor executor, std::string what, Task<T> task, Duration time) {
  const auto late = std::make_shared<Late<T>>(executor);
  executor.spawn(std::move(what), detail::run_late(std::move(task), late));
  const bool come = co_await late->come.wait(time);
  if (!come) co_return std::nullopt;
  co_return std::move(late->value);
}

}  // namespace postern::io
