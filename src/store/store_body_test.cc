// Bodies: in memory, in files, and the room for them.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <optional>
#include <thread>

#include <gmock/gmock.h>

#include "store/sqlite/sqlite_store.h"
#include "store/testing/store_fixture.h"

namespace postern::store {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

TEST_F(StoreTest, Body_InMemoryOrFile_StreamsByOffsetWithItsPrefix) {
  options_.body_memory = 1000;
  open();
  for (const std::size_t size : {0UL, 1UL, 999UL, 1000UL, 1001UL, 300'000UL}) {
    TestMessage order = numbered(size + 1);
    order.body = std::string(size, 'x');
    order.prefix = "Received: here\r\n";
    ASSERT_TRUE(accept(store(), order));
    auto reader = store().open_body(MessageId(size + 1));
    ASSERT_TRUE(reader) << reader.error().what();
    EXPECT_EQ((*reader)->size(), order.prefix.size() + size);
    EXPECT_EQ(read_all(**reader, 7777), order.prefix + order.body);
    EXPECT_EQ((*reader)->read(10, 4).value(), "here");
    EXPECT_EQ((*reader)->read((*reader)->size(), 4).value(), "");
    EXPECT_EQ((*reader)->read(UINT64_MAX, 4).value(), "");
  }
  EXPECT_THAT(folder_.body_files(), SizeIs(2));
}

TEST_F(StoreTest, BodyFile_GoesWithItsLastRecipient_OrItsWriter) {
  options_.body_memory = 10;
  open();
  {
    const NewMessage abandoned = make_message(store(), numbered(7));
  }
  EXPECT_THAT(folder_.body_files(), IsEmpty());
  TestMessage two = numbered(1);
  two.recipients = {"a@partner.example", "b@partner.example"};
  ASSERT_TRUE(accept(store(), two));
  ASSERT_TRUE(change(store(), 1, 0, Status::delivered));
  EXPECT_THAT(folder_.body_files(), SizeIs(1));
  ASSERT_TRUE(change(store(), 1, 1, Status::delivered));
  EXPECT_THAT(folder_.body_files(), IsEmpty());
}

TEST_F(StoreTest, Open_RemovesBodyFilesThatNoMessageOwns_AndNothingElse) {
  options_.body_memory = 10;
  open();
  ASSERT_TRUE(accept(store(), numbered(1)));
  const std::string bodies = folder_.path() + "/var/bodies/";
  std::ofstream(bodies + MessageId(4711).str()) << "orphan";
  std::ofstream(bodies + "README") << "not ours";
  open();
  EXPECT_THAT(folder_.body_files(), SizeIs(2));
  EXPECT_TRUE(std::filesystem::exists(bodies + "README"));
  EXPECT_TRUE(has_body(1));
}

TEST_F(StoreTest, NewBody_IsRefusedBelowTheMinimumOfFreeSpace) {
  options_.min_free_space = UINT64_MAX;
  open();
  const auto refused = store().new_body();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), store_errc::no_space);
  EXPECT_GT(store().free_space(), 0U);
}

TEST_F(StoreTest, NewBody_GoesByWhatTheWriterThreadMeasured) {
  constexpr std::uint64_t kFloor = 1000;
  std::atomic<std::uint64_t> left = kFloor;
  std::atomic<std::size_t> asked_by_caller = 0;
  std::promise<void> measured;
  const auto probe = [&, caller = std::this_thread::get_id(), measurements = 0]() mutable {
    if (std::this_thread::get_id() == caller) ++asked_by_caller;
    const std::optional<std::uint64_t> answer = left.load();
    if (++measurements == 2) measured.set_value();
    return answer;
  };
  store_.reset();
  options_.min_free_space = kFloor;
  auto opened = sqlite::SqliteStore::open(folder_.database(), options_, probe);
  ASSERT_TRUE(opened) << opened.error().what();
  store_ = std::move(*opened);

  left = kFloor - 1;
  EXPECT_TRUE(store().new_body()) << "by the measurement of the start; it asks for another one";
  measured.get_future().wait();
  ASSERT_TRUE(apply(store(), {}));  // the measurement is over
  EXPECT_FALSE(store().new_body());
  EXPECT_TRUE(store().new_body(Store::Use::notice));
  EXPECT_EQ(asked_by_caller, 1U) << "on opening alone";
  left = kFloor;
  EXPECT_EQ(store().free_space(), kFloor) << "who asks for it waits for the file system";
  EXPECT_TRUE(store().new_body());
}

}  // namespace
}  // namespace postern::store
