// postern config check: all that serve would say about the configuration, without starting
// anything.
#include <algorithm>

#include <CLI/CLI.hpp>

#include "base/json.h"
#include "cli/command.h"
#include "cli/gateway_link.h"
#include "relay/configuration.h"

namespace postern::cli {
namespace {

Json diagnostic_json(const config::Diagnostic& diagnostic) {
  Json out = Json::object();
  out["severity"] = diagnostic.severity == config::Severity::error ? "error" : "warning";
  out["file"] = diagnostic.where.file;
  out["line"] = diagnostic.where.line;
  out["column"] = diagnostic.where.column;
  out["message"] = diagnostic.message;
  return out;
}

bool is_problem(const tls::Notice& notice) {
  return notice.kind == tls::Notice::Kind::problem || notice.kind == tls::Notice::Kind::refused ||
         notice.kind == tls::Notice::Kind::waiting;
}

// A diagnostic has told it already, with the line of the file.
bool is_told(const tls::Notice& notice, const std::vector<config::Diagnostic>& diagnostics) {
  return std::ranges::any_of(diagnostics, [&](const config::Diagnostic& diagnostic) {
    return diagnostic.message.find(notice.text) != std::string::npos;
  });
}

void print_json(const Shell& shell, const std::string& file, const relay::Configuration& loaded) {
  Json out = Json::object();
  out["version"] = 1;
  out["file"] = file;
  out["ok"] = loaded.ok();
  out["diagnostics"] = Json::array();
  for (const config::Diagnostic& diagnostic : loaded.diagnostics)
    out["diagnostics"].push_back(diagnostic_json(diagnostic));
  out["notices"] = Json::array();
  for (const tls::Notice& notice : loaded.notices) {
    if (is_problem(notice) && !is_told(notice, loaded.diagnostics))
      out["notices"].push_back({{"subject", notice.subject}, {"text", notice.text}});
  }
  shell.print_json(out);
}

int run_check(const Shell& shell) {
  const Result<std::string> file = find_configuration(shell);
  if (!file) return shell.fail(file.error());
  const relay::Configuration loaded =
      relay::load_configuration(*file, nullptr, system_clock().now());
  const bool warned = !loaded.diagnostics.empty();
  if (shell.json) {
    print_json(shell, *file, loaded);
  } else {
    for (const config::Diagnostic& diagnostic : loaded.diagnostics)
      shell.print(diagnostic.str() + "\n");
    for (const tls::Notice& notice : loaded.notices) {
      if (is_problem(notice) && !is_told(notice, loaded.diagnostics))
        shell.print(notice.subject + ": " + notice.text + "\n");
    }
    if (loaded.ok())
      shell.print(*file + (warned ? ": usable, with the warnings above\n" : ": no fault found\n"));
  }
  if (!loaded.ok()) return kFailure;
  return warned ? kFinding : kOk;
}

int run_reload(const Shell& shell) {
  const Result<GatewayLink> link = GatewayLink::open(shell);
  if (!link) return shell.fail(link.error());
  const Result<Json> answer = link->change(admin::make_request(admin::Reload{}));
  if (!answer) return shell.fail(answer.error());
  if (shell.json) {
    Json out = Json::object();
    out["version"] = 1;
    out["socket"] = link->socket();
    out["reload"] = "done";
    shell.print_json(out);
    return kOk;
  }
  shell.print("The gateway works by the configuration as it is now.\n");
  return kOk;
}

}  // namespace

void add_config(CLI::App& app, Shell& shell) {
  CLI::App* group = add_group(app, "config", "The configuration file");
  add_command(*group, shell, "check",
              "What is wrong in the configuration, with line and column: 0 nothing, 1 warnings, 2 "
              "errors",
              Form::text_or_json, [&shell] { return run_check(shell); });
  add_command(*group, shell, "reload", "Have the running gateway read it again, as SIGHUP does",
              Form::text_or_json, [&shell] { return run_reload(shell); });
}

}  // namespace postern::cli
