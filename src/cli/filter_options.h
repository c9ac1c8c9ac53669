// The options that choose messages, alike for trace and for the commands of the queue.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "store/store.h"

namespace CLI {
class App;
}

namespace postern::cli {

struct FilterOptions {
  std::string sender, recipient, message_id, since, until, status, code, destination;
  [[nodiscard]] Result<store::TraceFilter> filter(Time now) const;
};

// `until_name`: of the option that ends the window (`--until` means something else for extend).
void add_filter_options(CLI::App& command, const std::shared_ptr<FilterOptions>& options,
                        const std::string& until_name);

}  // namespace postern::cli
