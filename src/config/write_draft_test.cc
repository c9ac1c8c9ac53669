// A draft is a configuration: it parses without an error, whatever names it was made of.
#include "config/write_draft.h"

#include <gtest/gtest.h>

#include "config/config_file.h"

namespace postern::config {
namespace {

policy::Draft some_draft() {
  policy::Draft draft;
  draft.hostname = "mx1.contoso.com";
  draft.notes = {"One \"note\" with\na line end and [brackets]."};
  policy::ReceiveConnector in;
  in.name = "internet";
  in.listen = {{"0.0.0.0", 25}, {"::", 25}};
  in.tls = policy::ReceiveTls::required;
  in.certificate = "<I>CN=\"odd\", O=C:\\A<S>CN=mail";
  in.accept_domains = {*mail::DomainPattern::parse("contoso.com")};
  draft.receive.push_back({in, {}});
  policy::SendConnector out;
  out.name = "cloud";
  out.domains = {*mail::DomainPattern::parse("*.fabrikam.com")};
  out.hosts = {{"mx.fabrikam.com", 587}};
  out.tls = verdict::Level::authenticate;
  out.tls_domain = "*.fabrikam.com";
  out.revocation = verdict::Revocation::required;
  draft.send.push_back({out, {"a note"}});
  policy::Partner partner;
  partner.name = "fabrikam";
  partner.domains = {*mail::DomainPattern::parse("fabrikam.com")};
  partner.names = {"mail.fabrikam.com"};
  partner.send = verdict::Level::authenticate;
  partner.receive = policy::ReceiveTls::mutual;
  draft.partners.push_back({partner, {}});
  return draft;
}

TEST(WriteDraft, WhatIsWrittenIsReadBackTheSame) {
  const std::string text = write_draft(some_draft());
  const Loaded loaded = parse_config(text, "/draft/postern.toml");
  ASSERT_TRUE(loaded.ok()) << loaded.diagnostics.front().str() << text;
  EXPECT_EQ(loaded.config.server.hostname, "mx1.contoso.com");
  ASSERT_EQ(loaded.config.send.size(), 1U);
  EXPECT_EQ(loaded.config.send[0].tls, verdict::Level::authenticate);
  EXPECT_EQ(loaded.config.send[0].hosts[0].str(), "mx.fabrikam.com:587");
  EXPECT_EQ(loaded.config.send[0].revocation, verdict::Revocation::required);
  ASSERT_EQ(loaded.config.partners.size(), 1U);
  EXPECT_EQ(loaded.config.partners[0].receive, policy::ReceiveTls::mutual);
}

TEST(WriteDraft, AReceiveConnectorWithTlsWaitsForItsCertificateInComments) {
  EXPECT_NE(write_draft(some_draft()).find("# [receive.internet]\n"), std::string::npos);
  policy::Draft plain = some_draft();
  plain.receive[0].value.tls = policy::ReceiveTls::none;
  const Loaded loaded = parse_config(write_draft(plain), "/draft/postern.toml");
  ASSERT_TRUE(loaded.ok());
  ASSERT_EQ(loaded.config.receive.size(), 1U);
  EXPECT_EQ(loaded.config.receive[0].accept_domains[0].text(), "contoso.com");
}

TEST(WriteDraft, ACertificateThatIsNotThereYetStandsInAComment) {
  const std::string text = write_draft(some_draft());
  EXPECT_NE(text.find("# certificate = \"<I>CN=\\\"odd\\\""), std::string::npos) << text;
}

TEST(WriteDraft, WithoutANameOfTheHostAnExampleStandsThereToBeChanged) {
  policy::Draft draft = some_draft();
  draft.hostname.clear();
  const std::string text = write_draft(draft);
  EXPECT_NE(text.find("The settings do not say it"), std::string::npos);
  EXPECT_TRUE(parse_config(text, "/draft/postern.toml").ok());
}

}  // namespace
}  // namespace postern::config
