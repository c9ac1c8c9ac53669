// All functions may be called from any thread: the store as a busy gateway uses it.
#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "store/testing/store_fixture.h"

namespace postern::store {
namespace {

constexpr std::uint64_t kSenders = 3, kEach = 40;
constexpr std::size_t kDeliverers = 2, kAtOnce = 4;

void accept_some(Store& store, std::uint64_t first) {
  for (std::uint64_t id = first; id < first + kEach; ++id) {
    TestMessage order = numbered(id);
    order.body = std::string(id % 2 == 0 ? 10 : 2000, 'x');  // in memory, in a file
    EXPECT_TRUE(accept(store, order));
  }
}

struct Delivered {
  std::mutex mutex;
  std::multiset<std::uint64_t> ids;
  [[nodiscard]] bool all() {
    const std::scoped_lock lock(mutex);
    return ids.size() >= kSenders * kEach;
  }
  void add(std::uint64_t id) {
    const std::scoped_lock lock(mutex);
    ids.insert(id);
  }
};

void deliver_until_all(Store& store, Delivered& delivered) {
  while (!delivered.all()) {
    const auto claimed = store.claim("partner", kAtOnce);
    ASSERT_TRUE(claimed) << claimed.error().what();
    for (const StoredMessage& message : *claimed) {
      const std::uint64_t id = message.facts.id.value();
      const auto body = store.open_body(message.facts.id);
      ASSERT_TRUE(body) << body.error().what();
      EXPECT_EQ(read_all(**body).size(), message.facts.size);
      EXPECT_TRUE(change(store, id, 0, Status::delivered));
      delivered.add(id);
      store.finish("partner", message.facts.id);
    }
    if (claimed->empty()) std::this_thread::yield();
  }
}

void look_until_all(Store& store, Delivered& delivered) {
  while (!delivered.all()) {
    EXPECT_TRUE(store.destinations());
    EXPECT_TRUE(store.trace({}));
    EXPECT_TRUE(store.new_body());
    EXPECT_GT(store.free_space(), 0U);
    EXPECT_TRUE(purge(store, kTestTime, {}));
  }
}

TEST_F(StoreTest, ManyThreads_DeliverEveryMessageOnce) {
  options_.body_memory = 1000;
  open();
  Delivered delivered;
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t i = 0; i < kSenders; ++i)
      threads.emplace_back([this, i] { accept_some(store(), 1 + i * kEach); });
    for (std::size_t i = 0; i < kDeliverers; ++i)
      threads.emplace_back([&] { deliver_until_all(store(), delivered); });
    threads.emplace_back([&] { look_until_all(store(), delivered); });
  }
  std::multiset<std::uint64_t> expected;
  for (std::uint64_t id = 1; id <= kSenders * kEach; ++id) expected.insert(id);
  EXPECT_EQ(delivered.ids, expected);
  EXPECT_THAT(folder_.body_files(), testing::IsEmpty());
  EXPECT_THAT(store().destinations().value(), testing::IsEmpty());
}

}  // namespace
}  // namespace postern::store
