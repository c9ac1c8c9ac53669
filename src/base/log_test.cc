#include "base/log.h"

#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

namespace postern {
namespace {

constexpr log::Event kEvent{9999, log::Level::info, "test.line"};

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::vector<std::string> out;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) out.push_back(line);
  return out;
}

TEST(Log, NoLineIsTornOrLostWhileManyThreadsWriteAndTheFileIsExchanged) {
  constexpr int kThreads = 4, kLines = 200, kRotations = 20;
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / ("postern-log-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  testing::internal::CaptureStderr();
  ASSERT_TRUE(log::set_file((folder / "0").string()));
  {
    std::vector<std::jthread> writers;
    for (int t = 0; t < kThreads; ++t) {
      writers.emplace_back([t] {
        for (int i = 0; i < kLines; ++i)
          log::write(kEvent, {{"thread", std::to_string(t)}, {"text", "a b"}});
      });
    }
    for (int r = 1; r <= kRotations; ++r)
      EXPECT_TRUE(log::set_file((folder / std::to_string(r % 2)).string()));
  }
  EXPECT_FALSE(log::set_file((folder / "0" / "log").string())) << "0 is no folder";
  (void)testing::internal::GetCapturedStderr();
  std::size_t whole = 0;
  for (const char* name : {"0", "1"}) {
    for (const std::string& line : lines_of(folder / name)) {
      EXPECT_NE(line.find("Z P9999 info test.line thread="), std::string::npos) << line;
      EXPECT_TRUE(line.ends_with(" text=\"a b\"")) << line;
      ++whole;
    }
  }
  EXPECT_EQ(whole, std::size_t{kThreads * kLines});
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace postern
