#include "mail/envelope.h"

#include <gtest/gtest.h>

namespace postern::mail {
namespace {

TEST(Mailbox, SplitsLocalPartAndDomain) {
  struct Case {
    const char* text;
    const char* local;
    const char* domain;
  };
  for (const Case& c : {
           Case{"SeNder@Client.TEST", "SeNder", "client.test"},
           Case{"a!#$%&'*+-/=?^_`{|}~@b.test", "a!#$%&'*+-/=?^_`{|}~", "b.test"},
           Case{"user%elsewhere.example@local.test", "user%elsewhere.example", "local.test"},
           Case{"elsewhere.example!user@local.test", "elsewhere.example!user", "local.test"},
           Case{R"("john doe"@b.test)", R"("john doe")", "b.test"},
           Case{R"("user@elsewhere.example"@local.test)", R"("user@elsewhere.example")",
                "local.test"},
           Case{R"("a.b"@b.test)", R"("a.b")", "b.test"},
           Case{R"("semi;colon, comma"@b.test)", R"("semi;colon, comma")", "b.test"},
           Case{R"("back\\slash"@b.test)", R"("back\\slash")", "b.test"},
           Case{R"("quo\"te"@b.test)", R"("quo\"te")", "b.test"},
           Case{R"("\"@evil.test"@b.test)", R"("\"@evil.test")", "b.test"},
           Case{R"(""@b.test)", R"("")", "b.test"},
           Case{"user@[127.0.0.1]", "user", "[127.0.0.1]"},
           Case{"a@[IPv6:2001:DB8::1]", "a", "[IPv6:2001:db8::1]"},
           Case{"PostMaster", "PostMaster", ""},
       }) {
    const auto mailbox = parse_mailbox(c.text);
    ASSERT_TRUE(mailbox) << c.text << ": " << mailbox.error().what();
    EXPECT_EQ(mailbox->local, c.local);
    EXPECT_EQ(mailbox->domain, c.domain);
  }
}

TEST(Mailbox, RefusesWhatHidesSomethingOrIsMalformed) {  // suite B05, B08-B11
  for (const char* bad : {
           "",
           "@",
           "a",
           "a@",
           "@client.test",
           "a b@client.test",
           "\"a@client.test",
           "a\"@client.test",
           "<a@client.test",
           "a@client.test>",
           "<a@client.test>",
           "a@client.test x",
           "a@b@client.test",
           "a..b@client.test",
           ".a@client.test",
           "a.@client.test",
           "a@client..test",
           "a@.client.test",
           "a@-client.test",
           "a@client.test.",
           "a@cli_ent.test",
           "@a.test:b@client.test",
           "@a.test,@b.test:b@client.test",
           "\"user@elsewhere.example\"",
           "user@elsewhere.example @local.test",
           "a@client.test\rRCPT TO:x",
           "a@client.test\r\n",
           "\"a\"b@client.test",
           "\"a\".b@client.test",
           "\"a\\",
           "\"a\\\"@b.test",
           "\"a\rb\"@client.test",
           "a@[999.1.1.1]",
           "a@[]",
           "a@[2001:db8::1]",
           "a@[192.0.2.1",
           "\"\x7F\"@b.test",
           "\xC3\xBC@b.test",
           "a@b\xC3\xBC.test",
           "\"\xC3\xBC\"@b.test",
           "postmaster@",
           "Postmaste",
       }) {
    EXPECT_FALSE(parse_mailbox(bad)) << bad;
  }
  EXPECT_FALSE(parse_mailbox(std::string_view("a\0@client.test", 14)));
  EXPECT_FALSE(parse_mailbox(std::string_view("a@client.test\0", 14)));
  EXPECT_FALSE(parse_mailbox(std::string_view("\"a\0\"@client.test", 16)));
}

TEST(Mailbox, LongestLegalPathIsTakenAndOneOctetMoreIsNot) {  // suite B12, B13
  const std::string domain =
      std::string(60, 'b') + "." + std::string(60, 'c') + "." + std::string(50, 'd') + ".test";
  EXPECT_TRUE(parse_mailbox(std::string(64, 'a') + "@" + domain));
  EXPECT_FALSE(parse_mailbox(std::string(65, 'a') + "@" + domain));
  EXPECT_FALSE(parse_mailbox("a@" + std::string(64, 'b') + ".test"));
  EXPECT_FALSE(parse_mailbox("\"" + std::string(63, 'a') + "\"@client.test"));
  std::string many;
  for (int i = 0; i < 124; ++i) many += "b.";
  EXPECT_TRUE(parse_mailbox("a@" + many + "test"));    // 254 octets and two brackets
  EXPECT_FALSE(parse_mailbox("ab@" + many + "test"));  // 257
  EXPECT_FALSE(parse_mailbox(std::string(900, 'a') + "@client.test"));
}

TEST(Mailbox, Utf8OnlyWithSmtputf8) {
  const auto mailbox = parse_mailbox(
      "j\xC3\xBCrgen@b\xC3\xBC"
      "cher.example",
      true);
  ASSERT_TRUE(mailbox);
  EXPECT_EQ(mailbox->local, "j\xC3\xBCrgen");
  EXPECT_EQ(mailbox->domain,
            "b\xC3\xBC"
            "cher.example");
  EXPECT_TRUE(parse_mailbox("\"j \xC3\xBC\"@b.test", true));
  EXPECT_FALSE(parse_mailbox("\"j \\\xC3\xBC\"@b.test", true));  // no quoted-pair of UTF-8
  EXPECT_FALSE(parse_mailbox("j\xC3@b.test", true));
}

TEST(Mailbox, StrJoinsWhatWasSplit) {
  EXPECT_EQ(parse_mailbox("\"a@b\"@C.test").value().str(), "\"a@b\"@c.test");
  EXPECT_EQ(parse_mailbox("postmaster").value().str(), "postmaster");
  EXPECT_TRUE(Mailbox{}.empty());
}

}  // namespace
}  // namespace postern::mail
