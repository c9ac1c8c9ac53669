// postern explain FILE... | FOLDER | -: what logs and outputs of mail systems say about TLS.
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iostream>

#include <CLI/CLI.hpp>

#include "base/json.h"
#include "cli/command.h"
#include "cli/explain_draft.h"
#include "cli/gunzip.h"
#include "cli/render.h"
#include "explain/explainer.h"

namespace postern::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFiles = 10'000;  // of folders
constexpr int kUndecided = 2;              // of this command: docs/commands.md
constexpr int kUnreadable = 3;

struct ExplainOptions {
  std::vector<std::string> paths;
  std::string since, until, side;
  bool to_config = false;
};

int exit_of(explain::Outcome outcome) {
  switch (outcome) {
    case explain::Outcome::healthy:
    case explain::Outcome::not_tls:
      return kOk;
    case explain::Outcome::cause:
      return kFinding;
    case explain::Outcome::undecided:
      return kUndecided;
    case explain::Outcome::unreadable:
      return kUnreadable;
  }
  return kUnreadable;
}

void read_source(explain::Explainer& explainer, std::istream& in, const std::string& name) {
  explainer.begin(name);
  Gunzip gunzip([&](std::string_view octets) { explainer.feed(octets); });
  std::array<char, 64 * 1024> block{};
  while (in.read(block.data(), block.size()), in.gcount() > 0) {
    const Result<void> fed = gunzip.feed({block.data(), static_cast<std::size_t>(in.gcount())});
    if (!fed) {
      explainer.note(name + ": " + fed.error().detail());
      break;
    }
  }
  if (const Result<void> whole = gunzip.finish(); !whole)
    explainer.note(name + ": " + whole.error().detail());
  if (in.bad()) explainer.note(name + ": cannot be read to its end");
  explainer.end();
}

// A folder's files, below it too, in the order of their names.
std::vector<std::string> files_of(const std::string& path, explain::Explainer& explainer) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return {path};
  std::vector<std::string> out;
  for (fs::recursive_directory_iterator at(path, fs::directory_options::skip_permission_denied,
                                           error);
       at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (error) break;
    if (at->is_regular_file(error)) out.push_back(at->path().string());
    if (out.size() >= kMaxFiles) {
      explainer.note(path + ": more than " + std::to_string(kMaxFiles) +
                     " files, the rest skipped");
      break;
    }
  }
  std::ranges::sort(out);
  return out;
}

Result<explain::Options> options_of(const ExplainOptions& given) {
  explain::Options out;
  out.now = system_clock().now();
  if (!given.since.empty()) {
    TRY(out.since, parse_moment("--since", given.since, out.now, Towards::past));
  }
  if (!given.until.empty()) {
    TRY(out.until, parse_moment("--until", given.until, out.now, Towards::past));
  }
  if (given.side == "client") out.ours = explain::Side::client;
  if (given.side == "server") out.ours = explain::Side::server;
  return out;
}

int run(const Shell& shell, const ExplainOptions& given) {
  if (given.to_config) return draft_from(shell, given.paths);
  const Result<explain::Options> options = options_of(given);
  if (!options) {
    (void)shell.fail(options.error());
    return kUnreadable;
  }
  explain::Explainer explainer(*options);
  for (const std::string& path : given.paths) {
    if (path == "-") {
      read_source(explainer, std::cin, "standard input");
      continue;
    }
    for (const std::string& file : files_of(path, explainer)) {
      std::ifstream in(file, std::ios::binary);
      if (!in) {
        explainer.note(file + ": cannot be read");
        continue;
      }
      read_source(explainer, in, file);
    }
  }
  const explain::Report report = explainer.report();
  shell.print_answer(explain::to_json(report), render_explain);
  return exit_of(report.outcome);
}

}  // namespace

void add_explain(CLI::App& app, Shell& shell) {
  auto options = std::make_shared<ExplainOptions>();
  CLI::App* command = add_command(
      app, shell, "explain", "What logs and outputs of mail systems say: cause, fault and cure",
      Form::text_or_json, [&shell, options] { return run(shell, *options); });
  command->add_option("FILE", options->paths, "Files, folders, or - for standard input")
      ->required();
  command->add_flag("--to-config", options->to_config,
                    "Draft a postern.toml out of settings of Exchange or Postfix");
  command->add_option("--since", options->since, "Only lines from this moment on")
      ->type_name("WHEN");
  command->add_option("--until", options->until, "Only lines up to this moment")->type_name("WHEN");
  command->add_option("--side", options->side, "Which end of the sessions is ours")
      ->check(CLI::IsMember({"client", "server"}));
}

}  // namespace postern::cli
