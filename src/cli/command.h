// What every command shares: the configuration's path, the form of the output, exit codes, errors.
// A command file reads its arguments, calls the library, and renders; it decides nothing about
// mail.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/json_fwd.h"
#include "base/result.h"
#include "cli/text.h"

namespace CLI {
class App;
}

namespace postern::cli {

enum Exit : int {
  kOk = 0,
  kFinding = 1,  // the answer is no: none found, something wants attention, not delivered yet
  kFailure = 2,  // wrong usage, or the question could not be answered
};

struct Shell {
  std::string config_option;  // --config as given; empty: searched
  bool json = false;
  bool colour = false;
  int exit = kOk;

  [[nodiscard]] Style style() const;
  // "postern: words" on standard error.
  [[nodiscard]] int fail(std::string_view words) const;
  [[nodiscard]] int fail(const Error& error) const { return fail(error.detail()); }
  void print(std::string_view text) const;  // standard output
  void print_json(const Json& value) const;
  // An answer of the API: rendered for people, or with --json as it is, "version" in front.
  void print_answer(const Json& answer, std::string (*render)(const Json&, const Style&)) const;
};

// A subcommand of `parent` with --config, and --json where it reads. `run`'s value is the exit
// code.
enum class Form { text, text_or_json };
CLI::App* add_command(CLI::App& parent, Shell& shell, const std::string& name,
                      const std::string& description, Form form, std::function<int()> run);
// A command that only holds others.
CLI::App* add_group(CLI::App& parent, const std::string& name, const std::string& description);

// --config, else $POSTERN_CONFIG, ./postern.toml, /etc/postern/postern.toml. Errors: invalid, with
// what to give.
[[nodiscard]] Result<std::string> find_configuration(const Shell& shell);

constexpr std::size_t kMaxFileOctets = 256 << 20;
// "-": standard input.
[[nodiscard]] Result<std::string> read_file(const std::string& path);
// Through a temporary file beside it, so that a reader sees the old or the new one.
[[nodiscard]] Result<void> write_file(const std::string& path, std::string_view text);

// A moment as people write it: RFC 3339, or a duration: so long ago (`past`), or from now.
enum class Towards { past, future };
[[nodiscard]] Result<Time> parse_moment(std::string_view option, std::string_view text, Time now,
                                        Towards towards);

// One file a command.
void add_serve(CLI::App& app, Shell& shell);
void add_config(CLI::App& app, Shell& shell);
void add_queue(CLI::App& app, Shell& shell);
void add_trace(CLI::App& app, Shell& shell);
void add_verdict(CLI::App& app, Shell& shell);
void add_explain(CLI::App& app, Shell& shell);
void add_explain_code(CLI::App& app, Shell& shell);
void add_check(CLI::App& app, Shell& shell);
void add_status(CLI::App& app, Shell& shell);
void add_cert(CLI::App& app, Shell& shell);
void add_trust(CLI::App& app, Shell& shell);
void add_send(CLI::App& app, Shell& shell);
void add_preflight(CLI::App& app, Shell& shell);
void add_verify(CLI::App& app, Shell& shell);
void add_docs(CLI::App& app, Shell& shell);

}  // namespace postern::cli
