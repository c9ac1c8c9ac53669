// How commands reach the gateway: by its socket; where none runs, questions are answered from the
// store, read-only.
#pragma once

#include <memory>
#include <string>

#include "admin/api.h"
#include "admin/client.h"
#include "base/json_fwd.h"
#include "cli/command.h"
#include "policy/config.h"
#include "store/store.h"

namespace postern::cli {

constexpr Duration kGatewayTimeout{30'000};

class GatewayLink {
 public:
  // Reads the configuration for the socket and the store. One that has errors will do as long as
  // the socket is in it, even where it is no TOML: the gateway may be running on the one before.
  // One line on standard error says that the file is broken.
  [[nodiscard]] static Result<GatewayLink> open(const Shell& shell);

  // Any question. Errors: not_running among them, see is_not_running.
  [[nodiscard]] Result<Json> ask(const admin::Request& request) const;
  // Answers in the forms of docs/json/. Errors: not_found; with a sentence for people otherwise.
  [[nodiscard]] Result<Json> status() const;
  [[nodiscard]] Result<Json> queue() const;
  [[nodiscard]] Result<Json> trace(const store::TraceFilter& filter) const;  // an array
  [[nodiscard]] Result<Json> message(MessageId id) const;
  [[nodiscard]] Result<Json> verdict(VerdictId id) const;
  // A changing command. Errors: with how to start the gateway where none runs.
  [[nodiscard]] Result<Json> change(const admin::Request& request) const;

  // As far as the file could be read.
  [[nodiscard]] const policy::Config& config() const { return config_; }
  [[nodiscard]] const std::string& configuration() const { return configuration_; }
  [[nodiscard]] const std::string& socket() const { return config_.admin_socket; }

 private:
  [[nodiscard]] Result<std::unique_ptr<store::Store>> open_store() const;

  std::string configuration_;  // absolute path
  policy::Config config_;
};

[[nodiscard]] bool is_not_running(const Error& error);
[[nodiscard]] bool is_not_found(const Error& error);

}  // namespace postern::cli
