// postern check: servers looked at as a sender sees them.
#include "probe/check.h"

#include <atomic>
#include <future>
#include <iostream>
#include <mutex>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/check_setup.h"
#include "cli/command.h"
#include "cli/render.h"

namespace postern::cli {
namespace {

constexpr unsigned kDefaultJobs = 16;
constexpr unsigned kMaxJobs = 200;
constexpr unsigned kLoops = 2;
constexpr int kNagiosUnknown = 3;
constexpr std::size_t kMaxTargets = 1'000'000;

struct Options {
  CheckSetupOptions setup;
  std::vector<std::string> targets;
  std::string as, timeout = "30s", warning = "30d", critical = "7d", another_source;
  std::vector<std::string> names;
  bool implicit_tls = false, mine = false, quick = false, nagios = false, from_stdin = false;
  unsigned jobs = kDefaultJobs;
  std::uint16_t port = 0;
};

Result<Duration> time_option(std::string_view option, const std::string& text) {
  auto time = parse_duration(text);
  if (!time || *time <= Duration::zero())
    return invalid(std::string(option) + ": '" + text + "' is no span of time; give one like 30s");
  return *time;
}

Result<probe::CheckOptions> options_of(const Options& options) {
  probe::CheckOptions out;
  if (!options.as.empty()) out.as = probe::parse_sender_kind(options.as);
  out.names = options.names;
  out.implicit_tls = options.implicit_tls;
  out.mine = options.mine;
  out.quick = options.quick;
  out.port = options.port;
  out.another_source = options.another_source;
  TRY(out.timeout, time_option("--timeout", options.timeout));
  TRY(out.expiry_warning, time_option("--warning", options.warning));
  TRY(out.expiry_critical, time_option("--critical", options.critical));
  return out;
}

// One a line; blank lines and what follows a # do not count.
Result<std::vector<std::string>> read_list() {
  TRY(const std::string text, read_file("-"));
  std::vector<std::string> out;
  for (std::string_view line : split(text, '\n')) {
    line = trim(line.substr(0, line.find('#')));
    if (!line.empty()) out.emplace_back(line);
    if (out.size() > kMaxTargets) return invalid("--stdin: more than a million targets");
  }
  if (out.empty()) return invalid("--stdin: no target stands on standard input");
  return out;
}

Result<std::vector<probe::CheckTarget>> targets_of(const Options& options) {
  std::vector<std::string> texts = options.targets;
  if (options.from_stdin) {
    TRY(texts, read_list());
  }
  if (texts.empty())
    return invalid("check: what is to be looked at? Give a domain, a host, HOST:PORT, or --stdin");
  std::vector<probe::CheckTarget> out;
  for (const std::string& text : texts) {
    TRY(probe::CheckTarget target, probe::parse_check_target(text));
    out.push_back(std::move(target));
  }
  return out;
}

// Says on standard error how far it is, on one line that the answer wipes away.
class Progress {
 public:
  explicit Progress(bool shown) : shown_(shown) {}
  void say(const std::string& words) {
    if (!shown_) return;
    const std::lock_guard lock(mutex_);
    std::cerr << "\r\x1b[K" << printable(words, kLineColumns) << std::flush;
  }
  void wipe() {
    if (shown_) std::cerr << "\r\x1b[K" << std::flush;
  }

 private:
  const bool shown_;
  std::mutex mutex_;
};

// All targets of one command, taken by workers one after the other.
struct Batch {
  const Shell& shell;
  const Options& options;
  const CheckSetup& setup;
  const probe::CheckOptions& check;
  std::vector<probe::CheckTarget> targets;
  Progress& progress;
  std::atomic<std::size_t> next = 0;
  std::mutex mutex = {};  // of what follows, and of standard output
  int exit = kOk;
  std::size_t told = 0;

