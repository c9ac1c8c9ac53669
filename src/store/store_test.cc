// What the store promises, one function after the other.
#include "store/store.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "store/folder.h"
#include "store/sqlite/sqlite_store.h"
#include "store/store_testing.h"

namespace postern::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TestMessage numbered(std::uint64_t id) {
  TestMessage out;
  out.id = id;
  return out;
}
TestMessage with_prefix(std::string prefix) {
  TestMessage out;
  out.prefix = std::move(prefix);
  return out;
}

// A change of the first recipient.
Change to(std::uint64_t id, Status status, std::string code = "none", Time time = kTestTime) {
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

TEST_F(StoreTest, AcceptedMessage_ComesBackWithEveryFact) {
  NewMessage message = make_message(store(), with_prefix("Received: x\r\n"));
  message.facts.body = mail::Body::eight_bit_mime;
  message.facts.smtputf8 = true;
  message.facts.ret = mail::DsnReturn::headers;
  message.facts.envid = "QQ314159";
  message.facts.subject = std::string("a\0b\xff", 4);
  message.facts.auto_submitted = true;
  message.facts.list_mail = true;
  message.facts.notify_sender = true;
  message.facts.client = "10.0.0.5";
  message.facts.expire_at = "2026-12-01T00:00:00Z";
  message.recipients[0].recipient.notify = mail::kNotifyFailure | mail::kNotifyDelay;
  message.recipients[0].recipient.orcpt = "rfc822;bob@partner.example";
  const MessageFacts facts = message.facts;
  ASSERT_TRUE(accept(store(), std::move(message)));

  const auto found = store().message(MessageId(1));
  ASSERT_TRUE(found && *found);
  const MessageFacts& got = (*found)->message.facts;
  EXPECT_EQ(got.id, facts.id);
  EXPECT_EQ(got.reverse_path, facts.reverse_path);
  EXPECT_EQ(got.body, facts.body);
  EXPECT_TRUE(got.smtputf8);
  EXPECT_EQ(got.ret, facts.ret);
  EXPECT_EQ(got.envid, facts.envid);
  EXPECT_EQ(got.size, 13 + 21U);
  EXPECT_EQ(got.arrival, facts.arrival);
  EXPECT_EQ(got.message_id, facts.message_id);
  EXPECT_EQ(got.subject, facts.subject);
  EXPECT_TRUE(got.auto_submitted);
  EXPECT_TRUE(got.list_mail);
  EXPECT_TRUE(got.notify_sender);
  EXPECT_EQ(got.connector, facts.connector);
  EXPECT_EQ(got.client, facts.client);
  EXPECT_EQ(got.expire_at, facts.expire_at);
  const RecipientState& recipient = (*found)->message.recipients.at(0);
  EXPECT_EQ(recipient.recipient.mailbox.str(), "bob@partner.example");
  EXPECT_EQ(recipient.recipient.notify, mail::kNotifyFailure | mail::kNotifyDelay);
  EXPECT_EQ(recipient.recipient.orcpt, "rfc822;bob@partner.example");
  EXPECT_EQ(recipient.destination, "partner");
  EXPECT_EQ(recipient.status, Status::pending);
  EXPECT_EQ(recipient.code, "none");
  EXPECT_EQ(recipient.changed, facts.arrival);
  EXPECT_FALSE(recipient.delay_notified);
  EXPECT_TRUE((*found)->body_available);
  EXPECT_EQ(body(1), "Received: x\r\nSubject: x\r\n\r\nhello\r\n");
}

TEST_F(StoreTest, Claim_GivesTheOldestFirst_AndNothingTwice) {
  for (const std::uint64_t id : {3U, 1U, 2U}) ASSERT_TRUE(accept(store(), numbered(id)));
  EXPECT_THAT(claim(2), ElementsAre(1, 2));
  EXPECT_THAT(claim(2), ElementsAre(3));
  EXPECT_THAT(claim(2), IsEmpty());
  EXPECT_THAT(claim(2, "elsewhere"), IsEmpty());
}

TEST_F(StoreTest, Delivered_IsNeverClaimedAgain_AndItsBodyGoes) {
  ASSERT_TRUE(accept(store(), TestMessage{}));
  EXPECT_THAT(claim(1), ElementsAre(1));
  ASSERT_TRUE(change(store(), 1, 0, Status::delivered));
  store().finish("partner", MessageId(1));
  EXPECT_THAT(claim(1), IsEmpty());
  EXPECT_FALSE(has_body(1));
  EXPECT_EQ(status(1), Status::delivered);
}

TEST_F(StoreTest, Restart_RecoversPendingAndForgetsClaims) {
  for (const std::uint64_t id : {1U, 2U}) ASSERT_TRUE(accept(store(), numbered(id)));
  EXPECT_THAT(claim(5), ElementsAre(1, 2));
  open();
  EXPECT_THAT(claim(5), ElementsAre(1, 2));
}

TEST_F(StoreTest, FinishedClaim_IsGivenAgainInItsPlace) {
  for (const std::uint64_t id : {1U, 2U, 3U}) ASSERT_TRUE(accept(store(), numbered(id)));
  EXPECT_THAT(claim(2), ElementsAre(1, 2));
  store().finish("partner", MessageId(1));
  EXPECT_THAT(claim(5), ElementsAre(1, 3));
  store().finish("partner", MessageId(99));  // never claimed: nothing happens
  for (const std::uint64_t id : {1U, 2U, 3U}) store().finish("partner", MessageId(id));
  EXPECT_THAT(claim(5), ElementsAre(1, 2, 3));
}

TEST_F(StoreTest, LateCommitOfAnOlderId_IsClaimedAllTheSame) {
  ASSERT_TRUE(accept(store(), numbered(6)));
  EXPECT_THAT(claim(5), ElementsAre(6));
  ASSERT_TRUE(accept(store(), numbered(5)));
  EXPECT_THAT(claim(5), ElementsAre(5));
}

TEST_F(StoreTest, Claim_HoldsOnlyThePendingRecipientsOfItsDestination) {
  TestMessage order;
  order.recipients = {"a@partner.example", "b@partner.example", "c@other.example"};
  NewMessage message = make_message(store(), order);
  message.recipients[2].destination = "other";
  ASSERT_TRUE(accept(store(), std::move(message)));
  ASSERT_TRUE(change(store(), 1, 0, Status::delivered));
  const auto claimed = store().claim("partner", 1);
  ASSERT_TRUE(claimed);
  ASSERT_THAT(*claimed, SizeIs(1));
  ASSERT_THAT(claimed->front().recipients, SizeIs(1));
  EXPECT_EQ(claimed->front().recipients[0].index, 1U);
  EXPECT_THAT(claim(1, "other"), ElementsAre(1));
}

TEST_F(StoreTest, Held_IsNotClaimed_UntilReleased) {
  for (const std::uint64_t id : {1U, 2U}) ASSERT_TRUE(accept(store(), numbered(id)));
  ASSERT_TRUE(change(store(), 1, 0, Status::held));
  EXPECT_THAT(claim(5), ElementsAre(2));
  ASSERT_TRUE(change(store(), 1, 0, Status::pending));
  EXPECT_THAT(claim(5), ElementsAre(1));
}

TEST_F(StoreTest, Destinations_CountRecipientsMessagesAndTheOldest) {
  TestMessage two = numbered(1);
  two.recipients = {"a@partner.example", "b@partner.example"};
  ASSERT_TRUE(accept(store(), two));
  TestMessage later = numbered(2);
  later.arrival = kTestTime + Duration(1000);
  ASSERT_TRUE(accept(store(), later));
  const auto expect = [this](std::uint64_t pending, std::uint64_t held, std::uint64_t messages,
                             Time oldest) {
    const auto counts = store().destinations();
    ASSERT_TRUE(counts);
    ASSERT_THAT(*counts, SizeIs(1));
    EXPECT_EQ(counts->front().destination, "partner");
    EXPECT_EQ(counts->front().pending, pending);
    EXPECT_EQ(counts->front().held, held);
    EXPECT_EQ(counts->front().messages, messages);
    EXPECT_EQ(counts->front().oldest, oldest);
  };
  expect(3, 0, 2, kTestTime);
  ASSERT_TRUE(change(store(), 1, 0, Status::delivered));
  expect(2, 0, 2, kTestTime);
  ASSERT_TRUE(change(store(), 1, 1, Status::held));
  expect(1, 1, 1, kTestTime);
  ASSERT_TRUE(change(store(), 1, 1, Status::failed));
  expect(1, 0, 1, later.arrival);
  ASSERT_TRUE(change(store(), 2, 0, Status::delivered));
  EXPECT_THAT(*store().destinations(), IsEmpty());
}

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

TEST_F(StoreTest, FilesAndFolders_AreForTheirOwnerOnly) {
  options_.body_memory = 10;
  open();
  ASSERT_TRUE(accept(store(), numbered(1)));
  const auto mode = [](const std::string& path) {
    struct stat facts{};
    EXPECT_EQ(::stat(path.c_str(), &facts), 0) << path;
    return facts.st_mode & 07777U;
  };
  EXPECT_EQ(mode(folder_.path() + "/var"), 0700U);
  EXPECT_EQ(mode(folder_.path() + "/var/bodies"), 0700U);
  EXPECT_EQ(mode(folder_.body_files().at(0)), 0600U);
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    EXPECT_EQ(mode(folder_.database() + suffix), 0600U) << suffix;
  }
}

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

