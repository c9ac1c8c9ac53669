// For tests: answers from a table, by kind and URL; what is not in it fails. Keeps what was asked.
// For one thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fetch/fetcher.h"

namespace postern::fetch::testing {

class ScriptedFetcher final : public Fetcher {
 public:
  void answer(verdict::FetchKind kind, const std::string& url, std::string body);
  void fail(verdict::FetchKind kind, const std::string& url, std::string error);
  // From now on nothing answers, and each request takes the whole of its limit off `clock`.
  void stall(ManualClock& clock) { stalled_ = &clock; }

  [[nodiscard]] io::Task<std::vector<Answer>> fetch(std::vector<Request> requests,
                                                    Duration limit) override;
  void settled_nothing(const Request& request) override;

  std::vector<std::string> asked;      // "crl http://...", in order
  std::vector<std::string> rounds;     // the same, those of one call joined by ", "
  std::vector<std::string> worthless;  // reported by settled_nothing
  std::vector<Duration> limits;        // of each call

 private:
  std::map<std::string, Answer> answers_;
  ManualClock* stalled_ = nullptr;
};

}  // namespace postern::fetch::testing
