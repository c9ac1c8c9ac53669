#include "probe/check_target.h"

#include <gtest/gtest.h>

namespace postern::probe {
namespace {

TEST(CheckTarget, WhatPeopleGiveIsRead) {
  struct Case {
    const char* text;
    const char* name;
    int port;  // 0: none given
    bool literal, maybe_domain;
  };
  const Case cases[] = {
      {"contoso.com", "contoso.com", 0, false, true},
      {"  Contoso.COM. ", "contoso.com", 0, false, true},
      {"user@contoso.com", "contoso.com", 0, false, true},
      {"b\xc3\xbc"
       "cher.example",
       "xn--bcher-kva.example", 0, false, true},
      {"mx1.contoso.com:2525", "mx1.contoso.com", 2525, false, false},
      {"192.0.2.1", "192.0.2.1", 0, true, false},
      {"192.0.2.1:465", "192.0.2.1", 465, true, false},
      {"[192.0.2.1]:25", "192.0.2.1", 25, true, false},
      {"2001:DB8::1", "2001:db8::1", 0, true, false},
      {"[2001:db8::1]:25", "2001:db8::1", 25, true, false},
      {"[IPv6:2001:db8::1]", "2001:db8::1", 0, true, false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const auto target = parse_check_target(c.text);
    ASSERT_TRUE(target) << target.error().what();
    EXPECT_EQ(target->name, c.name);
    EXPECT_EQ(target->port.value_or(0), c.port);
    EXPECT_EQ(target->literal, c.literal);
    EXPECT_EQ(target->maybe_domain(), c.maybe_domain);
  }
  EXPECT_TRUE(parse_check_target("mx.test:465")->implicit_by_port());
  EXPECT_FALSE(parse_check_target("mx.test:25")->implicit_by_port());
}

TEST(CheckTarget, WhatIsNoneIsToldWithWhatWouldBe) {
  for (const char* text : {"", "@", "a b", "mx.test:0", "mx.test:99999", "mx.test:smtp",
                           "[mx.test]", "https://mx.test", "-", "a..b"}) {
    const auto target = parse_check_target(text);
    ASSERT_FALSE(target) << text;
    EXPECT_NE(target.error().detail().find("give a domain"), std::string::npos)
        << target.error().detail();
  }
}

}  // namespace
}  // namespace postern::probe
