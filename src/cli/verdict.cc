// postern verdict show ID: how one peer was judged.
#include <CLI/CLI.hpp>

#include "base/json.h"
#include "cli/command.h"
#include "cli/gateway_link.h"
#include "cli/render.h"

namespace postern::cli {
namespace {

int run_show(const Shell& shell, const std::string& text) {
  const std::optional<VerdictId> id = VerdictId::parse(text);
  if (!id)
    return shell.fail("verdict show: '" + text +
                      "' is no verdict id; postern trace shows them as verdict=...");
  const Result<GatewayLink> link = GatewayLink::open(shell);
  if (!link) return shell.fail(link.error());
  const Result<Json> answer = link->verdict(*id);
  if (!answer) {
    (void)shell.fail(answer.error());
    return is_not_found(answer.error()) ? kFinding : kFailure;
  }
  shell.print_answer(*answer, [](const Json& both, const Style& style) {
    return render_verdict(object_of(both, "verdict"), style);
  });
  return kOk;
}

}  // namespace

void add_verdict(CLI::App& app, Shell& shell) {
  CLI::App* group = add_group(app, "verdict", "How peers were judged");
  auto id = std::make_shared<std::string>();
  CLI::App* show =
      add_command(*group, shell, "show", "One verdict: every check, the cause and the cure",
                  Form::text_or_json, [&shell, id] { return run_show(shell, *id); });
  show->add_option("ID", *id, "The verdict's id, as trace shows it")->required();
}

}  // namespace postern::cli
