#include "relay/context.h"

namespace postern::relay {

std::shared_ptr<const Snapshot> Context::snapshot() const {
  const std::lock_guard lock(mutex_);
  return snapshot_;
}

void Context::set_snapshot(std::shared_ptr<const Snapshot> next) {
  const std::lock_guard lock(mutex_);
  snapshot_ = std::move(next);
}

io::Task<Result<void>> store_accept(Context& context, store::NewMessage message) {
  io::Promise<Result<void>> promise;
  store::Done done = [promise](Result<void> result) { promise.set(std::move(result)); };
  context.store.accept(std::move(message), std::move(done));
  co_return co_await promise.get();
}

io::Task<Result<void>> store_apply(Context& context, store::Batch batch) {
  io::Promise<Result<void>> promise;
  store::Done done = [promise](Result<void> result) { promise.set(std::move(result)); };
  context.store.apply(std::move(batch), std::move(done));
  co_return co_await promise.get();
}

}  // namespace postern::relay
