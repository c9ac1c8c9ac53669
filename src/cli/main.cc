// The program: finds the command, runs it, ends with its exit code.
#include <cstdlib>
#include <exception>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "cli/command.h"

namespace postern::cli {
namespace {

constexpr const char* kFooter =
    "Exit codes: 0 all well; 1 the answer is no (nothing found, attention wanted, not delivered "
    "yet);\n2 wrong usage or failure. Every command: docs/commands.md. What a code means: postern "
    "explain-code CODE.";

bool colour_wanted() {
  // https://no-color.org: any value, also on a terminal.
  const char* const no_color = std::getenv("NO_COLOR");
  return ::isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || *no_color == '\0');
}

void add_version(CLI::App& app, Shell& shell) {
  app.add_subcommand("version", "The version of this program")->callback([&shell] {
    shell.print("postern " POSTERN_VERSION "\n");
  });
}

int run(int argc, char** argv) {
  CLI::App app("Postern carries mail between mail systems over TLS that is really checked.",
               "postern");
  app.require_subcommand(1);
  app.footer(kFooter);
  app.set_version_flag("--version", "postern " POSTERN_VERSION);
  Shell shell;
  shell.colour = colour_wanted();
  add_serve(app, shell);
  add_config(app, shell);
  add_status(app, shell);
  add_queue(app, shell);
  add_trace(app, shell);
  add_verdict(app, shell);
  add_explain(app, shell);
  add_explain_code(app, shell);
  add_check(app, shell);
  add_cert(app, shell);
  add_trust(app, shell);
  add_send(app, shell);
  add_preflight(app, shell);
  add_verify(app, shell);
  add_docs(app, shell);
  add_version(app, shell);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? kOk : kFailure;  // --help and --version end here too
  }
  return shell.exit;
}

}  // namespace
}  // namespace postern::cli

int main(int argc, char** argv) {
  try {
    return postern::cli::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "postern: internal error: %s\n", error.what());
    return postern::cli::kFailure;
  }
}