  void tell(const probe::CheckReport& report);
};

void Batch::tell(const probe::CheckReport& report) {
  const std::lock_guard lock(mutex);
  progress.wipe();
  if (options.nagios) {
    const probe::NagiosLine line = probe::nagios_line(report);
    exit = std::max(exit, line.exit);
    return shell.print(printable(line.text) + "\n");
  }
  exit = std::max<int>(exit, report.severity() == probe::Severity::info ? kOk : kFinding);
  if (!shell.json && told++ > 0) shell.print("\n");
  shell.print_answer(probe::to_json(report), render_check);
}

io::Task<void> work(Batch* batch, io::Executor here, std::promise<void>* ended) {
  for (;;) {
    const std::size_t index = batch->next++;
    if (index >= batch->targets.size()) break;
    probe::CheckTarget target = batch->targets[index];
    probe::Surroundings around = batch->setup.surroundings(here);
    around.progress = [batch](const std::string& words) { batch->progress.say(words); };
    probe::CheckOptions options = batch->check;
    const probe::CheckReport report =
        co_await probe::check(std::move(around), std::move(target), std::move(options));
    batch->tell(report);
  }
  ended->set_value();
}

int run_batch(Batch& batch, io::Runtime& runtime) {
  const std::size_t workers = std::min<std::size_t>(batch.options.jobs, batch.targets.size());
  std::vector<std::promise<void>> ended(workers);
  for (std::promise<void>& one : ended) {
    const io::Executor here = runtime.next();
    here.spawn("check", work(&batch, here, &one));
  }
  runtime.start();
  for (std::promise<void>& one : ended) one.get_future().wait();
  return batch.exit;
}

int fail(const Shell& shell, const Options& options, const Error& error) {
  if (!options.nagios) return shell.fail(error);
  shell.print("SMTP-TLS UNKNOWN - " + printable(error.detail()) + "\n");
  return kNagiosUnknown;
}

int run_check(const Shell& shell, const Options& options) {
  const Result<probe::CheckOptions> check = options_of(options);
  if (!check) return fail(shell, options, check.error());
  Result<std::vector<probe::CheckTarget>> targets = targets_of(options);
  if (!targets) return fail(shell, options, targets.error());
  io::Runtime runtime(kLoops, 1);
  const Result<std::unique_ptr<CheckSetup>> setup = CheckSetup::make(shell, options.setup, runtime);
  if (!setup) return fail(shell, options, setup.error());
  const bool shown = ::isatty(STDERR_FILENO) == 1 && !options.nagios;
  Progress progress(shown);
  Batch batch{.shell = shell,
              .options = options,
              .setup = **setup,
              .check = *check,
              .targets = std::move(*targets),
              .progress = progress};
  const int exit = run_batch(batch, runtime);
  runtime.stop();
  return exit;
}

void add_options(CLI::App& command, Options& o) {
  std::vector<std::string> kinds;
  for (const probe::SenderKind kind : probe::all_sender_kinds())
    kinds.emplace_back(probe::to_string(kind));
  command.add_option("TARGET", o.targets, "A domain, a host, HOST:PORT, [ADDRESS]:PORT")
      ->type_name("");
  command
      .add_option("--as", o.as,
                  "The kind of sender to judge as; else postern where there is a "
                  "configuration, postfix-verify without")
      ->check(CLI::IsMember(kinds))
      ->type_name("KIND");
  command.add_option("--name", o.names, "The name the certificate must bear; may be repeated");
  command.add_option("--trust", o.setup.trust, "Roots that count besides the system's (PEM)")
      ->type_name("FILE");
  command
      .add_option("--client-cert", o.setup.client_certificate,
                  "Judge as a mutual TLS sender that presents this chain (PEM)")
      ->type_name("FILE");
  command.add_option("--client-key", o.setup.client_key, "Its key; else the same file")
      ->type_name("FILE");
  command.add_option("--dns", o.setup.dns, "The DNS server to ask; else the system's")
      ->type_name("ADDRESS:PORT");
  command
      .add_option("--another-source", o.another_source,
                  "Another address of ours, for that counter-test")
      ->type_name("ADDRESS");
  command.add_option("--port", o.port, "The port where the target names none; else 25")
      ->check(CLI::Range(1, 65535))
      ->type_name("PORT");
  command.add_flag("--mine", o.mine, "The server is ours");
  command.add_flag("--implicit-tls", o.implicit_tls, "TLS from the first byte (port 465: always)");
  command.add_flag("--quick", o.quick, "One session an address; more only where one fails");
  command.add_option("--timeout", o.timeout, "For the whole of one check")->capture_default_str();
  command.add_option("--warning", o.warning, "Certificates that end sooner: a warning")
      ->capture_default_str();
  command.add_option("--critical", o.critical, "Certificates that end sooner: critical")
      ->capture_default_str();
  command.add_flag("--nagios", o.nagios, "One line and exit code 0 to 3 for monitors");
  command.add_flag("--stdin", o.from_stdin, "Targets from standard input, one a line");
  command.add_option("--jobs", o.jobs, "Checks at one time")
      ->check(CLI::Range(1U, kMaxJobs))
      ->capture_default_str();
}

}  // namespace

void add_check(CLI::App& app, Shell& shell) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      add_command(app, shell, "check", "A mail server, or a domain's, as a sender sees it",
                  Form::text_or_json, [&shell, options] { return run_check(shell, *options); });
  add_options(*command, *options);
}

}  // namespace postern::cli
