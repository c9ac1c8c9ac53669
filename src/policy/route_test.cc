#include "policy/route.h"

#include <gtest/gtest.h>

namespace postern::policy {
namespace {

using verdict::Level;

const Time kNow = Time(std::chrono::sys_days(std::chrono::year(2026) / 11 / 21));

std::vector<mail::DomainPattern> patterns(const std::vector<std::string>& texts) {
  std::vector<mail::DomainPattern> out;
  for (const auto& text : texts) out.push_back(mail::DomainPattern::parse(text).value());
  return out;
}

SendConnector connector(const std::string& name, const std::vector<std::string>& domains) {
  SendConnector out;
  out.name = name;
  out.domains = patterns(domains);
  return out;
}

Partner partner(const std::string& name, const std::vector<std::string>& domains) {
  Partner out;
  out.name = name;
  out.domains = patterns(domains);
  out.names = {"mail." + name + ".com"};
  return out;
}

LoadedTrust trust() {
  LoadedTrust out;
  for (const char* name : {"system", "partners", "lab"}) {
    out.sets.push_back(std::make_shared<x509::TrustSet>(name, std::vector<x509::Anchor>{}));
  }
  out.crls = {{"system", {"S"}}, {"partners", {"P1", "P2"}}};
  return out;
}

std::vector<std::string> names(const x509::TrustSets& sets) {
  std::vector<std::string> out;
  for (const auto& set : sets) out.push_back(set->name());
  return out;
}

using Names = std::vector<std::string>;

TEST(Route, TheMostSpecificDomainWins_TiesGoToTheFirstInTheFile) {
  Config config;
  config.send = {connector("rest", {"*"}), connector("wide", {"*.fabrikam.com"}),
                 connector("deep", {"*.eu.fabrikam.com"}), connector("one", {"mail.fabrikam.com"}),
                 connector("late", {"mail.fabrikam.com"})};
  const struct {
    std::string_view domain, connector;
  } cases[] = {
      {"contoso.com", "rest"},       {"fabrikam.com", "rest"},     {"x.fabrikam.com", "wide"},
      {"a.eu.fabrikam.com", "deep"}, {"mail.fabrikam.com", "one"},
  };
  for (const auto& c : cases) EXPECT_EQ(route(config, c.domain)->connector, c.connector);
}

TEST(Route, WithoutAConnectorSaysWhatToAdd) {
  const auto none = route(Config{}, "contoso.com");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().detail(),
            "no send connector for domain contoso.com: add [send.NAME] domains = "
            "[\"contoso.com\"]");
}

TEST(Route, NextHopIsTheDomainForMx_TheHostsForSmartHosts_TheFolderForDrop) {
  Config config;
  config.send = {connector("mx", {"mx.com"}), connector("smart", {"smart.com"}),
                 connector("drop", {"drop.com"})};
  config.send[1].hosts = {{"a.example", 25}, {"2001:db8::1", 587}};
  config.send[2].drop = "/var/drop";
  EXPECT_EQ(route(config, "mx.com")->next_hop, "mx.com");
  EXPECT_EQ(route(config, "smart.com")->next_hop, "a.example:25,[2001:db8::1]:587");
  EXPECT_EQ(route(config, "drop.com")->next_hop, "drop:/var/drop");
}

TEST(Route, TheRecipientDomainIsPartOfTheDestinationOnlyWhereThePolicySpeaksOfIt) {
  Config config;
  config.send = {connector("all", {"*"})};
  config.send[0].hosts = {{"relay.example", 25}};
  EXPECT_EQ(route(config, "a.com")->domain, "");  // opportunistic: no name is checked
  config.send[0].tls = Level::authenticate;
  EXPECT_EQ(route(config, "a.com")->domain, "a.com");
  config.send[0].tls_domain = "relay.example";
  EXPECT_EQ(route(config, "a.com")->domain, "");  // one blocker for all domains behind the host
}

TEST(Route, APartnerOfTheDomainSetsThePolicy_ButNotOfADropFolder) {
  Config config;
  config.send = {connector("all", {"*"}), connector("local", {"local.com"})};
  config.send[1].drop = "/var/drop";
  config.partners = {partner("fabrikam", {"fabrikam.com"}), partner("any", {"*"})};
  EXPECT_EQ(route(config, "fabrikam.com")->policy, "partner:fabrikam");
  EXPECT_EQ(route(config, "other.com")->policy, "partner:any");
  EXPECT_EQ(route(config, "local.com")->policy, "connector");
}

TEST(Destination, KeyAndParseAreInverse_WhateverThePartsHold) {
  const Destination all[] = {
      {"fabrikam.com", "cloud", "connector", ""},
      {"a.example:25,b.example:25", "x", "partner:fabrikam", "fabrikam.com"},
      {"drop:/var/a|b%7C\nc", "local", "connector", ""},
      {},
  };
  for (const auto& one : all) {
    EXPECT_EQ(one.key().find('\n'), std::string::npos);
    EXPECT_EQ(Destination::parse(one.key()), one) << one.key();
  }
  for (const char* bad : {"", "a|b|c", "a|b|c|d|e", "a|%zz|c|d", "a|b|c|%", "a|b|c|%4"}) {
    EXPECT_EQ(Destination::parse(bad), std::nullopt) << bad;
  }
}

// Partner names, else tls_domain, else the recipient's domain; nothing below authenticate.
TEST(SendPolicy, ReferenceIdentifierAndItsOrigin) {
  const struct {
    Level level;
    bool tls_domain, partner;
    std::string name, origin;
  } cases[] = {
      {Level::opportunistic, true, true, "", ""},
      {Level::encrypt, true, true, "", ""},
      {Level::validate, true, true, "", ""},
      {Level::authenticate, false, false, "fabrikam.com", "recipient domain"},
      {Level::authenticate, true, false, "smtp.hub.com", "tls_domain of send connector all"},
      {Level::authenticate, true, true, "mail.fabrikam.com", "names of partner fabrikam"},
      {Level::mutual, false, true, "mail.fabrikam.com", "names of partner fabrikam"},
  };
  for (const auto& c : cases) {
    Config config;
    config.send = {connector("all", {"*"})};
    config.send[0].tls = c.level;
    if (c.tls_domain) config.send[0].tls_domain = "smtp.hub.com";
    if (c.partner) config.partners = {partner("fabrikam", {"fabrikam.com"})};
    const auto destination = route(config, "fabrikam.com");
    ASSERT_TRUE(destination);
    const auto policy = send_policy(config, *destination, trust(), {}, kNow);
    EXPECT_EQ(policy.level, c.level);
    if (c.name.empty()) {
      EXPECT_TRUE(policy.reference.empty());
      continue;
    }
    ASSERT_EQ(policy.reference.size(), 1U);
    EXPECT_EQ(policy.reference[0].name, c.name);
    EXPECT_EQ(policy.reference[0].origin, c.origin);
  }
}

TEST(SendPolicy, ThePartnerComesOverTheConnector) {
  Config config;
  config.send = {connector("all", {"*"})};
  config.send[0].trust = {"system"};
  config.send[0].revocation = verdict::Revocation::off;
  config.partners = {partner("fabrikam", {"fabrikam.com"})};
  config.partners[0].send = Level::mutual;
  config.partners[0].trust = {"partners"};
  const auto own = send_policy(config, *route(config, "other.com"), trust(), {}, kNow);
  EXPECT_EQ(own.set_by, "send connector all");
  EXPECT_EQ(own.level, Level::opportunistic);
  EXPECT_EQ(names(own.trust), (Names{"system"}));
  EXPECT_EQ(names(own.other_sets), (Names{"partners", "lab"}));
  const auto theirs = send_policy(config, *route(config, "fabrikam.com"), trust(), {}, kNow);
  EXPECT_EQ(theirs.set_by, "partner fabrikam");
  EXPECT_EQ(theirs.level, Level::mutual);
  EXPECT_EQ(names(theirs.trust), (Names{"partners"}));
  EXPECT_EQ(names(theirs.other_sets), (Names{"system", "lab"}));
  EXPECT_EQ(theirs.revocation, verdict::Revocation::off);
  config.partners[0].revocation = verdict::Revocation::required;
  const auto strict = send_policy(config, *route(config, "fabrikam.com"), trust(), {}, kNow);
  EXPECT_EQ(strict.revocation, verdict::Revocation::required);
}

TEST(SendPolicy, AnExceptionEndsByItself) {
  Config config;
  config.send = {connector("all", {"*"})};
  config.partners = {partner("fabrikam", {"fabrikam.com"})};
  config.partners[0].exception =
      verdict::PolicyException{"untrusted-root", kNow + 1h, "ops", "CR 4711"};
  const auto destination = *route(config, "fabrikam.com");
  const auto at = [&](Time t) {
    return send_policy(config, destination, trust(), {}, t).exception;
  };
  ASSERT_TRUE(at(kNow));
  EXPECT_EQ(at(kNow)->accept, "untrusted-root");
  EXPECT_TRUE(at(kNow + 1h - 1ms));
  EXPECT_FALSE(at(kNow + 1h));
}

TEST(SendPolicy, ACertificateThatNobodyBearsIsTheProblemOfOurSide) {
  Config config;
  config.send = {connector("all", {"*"})};
  config.send[0].certificate = "<I>CN=CA<S>CN=old.contoso.com";
  const auto policy = send_policy(config, *route(config, "a.com"), trust(), {}, kNow);
  EXPECT_EQ(policy.own_certificate, "<I>CN=CA<S>CN=old.contoso.com");
  EXPECT_EQ(policy.own_certificate_problem_code, "tlscertificatename-stale");
  EXPECT_NE(policy.own_certificate_problem.find("pins <I>CN=CA<S>CN=old.contoso.com"),
            std::string::npos);
}

TEST(SendPolicy, OfAConnectorThatIsGoneIsSatisfiedByNothing) {
  const auto policy = send_policy(Config{}, {"a.com", "gone", "connector", ""}, trust(), {}, kNow);
  EXPECT_EQ(policy.level, Level::mutual);
  EXPECT_TRUE(policy.reference.empty());
  EXPECT_TRUE(policy.trust.empty());
}

ReceiveConnector inbound(ReceiveTls tls) {
  ReceiveConnector out;
  out.name = "internet";
  out.tls = tls;
  out.client_domains = {"mail.hub.com"};
  return out;
}

TEST(ReceivePolicy, MutualModeAsksForClientDomains_TheOthersForNoName) {
  const struct {
    ReceiveTls tls;
    Level level;
    size_t names;
  } cases[] = {
      {ReceiveTls::none, Level::none, 0},
      {ReceiveTls::opportunistic, Level::opportunistic, 0},
      {ReceiveTls::required, Level::encrypt, 0},
      {ReceiveTls::mutual, Level::mutual, 1},
  };
  for (const auto& c : cases) {
    const auto policy = receive_policy({}, inbound(c.tls), nullptr, trust(), kNow);
    EXPECT_EQ(policy.level, c.level);
    ASSERT_EQ(policy.reference.size(), c.names);
    if (c.names != 0) {
      EXPECT_EQ(policy.reference[0].origin, "client_domains of receive connector internet");
    }
    EXPECT_EQ(policy.set_by, "receive connector internet");
    EXPECT_EQ(client_policy(inbound(c.tls), trust()).level, Level::mutual);
    EXPECT_EQ(client_policy(inbound(c.tls), trust()).reference.size(), 1U);
  }
}

TEST(ReceivePolicy, APartnerRaisesTheLevelAndNeverLowersIt) {
  Partner fabrikam = partner("fabrikam", {"fabrikam.com"});
  fabrikam.receive = ReceiveTls::mutual;
  fabrikam.trust = {"partners"};
  const auto mutual =
      receive_policy({}, inbound(ReceiveTls::opportunistic), &fabrikam, trust(), kNow);
  EXPECT_EQ(mutual.level, Level::mutual);
  ASSERT_EQ(mutual.reference.size(), 1U);
  EXPECT_EQ(mutual.reference[0].name, "mail.fabrikam.com");
  EXPECT_EQ(names(mutual.trust), (Names{"partners"}));
  EXPECT_EQ(mutual.set_by, "partner fabrikam");
  fabrikam.receive = ReceiveTls::required;
  EXPECT_EQ(receive_policy({}, inbound(ReceiveTls::none), &fabrikam, trust(), kNow).level,
            Level::encrypt);
  EXPECT_EQ(receive_policy({}, inbound(ReceiveTls::mutual), &fabrikam, trust(), kNow).level,
            Level::mutual);
}

TEST(ReceivePartner, IsTheOneThatSetsReceiveForTheSenderDomain) {
  Config config;
  config.partners = {partner("silent", {"fabrikam.com"}), partner("fabrikam", {"*.fabrikam.com"})};
  config.partners[1].receive = ReceiveTls::mutual;
  EXPECT_EQ(receive_partner(config, "fabrikam.com"), nullptr);
  EXPECT_EQ(receive_partner(config, "eu.fabrikam.com"), &config.partners[1]);
  EXPECT_EQ(receive_partner(config, "contoso.com"), nullptr);
}

TEST(LoadedTrust, PicksByName_SkipsWhatIsMissing) {
  EXPECT_EQ(names(trust().pick({"lab", "moon"})), (Names{"lab"}));
  EXPECT_EQ(names(trust().others({"lab"})), (Names{"system", "partners"}));
  EXPECT_EQ(trust().crls_of({"partners", "system"}), (Names{"S", "P1", "P2"}));
}

}  // namespace
}  // namespace postern::policy
