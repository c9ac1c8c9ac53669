#include "smtp/client_session.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace postern::smtp {
namespace {

std::string text(const std::optional<mail::Reply>& reply) {
  return reply ? reply->str() : "-";
}

// One action as text: "> " and what is written (CR LF as "|"), or its name and what it tells.
struct Show {
  std::string operator()(const ClientWrite& a) const {
    std::string out = "> ";
    for (const char c : a.octets) {
      if (c == '\n') {
        out += '|';
      } else if (c != '\r') {
        out += c;
      }
    }
    return out;
  }
  std::string operator()(const ClientStartTls&) const { return "tls"; }
  std::string operator()(const Greeted& a) const { return "greeted " + a.reply.str(); }
  std::string operator()(const Hello& a) const {
    return (a.capabilities.esmtp ? "ehlo " : "helo ") + std::to_string(a.reply.code());
  }
  std::string operator()(const StartTlsRefused& a) const { return "no tls " + a.reply.str(); }
  std::string operator()(const NeedBody&) const { return "body?"; }
  std::string operator()(const ResetDone& a) const { return "reset " + a.reply.str(); }
  std::string operator()(const TransactionDone& a) const {
    std::string out = "done mail=" + text(a.mail);
    for (const auto& reply : a.recipients) out += " rcpt=" + text(reply);
    return out + " data=" + text(a.data) + " final=" + text(a.final);
  }
  std::string operator()(const QuitDone&) const { return "quit"; }
  std::string operator()(const ProtocolError& a) const { return "error " + a.what; }
};

using Shown = std::vector<std::string>;
Shown show(const ClientActions& actions) {
  Shown out;
  for (const ClientAction& action : actions) out.push_back(std::visit(Show{}, action));
  return out;
}

ClientSession ready(std::string_view keywords) {
  ClientSession session("client.test");
  EXPECT_EQ(show(session.on_bytes("220 mx.test\r\n")), Shown{"greeted 220 mx.test"});
  EXPECT_EQ(show(session.hello()), Shown{"> EHLO client.test|"});
  std::string reply = "250-mx.test\r\n";
  reply += keywords;
  EXPECT_EQ(show(session.on_bytes(reply + "250 HELP\r\n")), Shown{"ehlo 250"});
  return session;
}

constexpr std::string_view kPipelining = "250-PIPELINING\r\n";
constexpr std::string_view kChunking = "250-PIPELINING\r\n250-CHUNKING\r\n";

Transaction two_recipients() {
  Transaction t;
  t.reverse_path = {"a", "client.test"};
  t.recipients = {{{"b", "rcpt.test"}, 0, ""}, {{"c", "rcpt.test"}, 0, ""}};
  t.size = 7;
  return t;
}

const std::string kCommands =
    "MAIL FROM:<a@client.test>|RCPT TO:<b@rcpt.test>|RCPT TO:<c@rcpt.test>|";

TEST(ClientSession, ReadsTheKeywords) {
  const ClientSession session =
      ready("250-SIZE 1000\r\n250-starttls\r\n250-XXXXXXXA\r\n250-8BITMIME\r\n");
  const Capabilities& c = session.capabilities();
  EXPECT_EQ(c.size, 1000U);
  EXPECT_TRUE(c.starttls && c.eight_bit_mime && c.esmtp);
  EXPECT_FALSE(c.pipelining || c.chunking || c.dsn);
  EXPECT_EQ(c.keywords,
            (std::vector<std::string>{"SIZE 1000", "STARTTLS", "XXXXXXXA", "8BITMIME", "HELP"}));
}

TEST(ClientSession, EhloRefused_FallsBackToHelo) {
  ClientSession session("client.test");
  (void)session.on_bytes("220 mx.test\r\n");
  (void)session.hello();
  EXPECT_EQ(show(session.on_bytes("502 what\r\n")), Shown{"> HELO client.test|"});
  EXPECT_EQ(show(session.on_bytes("250 mx.test\r\n")), Shown{"helo 250"});
}

TEST(ClientSession, EhloRefusedOverTls_IsARefusal) {
  ClientSession session("client.test");
  (void)session.on_bytes("220 mx.test\r\n");
  (void)session.hello();
  (void)session.on_bytes("250-mx.test\r\n250 STARTTLS\r\n");
  (void)session.starttls();
  (void)session.on_bytes("220 go\r\n");
  (void)session.on_tls_ready();
  (void)session.hello();
  EXPECT_EQ(show(session.on_bytes("550 5.7.1 certificate required\r\n")), Shown{"helo 550"});
}

TEST(ClientSession, EhloPutOff_IsNoReasonForHelo) {
  ClientSession session("client.test");
  (void)session.on_bytes("220 mx.test\r\n");
  (void)session.hello();
  EXPECT_EQ(show(session.on_bytes("451 later\r\n")), Shown{"helo 451"});
}

TEST(ClientSession, GreetingRefused_OnlyQuitIsLeft) {
  ClientSession session("client.test");
  EXPECT_EQ(show(session.on_bytes("554 go away\r\n")), Shown{"greeted 554 go away"});
  EXPECT_TRUE(session.hello().empty());
  EXPECT_EQ(show(session.quit()), Shown{"> QUIT|"});
  EXPECT_EQ(show(session.on_bytes("221 bye\r\n")), Shown{"quit"});
  EXPECT_EQ(session.waiting(), ClientWait::closed);
}

TEST(ClientSession, StartTls_ForgetsTheKeywords) {
  ClientSession session = ready("250-STARTTLS\r\n250-SIZE 5\r\n");
  EXPECT_EQ(show(session.starttls()), Shown{"> STARTTLS|"});
  EXPECT_EQ(show(session.on_bytes("220 go\r\n")), Shown{"tls"});
  EXPECT_EQ(session.waiting(), ClientWait::tls);
  EXPECT_TRUE(session.on_tls_ready().empty());
  EXPECT_FALSE(session.capabilities().starttls);
  EXPECT_EQ(show(session.hello()), Shown{"> EHLO client.test|"});
}

TEST(ClientSession, StartTls_Refused_SessionGoesOn) {
  ClientSession session = ready("250-STARTTLS\r\n");
  (void)session.starttls();
  EXPECT_EQ(show(session.on_bytes("454 4.7.0 no\r\n")), Shown{"no tls 454 4.7.0 no"});
  EXPECT_EQ(show(session.quit()), Shown{"> QUIT|"});
}

TEST(ClientSession, StartTls_OctetsBehind220AreInjection) {
  const Shown expected = {"error octets between the reply to STARTTLS and the handshake"};
  ClientSession together = ready("250-STARTTLS\r\n");
  (void)together.starttls();
  EXPECT_EQ(show(together.on_bytes("220 go\r\n250 evil\r\n")), expected);
  ClientSession apart = ready("250-STARTTLS\r\n");
  (void)apart.starttls();
  (void)apart.on_bytes("220 go\r\n");
  EXPECT_EQ(show(apart.on_bytes("2")), expected);
}

TEST(ClientSession, Pipelining_SendsAllAtOnce) {
  ClientSession session = ready(kPipelining);
  EXPECT_EQ(show(session.transaction(two_recipients())), Shown{"> " + kCommands + "DATA|"});
  EXPECT_EQ(session.waiting(), ClientWait::mail);
  EXPECT_TRUE(session.on_bytes("250 ok\r\n250 ok\r\n").empty());
  EXPECT_EQ(session.waiting(), ClientWait::rcpt);
  EXPECT_EQ(show(session.on_bytes("550 5.1.1 no\r\n354 go\r\n")), Shown{"body?"});
  EXPECT_EQ(session.waiting(), ClientWait::body);
  EXPECT_EQ(show(session.body("a\r\n.b\r\n", false)), Shown{"> a|..b|"});
  EXPECT_EQ(show(session.body("c", true)), Shown{"> c|.|"});
  EXPECT_EQ(session.waiting(), ClientWait::final_dot);
  EXPECT_EQ(
      show(session.on_bytes("250 2.0.0 taken\r\n")),
      Shown{"done mail=250 ok rcpt=250 ok rcpt=550 5.1.1 no data=354 go final=250 2.0.0 taken"});
  EXPECT_EQ(session.waiting(), ClientWait::idle);
}

TEST(ClientSession, Replies_CountsWholeOnes) {
  ClientSession session = ready(kPipelining);
  const std::uint64_t before = session.replies();
  (void)session.transaction(two_recipients());
  for (const char* octets : {"2", "5", "0-sender\r\n", "250 ok\r", ""}) {
    EXPECT_TRUE(session.on_bytes(octets).empty());
    EXPECT_EQ(session.replies(), before) << octets;
  }
  EXPECT_TRUE(session.on_bytes("\n250 ok\r\n").empty());
  EXPECT_EQ(session.replies(), before + 2);
}

TEST(ClientSession, WithoutPipelining_OneCommandAtATime) {
  ClientSession session = ready("");
  EXPECT_EQ(show(session.transaction(two_recipients())), Shown{"> MAIL FROM:<a@client.test>|"});
  EXPECT_EQ(show(session.on_bytes("250 ok\r\n")), Shown{"> RCPT TO:<b@rcpt.test>|"});
  EXPECT_EQ(show(session.on_bytes("250 ok\r\n")), Shown{"> RCPT TO:<c@rcpt.test>|"});
  EXPECT_EQ(show(session.on_bytes("250 ok\r\n")), Shown{"> DATA|"});
  EXPECT_EQ(show(session.on_bytes("354 go\r\n")), Shown{"body?"});
}

TEST(ClientSession, WithoutPipelining_MailRefusedEndsIt) {
  ClientSession session = ready("");
  (void)session.transaction(two_recipients());
  EXPECT_EQ(show(session.on_bytes("550 no\r\n")),
            Shown{"done mail=550 no rcpt=- rcpt=- data=- final=-"});
  EXPECT_EQ(show(session.transaction(two_recipients())), Shown{"> MAIL FROM:<a@client.test>|"});
}

TEST(ClientSession, AllRecipientsRefused_354GetsTheLoneDot) {
  ClientSession session = ready(kPipelining);
  (void)session.transaction(two_recipients());
  EXPECT_EQ(show(session.on_bytes("250 ok\r\n550 b\r\n550 c\r\n354 go\r\n")), Shown{"> .|"});
  EXPECT_EQ(show(session.on_bytes("250 taken\r\n")),
            Shown{"done mail=250 ok rcpt=550 b rcpt=550 c data=354 go final=-"});
}

TEST(ClientSession, AfterAFailureTheNextMailStartsWithRset) {
  ClientSession session = ready(kPipelining);
  (void)session.transaction(two_recipients());
  EXPECT_EQ(show(session.on_bytes("250 ok\r\n550 b\r\n550 c\r\n554 no\r\n")),
            Shown{"done mail=250 ok rcpt=550 b rcpt=550 c data=554 no final=-"});
  EXPECT_EQ(show(session.transaction(two_recipients())), Shown{"> RSET|" + kCommands + "DATA|"});
  EXPECT_TRUE(session.on_bytes("250 reset\r\n250 ok\r\n").empty());
}

TEST(ClientSession, Chunking_WaitsForTheRecipients_ThenSendsBdat) {
  ClientSession session = ready(kChunking);
  EXPECT_EQ(show(session.transaction(two_recipients())), Shown{"> " + kCommands});
  EXPECT_EQ(show(session.on_bytes("250 ok\r\n250 ok\r\n250 ok\r\n")), Shown{"body?"});
  EXPECT_TRUE(session.body(".a\r\n", false).empty());
  EXPECT_EQ(show(session.body("b", true)), Shown{"> BDAT 5 LAST|.a|b"});
  EXPECT_EQ(show(session.on_bytes("250 2.0.0 taken\r\n")),
            Shown{"done mail=250 ok rcpt=250 ok rcpt=250 ok data=- final=250 2.0.0 taken"});
}

TEST(ClientSession, Chunking_IsBoundedInSizeAndInFlight) {
  ClientSession session = ready(kChunking);
  (void)session.transaction(two_recipients());
  (void)session.on_bytes("250 ok\r\n250 ok\r\n250 ok\r\n");
  const std::string big(kMaxChunkOctets + 100, 'x');
  const auto actions = session.body(big, false);
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_TRUE(std::get<ClientWrite>(actions[0]).octets.starts_with("BDAT 1048576\r\n"));
  EXPECT_TRUE(session.wants_body());
  for (int i = 0; i < 3; ++i) (void)session.body(big.substr(0, 100'000), false);
  EXPECT_FALSE(session.wants_body());
  EXPECT_EQ(session.waiting(), ClientWait::body);
  EXPECT_TRUE(session.on_bytes("250 chunk\r\n").empty());
  EXPECT_TRUE(session.wants_body());
}

TEST(ClientSession, Chunking_AFailedChunkEndsIt_WhenAllAreAnswered) {
  ClientSession session = ready(kChunking);
  (void)session.transaction(two_recipients());
  (void)session.on_bytes("250 ok\r\n250 ok\r\n250 ok\r\n");
  const std::string piece(100'000, 'x');
  (void)session.body(piece, false);
  (void)session.body(piece, false);
  EXPECT_TRUE(session.on_bytes("552 5.3.4 too big\r\n").empty());
  EXPECT_FALSE(session.wants_body());
  EXPECT_TRUE(session.body(piece, true).empty());
  EXPECT_EQ(show(session.on_bytes("503 5.5.1 no\r\n")),
            Shown{"done mail=250 ok rcpt=250 ok rcpt=250 ok data=552 5.3.4 too big final=-"});
}

TEST(ClientSession, ParametersOnlyWhereOffered) {
  Transaction t = two_recipients();
  t.recipients.resize(1);
  t.recipients[0].notify = mail::kNotifyFailure | mail::kNotifyDelay;
  t.recipients[0].orcpt = "rfc822;b@rcpt.test";
  t.body = mail::Body::eight_bit_mime;
  t.smtputf8 = true;
  t.ret = mail::DsnReturn::headers;
  t.envid = "x";
  EXPECT_EQ(show(ready("").transaction(t)), Shown{"> MAIL FROM:<a@client.test>|"});
  EXPECT_EQ(show(ready("250-PIPELINING\r\n250-SIZE\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n")
                     .transaction(t)),
            Shown{"> MAIL FROM:<a@client.test> SIZE=7 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x|"
                  "RCPT TO:<b@rcpt.test> NOTIFY=FAILURE,DELAY ORCPT=rfc822;b@rcpt.test|DATA|"});
}

TEST(ClientSession, ClosingAnswersTheCommandItMeets) {
  ClientSession at_mail = ready(kPipelining);
  (void)at_mail.transaction(two_recipients());
  EXPECT_EQ(show(at_mail.on_bytes("421 bye\r\n")),
            Shown{"done mail=421 bye rcpt=- rcpt=- data=- final=-"});
  EXPECT_EQ(at_mail.waiting(), ClientWait::closed);
  ClientSession at_rcpt = ready(kPipelining);
  (void)at_rcpt.transaction(two_recipients());
  EXPECT_EQ(show(at_rcpt.on_bytes("250 ok\r\n250 ok\r\n421 bye\r\n")),
            Shown{"done mail=250 ok rcpt=250 ok rcpt=421 bye data=- final=-"});
  ClientSession in_body = ready(kPipelining);
  (void)in_body.transaction(two_recipients());
  (void)in_body.on_bytes("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n");
  EXPECT_EQ(show(in_body.on_bytes("421 bye\r\n")),
            Shown{"done mail=250 ok rcpt=250 ok rcpt=250 ok data=354 go final=421 bye"});
  ClientSession idle = ready("");
  EXPECT_EQ(show(idle.on_bytes("421 bye\r\n")), Shown{"error the server closes the session"});
}

TEST(ClientSession, RepliesEarlyOrInExcess) {
  const Shown unasked = {"error a reply nobody asked for"};
  EXPECT_EQ(show(ready("").on_bytes("250 hello?\r\n")), unasked);
  ClientSession in_body = ready(kPipelining);
  (void)in_body.transaction(two_recipients());
  EXPECT_EQ(show(in_body.on_bytes("250 a\r\n250 b\r\n250 c\r\n354 go\r\n250 taken\r\n")),
            (Shown{"body?", unasked[0]}));
  ClientSession early = ready("");
  (void)early.transaction(two_recipients());
  EXPECT_EQ(show(early.on_bytes("250 a\r\n250 b\r\n")),
            (Shown{"> RCPT TO:<b@rcpt.test>|", unasked[0]}));
}

TEST(ClientSession, WhatIsNoSmtp) {
  ClientSession session("client.test");
  EXPECT_EQ(show(session.on_bytes("SSH-2.0-OpenSSH\r\n")), Shown{"error not an SMTP reply"});
  ClientSession endless("client.test");
  EXPECT_EQ(show(endless.on_bytes(std::string(kMaxReplyOctets + 1, 'x'))).size(), 1U);
  EXPECT_EQ(endless.waiting(), ClientWait::closed);
}

// RFC 5321 s4.2.1: 354 after the last octet says that more is wanted, not that the message was
// taken.
TEST(ClientSession, A3yzCompletesNothing) {
  const std::string kError = "error a reply that neither completes nor refuses the command";
  const auto after = [](std::string_view keywords, std::string_view replies, bool body) {
    ClientSession session = ready(keywords);
    (void)session.transaction(two_recipients());
    const ClientActions seen = session.on_bytes(replies);
    if (!body) return show(seen);
    (void)session.body("x\r\n", true);
    return show(session.on_bytes("354 what\r\n"));
  };
  EXPECT_EQ(after("", "354 go\r\n", false), Shown{kError});
  EXPECT_EQ(after(kPipelining, "250 ok\r\n250 b\r\n354 c\r\n", false), Shown{kError});
  EXPECT_EQ(after(kPipelining, "250 ok\r\n250 b\r\n250 c\r\n354 go\r\n", true), Shown{kError});
  EXPECT_EQ(after(kChunking, "250 ok\r\n250 b\r\n250 c\r\n", true), Shown{kError});
}

TEST(ClientSession, AnAddressCannotBecomeACommand) {
  Transaction t = two_recipients();
  t.recipients[1].mailbox.local = "c>\r\nRCPT TO:<evil";
  ClientSession session = ready(kPipelining);
  EXPECT_EQ(show(session.transaction(t)), Shown{"error an address holds a line end"});
}

TEST(ClientSession, OneToAHundredRecipients) {
  Transaction t = two_recipients();
  t.recipients.resize(101, t.recipients[0]);
  EXPECT_EQ(show(ready(kPipelining).transaction(t)),
            Shown{"error a transaction has 1 to 100 recipients"});
}

TEST(ClientSession, AbortBody_NothingMoreIsWritten) {
  ClientSession session = ready(kPipelining);
  (void)session.transaction(two_recipients());
  (void)session.on_bytes("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n");
  (void)session.body("half", false);
  session.abort_body();
  EXPECT_EQ(session.waiting(), ClientWait::closed);
  EXPECT_TRUE(session.body("x", true).empty());
  EXPECT_EQ(show(session.quit()), Shown{"quit"});
}

TEST(ClientSession, Reset) {
  ClientSession session = ready("");
  EXPECT_EQ(show(session.reset()), Shown{"> RSET|"});
  EXPECT_EQ(show(session.on_bytes("250 ok\r\n")), Shown{"reset 250 ok"});
}

}  // namespace
}  // namespace postern::smtp
