#include "io/file_watch.h"

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>

#include <gtest/gtest.h>

namespace postern::io {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class FileWatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "postern-watch-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    runtime_.start();
  }
  void TearDown() override {
    std::promise<void> gone;
    runtime_.main().post([&] {
      watch_.reset();
      gone.set_value();
    });
    gone.get_future().wait();
    runtime_.stop();
    fs::remove_all(folder_);
  }
  void write(const fs::path& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }
  void watch(const std::vector<fs::path>& names) {
    std::promise<void> ready;
    std::vector<std::string> paths;
    for (const fs::path& name : names) paths.push_back((folder_ / name).string());
    runtime_.main().post([&] {
      watch_ = std::make_unique<FileWatch>(runtime_.main(), runtime_, [this] {
        const std::lock_guard lock(mutex_);
        ++changes_;
        changed_.notify_all();
      });
      watch_->set_paths(paths);
      ready.set_value();
    });
    ready.get_future().wait();
  }
  // Well before the next look by the clock, so it is the notification that counts.
  [[nodiscard]] bool told(int changes) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPollInterval - 1s, [&] { return changes_ >= changes; });
  }
  [[nodiscard]] int changes() {
    const std::lock_guard lock(mutex_);
    return changes_;
  }

  fs::path folder_;
  Runtime runtime_{1, 1};
  std::unique_ptr<FileWatch> watch_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int changes_ = 0;
};

TEST_F(FileWatchTest, RewriteRenameAndAppearanceAreTold) {
  write("a.pem", "one");
  watch({"a.pem", "later.pem"});
  write("a.pem", "another");
  EXPECT_TRUE(told(1));
  write("new", "by rename");
  fs::rename(folder_ / "new", folder_ / "a.pem");
  EXPECT_TRUE(told(2));
  write("later.pem", "now");
  EXPECT_TRUE(told(3));
}

TEST_F(FileWatchTest, ChangesInQuickSuccessionAreToldOnce) {
  write("a.pem", "one");
  watch({"a.pem"});
  for (int i = 0; i < 20; ++i) write("a.pem", std::string(static_cast<std::size_t>(i), 'x'));
  EXPECT_TRUE(told(1));
  EXPECT_LE(changes(), 2);
}

TEST_F(FileWatchTest, WhatHappensBesideTheFileIsNotTold) {
  write("a.pem", "one");
  watch({"a.pem"});
  write("b.pem", "stranger");
  write("a.pem", "two!");
  EXPECT_TRUE(told(1));
  EXPECT_EQ(changes(), 1);
}

TEST_F(FileWatchTest, SwapOfALinkAboveTheFileIsTold) {
  for (const char* generation : {"1", "2"}) {
    fs::create_directory(folder_ / generation);
    write(fs::path(generation) / "chain.pem", "same");
  }
  fs::create_directory_symlink("1", folder_ / "live");
  watch({"live/chain.pem"});
  fs::create_directory_symlink("2", folder_ / "next");
  fs::rename(folder_ / "next", folder_ / "live");
  EXPECT_TRUE(told(1));
  write("2/chain.pem", "written where the link leads now");
  EXPECT_TRUE(told(2));
}

TEST_F(FileWatchTest, WriteToTheTargetOfALinkIsTold) {
  fs::create_directory(folder_ / "archive");
  write("archive/real.pem", "one");
  fs::create_symlink("archive/real.pem", folder_ / "link.pem");
  watch({"link.pem"});
  write("archive/real.pem", "two!");
  EXPECT_TRUE(told(1));
}

TEST_F(FileWatchTest, AFolderIsToldOfWhatComesAndGoesInIt) {
  fs::create_directory(folder_ / "roots");
  watch({"roots"});
  write("roots/a.pem", "one");
  EXPECT_TRUE(told(1));
  write("roots/a.pem", "two!");
  EXPECT_TRUE(told(2));
  fs::remove(folder_ / "roots/a.pem");
  EXPECT_TRUE(told(3));
}

TEST_F(FileWatchTest, ChangeBetweenTwoCallsIsNotMissed) {
  write("a.pem", "one");
  watch({"a.pem"});
  std::promise<void> done;
  runtime_.main().post([&] {
    write("a.pem", "two!");
    watch_->set_paths({(folder_ / "a.pem").string()});
    done.set_value();
  });
  done.get_future().wait();
  EXPECT_TRUE(told(1));
}

}  // namespace
}  // namespace postern::io
