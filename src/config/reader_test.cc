#include "config/reader.h"

#include <gtest/gtest.h>

#include "config/value.h"

namespace postern::config {
namespace {

TEST(DidYouMean, FindsTheNearWord_AndOnlyTheNearWord) {
  const std::vector<std::string> known = {"tls", "tls_domain", "certificate", "authenticate"};
  const struct {
    std::string_view typed, meant;
  } cases[] = {
      {"tls_domian", "tls_domain"},
      {"certficate", "certificate"},
      {"TLS", "tls"},
      {"authentcate", "authenticate"},
      {"hosts", ""},
      {"", ""},
      {"x", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(did_you_mean(c.typed, known), c.meant) << c.typed;
  EXPECT_EQ(did_you_mean(std::string(100'000, 'a'), known), "");
  EXPECT_EQ(hint("tsl", known), " (did you mean tls?)");
}

TEST(Reader, PrefixesThePath_AndFindsTheNearestPlace) {
  Reader reader("/etc/postern/postern.toml");
  {
    const Reader::Scope send(reader, "send", {3, 1});
    const Reader::Scope cloud(reader, "cloud", {4, 1});
    {
      const Reader::Scope domains(reader, "domains", {5, 11});
      const Reader::Scope first(reader, "[0]", {5, 12});
      reader.error({5, 12}, "is wrong");
    }
    reader.warning({4, 1}, "is strange");
  }
  reader.error_at("send.cloud.domains[7]", "of no place of its own");
  reader.error_at("send.cloud.tls", "was not set");
  reader.error_at("queue", "is nowhere");
  const auto all = reader.take();
  std::vector<std::string> lines;
  for (const auto& d : all) lines.push_back(d.str());
  const std::string file = "/etc/postern/postern.toml:";
  EXPECT_EQ(lines, (std::vector<std::string>{
                       file + "1:1: error: queue: is nowhere",
                       file + "4:1: error: send.cloud.tls: was not set",
                       file + "4:1: warning: send.cloud: is strange",
                       file + "5:11: error: send.cloud.domains[7]: of no place of its own",
                       file + "5:12: error: send.cloud.domains[0]: is wrong"}));
}

TEST(Reader, PathsAreRelativeToTheFile) {
  const Reader reader("/etc/postern/postern.toml");
  EXPECT_EQ(reader.absolute("tls/a.pem"), "/etc/postern/tls/a.pem");
  EXPECT_EQ(reader.absolute("../roots/*.pem"), "/etc/roots/*.pem");
  EXPECT_EQ(reader.absolute("/var/x"), "/var/x");
}

TEST(ParseToml, KeepsTheOrderOfTheFileAndEveryPlace) {
  const auto document = parse_toml("[b.z]\nx = 1\n[a]\ny = [\n  \"s\",\n]\n[b.c]\n");
  ASSERT_TRUE(document.errors.empty());
  ASSERT_EQ(document.root.entries.size(), 2U);
  const Entry& b = document.root.entries[0];
  EXPECT_EQ(b.key, "b");
  ASSERT_EQ(b.value.entries.size(), 2U);
  EXPECT_EQ(b.value.entries[0].key, "z");
  EXPECT_EQ(b.value.entries[1].key, "c");
  EXPECT_EQ(b.value.find("z")->find("x")->place, (Place{2, 5}));
  const Value* y = document.root.find("a")->find("y");
  EXPECT_EQ(y->items.at(0).place, (Place{5, 3}));
  EXPECT_EQ(y->items.at(0).text, "s");
  EXPECT_EQ(document.root.find("moon"), nullptr);
}

TEST(ParseToml, TimesNeedAZone) {
  const auto document = parse_toml(
      "a = 2026-12-01T00:00:00+01:00\nb = 2026-12-01T00:00:00\nc = 2026-12-01\nd = 1.5\n");
  ASSERT_TRUE(document.errors.empty());
  EXPECT_EQ(document.root.find("a")->kind, Value::Kind::time);
  EXPECT_EQ(format_rfc3339(document.root.find("a")->time), "2026-11-30T23:00:00Z");
  EXPECT_EQ(document.root.find("b")->kind, Value::Kind::local_time);
  EXPECT_EQ(document.root.find("c")->kind, Value::Kind::local_time);
  EXPECT_EQ(document.root.find("d")->kind, Value::Kind::floating);
}

TEST(ParseToml, RefusesWhatIsTooLarge) {
  const auto document = parse_toml(std::string(kMaxConfigOctets + 1, '#'));
  ASSERT_EQ(document.errors.size(), 1U);
  EXPECT_EQ(document.errors[0].message, "the file is larger than 4 MiB; a configuration is not");
}

}  // namespace
}  // namespace postern::config
