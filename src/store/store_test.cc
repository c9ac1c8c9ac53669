// What waits in the queue, and who gets it: accepting, claims, destinations, routing anew.
#include <gmock/gmock.h>

#include "store/testing/store_fixture.h"

namespace postern::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

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

}  // namespace
}  // namespace postern::store
