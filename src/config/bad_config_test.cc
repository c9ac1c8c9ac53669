// test/config-bad: each NAME.toml has beside it, in NAME.expected, every line that is said about
// it. POSTERN_REWRITE=1 writes the expected lines anew, for review in the diff.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "config/config_file.h"

namespace postern::config {
namespace {

constexpr std::size_t kMinimumCases = 40;

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::filesystem::path> cases() {
  std::vector<std::filesystem::path> out;
  for (const auto& entry :
       std::filesystem::directory_iterator(POSTERN_SOURCE_DIR "/test/config-bad")) {
    if (entry.path().extension() == ".toml") out.push_back(entry.path());
  }
  std::ranges::sort(out);
  return out;
}

class BadConfig : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(BadConfig, IsRefusedWithExactlyTheExpectedWords) {
  const std::string folder = "/etc/postern/";
  const Loaded loaded = parse_config(read(GetParam()), folder + GetParam().filename().string());
  std::string said;
  for (const Diagnostic& diagnostic : loaded.diagnostics) {
    said += diagnostic.str().substr(folder.size()) + "\n";
  }
  auto expected = GetParam();
  expected.replace_extension(".expected");
  if (std::getenv("POSTERN_REWRITE") != nullptr) std::ofstream(expected) << said;
  EXPECT_EQ(said, read(expected));
  const bool only_warns = GetParam().stem().string().starts_with("warn-");
  EXPECT_EQ(loaded.ok(), only_warns);
  EXPECT_FALSE(loaded.diagnostics.empty());
}

INSTANTIATE_TEST_SUITE_P(Corpus, BadConfig, testing::ValuesIn(cases()), [](const auto& one) {
  std::string name = one.param.stem().string();
  std::ranges::replace(name, '-', '_');
  return name;
});

TEST(BadConfigCorpus, IsLarge) {
  EXPECT_GE(cases().size(), kMinimumCases);
}

}  // namespace
}  // namespace postern::config
