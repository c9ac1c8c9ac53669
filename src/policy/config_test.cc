#include "policy/config.h"

#include <gtest/gtest.h>

namespace postern::policy {
namespace {

TEST(Endpoint, IsReadInEveryFormThatPeopleWrite) {
  const struct {
    std::string_view text, str;
  } cases[] = {
      {"smtp.fabrikam.com", "smtp.fabrikam.com:25"},
      {"SMTP.Fabrikam.com:587", "smtp.fabrikam.com:587"},
      {"192.0.2.1:2525", "192.0.2.1:2525"},
      {"[::]:25", "[::]:25"},
      {"[2001:DB8:0::1]", "[2001:db8::1]:25"},
      {"127.0.0.1:0", "127.0.0.1:0"},
  };
  for (const auto& c : cases) {
    const auto endpoint = Endpoint::parse(c.text);
    ASSERT_TRUE(endpoint) << c.text << ": " << endpoint.error().detail();
    EXPECT_EQ(endpoint->str(), c.str);
  }
}

TEST(Endpoint, RefusesWhatIsNone_AndSaysWhy) {
  const struct {
    std::string_view text, why;
  } cases[] = {
      {"::1", "brackets"},         {"[::1", "not closed"},   {"[::1]25", ":port"},
      {"[192.0.2.1]:25", "IPv6"},  {"host:", "the port is"}, {"host:65536", "the port is"},
      {"host:-1", "the port is"},  {"", "no host and port"}, {"a b:25", "no host and port"},
      {"[mail.x.com]:25", "IPv6"},
  };
  for (const auto& c : cases) {
    const auto endpoint = Endpoint::parse(c.text);
    ASSERT_FALSE(endpoint) << c.text;
    EXPECT_NE(endpoint.error().detail().find(c.why), std::string::npos)
        << endpoint.error().detail();
  }
}

TEST(CanonicalAddress, MakesEqualAddressesEqualText) {
  EXPECT_EQ(canonical_address("0:0::0"), "::");
  EXPECT_EQ(canonical_address("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(canonical_address("192.0.2"), std::nullopt);
  EXPECT_EQ(canonical_address(std::string_view("192.0.2.1\0x", 11)), std::nullopt);
  EXPECT_EQ(canonical_address("mail.contoso.com"), std::nullopt);
}

TEST(Location, IsFileLineColumn) {
  EXPECT_EQ((Location{"postern.toml", 12, 9}.str()), "postern.toml:12:9");
  EXPECT_EQ((Location{"postern.toml", 0, 0}.str()), "postern.toml");
}

TEST(Config, FindsByName) {
  Config config;
  config.send.resize(2);
  config.send[1].name = "cloud";
  EXPECT_EQ(config.find_send("cloud"), &config.send[1]);
  EXPECT_EQ(config.find_send("moon"), nullptr);
  EXPECT_EQ(config.find_receive("cloud"), nullptr);
  EXPECT_EQ(config.find_partner("cloud"), nullptr);
}

}  // namespace
}  // namespace postern::policy
