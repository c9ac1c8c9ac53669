// Writes: whole or not at all, and many in one commit.
#include <future>

#include <gmock/gmock.h>

#include "store/sqlite/sqlite_store.h"
#include "store/testing/store_fixture.h"

namespace postern::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(StoreTest, RefusedWrite_LeavesItsGroupUnharmed_AndNothingOfItself) {
  ASSERT_TRUE(accept(store(), numbered(1)));
  Batch batch;
  batch.changes.push_back(to(1, Status::delivered));
  batch.changes.push_back(to(404, Status::delivered));
  const auto refused = apply(store(), std::move(batch));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), store_errc::no_message);
  EXPECT_EQ(status(1), Status::pending);
  EXPECT_TRUE(has_body(1));

  EXPECT_FALSE(accept(store(), numbered(1))) << "the same id twice";
  EXPECT_TRUE(has_body(1));
  NewMessage without = make_message(store(), numbered(2));
  without.recipients.clear();
  EXPECT_FALSE(accept(store(), std::move(without)));
}

TEST_F(StoreTest, Batch_IsAppliedWhole) {
  ASSERT_TRUE(accept(store(), numbered(1)));
  Batch batch;
  batch.accept.push_back(make_message(store(), numbered(2)));
  batch.changes.push_back(to(1, Status::pending, "expired"));
  batch.changes.back().last_error = "451 4.4.0 x";
  batch.changes.back().delay_notified = true;
  batch.events.push_back({MessageId(2), -1, kTestTime, "dsn.issue", R"({"a":1})"});
  batch.events.push_back({MessageId(404), -1, kTestTime, "tx.lost", "{}"});
  batch.verdicts.push_back({VerdictId(5), kTestTime, R"({"ok":false})", "{}"});
  batch.save_blockers.push_back({BlockerId(6), "partner", R"({"code":"expired"})"});
  batch.extend.emplace_back(MessageId(1), "2027-01-01T00:00:00Z");
  batch.notes = {{"destination:a", "1"}, {"destination:b", "2"}, {"other", "3"}};
  ASSERT_TRUE(apply(store(), std::move(batch)));

  const auto one = store().message(MessageId(1)).value();
  EXPECT_EQ(one->message.recipients[0].code, "expired");
  EXPECT_EQ(one->message.recipients[0].last_error, "451 4.4.0 x");
  EXPECT_TRUE(one->message.recipients[0].delay_notified);
  EXPECT_EQ(one->message.recipients[0].changed, kTestTime);
  EXPECT_EQ(one->message.facts.expire_at, "2027-01-01T00:00:00Z");
  const auto two = store().message(MessageId(2)).value();
  ASSERT_THAT(two->events, SizeIs(1));
  EXPECT_EQ(two->events[0].event, "dsn.issue");
  EXPECT_EQ(two->events[0].data, R"({"a":1})");
  EXPECT_EQ(store().verdict(VerdictId(5)).value()->json, R"({"ok":false})");
  EXPECT_FALSE(store().verdict(VerdictId(404)).value());
  ASSERT_THAT(*store().blockers(), SizeIs(1));
  EXPECT_EQ(store().blockers()->front().json, R"({"code":"expired"})");
  EXPECT_THAT(*store().notes("destination:"),
              ElementsAre(std::pair("destination:a", "1"), std::pair("destination:b", "2")));

  Batch undo;
  undo.remove_blockers.emplace_back(6);
  undo.notes = {{"destination:a", ""}};
  ASSERT_TRUE(apply(store(), std::move(undo)));
  EXPECT_THAT(*store().blockers(), IsEmpty());
  EXPECT_THAT(*store().notes("destination:"), SizeIs(1));
  EXPECT_FALSE(store().message(MessageId(404)).value());
}

TEST_F(StoreTest, FinalMessage_BecomesPendingAgain_OnlyWhileItsBodyIsKept) {
  for (const std::uint64_t id : {1U, 2U}) ASSERT_TRUE(accept(store(), numbered(id)));
  ASSERT_TRUE(change(store(), 1, 0, Status::expired));
  ASSERT_TRUE(change(store(), 2, 0, Status::delivered));
  ASSERT_TRUE(change(store(), 1, 0, Status::pending));
  EXPECT_THAT(claim(5), ElementsAre(1));
  const auto refused = change(store(), 2, 0, Status::pending);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), store_errc::no_body);
}

TEST_F(StoreTest, Writes_ThatWaitTogether_ShareOneCommit) {
  auto& sqlite = dynamic_cast<sqlite::SqliteStore&>(store());
  constexpr std::uint64_t kMessages = 200;
  // The first `done` holds the writer thread until everything else is queued.
  std::promise<void> all_queued;
  store().apply({}, [&all_queued](const Result<void>&) { all_queued.get_future().wait(); });
  std::uint64_t stored = 0;
  for (std::uint64_t id = 1; id <= kMessages; ++id) {
    store().accept(make_message(store(), numbered(id)),
                   [&stored](const Result<void>& done) { stored += done ? 1U : 0U; });
  }
  const std::uint64_t before = sqlite.commits();
  all_queued.set_value();
  ASSERT_TRUE(apply(store(), {}));
  EXPECT_EQ(stored, kMessages);
  EXPECT_LE(sqlite.commits() - before, 3U);
}

}  // namespace
}  // namespace postern::store
