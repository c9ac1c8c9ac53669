// The Fetcher that asks over HTTP: one thread, one libcurl multi handle. Equal requests that are
// under way are one; what came is cached, and so is what failed (cache.h). A request whose caller
// no longer waits goes on to its end and fills the cache.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "fetch/fetcher.h"
#include "policy/config.h"

namespace postern::fetch {

constexpr std::size_t kMaxTransfers = 8;         // at one time, all hosts
constexpr std::size_t kMaxTransfersPerHost = 2;  // at one time
constexpr std::size_t kMaxStartsPerHost = 60;    // in kHostRateSpan; beyond: an error, not a wait
constexpr Duration kHostRateSpan{60'000};
constexpr std::size_t kMaxWaitingFetches = 200;  // requests not yet begun
constexpr int kMaxRedirects = 3;

struct Settings {
  std::vector<policy::FetchPlace> allow;  // server.fetch_allow
  std::string proxy;                      // server.fetch_proxy
  std::string roots_pem = {};             // whom https believes; empty: the system's public roots
};
[[nodiscard]] Settings settings_of(const policy::ServerConfig& server);

// Thread-safe. Destroyed before the Runtime whose tasks wait for it; who still waits then gets an
// error.
class Client final : public Fetcher {
 public:
  Client(const Clock& clock, Settings settings);
  ~Client() override;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // For what begins from now on. What is cached stays, what failed is asked for again.
  void set_settings(Settings settings);

  [[nodiscard]] io::Task<std::vector<Answer>> fetch(std::vector<Request> requests,
                                                    Duration limit) override;
  void settled_nothing(const Request& request) override;

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace postern::fetch
