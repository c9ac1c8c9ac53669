#include "relay/context.h"

#include "base/json.h"
#include "base/log.h"

namespace postern::relay {
namespace {

constexpr log::Event kStoreTrouble{1101, log::Level::error, "store.failed"};

}  // namespace

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

io::Task<void> store_verdict(Context& context, verdict::Verdict& verdict,
                             const verdict::Evidence* evidence) {
  const Time now = context.clock.now();
  verdict.id = VerdictId::make(now);
  store::Batch batch;
  batch.verdicts.push_back({verdict.id, now, dump_json(verdict::to_json(verdict)),
                            evidence == nullptr
                                ? std::string()
                                : dump_json(verdict::to_json(verdict::for_storage(*evidence)))});
  const Result<void> stored = co_await store_apply(context, std::move(batch));
  if (!stored) log::write(kStoreTrouble, {{"what", "verdict"}, {"error", stored.error().what()}});
}

}  // namespace postern::relay