TEST_F(StoreTest, OlderThan_GivesTheUnnotifiedOnes_InOrder) {
  for (const std::uint64_t id : {1U, 2U, 3U}) {
    TestMessage order = numbered(id);
    order.arrival = kTestTime + Duration(1000 * id);
    ASSERT_TRUE(accept(store(), order));
  }
  Batch batch;
  batch.changes.push_back(to(1, Status::pending));
  batch.changes.back().delay_notified = true;
  ASSERT_TRUE(apply(store(), std::move(batch)));
  const Time before = kTestTime + Duration(3000);
  EXPECT_THAT(ids(store().older_than("partner", before, true, MessageId(), 9)), ElementsAre(2));
  EXPECT_THAT(ids(store().older_than("partner", before, false, MessageId(), 9)), ElementsAre(1, 2));
  EXPECT_THAT(ids(store().pending("partner", 2)), ElementsAre(1, 2));
}

TEST_F(StoreTest, OlderThan_GoesOnBehindTheLastOneOfAPage) {
  for (const std::uint64_t id : {1U, 2U, 3U}) ASSERT_TRUE(accept(store(), numbered(id)));
  const Time before = kTestTime + Duration(1);
  EXPECT_THAT(ids(store().older_than("partner", before, false, MessageId(), 2)), ElementsAre(1, 2));
  EXPECT_THAT(ids(store().older_than("partner", before, false, MessageId(2), 2)), ElementsAre(3));
  EXPECT_THAT(ids(store().older_than("partner", before, true, MessageId(3), 2)), IsEmpty());
}

