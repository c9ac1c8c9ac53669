// postern explain as a function: octets of any number of sources in, a report out. Streams: memory
// stays flat whatever the size. Pure: the moment is given.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "explain/report.h"

namespace postern::explain {

struct Options {
  Time now{};
  std::optional<Time> since, until;  // lines with a moment outside are left out
  Side ours = Side::unknown;
};

class Explainer {
 public:
  explicit Explainer(Options options);
  Explainer(Explainer&&) noexcept;
  ~Explainer();

  // One source at a time: begin, feed as often as wanted, end.
  void begin(std::string_view source);
  void feed(std::string_view octets);
  void end();
  void note(std::string text);  // what the caller had to skip, and why
  [[nodiscard]] Report report() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern::explain
