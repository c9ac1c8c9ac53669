// What the dialogues of test/dialogue cannot see: which actions come, when input is held, and what
// the session says about itself.
#include "smtp/server_session.h"

#include <string>

#include <gtest/gtest.h>

#include "smtp/memory_driver.h"

namespace postern::smtp {
namespace {

using mail::Reply;

ServerOptions options() {
  ServerOptions out;
  out.fqdn = "mx.test";
  return out;
}

const Reply kOk(250, {2, 0, 0}, "ok");

template <class Action>
const Action* find(const ServerActions& actions) {
  for (const ServerAction& action : actions) {
    if (const auto* found = std::get_if<Action>(&action)) return found;
  }
  return nullptr;
}

// A session that has said EHLO and, for `recipient`, is in a transaction.
ServerSession in_transaction() {
  ServerSession session(options());
  (void)session.on_connect();
  (void)session.on_bytes(
      "EHLO client.test\r\nMAIL FROM:<a@client.test> BODY=8BITMIME SMTPUTF8\r\n");
  (void)session.on_decision(kOk);
  (void)session.on_bytes("RCPT TO:<u@rcpt.test> NOTIFY=NEVER\r\n");
  (void)session.on_decision(kOk);
  return session;
}

TEST(ServerSession, RefusedConnection_GetsTheReplyAndTheEnd) {
  ServerSession session(options());
  const ServerActions actions = session.on_connect(Reply(554, {5, 7, 1}, "not you"));
  ASSERT_EQ(actions.size(), 2U);
  EXPECT_EQ(std::get<Write>(actions[0]).octets, "554 5.7.1 not you\r\n");
  EXPECT_TRUE(find<Close>(actions));
  EXPECT_EQ(session.waiting(), ServerWait::closed);
}

TEST(ServerSession, ADecisionHoldsTheInputUpToItsBound) {
  ServerSession session(options());
  (void)session.on_connect();
  const ServerActions asked =
      session.on_bytes("EHLO client.test\r\nMAIL FROM:<A@Client.test> SIZE=5\r\nNOOP\r\n");
  const auto* question = find<DecideMail>(asked);
  ASSERT_TRUE(question);
  EXPECT_EQ(question->reverse_path.str(), "A@client.test");
  EXPECT_EQ(question->size, 5U);
  EXPECT_EQ(session.waiting(), ServerWait::decision);
  EXPECT_TRUE(session.can_read());
  EXPECT_TRUE(session.on_bytes(std::string(kMaxPipelinedOctets, 'x')).empty());
  EXPECT_FALSE(session.can_read());
  const ServerActions answered = session.on_decision(Reply(250, {2, 1, 0}, "sender ok"));
  ASSERT_TRUE(find<Write>(answered));
  EXPECT_TRUE(find<Write>(answered)->octets.starts_with("250 2.1.0 sender ok\r\n250 2.0.0 OK\r\n"));
  EXPECT_TRUE(session.can_read());
}

TEST(ServerSession, TheEnvelopeIsHandedOverWhole) {
  ServerSession session = in_transaction();
  EXPECT_TRUE(session.smtputf8());
  EXPECT_TRUE(session.esmtp());
  EXPECT_EQ(session.helo(), "client.test");
  const ServerActions actions = session.on_bytes("DATA\r\n");
  const auto* begin = find<BeginBody>(actions);
  ASSERT_TRUE(begin);
  EXPECT_EQ(begin->envelope.reverse_path.str(), "a@client.test");
  EXPECT_EQ(begin->envelope.body, mail::Body::eight_bit_mime);
  ASSERT_EQ(begin->envelope.recipients.size(), 1U);
  EXPECT_EQ(begin->envelope.recipients[0].notify, mail::kNotifyNever);
}

TEST(ServerSession, NoReplyToTheBodyBeforeItIsStored) {
  ServerSession session = in_transaction();
  (void)session.on_bytes("DATA\r\n");
  (void)session.on_decision(kOk);
  const ServerActions end = session.on_bytes("x\r\n.\r\n");
  EXPECT_TRUE(find<EndBody>(end));
  EXPECT_FALSE(find<Write>(end));
  EXPECT_EQ(session.waiting(), ServerWait::stored);
  EXPECT_FALSE(find<AbortBody>(session.on_timeout()));  // it is the store's by now
}

TEST(ServerSession, AFaultAbortsTheBodyAtOnce_AndIsToldAtItsEnd) {
  ServerSession session = in_transaction();
  (void)session.on_bytes("DATA\r\n");
  (void)session.on_decision(kOk);
  const ServerActions fault = session.on_bytes("x\ny\r\n");
  EXPECT_TRUE(find<AbortBody>(fault));
  EXPECT_FALSE(find<Write>(fault));
  const ServerActions end = session.on_bytes(".\r\n");
  ASSERT_EQ(end.size(), 1U);
  EXPECT_TRUE(find<Write>(end)->octets.starts_with("550 5.6.0 "));
}

TEST(ServerSession, A421DecisionEndsTheSession) {
  ServerSession session = in_transaction();
  (void)session.on_bytes("DATA\r\n");
  const ServerActions actions = session.on_decision(Reply(421, {4, 3, 2}, "later"));
  EXPECT_TRUE(find<Close>(actions));
  EXPECT_TRUE(session.on_bytes("NOOP\r\n").empty());
}

TEST(ServerSession, ImplicitTls_NeverOffersStarttls) {
  ServerOptions implicit = options();
  implicit.offer_starttls = implicit.tls_required = implicit.implicit_tls = true;
  MemoryDriver driver(implicit);
  driver.tls_ready();
  driver.connect();
  driver.send("EHLO client.test\r\n");
  EXPECT_TRUE(driver.session().tls());
  EXPECT_EQ(driver.take_output().find("STARTTLS"), std::string::npos);
  driver.send("MAIL FROM:<a@client.test>\r\n");
  EXPECT_EQ(driver.take_output(), "250 2.1.0 sender ok\r\n");
}

TEST(ServerSession, CommandsWithoutAMessageAreBounded) {
  MemoryDriver driver(options());
  driver.connect();
  driver.send("EHLO client.test\r\n");
  for (int i = 0; i < 2000 && !driver.closed(); ++i) driver.send("NOOP\r\n");
  EXPECT_TRUE(driver.closed());
  EXPECT_NE(driver.take_output().find("421 4.7.0 "), std::string::npos);
}

TEST(ServerSession, HelloNameIsMadePrintable) {
  MemoryDriver driver(options());
  driver.connect();
  driver.send("EHLO [192.0.2.1]\r\n");
  EXPECT_EQ(driver.session().helo(), "[192.0.2.1]");
  driver.send("HELO x\r\n");
  EXPECT_FALSE(driver.session().esmtp());
}

}  // namespace
}  // namespace postern::smtp
