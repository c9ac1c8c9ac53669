// Whatever a line holds, and however it is cut, its answer is one line of JSON within the contract.
#include <cstdint>
#include <cstdlib>

#include "base/json.h"
#include "verdict/verify_json.h"

using namespace postern;
using namespace postern::verdict;

namespace {

constexpr std::size_t kShortLine = 64;  // so that the fuzzer reaches lines that are too long
constexpr Time kNow{std::chrono::sys_days{std::chrono::November / 21 / 2026}};

void require(bool ok) {
  if (!ok) std::abort();
}

std::vector<LineSplitter::Line> split(std::string_view input, std::size_t max, std::size_t piece) {
  LineSplitter splitter(max);
  std::vector<LineSplitter::Line> out;
  while (!input.empty()) {
    std::string_view part = input.substr(0, piece);
    input.remove_prefix(part.size());
    while (!part.empty())
      if (auto line = splitter.take(part)) out.push_back(std::move(*line));
  }
  if (auto line = splitter.finish()) out.push_back(std::move(*line));
  return out;
}

void check(VerifyLines& lines, LineSplitter::Line line) {
  const std::string text = lines.answer(std::move(line), kNow);
  require(!text.contains('\n'));
  const auto answer = parse_json(text);
  require(answer && answer->is_object());
  require((*answer)["id"].is_null() || (*answer)["id"].is_string());
  require((*answer)["ok"].is_boolean() && (*answer)["code"].is_string());
  require((*answer)["ok"] == ((*answer)["code"] == "none"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  VerifyLines lines;
  for (LineSplitter::Line& line : split(input, kMaxVerifyLineOctets, size + 1))
    check(lines, std::move(line));
  auto whole = split(input, kShortLine, size + 1), pieces = split(input, kShortLine, 1);
  require(whole.size() == pieces.size());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    require(whole[i].text == pieces[i].text && whole[i].too_long == pieces[i].too_long &&
            whole[i].id == pieces[i].id);
    check(lines, std::move(whole[i]));
  }
  return 0;
}
