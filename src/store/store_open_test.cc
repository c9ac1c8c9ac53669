// Opening a store: whose it is, who may look into it, what is none.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "store/folder.h"
#include "store/sqlite/sqlite_store.h"
#include "store/testing/store_fixture.h"

namespace postern::store {
namespace {

using testing::ElementsAre;

TEST_F(StoreTest, FilesAndFolders_AreForTheirOwnerOnly) {
  options_.body_memory = 10;
  open();
  ASSERT_TRUE(accept(store(), numbered(1)));
  const auto mode = [](const std::string& path) {
    struct stat facts{};
    EXPECT_EQ(::stat(path.c_str(), &facts), 0) << path;
    return facts.st_mode & 07777U;
  };
  EXPECT_EQ(mode(folder_.path() + "/var"), 0700U);
  EXPECT_EQ(mode(folder_.path() + "/var/bodies"), 0700U);
  EXPECT_EQ(mode(folder_.body_files().at(0)), 0600U);
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    EXPECT_EQ(mode(folder_.database() + suffix), 0600U) << suffix;
  }
}

TEST_F(StoreTest, SecondGateway_IsRefused_AReaderIsNot) {
  ASSERT_TRUE(accept(store(), numbered(1)));
  const auto second = open_store(folder_.spec(), {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), store_errc::busy);

  OpenOptions reading;
  reading.read_only = true;
  auto beside = open_store(folder_.spec(), reading);
  ASSERT_TRUE(beside) << beside.error().what();
  EXPECT_THAT(ids((*beside)->pending("partner", 9)), ElementsAre(1));
  ASSERT_TRUE(accept(store(), numbered(2)));
  EXPECT_THAT(ids((*beside)->pending("partner", 9)), ElementsAre(1, 2));
  EXPECT_FALSE((*beside)->new_body());
  EXPECT_EQ(apply(**beside, {}).error().code(), store_errc::read_only);
  beside->reset();

  store_.reset();
  const auto alone = open_store(folder_.spec(), reading);
  ASSERT_TRUE(alone) << alone.error().what();
  EXPECT_THAT(ids((*alone)->pending("partner", 9)), ElementsAre(1, 2));
  EXPECT_EQ(read_all(**(*alone)->open_body(MessageId(2))), TestMessage{}.body);
}

TEST(StoreOpen, RefusesWhatIsNoStoreOfThisProgram) {
  EXPECT_FALSE(open_store("postgresql://x", {}));
  EXPECT_FALSE(open_store("sqlite:", {}));
  const TempFolder folder;
  OpenOptions reading;
  reading.read_only = true;
  const auto missing = open_store(folder.spec(), reading);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), std::errc::no_such_file_or_directory);

  ASSERT_TRUE(open_store(folder.spec(), {}));
  {
    auto database = sqlite::Database::open(folder.database(), sqlite::Access::read_write);
    ASSERT_TRUE(
        (*database)->script("PRAGMA user_version = 99; INSERT INTO schema VALUES(99, '7.8.9')"));
  }
  for (const bool read_only : {false, true}) {
    reading.read_only = read_only;
    const auto newer = open_store(folder.spec(), reading);
    ASSERT_FALSE(newer);
    EXPECT_EQ(newer.error().code(), store_errc::newer_schema);
    EXPECT_THAT(newer.error().what(), testing::HasSubstr("7.8.9"));
  }

  std::ofstream(folder.path() + "/text") << std::string(5000, 'x');
  const auto text = open_store("sqlite:" + folder.path() + "/text", {});
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code(), store_errc::corrupt);
}

TEST(StoreStatus, TextForm_ComesBack) {
  for (const Status s :
       {Status::pending, Status::held, Status::delivered, Status::failed, Status::expired}) {
    EXPECT_EQ(parse_status(to_string(s)), s);
  }
  EXPECT_FALSE(parse_status("lost"));
}

TEST(StoreFolder, TheDefaultsFolderIsClosedAndAnyOtherIsReported) {
  namespace fs = std::filesystem;
  constexpr auto kWide = fs::perms(0755);
  const fs::path base = fs::path(testing::TempDir()) / "postern-store-folder";
  fs::remove_all(base);
  for (const char* name : {"var", "spool"}) {
    fs::create_directories(base / name);
    fs::permissions(base / name, kWide);
    std::ofstream(base / name / "p.db").close();
    fs::permissions(base / name / "p.db", fs::perms(0644));
    const std::string url = "sqlite:" + (base / name / "p.db").string();
    EXPECT_EQ(folder_of(url), (base / name).string());
    EXPECT_EQ(stays_open_to_others(folder_of(url)), std::string_view(name) == "spool");
    ASSERT_TRUE(open_store(url, {}));
    EXPECT_EQ(fs::status(base / name / "p.db").permissions(), fs::perms(0600));
  }
  EXPECT_EQ(fs::status(base / "var").permissions(), fs::perms(0700));
  EXPECT_EQ(fs::status(base / "spool").permissions(), kWide);
  fs::remove_all(base);
}

}  // namespace
}  // namespace postern::store
