#include "relay/record.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "relay/testing/reception_testing.h"

namespace postern::relay {
namespace {

constexpr Time kNow{Duration(1'790'000'000'000)};

class RecordTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::open_store("sqlite:" + folder_.path() + "/postern.db", {});
    ASSERT_TRUE(opened) << opened.error().what();
    store_ = std::move(*opened);
    config_.server.hostname = "edge.contoso.com";
    policy::SendConnector drop;
    drop.name = "local";
    drop.domains = {*mail::DomainPattern::parse("contoso.com")};
    drop.drop = folder_.path();
    config_.send.push_back(drop);
    facts_.destination.next_hop = "partner.example";
    facts_.destination.connector = "partner";
    facts_.target.host = "mx.partner.example";
    facts_.target.address = "192.0.2.1";
    facts_.verdict.id = VerdictId(77);
    facts_.verdict.code = "none";
  }
  static store::StoredMessage message_to(std::size_t recipients) {
    store::StoredMessage out;
    out.facts.id = MessageId(1);
    out.facts.reverse_path = mail::parse_mailbox("alice@contoso.com").value();
    out.facts.arrival = kNow - std::chrono::hours(1);
    for (std::size_t i = 0; i < recipients; ++i) {
      store::RecipientState& recipient = out.recipients.emplace_back();
      recipient.index = static_cast<std::uint32_t>(10 + i);  // some are done already
      recipient.recipient.mailbox =
          mail::parse_mailbox("r" + std::to_string(i) + "@partner.example").value();
    }
    return out;
  }
  Recorded record(const store::StoredMessage& message, const std::vector<Outcome>& outcomes) {
    return record_outcomes(*store_, config_, message, outcomes, facts_, kNow);
  }
  static Json data_of(const store::Event& event) { return parse_json(event.data).value(); }

  testing::TempFolder folder_;
  std::unique_ptr<store::Store> store_;
  policy::Config config_;
  SessionFacts facts_;
};

Outcome outcome(Kind kind, Scope scope, std::string code = "none") {
  Outcome out;
  out.kind = kind;
  out.scope = scope;
  out.code = std::move(code);
  out.last_error = "451 4.4.0 why";
  out.status = {kind == Kind::permanent ? 5 : 4, 0, 0};
  return out;
}

TEST_F(RecordTest, EachOutcomeIsAStateAnEventAndPerhapsANotice) {
  struct Row {
    Kind kind;
    Scope scope;
    store::Status status;
    const char* event;
    bool deferred;     // waits for a reason of its own
    bool overridable;  // an operator's act meanwhile stands
    std::size_t notices;
  };
  for (const Row& row : {
           Row{Kind::delivered, Scope::message, store::Status::delivered, "tx.delivered", false,
               false, 0},
           Row{Kind::permanent, Scope::recipient, store::Status::failed, "tx.failed", false, false,
               1},
           Row{Kind::temporary, Scope::recipient, store::Status::pending, "queue.defer", true, true,
               0},
           Row{Kind::temporary, Scope::message, store::Status::pending, "queue.defer", true, true,
               0},
           Row{Kind::temporary, Scope::session, store::Status::pending, "queue.defer", false, true,
               0},
           Row{Kind::temporary, Scope::host, store::Status::pending, "queue.defer", false, true, 0},
           Row{Kind::blocked, Scope::session, store::Status::pending, "queue.block", false, true,
               0},
       }) {
    SCOPED_TRACE(row.event);
    const Recorded out = record(message_to(1), {outcome(row.kind, row.scope, "some-code")});
    ASSERT_EQ(out.batch.changes.size(), 1U);
    const store::Change& change = out.batch.changes[0];
    EXPECT_EQ(change.recipient, 10U) << "the message's index, not the transaction's";
    EXPECT_EQ(change.status, row.status);
    EXPECT_EQ(change.code, "some-code");
    EXPECT_EQ(change.last_error, row.kind == Kind::delivered ? "" : "451 4.4.0 why");
    EXPECT_EQ(change.only_from.has_value(), row.overridable);
    EXPECT_EQ(out.deferred, row.deferred);
    EXPECT_EQ(out.batch.accept.size(), row.notices);
    ASSERT_EQ(out.batch.events.size(), 1 + row.notices);
    const store::Event& event = out.batch.events[0];
    EXPECT_EQ(event.event, row.event);
    EXPECT_EQ(event.recipient, 10);
    const Json data = data_of(event);
    EXPECT_EQ(data["host"], "mx.partner.example");
    EXPECT_EQ(data["verdict"], VerdictId(77).str());
    EXPECT_EQ(data.contains("receipt"), row.kind == Kind::delivered);
    EXPECT_EQ(data.contains("last_error"), row.kind != Kind::delivered);
  }
}

