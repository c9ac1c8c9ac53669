// postern serve: the gateway in the foreground, until a signal ends it.
#include <csignal>
#include <cstdlib>
#include <iostream>

#include <CLI/CLI.hpp>

#include "admin/handler.h"
#include "base/log.h"
#include "cli/command.h"
#include "io/descriptors.h"
#include "relay/configuration.h"
#include "relay/gateway.h"

namespace postern::cli {
namespace {

constexpr Duration kShutdownGrace{10'000};

constexpr log::Event kAdmin{1210, log::Level::info, "admin.start"};
constexpr log::Event kSignal{1211, log::Level::info, "gateway.signal"};
constexpr log::Event kDescriptors{1213, log::Level::info, "limit.files"};
constexpr log::Event kLogFileLost{1212, log::Level::error, "log.lost"};

struct Options {
  std::string log_level = "info";
};

void set_up_log(const Options& options) {
  const std::map<std::string, log::Level> levels{{"debug", log::Level::debug},
                                                 {"info", log::Level::info},
                                                 {"warning", log::Level::warning},
                                                 {"error", log::Level::error}};
  log::set_level(levels.at(options.log_level));
  log::set_journal_prefix(std::getenv("JOURNAL_STREAM") != nullptr);
}

// Blocked before any thread starts, so that every thread inherits it and wait_for_end alone sees
// them.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return set;
}

void wait_for_end(relay::Gateway& gateway, const sigset_t& set, const std::string& log_file) {
  for (;;) {
    int number = 0;
    if (sigwait(&set, &number) != 0) continue;
    log::write(kSignal, {{"signal", number == SIGHUP ? "SIGHUP" : "SIGTERM"},
                         {"text", number == SIGHUP ? "reload" : "shutdown"}});
    if (number != SIGHUP) return;
    // The file may have been rotated away; the configuration names it as it was at start.
    if (!log_file.empty() && !log::set_file(log_file))
      log::write(kLogFileLost, {{"file", log_file}});
    gateway.reload();
  }
}

int run_serve(const Shell& shell, const Options& options) {
  const Result<std::string> file = find_configuration(shell);
  if (!file) return shell.fail(file.error());
  set_up_log(options);
  relay::Configuration configuration =
      relay::load_configuration(*file, nullptr, system_clock().now());
  for (const config::Diagnostic& diagnostic : configuration.diagnostics)
    std::cerr << diagnostic.str() << "\n";
  if (!configuration.ok()) return shell.fail("the configuration has errors; nothing was started");

  const std::string log_file = configuration.snapshot->config->server.log_file;
  if (!log_file.empty()) {
    const Result<void> opened = log::set_file(log_file);
    if (!opened) return shell.fail("server.log_file: " + opened.error().what());
  }
  const std::uint64_t files = io::raise_descriptor_limit();
  log::write(kDescriptors, {{"open_files", std::to_string(files)},
                            {"receive_sessions", std::to_string(io::sessions_for(files))}});
  const sigset_t signals = block_signals();
  auto gateway = relay::Gateway::create(std::move(configuration), system_clock());
  if (!gateway) return shell.fail(gateway.error().what());
  // The socket first: one that is taken means that another gateway runs, and nothing else starts.
  auto admin = admin::listen_for(**gateway);
  if (!admin) return shell.fail(admin.error().what());
  const Result<void> started = (*gateway)->start();
  if (!started) return shell.fail(started.error().what());
  log::write(kAdmin, {{"listens", (*gateway)->context().snapshot()->config->admin_socket}});
  wait_for_end(**gateway, signals, log_file);
  admin->reset();
  (*gateway)->shutdown(kShutdownGrace);
  return kOk;
}

}  // namespace

void add_serve(CLI::App& app, Shell& shell) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      add_command(app, shell, "serve", "Run the gateway in the foreground; SIGHUP reloads",
                  Form::text, [&shell, options] { return run_serve(shell, *options); });
  command->add_option("--log-level", options->log_level, "What is logged")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
}

}  // namespace postern::cli
