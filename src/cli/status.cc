// postern status: one page, and an exit code for monitoring.
#include <CLI/CLI.hpp>

#include "base/json.h"
#include "cli/command.h"
#include "cli/gateway_link.h"
#include "cli/render.h"

namespace postern::cli {
namespace {

constexpr int kNotServing = 2;

int run_status(const Shell& shell) {
  const Result<GatewayLink> link = GatewayLink::open(shell);
  if (!link) return shell.fail(link.error());
  const Result<Json> answer = link->status();
  if (!answer && !is_not_running(answer.error())) return shell.fail(answer.error());
  Json status = Json::object();
  status["running"] = answer.has_value();
  if (answer) {
    status.update(*answer);
  } else {
    status["state"] = kNotServing;
    status["socket"] = link->socket();
    status["configuration"] = link->configuration();
  }
  shell.print_answer(status, render_status);
  return static_cast<int>(number_of(status, "state"));
}

}  // namespace

void add_status(CLI::App& app, Shell& shell) {
  add_command(app, shell, "status",
              "One page: is all well? 0 yes, 1 attention wanted, 2 mail is refused or no gateway "
              "runs",
              Form::text_or_json, [&shell] { return run_status(shell); });
}

}  // namespace postern::cli
