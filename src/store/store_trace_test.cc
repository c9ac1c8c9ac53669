// What is kept of finished mail: its trace, and until when.
#include <gmock/gmock.h>

#include "store/testing/store_fixture.h"

namespace postern::store {
namespace {

using testing::ElementsAre;

TEST_F(StoreTest, Purge_DeletesBodiesAndTracePastTheirRetention) {
  options_.retain_delivered = true;
  open();
  for (const std::uint64_t id : {1U, 2U, 3U}) ASSERT_TRUE(accept(store(), numbered(id)));
  ASSERT_TRUE(change(store(), 1, 0, Status::delivered));
  ASSERT_TRUE(change(store(), 2, 0, Status::expired));
  Retention retention;
  retention.expired = std::chrono::hours(2);
  retention.delivered = std::chrono::hours(1);
  retention.trace = std::chrono::hours(3);
  const auto after = [&](int minutes) {
    return purge(store(), kTestTime + std::chrono::minutes(minutes), retention);
  };
  ASSERT_TRUE(after(59));
  EXPECT_TRUE(has_body(1));
  ASSERT_TRUE(after(61));
  EXPECT_FALSE(has_body(1));
  EXPECT_TRUE(has_body(2));
  ASSERT_TRUE(after(121));
  EXPECT_FALSE(has_body(2));
  EXPECT_TRUE(store().message(MessageId(2)).value());
  ASSERT_TRUE(after(181));
  EXPECT_FALSE(store().message(MessageId(1)).value());
  EXPECT_FALSE(store().message(MessageId(2)).value());
  EXPECT_TRUE(has_body(3)) << "pending mail is never purged";
}

TEST_F(StoreTest, Purge_WithCaps_TakesTheOldestFirst) {
  for (const std::uint64_t id : {1U, 2U, 3U}) {
    TestMessage order = numbered(id);
    order.body = std::string(1000, 'x');
    ASSERT_TRUE(accept(store(), order));
    Batch batch;
    batch.changes.push_back(to(id, Status::failed, "none", kTestTime + Duration(id)));
    batch.events.push_back({MessageId(id), 0, kTestTime, "tx.failed", std::string(500, ' ')});
    ASSERT_TRUE(apply(store(), std::move(batch)));
  }
  const auto day = std::chrono::hours(24);
  ASSERT_TRUE(purge(store(), kTestTime, {day, day, day, 2500, 0, 0}));
  EXPECT_FALSE(has_body(1));
  EXPECT_TRUE(has_body(2));
  EXPECT_TRUE(has_body(3));
  ASSERT_TRUE(purge(store(), kTestTime, {day, day, day, 1, 0, 600}));
  EXPECT_FALSE(store().message(MessageId(2)).value());
  EXPECT_TRUE(store().message(MessageId(3)).value());
}

TEST_F(StoreTest, Trace_FindsBySenderRecipientTimeStatusCauseAndDestination) {
  TestMessage first = numbered(1);
  first.sender = "Alice@contoso.com";
  TestMessage second = numbered(2);
  second.sender = "";
  second.recipients = {"Carol@sub.partner.example"};
  second.destination = "mx:sub.partner.example";
  second.arrival = kTestTime + Duration(5000);
  ASSERT_TRUE(accept(store(), first));
  ASSERT_TRUE(accept(store(), second));
  Batch batch;
  batch.changes.push_back(to(1, Status::held, "expired"));
  ASSERT_TRUE(apply(store(), std::move(batch)));
  const auto find = [this](auto set) {
    TraceFilter filter;
    set(filter);
    std::vector<std::uint64_t> out;
    const auto found = store().trace(filter);
    EXPECT_TRUE(found) << found.error().what();
    for (const auto& traced : found.value()) out.push_back(traced.message.facts.id.value());
    return out;
  };
  EXPECT_THAT(find([](auto&) {}), ElementsAre(1, 2));
  EXPECT_THAT(find([](auto& f) { f.limit = 1; }), ElementsAre(2)) << "the newest";
  EXPECT_THAT(find([](auto& f) { f.sender = "aLICE@Contoso.com"; }), ElementsAre(1));
  EXPECT_THAT(find([](auto& f) { f.sender = "@contoso.com"; }), ElementsAre(1));
  EXPECT_THAT(find([](auto& f) { f.sender = "<>"; }), ElementsAre(2));
  EXPECT_THAT(find([](auto& f) { f.recipient = "carol@SUB.partner.example"; }), ElementsAre(2));
  EXPECT_THAT(find([](auto& f) { f.recipient = "@partner.example"; }), ElementsAre(1));
  EXPECT_THAT(find([](auto& f) { f.message_id = "m2@contoso.com"; }), ElementsAre(2));
  EXPECT_THAT(find([](auto& f) { f.message_id = "<m2@contoso.com>"; }), ElementsAre(2));
  EXPECT_THAT(find([](auto& f) { f.message_id = MessageId(1).str(); }), ElementsAre(1));
  EXPECT_THAT(find([](auto& f) { f.since = kTestTime + Duration(1); }), ElementsAre(2));
  EXPECT_THAT(find([](auto& f) { f.until = kTestTime + Duration(1); }), ElementsAre(1));
  EXPECT_THAT(find([](auto& f) { f.status = Status::held; }), ElementsAre(1));
  EXPECT_THAT(find([](auto& f) { f.code = "expired"; }), ElementsAre(1));
  EXPECT_THAT(find([](auto& f) { f.destination = "SUB.partner"; }), ElementsAre(2));
  EXPECT_THAT(find([](auto& f) {
                f.destination = "partner";
                f.status = Status::pending;
              }),
              ElementsAre(2));
}

}  // namespace
}  // namespace postern::store
