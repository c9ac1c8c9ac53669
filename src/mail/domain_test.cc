#include "mail/domain.h"

#include <gtest/gtest.h>

#include "mail/idna.h"

namespace postern::mail {
namespace {

std::string repeat(std::string_view s, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += s;
  return out;
}

TEST(Domain, IsLowerCaseLettersDigitsHyphens) {
  EXPECT_EQ(parse_domain("Mail.CONTOSO.com").value(), "mail.contoso.com");
  EXPECT_EQ(parse_domain("xn--bcher-kva.example").value(), "xn--bcher-kva.example");
  EXPECT_EQ(parse_domain("localhost").value(), "localhost");
  EXPECT_EQ(parse_domain("3com.com").value(), "3com.com");
  EXPECT_TRUE(parse_domain(std::string(63, 'a') + ".test"));
}

TEST(Domain, RefusesWhatIsNone) {
  for (const std::string& bad :
       {std::string(), std::string("."), std::string("a."), std::string(".a"), std::string("a..b"),
        std::string("-a.test"), std::string("a-.test"), std::string("a_b.test"), std::string("a b"),
        std::string("a@b"), std::string("[127.0.0.1]"), std::string("a\0b", 3),
        std::string("a\r\nb"), std::string("b\xC3\xBC.test"), std::string(64, 'a') + ".test",
        repeat("b.", 128) + "test"}) {
    EXPECT_FALSE(parse_domain(bad)) << bad;
  }
}

TEST(Domain, Utf8OnlyWhereAllowedAndOnlyValid) {
  EXPECT_FALSE(
      parse_domain("b\xC3\xBC"
                   "cher.example"));
  EXPECT_EQ(parse_domain("B\xC3\xBC"
                         "cher.example",
                         true)
                .value(),
            "b\xC3\xBC"
            "cher.example");
  EXPECT_FALSE(parse_domain("b\xC3.example", true));
}

// The samples of RFC 3492 s7.1 that fit in a label, and the common one.
TEST(Idna, ULabelsBecomeALabels) {
  EXPECT_EQ(to_a_labels("b\xC3\xBC"
                        "cher.example")
                .value(),
            "xn--bcher-kva.example");
  EXPECT_EQ(to_a_labels("plain.Example").value(), "plain.example");
  EXPECT_EQ(to_a_labels("他们为什么不说中文").value(), "xn--ihqwcrb4cv8a8dqg056pqjye");
  EXPECT_EQ(to_a_labels("почемужеонинеговорятпорусски").value(),
            "xn--b1abfaaepdrnnbgefbadotcwatmq2g4l");
  EXPECT_EQ(to_a_labels("パフィーdeルンバ").value(), "xn--de-jg4avhby1noc0d");
  EXPECT_EQ(to_a_labels("3年b組金八先生").value(), "xn--3b-ww4c5e180e575a65lsy2b");
}

TEST(Idna, RefusesInvalidUtf8AndLongLabels) {
  EXPECT_FALSE(to_a_labels("\xFF.example"));
  std::string planes;  // 60 octets as U-label, more than 63 as A-label
  for (int plane = 1; plane <= 15; ++plane) {
    planes += static_cast<char>(0xF0 | plane >> 2);
    planes += static_cast<char>(0x80 | (plane & 3) << 4);
    planes += "\x80\x80";
  }
  EXPECT_TRUE(parse_domain(planes, true));
  EXPECT_FALSE(to_a_labels(planes));
  const std::string many = repeat("\xC3\xBC.", 40) + "test";  // 124 octets; over 255 as A-labels
  EXPECT_TRUE(parse_domain(many, true));
  EXPECT_FALSE(to_a_labels(many));
  EXPECT_FALSE(DomainPattern::parse(many));
  EXPECT_FALSE(to_a_labels(std::string(64, 'a')));
}

TEST(AddressLiteral, ComesInCanonicalForm) {
  EXPECT_EQ(parse_address_literal("[192.0.2.1]").value(), "[192.0.2.1]");
  EXPECT_EQ(parse_address_literal("[ipv6:2001:DB8:0::1]").value(), "[IPv6:2001:db8::1]");
  EXPECT_EQ(parse_address_literal("[IPv6:::ffff:192.0.2.1]").value(), "[IPv6:::ffff:192.0.2.1]");
}

TEST(AddressLiteral, RefusesBrokenOnes) {  // suite B08
  for (const char* bad :
       {"", "[", "[]", "[999.1.1.1]", "[192.0.2]", "[IPv6:zz]", "[2001:db8::1]", "[192.0.2.1",
        "192.0.2.1]", "[IPv6:1:2:3:4:5:6:7:8:9]", "[IPv6:192.0.2.1]", "[IPv6:fe80::1%eth0]",
        "[x:192.0.2.1]", "[ 192.0.2.1]", "[192.0.2.01]"}) {
    EXPECT_FALSE(parse_address_literal(bad)) << bad;
  }
  EXPECT_FALSE(parse_address_literal(std::string_view("[192.0.2.1\0]", 12)));
}

TEST(DomainPattern, MatchesAsItSays) {
  struct Case {
    const char* pattern;
    const char* domain;
    bool matches;
  };
  for (const Case& c : {
           Case{"contoso.com", "contoso.com", true},
           Case{"Contoso.com", "contoso.com", true},
           Case{"contoso.com", "a.contoso.com", false},
           Case{"*.contoso.com", "a.contoso.com", true},
           Case{"*.contoso.com", "b.a.contoso.com", true},
           Case{"*.contoso.com", "contoso.com", false},
           Case{"*.contoso.com", ".contoso.com", false},
           Case{"*.contoso.com", "evilcontoso.com", false},
           Case{"*", "anything.test", true},
           Case{"b\xC3\xBC"
                "cher.example",
                "xn--bcher-kva.example", true},
           Case{"xn--bcher-kva.example",
                "b\xC3\xBC"
                "cher.example",
                true},
           Case{"*.b\xC3\xBC"
                "cher.example",
                "a.b\xC3\xBC"
                "cher.example",
                true},
           Case{"contoso.com", "\xFF", false},
       }) {
    EXPECT_EQ(DomainPattern::parse(c.pattern).value().matches(c.domain), c.matches)
        << c.pattern << " " << c.domain;
  }
}

TEST(DomainPattern, RefusesOtherWildcards) {
  for (const char* bad : {"", "**", "*.", "*.*.com", "a.*.com", "*a.com", "contoso.com.", "a b"}) {
    EXPECT_FALSE(DomainPattern::parse(bad)) << bad;
  }
}

TEST(DomainPattern, MoreSpecificIsGreater) {
  const auto specificity = [](const char* text) {
    return DomainPattern::parse(text).value().specificity();
  };
  EXPECT_GT(specificity("com"), specificity("*.a.b.c.d.com"));
  EXPECT_GT(specificity("*.a.contoso.com"), specificity("*.contoso.com"));
  EXPECT_GT(specificity("*.com"), specificity("*"));
}

TEST(Network, ContainsByPrefixAndFamily) {
  struct Case {
    const char* network;
    const char* address;
    bool contains;
  };
  for (const Case& c : {
           Case{"10.0.0.0/8", "10.255.0.1", true},
           Case{"10.0.0.0/8", "11.0.0.1", false},
           Case{"10.0.0.0/8", "::ffff:10.1.2.3", true},
           Case{"::ffff:10.0.0.0/104", "10.1.2.3", true},
           Case{"192.0.2.128/25", "192.0.2.127", false},
           Case{"192.0.2.128/25", "192.0.2.200", true},
           Case{"127.0.0.1", "127.0.0.1", true},
           Case{"127.0.0.1", "127.0.0.2", false},
           Case{"0.0.0.0/0", "203.0.113.9", true},
           Case{"0.0.0.0/0", "2001:db8::1", false},
           Case{"::/0", "2001:db8::1", true},
           Case{"::/0", "203.0.113.9", false},
           Case{"::1", "::1", true},
           Case{"2001:db8::/32", "2001:db8:1::5", true},
           Case{"2001:db8::/32", "2001:db9::5", false},
           Case{"10.0.0.0/8", "", false},
           Case{"10.0.0.0/8", "host.test", false},
           Case{"10.0.0.0/8", "10.0.0.1 ", false},
       }) {
    EXPECT_EQ(Network::parse(c.network).value().contains(c.address), c.contains)
        << c.network << " " << c.address;
  }
}

TEST(Network, TextIsCanonical) {
  EXPECT_EQ(Network::parse("10.0.0.0/8").value().text(), "10.0.0.0/8");
  EXPECT_EQ(Network::parse("::FFFF:10.0.0.0/104").value().text(), "10.0.0.0/8");
  EXPECT_EQ(Network::parse("2001:DB8:0::/48").value().text(), "2001:db8::/48");
  EXPECT_EQ(Network::parse("127.0.0.1/32").value(), Network::parse("127.0.0.1").value());
}

TEST(Network, RefusesHostBitsAndNonsense) {
  for (const char* bad :
       {"", "10.0.0.1/8", "10.0.0.0/33", "::/129", "2001:db8::1/32", "10.0.0.0/", "10.0.0.0/-1",
        "10.0.0", "host/8", "10.0.0.0/8/8", "::ffff:10.0.0.0/64"}) {
    EXPECT_FALSE(Network::parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace postern::mail
