// Where coroutines run. A Runtime owns N event loops, one thread each; an Executor names one loop.
// A session lives on one loop and shares nothing; what must be shared lives on one loop and is
// reached by `hop`. Blocking work goes to the Runtime's pool.
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "io/awaitable.h"

namespace postern::io {

class Runtime;

// A loop. Cheap to copy; valid while its Runtime lives. Thread-safe.
class Executor {
 public:
  Executor() = default;
  // Runs `task` to its end on this loop. Its exceptions end up in the operator's log (P1003), never
  // vanish. `name` is for that. The Runtime counts running tasks; see Runtime::wait_idle.
  void spawn(std::string name, Task<void> task) const;
  void post(std::function<void()> work) const;
  [[nodiscard]] bool running_here() const;
  // For net and dns only: the boost::asio::io_context.
  [[nodiscard]] void* native() const { return context_; }

 private:
  friend class Runtime;
  Executor(Runtime* runtime, void* context) : runtime_(runtime), context_(context) {}
  Runtime* runtime_ = nullptr;
  void* context_ = nullptr;
};

class Runtime {
 public:
  // `loops`: at least 1; `pool_threads` for blocking work.
  Runtime(unsigned loops, unsigned pool_threads);
  ~Runtime();  // stops and joins; tasks still suspended are destroyed on their loops
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  [[nodiscard]] Executor main() const;  // loop 0: shared state lives here
  [[nodiscard]] Executor next() const;  // round robin over all loops, for sessions
  [[nodiscard]] unsigned loops() const;
  void start();  // starts the threads
  void stop();   // from any thread; returns when all threads have ended
  [[nodiscard]] std::size_t running_tasks() const;
  void submit(std::function<void()> blocking_work);  // on the pool

 private:
  friend class Executor;
  struct State;
  std::unique_ptr<State> state_;
};

// --- awaitable building blocks; all resume on the loop they were awaited on ---

[[nodiscard]] Task<void> sleep_for(Duration d);

// A one-shot or repeated signal between coroutines of one loop. `wait` returns true when notified,
// false on timeout. Not thread-safe: notify from the same loop (post there otherwise). Destroying
// it wakes nobody: owners outlive waiters.
class Signal {
 public:
  explicit Signal(Executor executor);
  ~Signal();
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  [[nodiscard]] Task<bool> wait(Duration timeout);  // consumes one pending notify
  void notify();  // wakes all waiters; remembered once when nobody waits

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// A value that arrives from another thread (a store's `done`, say), awaited once.
template <class T>
class Promise;

namespace detail {
struct PromiseState;
[[nodiscard]] std::shared_ptr<PromiseState> make_promise_state();
void fulfil(const std::shared_ptr<PromiseState>& state);  // any thread, once
[[nodiscard]] Task<void> await_promise(
    std::shared_ptr<PromiseState> state);  // resumes on the awaiting loop
}  // namespace detail

// Copyable handle; set() from any thread, exactly once; get() awaited once. A Promise never set
// suspends for ever: writers always set.
template <class T>
class Promise {
 public:
  Promise()
      : state_(detail::make_promise_state()), value_(std::make_shared<std::unique_ptr<T>>()) {}
  void set(T value) const {
    *value_ = std::make_unique<T>(std::move(value));
    detail::fulfil(state_);
  }
  [[nodiscard]] Task<T> get() const { return take(state_, value_); }

 private:
  static Task<T> take(std::shared_ptr<detail::PromiseState> state,
                      std::shared_ptr<std::unique_ptr<T>> value) {
    co_await detail::await_promise(state);
    co_return std::move(**value);
  }
  std::shared_ptr<detail::PromiseState> state_;
  std::shared_ptr<std::unique_ptr<T>> value_;
};

// Runs `work` on the pool and resumes here with its value, or with its exception. `work` owns what
// it uses (values, shared_ptr).
template <class F, class T = std::invoke_result_t<F>>
[[nodiscard]] Task<T> run_blocking(Runtime& runtime, F work) {
  Promise<std::pair<std::exception_ptr, std::optional<T>>> promise;
  runtime.submit([promise, work = std::move(work)]() mutable {
    std::pair<std::exception_ptr, std::optional<T>> out;
    try {
      out.second.emplace(work());
    } catch (...) {
      out.first = std::current_exception();
    }
    promise.set(std::move(out));
  });
  auto out = co_await promise.get();
  if (out.first) std::rethrow_exception(out.first);
  co_return std::move(*out.second);
}

// Runs the plain function `work` on `target`'s loop and resumes here with its value: how one loop
// asks another's state.
template <class F, class T = std::invoke_result_t<F>>
[[nodiscard]] Task<T> call_on(Executor target, F work) {
  Promise<T> promise;
  target.post([promise, work = std::move(work)]() mutable { promise.set(work()); });
  co_return co_await promise.get();
}

}  // namespace postern::io
