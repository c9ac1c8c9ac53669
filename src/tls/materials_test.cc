#include "tls/materials.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "x509/testing/factory.h"

namespace postern::tls {
namespace {

namespace fs = std::filesystem;
using x509::testing::Issued;

const Time kNow{std::chrono::sys_days{std::chrono::November / 21 / 2026}};
const Time kPast{std::chrono::sys_days{std::chrono::January / 1 / 2025}};
const Time kFuture{std::chrono::sys_days{std::chrono::January / 1 / 2030}};

class MaterialsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "postern-materials-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    write("system.pem", root_.certificate.pem());
    config_.trust.push_back({});
    config_.trust.back().name = "system";
    config_.trust.back().files = {path("system.pem")};
    config_.certificates.push_back({"hybrid", path("chain.pem"), path("key.pem"), {}});
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] std::string path(const std::string& name) const {
    return (folder_ / name).string();
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
    ::chmod(path(name).c_str(), 0600);
  }
  [[nodiscard]] Issued leaf(const std::string& host, Time not_after = kFuture,
                            Time not_before = x509::testing::kDefaultNotBefore) const {
    x509::testing::CertificateSpec spec;
    spec.common_name = host;
    spec.dns = {host};
    spec.not_before = not_before;
    spec.not_after = not_after;
    return x509::testing::issue(root_, spec);
  }
  void put(const Issued& issued) const {
    write("chain.pem", issued.certificate.pem());
    write("key.pem", issued.key.pem());
  }
  // The next load, with the last one as previous.
  const LoadResult& load() {
    const auto previous = last_.materials;
    last_ = load_materials(config_, previous.get(), kNow);
    return last_;
  }
  [[nodiscard]] const Credential& credential() const {
    return *last_.materials->credentials.front();
  }
  [[nodiscard]] std::string presented() const {
    return credential().facts.chain.front().common_names().front();
  }
  [[nodiscard]] bool noted(Notice::Kind kind, const std::string& words) const {
    for (const Notice& notice : last_.notices)
      if (notice.kind == kind && notice.text.find(words) != std::string::npos) return true;
    return false;
  }

  fs::path folder_;
  Issued root_ = x509::testing::make_root("Test Root");
  policy::Config config_;
  LoadResult last_;
};

TEST_F(MaterialsTest, LoadsChainKeyAndSystemRoots) {
  put(leaf("a.test"));
  load();
  EXPECT_TRUE(last_.changed);
  EXPECT_TRUE(credential().facts.key_usable);
  EXPECT_NE(credential().key, nullptr);
  EXPECT_EQ(credential().facts.problem, "");
  ASSERT_EQ(last_.materials->trust.sets.size(), 1U);
  EXPECT_EQ(last_.materials->trust.sets[0]->name(), "system");
  EXPECT_NE(last_.materials->trust.sets[0]->find(root_.certificate), nullptr);
  load();
  EXPECT_FALSE(last_.changed);
  EXPECT_TRUE(last_.notices.empty());
}

