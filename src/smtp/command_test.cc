#include "smtp/command.h"

#include <string>

#include <gtest/gtest.h>

namespace postern::smtp {
namespace {

using namespace std::string_literals;

std::string refusal(std::string_view line, const CommandContext& context = {}) {
  const Command command = parse_command(line, context);
  if (!command.malformed) return "";
  const std::string text = command.malformed->str();
  return text.substr(0, text.find(' ', text.find(' ') + 1));  // code and enhanced code
}

MailArgument parse_mail(std::string_view line) {
  const Command command = parse_command(line, {});
  EXPECT_FALSE(command.malformed) << line << ": " << command.malformed->str();
  return command.malformed ? MailArgument{} : std::get<MailArgument>(command.argument);
}

mail::Recipient parse_rcpt(std::string_view line, const CommandContext& context = {}) {
  const Command command = parse_command(line, context);
  EXPECT_FALSE(command.malformed) << line << ": " << command.malformed->str();
  return command.malformed ? mail::Recipient{} : std::get<RcptArgument>(command.argument).recipient;
}

TEST(Command, VerbsInAnyCase_TrailingBlanksTolerated) {
  EXPECT_EQ(parse_command("eHlO x", {}).verb, Verb::ehlo);
  EXPECT_EQ(parse_command("nOOp  ", {}).verb, Verb::noop);
  EXPECT_EQ(parse_command("quit \t", {}).verb, Verb::quit);
  EXPECT_EQ(refusal("rset "), "");
}

TEST(Command, WhatIsNoCommand) {
  for (const std::string& line : {""s, " "s, " NOOP"s, "FROBNICATE now"s, "MAILFROM:<a@b>"s}) {
    EXPECT_TRUE(refusal(line).starts_with("500 5.5.")) << line;
  }
  for (const std::string& line :
       {"NO\0OP"s, "EH\x01LO x"s, "NOOP\rQUIT"s, "MAIL FROM:<a\0b@c.test>"s, "NOOP a\tb"s,
        "\x80\xff\xfe\x00"s, "NOOP \x7F"s}) {
    EXPECT_EQ(refusal(line), "500 5.5.2") << line;
  }
}

TEST(Command, HttpIsToldApart) {
  EXPECT_EQ(parse_command("GET / HTTP/1.1", {}).verb, Verb::http);
  EXPECT_EQ(parse_command("POST / HTTP/1.1", {}).verb, Verb::http);
}

TEST(Command, ArgumentsWhereNoneBelong_OrAreNeeded) {
  for (const char* line : {"DATA now", "RSET all", "QUIT x", "STARTTLS now", "HELO", "EHLO", "VRFY",
                           "EXPN", "EHLO a b", "EHLO \xC3\xA4"}) {
    EXPECT_EQ(refusal(line), "501 5.5.4") << line;
  }
  EXPECT_EQ(refusal("NOOP with an argument"), "");
  EXPECT_EQ(refusal("EHLO " + std::string(256, 'a')), "501 5.5.4");
}

TEST(Command, MailPath) {
  EXPECT_TRUE(parse_mail("MAIL FROM:<>").reverse_path.empty());
  EXPECT_EQ(parse_mail("mail from:<A.b@Client.Test>").reverse_path.str(), "A.b@client.test");
  EXPECT_EQ(parse_mail("MAIL FROM: <a@client.test>").reverse_path.str(), "a@client.test");
  EXPECT_EQ(parse_mail(R"(MAIL FROM:<"j>\" doe"@client.test>)").reverse_path.str(),
            R"("j>\" doe"@client.test)");
  EXPECT_EQ(parse_mail("MAIL FROM:<@a.test,@b.test:u@c.test>").reverse_path.str(), "u@c.test");
  for (const char* line : {"MAIL", "MAIL FROM", "MAIL FROM:", "MAIL FROM:a@b.test",
                           "MAIL TO:<a@b.test>", "MAIL FROM:<a@b.test", "MAIL FROM:<a@b.test>x",
                           "MAIL FROM:<a@b.test> <c@d.test>", "MAIL FROM:<\"a@b.test>",
                           "MAIL FROM:<@a.test>", "MAIL FROM:<@a.test:>", "MAIL FROM <a@b.test>"}) {
    EXPECT_EQ(refusal(line), "501 5.5.4") << line;
  }
  for (const char* line : {"MAIL FROM:<a b@c.test>", "MAIL FROM:<<a@c.test>>", "MAIL FROM:<a@>",
                           "MAIL FROM:<@c.test@d>", "MAIL FROM:<a..b@c.test>",
                           "MAIL FROM:<postmaster>", "MAIL FROM:<a@b@c.test>"}) {
    EXPECT_TRUE(refusal(line).starts_with("501 5.")) << line;
  }
}

TEST(Command, RcptPath) {
  EXPECT_EQ(parse_rcpt("RCPT TO:<PostMaster>").mailbox.str(), "PostMaster");
  EXPECT_EQ(parse_rcpt("RCPT TO:<UsEr.X@Rcpt.Test>").mailbox.str(), "UsEr.X@rcpt.test");
  EXPECT_EQ(refusal("RCPT TO:<>"), "501 5.1.3");
  EXPECT_EQ(refusal("RCPT TO:<user>"), "501 5.1.3");
  EXPECT_EQ(refusal("RCPT TO:user@rcpt.test"), "501 5.5.4");
}

TEST(Command, MailParameters) {
  const MailArgument m =
      parse_mail("MAIL FROM:<a@b.test> size=123 BODY=8bitmime SMTPUTF8 RET=HDRS ENVID=a+2Bb");
  EXPECT_EQ(m.size, 123U);
  EXPECT_EQ(m.body, mail::Body::eight_bit_mime);
  EXPECT_TRUE(m.smtputf8);
  EXPECT_EQ(m.ret, mail::DsnReturn::headers);
  EXPECT_EQ(m.envid, "a+2Bb");
  EXPECT_EQ(parse_mail("MAIL FROM:<a@b.test> SIZE=99999999999999999999").size, UINT64_MAX);
}

TEST(Command, BadMailParameters) {
  for (const char* parameters :
       {"SIZE", "SIZE=", "SIZE=-1", "SIZE=1k", "SIZE=100000000000000000000", "SIZE=1 SIZE=1",
        "BODY", "BODY=9BIT", "SMTPUTF8=yes", "RET=ALL", "RET", "ENVID=", "ENVID=a+2", "ENVID=a=b",
        "=5", "-X=5", "SIZE==5", "ENVID=a+2b"}) {
    EXPECT_EQ(refusal("MAIL FROM:<a@b.test> "s + parameters), "501 5.5.4") << parameters;
  }
  for (const char* parameters : {"FOO", "FOO=bar", "AUTH=<>", "BODY=BINARYMIME", "NOTIFY=NEVER"}) {
    EXPECT_EQ(refusal("MAIL FROM:<a@b.test> "s + parameters), "555 5.5.4") << parameters;
  }
  EXPECT_EQ(refusal("MAIL FROM:<a@b.test> ENVID=" + std::string(101, 'x')), "501 5.5.4");
}

TEST(Command, RcptParameters) {
  const mail::Recipient r =
      parse_rcpt("RCPT TO:<u@rcpt.test> NOTIFY=success,DELAY ORCPT=rfc822;u+40rcpt.test");
  EXPECT_EQ(r.notify, mail::kNotifySuccess | mail::kNotifyDelay);
  EXPECT_EQ(r.orcpt, "rfc822;u+40rcpt.test");
  EXPECT_EQ(parse_rcpt("RCPT TO:<u@rcpt.test> NOTIFY=NEVER").notify, mail::kNotifyNever);
  for (const char* parameters :
       {"NOTIFY", "NOTIFY=", "NOTIFY=NEVER,DELAY", "NOTIFY=SOON", "NOTIFY=DELAY,",
        "ORCPT=u@rcpt.test", "ORCPT=rfc822;", "ORCPT=;x", "ORCPT=rfc822;\xC3\xA4"}) {
    EXPECT_EQ(refusal("RCPT TO:<u@rcpt.test> "s + parameters), "501 5.5.4") << parameters;
  }
  EXPECT_EQ(refusal("RCPT TO:<u@rcpt.test> SIZE=5"), "555 5.5.4");
}

TEST(Command, AfterHelo_NoParameterIsKnown) {
  const CommandContext helo{.extensions = false};
  EXPECT_EQ(refusal("MAIL FROM:<a@b.test> SIZE=5", helo), "555 5.5.4");
  EXPECT_EQ(refusal("RCPT TO:<a@b.test> NOTIFY=NEVER", helo), "555 5.5.4");
  EXPECT_EQ(refusal("MAIL FROM:<a@b.test>", helo), "");
}

TEST(Command, Utf8NeedsSmtputf8) {
  EXPECT_EQ(refusal("MAIL FROM:<\xC3\xA4@b.test>"), "553 5.6.7");
  EXPECT_EQ(refusal("MAIL FROM:<\xC3\xA4@b.test> SMTPUTF8"), "");
  EXPECT_EQ(refusal("MAIL FROM:<\xC3@b.test> SMTPUTF8"), "501 5.1.7");
  EXPECT_EQ(refusal("RCPT TO:<\xC3\xA4@b.test>"), "553 5.6.7");
  EXPECT_EQ(refusal("RCPT TO:<\xC3\xA4@b.test>", {.smtputf8 = true}), "");
  EXPECT_EQ(parse_rcpt("RCPT TO:<u@b.test> ORCPT=utf-8;\xC3\xA4@b.test", {.smtputf8 = true}).orcpt,
            "utf-8;\xC3\xA4@b.test");
}

TEST(Command, Bdat) {
  const auto parsed = std::get<BdatArgument>(parse_command("BDAT 10 last", {}).argument);
  EXPECT_EQ(parsed.octets, 10U);
  EXPECT_TRUE(parsed.last);
  for (const char* line : {"BDAT x", "BDAT -1", "BDAT +1", "BDAT 0x10", "BDAT 1.5", "BDAT LAST",
                           "BDAT 99999999999999999999"}) {
    const Command command = parse_command(line, {});
    EXPECT_TRUE(command.malformed) << line;
    EXPECT_TRUE(std::holds_alternative<std::monostate>(command.argument)) << line;
  }
  // The size is known, so its octets can be skipped.
  const Command command = parse_command("BDAT 10 FIRST", {});
  EXPECT_TRUE(command.malformed);
  EXPECT_EQ(std::get<BdatArgument>(command.argument).octets, 10U);
}

}  // namespace
}  // namespace postern::smtp
