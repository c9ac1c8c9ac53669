// Any octets, in any segmentation, give one answer: never a crash, the same for both.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/json.h"
#include "explain/explainer.h"

namespace {

postern::explain::Report explain(std::string_view octets, std::size_t step) {
  postern::explain::Options options;
  options.now = postern::Time(std::chrono::seconds(1'795'000'000));
  postern::explain::Explainer explainer(options);
  explainer.begin("fuzz");
  for (std::size_t at = 0; at < octets.size(); at += step) explainer.feed(octets.substr(at, step));
  explainer.end();
  return explainer.report();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const auto whole = postern::dump_json(to_json(explain(octets, size + 1)));
  const auto parts = postern::dump_json(to_json(explain(octets, 13)));
  POSTERN_CHECK(whole == parts, "segmentation changes nothing");
  return 0;
}
