// postern verify: is this chain good, for whom, and why not.
#include <array>
#include <cerrno>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "base/clock.h"
#include "cli/command.h"
#include "verdict/verify_json.h"

namespace postern::cli {
namespace {

constexpr std::size_t kReadBlock = 64 * 1024;

struct Options {
  bool jsonl = false;
};

// One line out, at once: whoever asks waits for it. False: nobody reads any more.
bool write_line(std::string line) {
  line += '\n';
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

int run_lines() {
  verdict::VerifyLines lines;
  std::string line;
  std::array<char, kReadBlock> block{};
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    std::string_view rest(block.data(), static_cast<std::size_t>(got));
    for (std::size_t end; (end = rest.find('\n')) != std::string_view::npos;) {
      line += rest.substr(0, end);
      rest.remove_prefix(end + 1);
      if (!write_line(lines.answer(std::exchange(line, {}), system_clock().now()))) return kFailure;
    }
    line += rest;
  }
  if (!line.empty() && !write_line(lines.answer(std::move(line), system_clock().now())))
    return kFailure;
  return kOk;
}

}  // namespace

void add_verify(CLI::App& app, Shell& shell) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(app, shell, "verify", "Judge a certificate chain",
                                  Form::text_or_json, [options] { return run_lines(); });
  command->add_flag("--jsonl", options->jsonl, "Requests on standard input, one a line");
}

}  // namespace postern::cli
