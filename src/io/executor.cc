#include "io/executor.h"

#include <atomic>
#include <exception>
#include <list>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.h"

namespace postern::io {

namespace asio = boost::asio;

namespace {

constexpr log::Event kTaskFailed{1003, log::Level::error, "task.failed"};

asio::io_context& context_of(void* native) {
  return *static_cast<asio::io_context*>(native);
}

std::string words_of(const std::exception_ptr& problem) {
  try {
    std::rethrow_exception(problem);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "unknown exception";
  }
}

}  // namespace

struct Runtime::State {
  struct Loop {
    Loop() : context(1), guard(asio::make_work_guard(context)) {}
    asio::io_context context;
    asio::executor_work_guard<asio::io_context::executor_type> guard;
    std::thread thread;
  };
  explicit State(unsigned pool_threads) : pool(pool_threads) {}
  std::list<Loop> loops;
  std::vector<Loop*> by_index;
  asio::thread_pool pool;
  std::atomic<std::size_t> next{0};
  std::atomic<std::size_t> tasks{0};
  std::mutex stop_mutex;
  bool stopped = false;
};

Runtime::Runtime(unsigned loops, unsigned pool_threads)
    : state_(std::make_unique<State>(pool_threads == 0 ? 1 : pool_threads)) {
  for (unsigned i = 0; i < (loops == 0 ? 1 : loops); ++i) {
    state_->by_index.push_back(&state_->loops.emplace_back());
  }
}

Runtime::~Runtime() {
  stop();
}

Executor Runtime::main() const {
  return Executor(const_cast<Runtime*>(this), &state_->by_index.front()->context);
}

Executor Runtime::next() const {
  const std::size_t index = state_->next.fetch_add(1) % state_->by_index.size();
  return Executor(const_cast<Runtime*>(this), &state_->by_index[index]->context);
}

unsigned Runtime::loops() const {
  return static_cast<unsigned>(state_->by_index.size());
}

void Runtime::start() {
  for (State::Loop& loop : state_->loops) {
    loop.thread = std::thread([&loop] { loop.context.run(); });
  }
}

void Runtime::stop() {
  const std::lock_guard lock(state_->stop_mutex);
  if (state_->stopped) return;
  state_->stopped = true;
  // The pool first: its work may still fulfil promises of the loops.
  state_->pool.join();
  for (State::Loop& loop : state_->loops) loop.context.stop();
  for (State::Loop& loop : state_->loops) {
    if (loop.thread.joinable()) loop.thread.join();
  }
}

std::size_t Runtime::running_tasks() const {
  return state_->tasks;
}

void Runtime::submit(std::function<void()> blocking_work) {
  asio::post(state_->pool, std::move(blocking_work));
}

void Executor::spawn(std::string name, Task<void> task) const {
  std::atomic<std::size_t>& tasks = runtime_->state_->tasks;
  ++tasks;
  asio::co_spawn(context_of(context_), std::move(task),
                 [&tasks, name = std::move(name)](const std::exception_ptr& problem) {
                   --tasks;
                   if (problem)
                     log::write(kTaskFailed, {{"task", name}, {"error", words_of(problem)}});
                 });
}

void Executor::post(std::function<void()> work) const {
  asio::post(context_of(context_), std::move(work));
}

bool Executor::running_here() const {
  return context_of(context_).get_executor().running_in_this_thread();
}

Task<void> sleep_for(Duration d) {
  asio::steady_timer timer(co_await asio::this_coro::executor, d);
  co_await timer.async_wait(asio::use_awaitable);
}

// --- Signal: a timer that is cancelled by notify ---

struct Signal::State {
  explicit State(asio::io_context& context_in) : context(context_in) {}
  asio::io_context& context;
  std::list<asio::steady_timer*> waiters;
  bool pending = false;
};

Signal::Signal(Executor executor)
    : state_(std::make_shared<State>(context_of(executor.native()))) {}

Signal::~Signal() = default;

Task<bool> Signal::wait(Duration timeout) {
  const std::shared_ptr<State> state = state_;
  if (state->pending) {
    state->pending = false;
    co_return true;
  }
  asio::steady_timer timer(state->context, timeout);
  const auto place = state->waiters.insert(state->waiters.end(), &timer);
  boost::system::error_code error;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
  state->waiters.erase(place);
  co_return error == asio::error::operation_aborted;
}

void Signal::notify() {
  if (state_->waiters.empty()) {
    state_->pending = true;
    return;
  }
  for (asio::steady_timer* waiter : state_->waiters) waiter->cancel();
}

// --- Promise ---

namespace detail {

struct PromiseState {
  std::mutex mutex;
  bool ready = false;
  std::function<void()> wake;
};

std::shared_ptr<PromiseState> make_promise_state() {
  return std::make_shared<PromiseState>();
}

void fulfil(const std::shared_ptr<PromiseState>& state) {
  std::function<void()> wake;
  {
    const std::lock_guard lock(state->mutex);
    state->ready = true;
    wake.swap(state->wake);
  }
  if (wake) wake();
}

Task<void> await_promise(std::shared_ptr<PromiseState> state) {
  const auto executor = co_await asio::this_coro::executor;
  const auto initiate = [state, executor](auto handler) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    // Keeps the loop's work count up while nothing but another thread can wake it.
    auto guard = std::make_shared<asio::executor_work_guard<asio::any_io_executor>>(executor);
    const auto resume = [shared, guard, executor] {
      asio::post(executor, [shared, guard] {
        guard->reset();
        std::move (*shared)();
      });
    };
    std::unique_lock lock(state->mutex);
    if (state->ready) {
      lock.unlock();
      resume();
    } else {
      state->wake = resume;
    }
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(initiate,
                                                                       asio::use_awaitable);
}

}  // namespace detail

}  // namespace postern::io