TEST_F(RecordTest, OneNoticeTellsOfAllThatFailed) {
  const Outcome no = outcome(Kind::permanent, Scope::recipient);
  const Recorded out = record(message_to(3), {no, outcome(Kind::delivered, Scope::message), no});
  ASSERT_EQ(out.batch.accept.size(), 1U);
  const store::NewMessage& notice = out.batch.accept[0];
  EXPECT_TRUE(notice.facts.reverse_path.local.empty()) << "a DSN has none (RFC 3461 s6.1)";
  ASSERT_EQ(notice.recipients.size(), 1U);
  EXPECT_EQ(notice.recipients[0].recipient.mailbox.str(), "alice@contoso.com");
  EXPECT_EQ(out.accepted, std::vector<std::string>{notice.recipients[0].destination});
  EXPECT_EQ(out.batch.events.back().event, "dsn.issue");
  EXPECT_EQ(out.batch.events.back().recipient, -1);
  EXPECT_EQ(data_of(out.batch.events.back())["to"], "alice@contoso.com");
}

TEST_F(RecordTest, SuccessIsReportedByWhoeverIsTheLastToKnowOfIt) {
  store::StoredMessage asked = message_to(1);
  asked.recipients[0].recipient.notify = mail::kNotifySuccess;
  const std::vector<Outcome> taken{outcome(Kind::delivered, Scope::message)};
  EXPECT_EQ(record(asked, taken).batch.accept.size(), 1U) << "relayed to one without DSN";
  facts_.dsn_offered = true;
  EXPECT_TRUE(record(asked, taken).batch.accept.empty()) << "the next hop says so itself";
  facts_.drop = true;
  EXPECT_EQ(record(asked, taken).batch.accept.size(), 1U) << "delivered here";
  EXPECT_TRUE(record(message_to(1), taken).batch.accept.empty()) << "nobody asked";
}

TEST_F(RecordTest, ADropHasNoHostNoVerdictAndNoReceipt) {
  facts_.drop = true;
  const Recorded out = record(message_to(1), {outcome(Kind::delivered, Scope::message)});
  const Json data = data_of(out.batch.events[0]);
  EXPECT_EQ(data["next_hop"], "partner.example");
  for (const char* key : {"host", "address", "verdict", "receipt"})
    EXPECT_FALSE(data.contains(key)) << key;
}

TEST_F(RecordTest, ExpiryMarksEveryRecipientAndTellsThoseWhoMayBeTold) {
  store::StoredMessage message = message_to(2);
  message.recipients[0].status = store::Status::held;
  message.recipients[1].recipient.notify = mail::kNotifyNever;
  const Recorded out =
      record_expiry(*store_, config_, message, outcome(Kind::temporary, Scope::session, "expired"),
                    "mx.partner.example", {"queue.return", "root"}, kNow);
  ASSERT_EQ(out.batch.changes.size(), 2U);
  EXPECT_EQ(out.batch.changes[0].status, store::Status::expired);
  EXPECT_EQ(out.batch.changes[0].only_from, store::Status::held);
  EXPECT_EQ(out.batch.changes[1].only_from, store::Status::pending);
  EXPECT_EQ(out.batch.accept.size(), 1U);
  EXPECT_EQ(out.batch.events[0].event, "queue.return");
  const Json data = data_of(out.batch.events[0]);
  EXPECT_EQ(data["by"], "root");
  EXPECT_EQ(data["age"], "1 h");
}

TEST(TlsReceipt, SaysWhatWasReachedAndWhoSetThePolicy) {
  SessionFacts facts;
  facts.target.host = "mx.partner.example";
  facts.target.address = "192.0.2.1";
  facts.verdict.reference_identifier = "mail.partner.example";
  facts.verdict.chain_sha256 = {"aa", "bb"};
  facts.verdict.tls_version = "TLSv1.3";
  facts.verdict.cipher = "TLS_AES_256_GCM_SHA384";
  facts.verdict.asked = verdict::Level::authenticate;
  facts.verdict.asked_by = "send.partner";
  const Json receipt = tls_receipt(facts, kNow);
  EXPECT_EQ(receipt["peer"], "mx.partner.example");
  EXPECT_EQ(receipt["reference_identifier"], "mail.partner.example");
  EXPECT_EQ(receipt["chain_sha256"].size(), 2U);
  EXPECT_EQ(receipt["asked"], "authenticate");
  EXPECT_EQ(receipt["asked_by"], "send.partner");
  EXPECT_EQ(receipt["time"], format_rfc3339(kNow));
  for (const char* key : {"by_exception", "exception_by", "exception_why", "exception_until"})
    EXPECT_FALSE(receipt.contains(key)) << key;
}

TEST(TlsReceipt, MailThatWentByAnExceptionNamesItWhoMadeItWhyAndUntilWhen) {
  SessionFacts facts;
  facts.verdict.by_exception = "expired";
  verdict::PolicyException exception;
  exception.accept = "expired";
  exception.by = "jane";
  exception.why = "ticket 4711";
  exception.until = kNow + std::chrono::hours(2);
  facts.exception = exception;
  const Json receipt = tls_receipt(facts, kNow);
  EXPECT_EQ(receipt["by_exception"], "expired");
  EXPECT_EQ(receipt["exception_by"], "jane");
  EXPECT_EQ(receipt["exception_why"], "ticket 4711");
  EXPECT_EQ(receipt["exception_until"], format_rfc3339(exception.until));
  // One that was in force and not needed is none that the mail went by.
  facts.verdict.by_exception.clear();
  EXPECT_FALSE(tls_receipt(facts, kNow).contains("exception_by"));
}

}  // namespace
}  // namespace postern::relay
