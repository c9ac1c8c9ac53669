#include "verdict/catalog.h"

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "base/json.h"

namespace postern::verdict {
namespace {

TEST(Catalog, EveryCodeIsThereOnceAndComplete) {
  std::set<std::string_view> seen;
  for (const CatalogEntry& entry : catalog()) {
    SCOPED_TRACE(entry.code);
    EXPECT_TRUE(seen.insert(entry.code).second);
    EXPECT_FALSE(entry.layer.empty());
    EXPECT_TRUE(entry.definition.ends_with(".")) << entry.definition;
    EXPECT_EQ(entry.cure_postern.empty(), entry.code == "none");
    EXPECT_EQ(find_catalog_entry(entry.code), &entry);
  }
  EXPECT_EQ(find_catalog_entry("no-such-code"), nullptr);
}

TEST(Catalog, StatusClassSaysWhetherItPasses) {
  const std::set<std::string_view> permanent = {
      "null-mx", "mail-loop", "sender-domain-not-on-certificate", "queue-expired-cause-hidden"};
  for (const CatalogEntry& entry : catalog()) {
    const int wanted = entry.code == "none" || entry.finding ? 2
                       : permanent.contains(entry.code)      ? 5
                                                             : 4;
    EXPECT_EQ(entry.status.status_class, wanted) << entry.code;
    EXPECT_FALSE(entry.finding && entry.blocks) << entry.code << ": a finding holds nothing";
    EXPECT_FALSE(entry.blocks && wanted == 5)
        << entry.code << ": a blocker waits, it never bounces";
  }
}

TEST(Catalog, OrdinaryFailuresOfNetworkAndSmtpDoNotBlock) {
  for (const char* code :
       {"connection-refused", "connection-timeout", "smtp-timeout", "greeting-rejected",
        "peer-deferred", "connection-lost", "dns-resolution-failure"}) {
    EXPECT_FALSE(catalog_entry(code).blocks) << code;
  }
  for (const char* code : {"starttls-not-offered", "handshake-timeout", "name-mismatch", "expired",
                           "root-in-wrong-store", "tlscertificatename-stale"}) {
    EXPECT_TRUE(catalog_entry(code).blocks) << code;
  }
}

TEST(Catalog, FindingsAreExplainedAndNeverStandInAReply) {
  for (const char* code : {"expiring", "device-on-the-way", "only-old-tls", "old-tls-accepted",
                           "takes-mail-without-tls", "tlsa-not-secure"}) {
    EXPECT_TRUE(catalog_entry(code).finding) << code;
    EXPECT_TRUE(to_json(catalog_entry(code))["finding"].get<bool>()) << code;
  }
  EXPECT_FALSE(catalog_entry("expired").finding);
  EXPECT_NE(catalog_markdown().find("| said by | `check and preflight, beside a verdict` |"),
            std::string::npos);
}

TEST(Catalog, TlsRptResultTypesAreThoseOfRfc8460) {
  const std::set<std::string_view> known = {"",
                                            "starttls-not-supported",
                                            "certificate-host-mismatch",
                                            "certificate-expired",
                                            "certificate-not-trusted",
                                            "validation-failure",
                                            "tlsa-invalid",
                                            "dnssec-invalid",
                                            "dane-required",
                                            "sts-policy-fetch-error",
                                            "sts-policy-invalid",
                                            "sts-webpki-invalid"};
  for (const CatalogEntry& entry : catalog())
    EXPECT_TRUE(known.contains(entry.tls_rpt)) << entry.code << ": " << entry.tls_rpt;
}

// The taxonomy lives outside the tree; POSTERN_INCIDENTS names its folder.
TEST(Catalog, KeepsNameLayerAndMeaningOfTheTaxonomy) {
  const char* const folder = std::getenv("POSTERN_INCIDENTS");
  if (folder == nullptr) GTEST_SKIP() << "POSTERN_INCIDENTS is not set";
  const std::string path = std::string(folder) + "/taxonomy.json";
  std::ifstream file(path);
  ASSERT_TRUE(file) << path;
  std::stringstream text;
  text << file.rdbuf();
  const Json taxonomy = parse_json(text.str()).value();
  ASSERT_GE(taxonomy["codes"].size(), 48U);
  for (const Json& row : taxonomy["codes"]) {
    const CatalogEntry* const entry = find_catalog_entry(row["code"].get<std::string>());
    ASSERT_NE(entry, nullptr) << row["code"];
    EXPECT_EQ(entry->layer, row["layer"].get<std::string>()) << entry->code;
    EXPECT_EQ(entry->definition, row["definition"].get<std::string>()) << entry->code;
  }
}

TEST(Catalog, NamesOfPostfixAndEximAreThereForWhatTheyCanLog) {
  for (const char* code : {"untrusted-root", "incomplete-chain", "name-mismatch", "expired",
                           "starttls-not-offered", "connection-timeout", "null-mx"}) {
    EXPECT_FALSE(catalog_entry(code).postfix.empty()) << code;
    EXPECT_FALSE(catalog_entry(code).exim.empty()) << code;
  }
  const Json json = to_json(catalog_entry("expired"));
  EXPECT_EQ(json["elsewhere"]["Exchange"], "CertificateExpired");
  EXPECT_EQ(json["cure"]["postfix"].size(), 1U);
}

TEST(Catalog, MarkdownShowsEveryCodeUnderItsLayerOnce) {
  const std::string page = catalog_markdown();
  std::set<std::string_view> layers;
  for (const CatalogEntry& entry : catalog()) {
    EXPECT_NE(page.find("\n### " + std::string(entry.code) + "\n"), std::string::npos);
    layers.insert(entry.layer);
  }
  for (const std::string_view layer : layers) {
    const std::string heading = "\n## " + std::string(layer) + "\n";
    const std::size_t first = page.find(heading);
    ASSERT_NE(first, std::string::npos) << layer;
    EXPECT_EQ(page.find(heading, first + 1), std::string::npos) << layer << " appears twice";
  }
}

}  // namespace
}  // namespace postern::verdict
