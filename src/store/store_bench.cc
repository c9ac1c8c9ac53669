// Throughput of the store on the disk of the temporary folder, and what a long queue costs.
#include <atomic>
#include <semaphore>

#include <benchmark/benchmark.h>

#include "store/store_testing.h"

namespace postern::store {
namespace {

std::unique_ptr<Store> open_or_throw(const TempFolder& folder) {
  auto opened = open_store(folder.spec(), {});
  if (!opened) throw std::runtime_error(opened.error().what());
  return std::move(*opened);
}

// Every thread is a session: it sends the next message when the last one is durable.
void accept_messages(benchmark::State& state) {
  static std::unique_ptr<TempFolder> folder;
  static std::unique_ptr<Store> store;
  static std::atomic<std::uint64_t> next;
  if (state.thread_index() == 0) {
    folder = std::make_unique<TempFolder>();
    store = open_or_throw(*folder);
    next = 1;
  }
  TestMessage order;
  order.body = std::string(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    order.id = next++;
    if (!accept(*store, order)) state.SkipWithError("accept failed");
  }
  state.SetItemsProcessed(state.iterations());
  if (state.thread_index() == 0) {
    store.reset();
    folder.reset();
  }
}
BENCHMARK(accept_messages)->Arg(4096)->Threads(1)->Threads(16)->Threads(64)->UseRealTime();
BENCHMARK(accept_messages)->Arg(200'000)->Threads(16)->UseRealTime();

// Fills a store without waiting for each message.
void fill(Store& store, std::uint64_t first, std::uint64_t count) {
  constexpr std::ptrdiff_t kInFlight = 2000;
  std::counting_semaphore<kInFlight> room(kInFlight);
  TestMessage order;
  order.body = "Subject: x\r\n\r\nhello\r\n";
  for (order.id = first; order.id < first + count; ++order.id) {
    order.destination = "destination-" + std::to_string(order.id % 100);
    room.acquire();
    store.accept(make_message(store, order), [&room](const Result<void>&) { room.release(); });
  }
  for (std::ptrdiff_t i = 0; i < kInFlight; ++i) room.acquire();
}

void claim_and_deliver(benchmark::State& state) {
  const TempFolder folder;
  const auto store = open_or_throw(folder);
  std::uint64_t next = 1;
  constexpr std::uint64_t kBatch = 10'000;
  for (auto _ : state) {
    state.PauseTiming();
    fill(*store, next, kBatch);
    next += kBatch;
    state.ResumeTiming();
    std::atomic<std::uint64_t> left = kBatch;
    for (int d = 0; d < 100; ++d) {
      const std::string destination = "destination-" + std::to_string(d);
      while (true) {
        const auto claimed = store->claim(destination, 20);
        if (!claimed || claimed->empty()) break;
        for (const StoredMessage& message : *claimed) {
          Batch batch;
          Change change;
          change.message = message.facts.id;
          change.status = Status::delivered;
          batch.changes.push_back(change);
          batch.events.push_back({message.facts.id, 0, kTestTime, "tx.delivered", "{}"});
          const MessageId id = message.facts.id;
          store->apply(std::move(batch), [&left, &store, destination, id](const Result<void>&) {
            store->finish(destination, id);
            if (--left == 0) left.notify_one();
          });
        }
      }
    }
    for (auto now = left.load(); now != 0; now = left.load()) left.wait(now);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}
BENCHMARK(claim_and_deliver)->Unit(benchmark::kMillisecond)->UseRealTime();

// One long queue for the benchmarks below.
TempFolder& million() {
  static const std::unique_ptr<TempFolder> folder = [] {
    auto made = std::make_unique<TempFolder>();
    fill(*open_or_throw(*made), 1, 1'000'000);
    return made;
  }();
  return *folder;
}
void open_million(benchmark::State& state) {
  const TempFolder& folder = million();
  for (auto _ : state) benchmark::DoNotOptimize(open_or_throw(folder));
}
void destinations_million(benchmark::State& state) {
  const auto store = open_or_throw(million());
  for (auto _ : state) benchmark::DoNotOptimize(store->destinations());
}
void claim_million(benchmark::State& state) {
  const auto store = open_or_throw(million());
  for (auto _ : state) benchmark::DoNotOptimize(store->claim("destination-7", 20));
}
BENCHMARK(open_million)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(destinations_million)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(claim_million)->Unit(benchmark::kMicrosecond)->Iterations(400)->UseRealTime();

}  // namespace
}  // namespace postern::store
