// Fetching what certificates name: OCSP answers, CRLs, issuers; and a domain's MTA-STS policy. One
// interface; client.h has the one
// that really asks, testing/scripted_fetcher.h the one for tests. Every part of Postern that judges
// asks through observe/judgement.h, and nobody else fetches to judge.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "io/awaitable.h"
#include "verdict/fetched.h"

namespace postern::fetch {

struct Request {
  verdict::FetchKind kind = verdict::FetchKind::crl;
  std::string url;
  std::string ocsp_request;  // DER, for `ocsp`
};

// One of both: what came, read as what was asked for, or why nothing did.
struct Answer {
  std::shared_ptr<const std::string> body;  // nullptr: it failed. A CRL in DER, whatever came
  std::string error;                        // in words for people, without the URL
  bool cached = false;
  [[nodiscard]] bool ok() const { return body != nullptr; }
};

class Fetcher {
 public:
  virtual ~Fetcher() = default;
  // The answers to `requests`, in their order, asked all at once; what has not come within `limit`
  // is an error. Resumes on the awaiting loop.
  [[nodiscard]] virtual io::Task<std::vector<Answer>> fetch(std::vector<Request> requests,
                                                            Duration limit) = 0;
  // The answer to `request` settled nothing (a signature of somebody else, stale): it is asked for
  // again sooner than its own dates would have it.
  virtual void settled_nothing(const Request& request) = 0;
};

}  // namespace postern::fetch
