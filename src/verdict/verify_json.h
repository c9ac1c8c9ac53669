// `postern verify --jsonl`: one request a line, one verdict a line (docs/json/verify.md). The
// answers depend on the line alone; what is kept between lines are certificates that were read
// before, so that the roots and intermediates of a batch are parsed once.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/json_fwd.h"
#include "base/result.h"
#include "verdict/line_splitter.h"
#include "verdict/verify.h"
#include "x509/certificate.h"

namespace postern::verdict {

// Of a LineSplitter before this. A longer line is answered `limit`.
constexpr std::size_t kMaxVerifyLineOctets = 12 << 20;

// "ok", "code", "detail", "depth", "chain".
[[nodiscard]] Json to_json(const VerifyAnswer& answer);

class VerifyLines {
 public:
  // The answer to one line, itself without a line's end. Never fails: a line that cannot be
  // understood is answered `bad-request`. The line is taken, so that a long one is not held twice.
  // `now`: for requests that give no time.
  [[nodiscard]] std::string answer(LineSplitter::Line line, Time now);

 private:
  Result<x509::Certificate> certificate(const std::string& pem);
  std::vector<x509::Certificate> certificates(const Json& list);
  Result<VerifyAnswer> judge_request(Json json, Time now);

  std::unordered_map<std::string, x509::Certificate> known_;  // by PEM text
  std::size_t known_octets_ = 0;
};

}  // namespace postern::verdict
