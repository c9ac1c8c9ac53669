#include "relay/attempt.h"

#include <gtest/gtest.h>

namespace postern::relay {
namespace {

using namespace std::chrono_literals;

store::StoredMessage message_to(std::size_t recipients) {
  store::StoredMessage out;
  out.facts.id = MessageId(1);
  out.facts.reverse_path = mail::parse_mailbox("alice@contoso.com").value();
  for (std::size_t i = 0; i < recipients; ++i) {
    store::RecipientState& recipient = out.recipients.emplace_back();
    recipient.index = static_cast<std::uint32_t>(i);
    recipient.recipient.mailbox =
        mail::parse_mailbox("r" + std::to_string(i) + "@partner.example").value();
  }
  return out;
}

Outcome outcome(Kind kind, Scope scope) {
  Outcome out;
  out.kind = kind;
  out.scope = scope;
  return out;
}

TEST(ReplyDeadline, IsThatOfTheCommandWhoseReplyIsAwaited) {
  policy::Timeouts timeouts;
  timeouts.mail = 1s;
  timeouts.rcpt = 2s;
  timeouts.data = 3s;
  timeouts.body_block = 4s;
  timeouts.final_dot = 5s;
  struct Row {
    smtp::ClientWait wait;
    Duration limit;
  };
  for (const Row& row : {Row{smtp::ClientWait::mail, 1s}, Row{smtp::ClientWait::rcpt, 2s},
                         Row{smtp::ClientWait::data, 3s}, Row{smtp::ClientWait::body, 4s},
                         Row{smtp::ClientWait::final_dot, 5s}, Row{smtp::ClientWait::idle, 1s}}) {
    EXPECT_EQ(reply_deadline(timeouts, row.wait), row.limit) << smtp::to_string(row.wait);
  }
}

TEST(TransactionOf, SaysWhatTheSenderAsked) {
  store::StoredMessage message = message_to(2);
  message.facts.body = mail::Body::eight_bit_mime;
  message.facts.smtputf8 = true;
  message.facts.ret = mail::DsnReturn::headers;
  message.facts.envid = "QQ1";
  message.recipients[1].recipient.notify = mail::kNotifyNever;
  const smtp::Transaction out = transaction_of(message, 1234);
  EXPECT_EQ(out.reverse_path, message.facts.reverse_path);
  ASSERT_EQ(out.recipients.size(), 2U);
  EXPECT_EQ(out.recipients[1].notify, mail::kNotifyNever);
  EXPECT_EQ(out.size, 1234U);
  EXPECT_EQ(out.body, mail::Body::eight_bit_mime);
  EXPECT_TRUE(out.smtputf8);
  EXPECT_EQ(out.ret, mail::DsnReturn::headers);
  EXPECT_EQ(out.envid, "QQ1");
}

TEST(ByTransaction, NoneHoldsMoreThanAServerMustTakeAndNoRecipientIsLost) {
  struct Row {
    std::size_t recipients;
    std::vector<std::size_t> parts;
  };
  for (const Row& row :
       {Row{1, {1}}, Row{3, {3}}, Row{4, {3, 1}}, Row{7, {3, 3, 1}}, Row{0, {0}}}) {
    const auto parts = by_transaction(message_to(row.recipients), 3);
    std::vector<std::size_t> sizes;
    std::uint32_t next = 0;
    for (const store::StoredMessage& part : parts) {
      sizes.push_back(part.recipients.size());
      EXPECT_EQ(part.facts.id, MessageId(1));
      for (const store::RecipientState& recipient : part.recipients)
        EXPECT_EQ(recipient.index, next++) << "in their order";
    }
    EXPECT_EQ(sizes, row.parts);
  }
}

TEST(AfterTransaction, TheSessionGoesOnUnlessItOrTheHostFailed) {
  struct Row {
    const char* name;
    std::vector<Outcome> outcomes;
    bool closing, suspect;
    bool fails, goes_on, more, culprit, steps_aside;
  };
  const Outcome taken = outcome(Kind::delivered, Scope::message);
  const Outcome full = outcome(Kind::temporary, Scope::recipient);
  const Outcome no_such = outcome(Kind::permanent, Scope::recipient);
  const Outcome lost = outcome(Kind::temporary, Scope::session);
  const Outcome busy = outcome(Kind::temporary, Scope::host);
  const Outcome blocked = outcome(Kind::blocked, Scope::session);
  const std::vector<Row> rows = {
      {"taken", {taken}, false, false, false, true, false, false, false},
      {"a recipient's own trouble", {taken, full}, false, false, false, true, false, false, false},
      {"refused for good", {no_such}, false, true, false, true, false, false, false},
      {"taken, then closed", {taken}, true, false, false, false, true, false, false},
      {"lost", {lost}, false, false, true, false, false, true, false},
      {"lost in the same message again", {lost}, false, true, true, false, false, true, true},
      {"host is busy", {busy, full}, false, false, true, false, false, true, false},
      {"blocked is no fault of the message",
       {blocked},
       false,
       true,
       true,
       false,
       false,
       false,
       false},
      {"lost and closed", {lost}, true, false, true, false, false, true, false},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const AfterTransaction after = after_transaction(row.outcomes, row.closing, row.suspect);
    EXPECT_EQ(after.failure.has_value(), row.fails);
    EXPECT_EQ(after.goes_on, row.goes_on);
    EXPECT_EQ(after.more, row.more);
    EXPECT_EQ(after.culprit, row.culprit);
    EXPECT_EQ(after.steps_aside, row.steps_aside);
  }
}

TEST(IsOwnRefusal, WhereThePathIsKnownToWorkForOtherMail) {
  const std::vector<Outcome> refused(2, outcome(Kind::blocked, Scope::session));
  const std::vector<Outcome> half = {outcome(Kind::delivered, Scope::message),
                                     outcome(Kind::blocked, Scope::session)};
  struct Row {
    bool trial, refused_before, others_taken, own;
  };
  for (const Row& row : {Row{false, false, false, false}, Row{false, true, false, true},
                         Row{false, false, true, true}, Row{true, true, false, false},
                         Row{true, false, false, false}}) {
    EXPECT_EQ(is_own_refusal(refused, row.trial, row.refused_before, row.others_taken), row.own);
    EXPECT_TRUE(is_own_refusal(half, row.trial, row.refused_before, row.others_taken))
        << "another recipient's was taken with it";
  }
}

TEST(NeedsOriginal, ForAFailureAndForAnAskedForSuccessOnly) {
  store::StoredMessage message = message_to(2);
  const Outcome taken = outcome(Kind::delivered, Scope::message);
  const Outcome later = outcome(Kind::temporary, Scope::recipient);
  const Outcome never = outcome(Kind::permanent, Scope::recipient);
  EXPECT_FALSE(needs_original(message, {taken, later}));
  EXPECT_TRUE(needs_original(message, {taken, never}));
  message.recipients[0].recipient.notify = mail::kNotifySuccess;
  EXPECT_TRUE(needs_original(message, {taken, later}));
  EXPECT_FALSE(needs_original(message, {later, taken})) << "it was not the one who asked";
}

TEST(NextHost, IsTriedAfterOneThatCannotTakeMailNowAndOnlyThen) {
  const std::optional<Outcome> busy = outcome(Kind::temporary, Scope::host);
  EXPECT_TRUE(next_host_is_tried(busy, true, false));
  EXPECT_TRUE(next_host_is_tried(outcome(Kind::blocked, Scope::session), true, false));
  EXPECT_FALSE(next_host_is_tried(std::nullopt, true, false)) << "it took the mail";
  EXPECT_FALSE(next_host_is_tried(busy, false, false)) << "all were looked at already";
  EXPECT_FALSE(next_host_is_tried(busy, true, true)) << "it took mail a moment ago";
  EXPECT_FALSE(next_host_is_tried(outcome(Kind::permanent, Scope::session), true, false));
}

TEST(DropOutcome, AFileIsADeliveryAndAnErrorIsOurs) {
  const Outcome written = drop_outcome({});
  EXPECT_EQ(written.kind, Kind::delivered);
  EXPECT_EQ(written.code, "none");
  const Outcome full = drop_outcome(invalid("no space left"));
  EXPECT_EQ(full.kind, Kind::temporary);
  EXPECT_EQ(full.scope, Scope::host) << "the next message would fare no better";
  EXPECT_EQ(full.last_error.substr(0, 10), "451 4.3.0 ");
  EXPECT_NE(full.last_error.find("no space left"), std::string::npos);
}

}  // namespace
}  // namespace postern::relay
