// Every script of this folder against the session in memory; and the planted bad ones, which must
// fail: a player that passes everything proves nothing.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "memory_player.h"
#include "script.h"

namespace postern::dialogue {
namespace {

const std::string kFolder = POSTERN_SOURCE_DIR "/test/dialogue";
constexpr Segmentation kAll[] = {Segmentation::whole, Segmentation::octets, Segmentation::sevens,
                                 Segmentation::each_step};

std::vector<std::string> scripts(const std::string& folder) {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".dialogue") out.push_back(entry.path().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

// The first error of a script in any segmentation; empty: it passes.
std::string play(const std::string& path, std::size_t* count = nullptr) {
  const auto dialogues = load_script(path);
  if (!dialogues) return dialogues.error().detail();
  for (const Dialogue& dialogue : *dialogues) {
    if (count) ++*count;
    for (const Segmentation segmentation : kAll) {
      if (dialogue.pins_segmentation() && segmentation != Segmentation::each_step) continue;
      const auto result = play_in_memory(dialogue, segmentation);
      if (result) continue;
      return path + " [" + dialogue.title + "] segmentation " +
             std::to_string(static_cast<int>(segmentation)) + ": " + result.error().detail();
    }
  }
  return "";
}

TEST(Dialogues, PassInEverySegmentation) {
  std::size_t count = 0;
  for (const std::string& path : scripts(kFolder)) EXPECT_EQ(play(path, &count), "");
  EXPECT_GE(count, 40U);
}

TEST(Dialogues, PlantedBadScriptsFail) {
  const auto bad = scripts(kFolder + "/bad");
  EXPECT_GE(bad.size(), 6U);
  for (const std::string& path : bad) EXPECT_NE(play(path), "") << path;
}

TEST(Script, ErrorsNameFileAndLine) {
  struct Case {
    const char* text;
    const char* error;
  };
  const Case cases[] = {
      {"[dialogue]\n> EHLO x\n? 250\n", "f:3: unknown verb ?"},
      {"[dialogue]\n> \\q\n", "f:2: unknown escape \\q"},
      {"[dialogue]\n@reboot\n", "f:2: unknown event @reboot"},
      {"[dialogue]\n< ok\n", "f:2: a reply to expect starts with its code"},
      {"> EHLO\n", "f:1: a script starts with [config] or [dialogue]"},
      {"[dialogue]\n> x\n[expect]\nmessages\n", "f:4: an expectation is: WHAT NUMBER ..."},
      {"[dialogue]\n> x\n[expect]\nqueue 1\n", "f:4: unknown expectation queue"},
      {"[surprise]\n", "f:1: unknown or misplaced section [surprise]"},
  };
  for (const Case& c : cases) {
    const auto result = parse_script("f", c.text);
    ASSERT_FALSE(result) << c.text;
    EXPECT_EQ(result.error().detail(), c.error);
  }
}

TEST(Script, Escapes) {
  const auto result = parse_script("f", "[dialogue]\n>> \\r\\n\\x41\\s\\\\\\rep(ab,3)\\0\n");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->front().steps.front().octets, std::string("\r\nA \\ababab\0", 12));
}

}  // namespace
}  // namespace postern::dialogue