TEST_F(StoreTest, ClaimOne_KeepsAMessageFromSessions_UntilItIsFinished) {
  for (const std::uint64_t id : {1U, 2U, 3U}) ASSERT_TRUE(accept(store(), numbered(id)));
  ASSERT_TRUE(store().claim_one("partner", MessageId(2)));
  EXPECT_TRUE(store().is_claimed("partner", MessageId(2)));
  EXPECT_FALSE(store().claim_one("partner", MessageId(2))) << "it is taken";
  EXPECT_THAT(claim(9), ElementsAre(1, 3));
  EXPECT_FALSE(store().claim_one("partner", MessageId(1))) << "a session has it";
  store().finish("partner", MessageId(2));
  EXPECT_FALSE(store().is_claimed("partner", MessageId(2)));
  EXPECT_THAT(claim(9), ElementsAre(2));
  EXPECT_TRUE(store().claim_one("elsewhere", MessageId(2))) << "claims are a destination's";
}

TEST_F(StoreTest, Reroute_MovesWaitingRecipients_AndKeepsClaimsApart) {
  for (const std::uint64_t id : {1U, 2U, 3U}) ASSERT_TRUE(accept(store(), numbered(id)));
  ASSERT_TRUE(change(store(), 3, 0, Status::held));
  EXPECT_THAT(claim(1), ElementsAre(1));
  ASSERT_TRUE(reroute(store(), [](std::string_view domain, std::string_view) {
    return domain == "partner.example" ? std::string("new") : std::string("wrong");
  }));
  EXPECT_THAT(claim(9), IsEmpty());
  EXPECT_THAT(claim(9, "new"), ElementsAre(2)) << "1 is still in flight at its old destination";
  store().finish("partner", MessageId(1));
  EXPECT_THAT(claim(9, "new"), ElementsAre(1));
  const auto counts = store().destinations().value();
  ASSERT_THAT(counts, SizeIs(1));
  EXPECT_EQ(counts[0].destination, "new");
  EXPECT_EQ(counts[0].pending, 2U);
  EXPECT_EQ(counts[0].held, 1U);
  EXPECT_EQ(counts[0].messages, 2U);
}

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

