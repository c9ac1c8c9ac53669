// What every part of the relay shares: the clock, the loops, the store, and the present
// configuration with its loaded certificates.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "dns/resolver.h"
#include "fetch/fetcher.h"
#include "io/executor.h"
#include "observe/judgement.h"
#include "policy/config.h"
#include "relay/protocol_log.h"
#include "store/store.h"
#include "tls/materials.h"
#include "verdict/evidence.h"
#include "verdict/verdict.h"

namespace postern::relay {

// One consistent view of configuration and materials. Immutable; take it once per session or
// attempt and keep it.
struct Snapshot {
  std::shared_ptr<const policy::Config> config;
  std::shared_ptr<const tls::Materials> materials;
};

class Context {
 public:
  Context(const Clock& clock_in, io::Runtime& runtime_in, store::Store& store_in,
          dns::Resolver& resolver_in, fetch::Fetcher& fetcher_in, ProtocolLog& protocol_log_in)
      : clock(clock_in),
        runtime(runtime_in),
        store(store_in),
        resolver(resolver_in),
        fetcher(fetcher_in),
        protocol_log(protocol_log_in) {}

  const Clock& clock;
  io::Runtime& runtime;
  store::Store& store;
  dns::Resolver& resolver;
  fetch::Fetcher& fetcher;
  ProtocolLog& protocol_log;

  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() const;  // thread-safe
  void set_snapshot(std::shared_ptr<const Snapshot> next);

  // With what the gateway judges: everybody by the same cache.
  [[nodiscard]] observe::Judging judging() { return {&fetcher, &runtime, &clock, false}; }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Snapshot> snapshot_;
};

// Awaitable forms of the store's callbacks; resume on the awaiting loop, durable on return.
[[nodiscard]] io::Task<Result<void>> store_accept(Context& context, store::NewMessage message);
[[nodiscard]] io::Task<Result<void>> store_apply(Context& context, store::Batch batch);
// Gives `verdict` its id and stores it, with the evidence unless that is nullptr, so that `verdict
// show` finds it. An error is told in the log: what the verdict decided stands.
[[nodiscard]] io::Task<void> store_verdict(Context& context, verdict::Verdict& verdict,
                                           const verdict::Evidence* evidence);

}  // namespace postern::relay
