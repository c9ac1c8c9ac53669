// `postern verify --jsonl`: one request a line, one verdict a line (docs/json/verify.md). The
// answers depend on the line alone; what is kept between lines are certificates that were read
// before, so that the roots and intermediates of a batch are parsed once.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/json_fwd.h"
#include "base/result.h"
#include "verdict/verify.h"
#include "x509/certificate.h"

namespace postern::verdict {

// A longer line is answered `limit`; whoever reads lines need not keep more of one, but for its id.
constexpr std::size_t kMaxVerifyLineOctets = 16 << 20;

class VerifyLines {
 public:
  // The answer to one line (without its end), itself without a line's end. Never fails: a line that
  // cannot be understood is answered `bad-request`. The line is taken, so that a long one is not
  // held twice. `now`: for requests that give no time.
  [[nodiscard]] std::string answer(std::string line, Time now);
  // The answer to a line that was too long; `id` as it was found in it.
  [[nodiscard]] static std::string answer_too_long(const std::optional<std::string>& id);

 private:
  Result<x509::Certificate> certificate(const std::string& pem);
  std::vector<x509::Certificate> certificates(const Json& list);
  Result<VerifyAnswer> judge_request(const Json& json, Time now);

  std::unordered_map<std::string, x509::Certificate> known_;  // by PEM text
  std::size_t known_octets_ = 0;
};

}  // namespace postern::verdict
