// dialogue_json FILE...: the parsed scripts as JSON, one dialogue a line, for players in another
// language: there is one parser of the format. Octets are in hexadecimal.
#include <cstdio>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/text.h"
#include "script.h"

namespace postern::dialogue {
namespace {

std::string_view name_of(Verb verb) {
  switch (verb) {
    case Verb::send:
    case Verb::send_raw:
    case Verb::send_chunk:
      return "send";
    case Verb::reply:
      return "reply";
    case Verb::reply_has:
      return "has";
    case Verb::reply_lacks:
      return "lacks";
    case Verb::closed:
      return "close";
    case Verb::tls:
      return "tls";
    case Verb::tls_fails:
      return "tls fail";
    case Verb::timeout:
      return "timeout";
    case Verb::shutdown:
      return "shutdown";
  }
  return "send";
}

std::string_view name_of(Check check) {
  switch (check) {
    case Check::messages:
      return "messages";
    case Check::body:
      return "body";
    case Check::sender:
      return "sender";
    case Check::recipients:
      return "recipients";
  }
  return "messages";
}

Json json_of(const Dialogue& dialogue) {
  Json out = Json::object();
  out["title"] = dialogue.title;
  out["line"] = dialogue.line;
  Json& config = out["config"] = Json::object();
  for (const auto& [key, value] : dialogue.config) config[key] = value;
  Json& steps = out["steps"] = Json::array();
  for (const Step& step : dialogue.steps) {
    Json one = Json::object();
    one["line"] = step.line;
    one["verb"] = std::string(name_of(step.verb));
    if (!step.octets.empty()) one["octets"] = to_hex(step.octets);
    if (!step.alternatives.empty()) one["alternatives"] = step.alternatives;
    steps.push_back(std::move(one));
  }
  Json& expectations = out["expect"] = Json::array();
  for (const Expectation& expectation : dialogue.expectations) {
    Json one = Json::object();
    one["line"] = expectation.line;
    one["check"] = std::string(name_of(expectation.check));
    one["number"] = expectation.number;
    Json& values = one["values"] = Json::array();
    for (const std::string& value : expectation.values) values.push_back(to_hex(value));
    expectations.push_back(std::move(one));
  }
  return out;
}

bool print(const std::string& path) {
  const auto dialogues = load_script(path);
  if (!dialogues) {
    std::fprintf(stderr, "%s\n", dialogues.error().detail().c_str());
    return false;
  }
  for (const Dialogue& dialogue : *dialogues) {
    Json out = json_of(dialogue);
    out["file"] = path;
    std::printf("%s\n", dump_json(out).c_str());
  }
  return true;
}

}  // namespace
}  // namespace postern::dialogue

int main(int argc, char** argv) {
  bool good = argc > 1;
  for (int i = 1; i < argc; ++i) good = postern::dialogue::print(argv[i]) && good;
  return good ? 0 : 1;
}
