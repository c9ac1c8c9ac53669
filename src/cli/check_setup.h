// What checks stand on: the configuration or its defaults, with what the command line adds.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"
#include "dns/resolver.h"
#include "fetch/client.h"
#include "io/executor.h"
#include "probe/check.h"

namespace postern::cli {

struct CheckSetupOptions {
  std::vector<std::string> trust;  // files
  std::string client_certificate, client_key;
  std::string dns;
};

class CheckSetup {
 public:
  // Errors: a configuration or file that cannot be used, with what was found in it.
  [[nodiscard]] static Result<std::unique_ptr<CheckSetup>> make(const Shell& shell,
                                                                const CheckSetupOptions& options,
                                                                io::Runtime& runtime);
  // For one check on one loop; valid while this lives.
  [[nodiscard]] probe::Surroundings surroundings(io::Executor here) const;

 private:
  CheckSetup() = default;
  [[nodiscard]] Result<void> load(const Shell& shell, const CheckSetupOptions& options);

  policy::Config config_;
  bool configured_ = false;
  std::shared_ptr<const tls::Materials> materials_;
  std::vector<std::string> given_trust_;
  std::string client_certificate_;
  std::unique_ptr<dns::Resolver> resolver_;
  std::unique_ptr<fetch::Client> fetcher_;
};

}  // namespace postern::cli
