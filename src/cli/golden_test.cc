// The human renderings of fixed JSON, compared with test/golden/: their wording is reviewed there.
// With POSTERN_WRITE_GOLDEN set the texts are written anew.
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "base/json.h"
#include "cli/render.h"

namespace postern::cli {
namespace {

using Render = std::string (*)(const Json&, const Style&);

struct Golden {
  const char* name;  // of NAME.json, or FACTS.json where that differs
  Render render;
  const char* facts = nullptr;
};

std::string path_of(const std::string& name) {
  return POSTERN_SOURCE_DIR "/test/golden/" + name;
}

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

Style fixed_style() {
  return {false, *parse_rfc3339("2026-11-21T04:05:00Z")};
}

const Golden kGoldens[] = {
    {"queue", render_queue},
    {"queue-empty", render_queue},
    {"queue-offline", render_queue},
    {"trace", render_trace},
    {"verdict", render_verdict},
    {"code", render_code},
    {"status", render_status},
    {"status-stopped", render_status},
    {"certificates", render_certificates},
    {"selection", render_selection},
    {"trust", render_trust},
    {"fate", render_fate},
    {"hop", render_hop, "verdict"},
    {"check-sound", render_check},
    {"check-broken", render_check},
    {"check-hosts", render_check},
    {"verification", render_verification},
    {"verification-broken", render_verification},
};

TEST(Golden, EveryRenderingReadsAsReviewed) {
  for (const Golden& one : kGoldens) {
    const std::string facts = one.facts != nullptr ? one.facts : one.name;
    const Result<Json> json = parse_json(content(path_of(facts + ".json")));
    ASSERT_TRUE(json) << facts << ": " << json.error().what();
    const std::string text = one.render(*json, fixed_style());
    const std::string golden = path_of(std::string(one.name) + ".txt");
    if (std::getenv("POSTERN_WRITE_GOLDEN") != nullptr) std::ofstream(golden) << text;
    EXPECT_EQ(text, content(golden)) << one.name;
  }
}

TEST(Golden, LinesStayWithoutColourAndTrailingBlanks) {
  for (const Golden& one : kGoldens) {
    const std::string text = content(path_of(std::string(one.name) + ".txt"));
    EXPECT_FALSE(text.empty()) << one.name;
    EXPECT_EQ(text.find('\x1b'), std::string::npos) << one.name;
    EXPECT_EQ(text.find(" \n"), std::string::npos) << one.name;
  }
}

TEST(Golden, FactsThatAreMissingOrOfAnotherKindNeverEndTheProgram) {
  const char* const hostile[] = {
      "{}",
      R"({"blockers":7,"destinations":"x"})",
      R"({"blockers":[{}],"destinations":[{}]})",
      R"({"recipients":[{"events":[{"time":1}],"waits":[]}]})",
      R"({"certificates":[{"names":[1]}],"sets":[{"anchors":[{}]}],"candidates":[{}]})",
      R"({"checks":[{}],"cure":[1],"evidence":[{}],"ok":"yes","queue":[],"problems":[null]})"};
  for (const char* text : hostile) {
    const Json json = *parse_json(text);
    for (const Golden& one : kGoldens) (void)one.render(json, fixed_style());
  }
}

TEST(Golden, OctetsOfThePeerCannotSteerTheTerminal) {
  Json queue = Json::object();
  queue["blockers"] = Json::array();
  Json blocker = Json::object();
  blocker["next_hop"] = "a\x1b[2Jb";
  blocker["cause"] = "line\r\nbreak \x1b[31m";
  blocker["cure"] = Json::array({"\x1b]0;title\x07"});
  queue["blockers"].push_back(blocker);
  const std::string text = render_queue(queue, fixed_style());
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\r'), std::string::npos);
}

}  // namespace
}  // namespace postern::cli
