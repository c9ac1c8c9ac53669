// postern trace: which messages, and what happened to each.
#include <CLI/CLI.hpp>

#include "admin/api.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/filter_options.h"
#include "cli/gateway_link.h"
#include "cli/render.h"

namespace postern::cli {
namespace {

struct Options : FilterOptions {
  std::size_t limit = 100;
};

int run_trace(const Shell& shell, const Options& options) {
  Result<store::TraceFilter> filter = options.filter(system_clock().now());
  if (!filter) return shell.fail(filter.error());
  filter->limit = options.limit;
  const Result<GatewayLink> link = GatewayLink::open(shell);
  if (!link) return shell.fail(link.error());
  const Result<Json> messages = link->trace(*filter);
  if (!messages) return shell.fail(messages.error());
  if (shell.json) {
    for (const Json& message : *messages) shell.print_json(message);
  } else {
    shell.print(render_trace(*messages, shell.style()));
  }
  return messages->empty() ? kFinding : kOk;
}

}  // namespace

void add_trace(CLI::App& app, Shell& shell) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      app, shell, "trace", "Messages and what happened to each, oldest first; 1 when there is none",
      Form::text_or_json, [&shell, options] { return run_trace(shell, *options); });
  add_filter_options(*command, options, "--until");
  command->add_option("--limit", options->limit, "At most so many, the newest")
      ->check(CLI::Range(std::size_t{1}, admin::kMaxTraceLimit))
      ->capture_default_str();
}

}  // namespace postern::cli
