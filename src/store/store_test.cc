// What the store promises, one function after the other.
#include "store/store.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <sys/stat.h>

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

}  // namespace
}  // namespace postern::store