TEST_F(StoreTest, NewBody_IsRefusedBelowTheMinimumOfFreeSpace) {
  options_.min_free_space = UINT64_MAX;
  open();
  const auto refused = store().new_body();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), store_errc::no_space);
  EXPECT_GT(store().free_space(), 0U);
}

TEST_F(StoreTest, SecondGateway_IsRefused_AReaderIsNot) {
  ASSERT_TRUE(accept(store(), numbered(1)));
  const auto second = open_store(folder_.spec(), {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), store_errc::busy);

  OpenOptions reading;
  reading.read_only = true;
  auto beside = open_store(folder_.spec(), reading);
  ASSERT_TRUE(beside) << beside.error().what();
  EXPECT_THAT(ids((*beside)->pending("partner", 9)), ElementsAre(1));
  ASSERT_TRUE(accept(store(), numbered(2)));
  EXPECT_THAT(ids((*beside)->pending("partner", 9)), ElementsAre(1, 2));
  EXPECT_FALSE((*beside)->new_body());
  EXPECT_EQ(apply(**beside, {}).error().code(), store_errc::read_only);
  beside->reset();

  store_.reset();
  const auto alone = open_store(folder_.spec(), reading);
  ASSERT_TRUE(alone) << alone.error().what();
  EXPECT_THAT(ids((*alone)->pending("partner", 9)), ElementsAre(1, 2));
  EXPECT_EQ(read_all(**(*alone)->open_body(MessageId(2))), TestMessage{}.body);
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

TEST(StoreOpen, RefusesWhatIsNoStoreOfThisProgram) {
  EXPECT_FALSE(open_store("postgresql://x", {}));
  EXPECT_FALSE(open_store("sqlite:", {}));
  const TempFolder folder;
  OpenOptions reading;
  reading.read_only = true;
  const auto missing = open_store(folder.spec(), reading);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), std::errc::no_such_file_or_directory);

  ASSERT_TRUE(open_store(folder.spec(), {}));
  {
    auto database = sqlite::Database::open(folder.database(), sqlite::Access::read_write);
    ASSERT_TRUE(
        (*database)->script("PRAGMA user_version = 99; INSERT INTO schema VALUES(99, '7.8.9')"));
  }
  for (const bool read_only : {false, true}) {
    reading.read_only = read_only;
    const auto newer = open_store(folder.spec(), reading);
    ASSERT_FALSE(newer);
    EXPECT_EQ(newer.error().code(), store_errc::newer_schema);
    EXPECT_THAT(newer.error().what(), testing::HasSubstr("7.8.9"));
  }

  std::ofstream(folder.path() + "/text") << std::string(5000, 'x');
  const auto text = open_store("sqlite:" + folder.path() + "/text", {});
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code(), store_errc::corrupt);
}

TEST(StoreStatus, TextForm_ComesBack) {
  for (const Status s :
       {Status::pending, Status::held, Status::delivered, Status::failed, Status::expired}) {
    EXPECT_EQ(parse_status(to_string(s)), s);
  }
  EXPECT_FALSE(parse_status("lost"));
}

TEST(StoreFolder, TheDefaultsFolderIsClosedAndAnyOtherIsReported) {
  namespace fs = std::filesystem;
  constexpr auto kWide = fs::perms(0755);
  const fs::path base = fs::path(testing::TempDir()) / "postern-store-folder";
  fs::remove_all(base);
  for (const char* name : {"var", "spool"}) {
    fs::create_directories(base / name);
    fs::permissions(base / name, kWide);
    std::ofstream(base / name / "p.db").close();
    fs::permissions(base / name / "p.db", fs::perms(0644));
    const std::string url = "sqlite:" + (base / name / "p.db").string();
    EXPECT_EQ(folder_of(url), (base / name).string());
    EXPECT_EQ(stays_open_to_others(folder_of(url)), std::string_view(name) == "spool");
    ASSERT_TRUE(open_store(url, {}));
    EXPECT_EQ(fs::status(base / name / "p.db").permissions(), fs::perms(0600));
  }
  EXPECT_EQ(fs::status(base / "var").permissions(), fs::perms(0700));
  EXPECT_EQ(fs::status(base / "spool").permissions(), kWide);
  fs::remove_all(base);
}

}  // namespace
}  // namespace postern::store
