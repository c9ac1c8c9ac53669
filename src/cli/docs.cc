// postern docs: the documentation that is generated from the tables the program works by.
#include <array>

#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "config/config_file.h"
#include "verdict/catalog.h"

namespace postern::cli {
namespace {

struct Topic {
  const char* name;
  std::string (*text)();
};
constexpr std::array kTopics{Topic{"configuration", &config::configuration_markdown},
                             Topic{"verdicts", &verdict::catalog_markdown}};

struct Options {
  std::string topic, write, check;
};

std::string path_of(const std::string& folder, const Topic& topic) {
  return folder + "/" + topic.name + ".md";
}

int run_write(const Shell& shell, const std::string& folder) {
  for (const Topic& topic : kTopics) {
    const Result<void> written = write_file(path_of(folder, topic), topic.text());
    if (!written) return shell.fail(written.error());
    shell.print("wrote " + path_of(folder, topic) + "\n");
  }
  return kOk;
}

int run_compare(const Shell& shell, const std::string& folder) {
  int exit = kOk;
  for (const Topic& topic : kTopics) {
    const Result<std::string> there = read_file(path_of(folder, topic));
    if (there && *there == topic.text()) continue;
    shell.print(there ? path_of(folder, topic) +
                            " is not what the program says; postern docs --write " + folder +
                            " puts it right\n"
                      : there.error().detail() + "\n");
    exit = kFinding;
  }
  return exit;
}

int run_docs(const Shell& shell, const Options& options) {
  if (!options.check.empty()) return run_compare(shell, options.check);
  if (!options.write.empty()) return run_write(shell, options.write);
  for (const Topic& topic : kTopics) {
    if (options.topic == topic.name) shell.print(topic.text());
  }
  if (options.topic.empty())
    return shell.fail("docs: which? configuration or verdicts; or --write DIR, or --check DIR");
  return kOk;
}

}  // namespace

void add_docs(CLI::App& app, Shell& shell) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      add_command(app, shell, "docs", "Reference of the configuration and of verdict codes",
                  Form::text, [&shell, options] { return run_docs(shell, *options); });
  CLI::Option* topic = command->add_option("TOPIC", options->topic, "configuration or verdicts")
                           ->check(CLI::IsMember({"configuration", "verdicts"}));
  CLI::Option* write = command
                           ->add_option("--write", options->write,
                                        "Write both as DIR/configuration.md and DIR/verdicts.md")
                           ->type_name("DIR")
                           ->excludes(topic);
  command->add_option("--check", options->check, "Compare those in DIR; 1 when they differ")
      ->type_name("DIR")
      ->excludes(topic)
      ->excludes(write);
}

}  // namespace postern::cli
