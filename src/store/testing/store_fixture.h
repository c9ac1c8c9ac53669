// What the store's tests share: a store of their own, opened anew as often as they like.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "store/store.h"
#include "store/store_testing.h"

namespace postern::store {

inline TestMessage numbered(std::uint64_t id) {
  TestMessage out;
  out.id = id;
  return out;
}
inline TestMessage with_prefix(std::string prefix) {
  TestMessage out;
  out.prefix = std::move(prefix);
  return out;
}

// A change of the first recipient.
inline Change to(std::uint64_t id, Status status, std::string code = "none",
                 Time time = kTestTime) {
  Change out;
  out.message = MessageId(id);
  out.status = status;
  out.code = std::move(code);
  out.time = time;
  return out;
}

class StoreTest : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    store_.reset();
    auto opened = open_store(folder_.spec(), options_);
    ASSERT_TRUE(opened) << opened.error().what();
    store_ = std::move(*opened);
  }
  Store& store() { return *store_; }
  std::vector<std::uint64_t> claim(std::size_t limit, const std::string& destination = "partner") {
    return ids(store().claim(destination, limit));
  }
  std::string body(std::uint64_t id) {
    auto reader = store().open_body(MessageId(id));
    if (!reader) return "error: " + reader.error().what();
    return read_all(**reader);
  }
  bool has_body(std::uint64_t id) { return store().open_body(MessageId(id)).has_value(); }
  Status status(std::uint64_t id, std::size_t recipient = 0) {
    return store().message(MessageId(id)).value()->message.recipients.at(recipient).status;
  }

  TempFolder folder_;
  OpenOptions options_;
  std::unique_ptr<Store> store_;
};

}  // namespace postern::store