TEST_F(MaterialsTest, EveryProblemNamesItsFileAndCode) {
  struct Case {
    const char* name;
    std::function<void()> break_it;
    std::string code, words;
  };
  const Issued good = leaf("a.test"), other = leaf("b.test");
  x509::testing::CertificateSpec weak_spec;
  weak_spec.common_name = "weak.test";
  weak_spec.key_type = x509::testing::KeyType::rsa_1024;
  const Issued weak = x509::testing::issue(root_, weak_spec);
  const std::vector<Case> cases = {
      {"no chain", [&] { fs::remove(path("chain.pem")); }, "certificate-not-bound",
       "chain.pem (No such file"},
      {"garbage chain", [&] { write("chain.pem", "hello"); }, "certificate-not-bound",
       "leaf first"},
      {"no key", [&] { fs::remove(path("key.pem")); }, "private-key-inaccessible",
       "key.pem (No such file"},
      {"garbage key", [&] { write("key.pem", "hello"); }, "private-key-inaccessible",
       "no private key"},
      {"other key", [&] { write("key.pem", other.key.pem()); }, "key-certificate-mismatch",
       "does not belong"},
      {"issuer first",
       [&] { write("chain.pem", root_.certificate.pem() + good.certificate.pem()); },
       "key-certificate-mismatch", "leaf must stand first"},
      {"weak key", [&] { put(weak); }, "weak-key-or-hash", "chain.pem"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    put(good);
    c.break_it();
    last_ = {};
    load();
    EXPECT_EQ(credential().facts.problem_code, c.code);
    EXPECT_NE(credential().facts.problem.find(c.words), std::string::npos)
        << credential().facts.problem;
    EXPECT_FALSE(credential().facts.key_usable);
    EXPECT_EQ(credential().key, nullptr);
    EXPECT_TRUE(noted(Notice::Kind::problem, c.words));
  }
}

TEST_F(MaterialsTest, KeyThatEverybodyCanReadIsWarnedOf) {
  put(leaf("a.test"));
  ::chmod(path("key.pem").c_str(), 0644);
  load();
  EXPECT_TRUE(credential().facts.key_usable);
  EXPECT_TRUE(noted(Notice::Kind::problem, "readable by every user"));
}

TEST_F(MaterialsTest, RenewalReplaces) {
  put(leaf("old.test"));
  load();
  put(leaf("new.test"));
  load();
  EXPECT_TRUE(last_.changed);
  EXPECT_EQ(presented(), "new.test");
  EXPECT_TRUE(noted(Notice::Kind::replaced, "new.test"));
}

TEST_F(MaterialsTest, MismatchWaitsForTheSecondFile) {
  put(leaf("old.test"));
  load();
  const Issued renewed = leaf("new.test");
  write("chain.pem", renewed.certificate.pem());
  load();
  EXPECT_FALSE(last_.changed);
  EXPECT_EQ(presented(), "old.test");
  EXPECT_TRUE(noted(Notice::Kind::waiting, "waiting for the other file"));
  write("key.pem", renewed.key.pem());
  load();
  EXPECT_TRUE(last_.changed);
  EXPECT_EQ(presented(), "new.test");
}

TEST_F(MaterialsTest, SymlinkSwapCounts) {
  for (const char* generation : {"1", "2"}) {
    fs::create_directory(path(generation));
    const Issued issued = leaf(std::string("generation") + generation + ".test");
    write(std::string(generation) + "/chain.pem", issued.certificate.pem());
    write(std::string(generation) + "/key.pem", issued.key.pem());
  }
  fs::create_directory_symlink(path("1"), path("live"));
  config_.certificates[0].chain = path("live/chain.pem");
  config_.certificates[0].key = path("live/key.pem");
  load();
  EXPECT_EQ(presented(), "generation1.test");
  fs::create_directory_symlink(path("2"), path("next"));
  fs::rename(path("next"), path("live"));
  load();
  EXPECT_TRUE(last_.changed);
  EXPECT_EQ(presented(), "generation2.test");
}

TEST_F(MaterialsTest, ExpiredOrNotYetValidNeverReplacesUsable) {
  for (const auto& [issued, words] :
       {std::pair(leaf("late.test", kPast), "expired 2025-01-01"),
        std::pair(leaf("early.test", kFuture, kNow + std::chrono::hours(1)), "not valid before")}) {
    last_ = {};
    put(leaf("old.test"));
    load();
    put(issued);
    load();
    EXPECT_FALSE(last_.changed);
    EXPECT_EQ(presented(), "old.test");
    EXPECT_TRUE(noted(Notice::Kind::refused, words));
  }
}

TEST_F(MaterialsTest, ExpiredOnlyCertificateIsUsedAndReportedAndThenReplaced) {
  put(leaf("old.test", kPast));
  load();
  EXPECT_TRUE(credential().facts.key_usable);
  EXPECT_TRUE(noted(Notice::Kind::problem, "expired 2025-01-01"));
  put(leaf("new.test"));
  load();
  EXPECT_EQ(presented(), "new.test");
}

TEST_F(MaterialsTest, UnreadableKeepsTheOldOne) {
  put(leaf("old.test"));
  load();
  fs::remove(path("chain.pem"));
  load();
  EXPECT_FALSE(last_.changed);
  EXPECT_EQ(presented(), "old.test");
  EXPECT_TRUE(noted(Notice::Kind::refused, "chain.pem"));
}

TEST_F(MaterialsTest, HalfWrittenTrustFileKeepsTheOldSet) {
  put(leaf("a.test"));
  config_.trust.push_back({});
  config_.trust.back().name = "partners";
  config_.trust.back().files = {path("roots/*.pem")};
  fs::create_directory(path("roots"));
  const Issued partner = x509::testing::make_root("Partner Root");
  write("roots/partner.pem", partner.certificate.pem());
  load();
  ASSERT_EQ(last_.materials->trust.sets.size(), 2U);
  const std::string whole = partner.certificate.pem();
  write("roots/partner.pem", whole.substr(0, whole.size() / 2));
  load();
  EXPECT_FALSE(last_.changed);
  EXPECT_TRUE(noted(Notice::Kind::refused, "the set in use stays"));
  EXPECT_NE(last_.materials->trust.sets[1]->find(partner.certificate), nullptr);
  const Issued second = x509::testing::make_root("Second Root");
  write("roots/partner.pem", whole);
  write("roots/second.pem", second.certificate.pem());
  load();
  EXPECT_TRUE(noted(Notice::Kind::trust_changed, "2 anchors"));
  fs::remove(path("roots/second.pem"));
  load();
  EXPECT_EQ(last_.materials->trust.sets[1]->anchors().size(), 1U) << "removing a root is obeyed";
}

TEST_F(MaterialsTest, AnchorsKnowHowTheyGotThere) {
  put(leaf("a.test"));
  const Issued first = x509::testing::make_root("First"), second = x509::testing::make_root("2nd");
  fs::create_directory(path("roots"));
  write("roots/both.crt", "# added-by: ops\n# added: 2026-11-01T00:00:00Z\n# partner: fabrikam\n" +
                              first.certificate.pem() + second.certificate.pem());
  policy::TrustConfig trust;
  trust.name = "partners";
  trust.files = {path("roots")};
  trust.added_by = "installer";
  config_.trust.push_back(trust);
  load();
  const x509::TrustSet& set = *last_.materials->trust.sets[1];
  const x509::Provenance& recorded = set.find(first.certificate)->provenance;
  EXPECT_EQ(recorded.added_by, "ops");
  EXPECT_EQ(recorded.partner, "fabrikam");
  EXPECT_EQ(format_rfc3339(recorded.added), "2026-11-01T00:00:00Z");
  EXPECT_EQ(recorded.file, path("roots/both.crt"));
  EXPECT_EQ(recorded.set, "partners");
  EXPECT_EQ(set.find(second.certificate)->provenance.added_by, "installer");
}

TEST_F(MaterialsTest, CrlsBelongToTheirSetAndABrokenOneKeepsTheOldOnes) {
  put(leaf("a.test"));
  write("ca.crl", x509::testing::pem_crl(x509::testing::make_crl(root_, {})));
  config_.trust[0].crls = {path("ca.crl")};
  load();
  EXPECT_EQ(last_.materials->trust.crls.at(0).second.size(), 1U);
  write("ca.crl", "not a list");
  load();
  EXPECT_FALSE(last_.changed);
  EXPECT_EQ(last_.materials->trust.crls.at(0).second.size(), 1U);
  EXPECT_TRUE(noted(Notice::Kind::refused, "ca.crl"));
}

TEST_F(MaterialsTest, WatchesEveryFileAndFolderItRead) {
  put(leaf("a.test"));
  fs::create_directory(path("roots"));
  policy::TrustConfig trust;
  trust.name = "partners";
  trust.files = {path("roots/*.pem")};
  config_.trust.push_back(trust);
  load();
  const auto& files = last_.materials->files;
  for (const char* name : {"chain.pem", "key.pem", "system.pem", "roots"})
    EXPECT_NE(std::ranges::find(files, path(name)), files.end()) << name;
}

}  // namespace
}  // namespace postern::tls
