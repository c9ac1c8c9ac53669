// postern docs: the documentation that is generated from the tables the program works by.
#include <array>
#include <filesystem>

#include <CLI/CLI.hpp>

#include "base/text.h"
#include "cli/command.h"
#include "cli/manual.h"
#include "config/config_file.h"
#include "verdict/catalog.h"

namespace postern::cli {
namespace {

// ---- the tree of commands, as a manual tells it
// --------------------------------------------------

ManualOption manual_option(const CLI::Option& option) {
  ManualOption out;
  const bool positional = option.get_positional();
  out.name = option.get_name(positional, !positional);
  // Behind the colon stand the words that a check allows; the description has them.
  const std::string type = option.get_type_name();
  if (!positional && option.get_type_size() != 0) out.value = type.substr(0, type.find(':'));
  out.about = option.get_description();
  out.required = option.get_required();
  out.repeated = option.get_expected_max() > 1;
  return out;
}

// What every command takes is told once.
bool is_common(const CLI::Option& option, const CLI::App& command) {
  return &option == command.get_help_ptr() || option.check_lname("config");
}

void collect(const CLI::App& command, const std::string& name, std::vector<ManualCommand>& out) {
  ManualCommand one;
  one.name = name;
  one.about = command.get_description();
  for (const CLI::Option* option : command.get_options()) {
    if (is_common(*option, command)) continue;
    (option->get_positional() ? one.arguments : one.options).push_back(manual_option(*option));
  }
  // A group that only holds others is no command.
  if (command.get_require_subcommand_min() == 0) out.push_back(std::move(one));
  for (const CLI::App* sub : command.get_subcommands(nullptr))
    collect(*sub, name + " " + sub->get_name(), out);
}

std::string program_manual(const CLI::App& program) {
  std::vector<ManualCommand> commands;
  for (const CLI::App* command : program.get_subcommands(nullptr))
    collect(*command, command->get_name(), commands);
  return commands_manual(commands);
}

// ---- the documents ---------------------------------------------------------------------------

struct Topic {
  const char* name;
  const char* file;  // below docs/
  std::string (*text)(const CLI::App& program);
};
constexpr std::array kTopics{
    Topic{"configuration", "configuration.md",
          [](const CLI::App&) { return config::configuration_markdown(); }},
    Topic{"verdicts", "verdicts.md", [](const CLI::App&) { return verdict::catalog_markdown(); }},
    Topic{"postern.1", "man/postern.1", program_manual},
    Topic{"postern.toml.5", "man/postern.toml.5",
          [](const CLI::App&) { return config::configuration_manual(); }}};

struct Options {
  std::string topic, write, check;
};

std::vector<std::string> topic_names() {
  std::vector<std::string> out;
  for (const Topic& topic : kTopics) out.emplace_back(topic.name);
  return out;
}

int run_write(const Shell& shell, const CLI::App& program, const std::string& folder) {
  for (const Topic& topic : kTopics) {
    const std::filesystem::path path = std::filesystem::path(folder) / topic.file;
    std::error_code error;  // told by the write that follows
    std::filesystem::create_directories(path.parent_path(), error);
    const Result<void> written = write_file(path.string(), topic.text(program));
    if (!written) return shell.fail(written.error());
    shell.print("wrote " + path.string() + "\n");
  }
  return kOk;
}

int run_compare(const Shell& shell, const CLI::App& program, const std::string& folder) {
  int exit = kOk;
  for (const Topic& topic : kTopics) {
    const std::string path = folder + "/" + topic.file;
    const Result<std::string> there = read_file(path);
    if (there && *there == topic.text(program)) continue;
    shell.print(there ? path + " is not what the program says; postern docs --write " + folder +
                            " puts it right\n"
                      : there.error().detail() + "\n");
    exit = kFinding;
  }
  return exit;
}

int run_docs(const Shell& shell, const CLI::App& program, const Options& options) {
  if (!options.check.empty()) return run_compare(shell, program, options.check);
  if (!options.write.empty()) return run_write(shell, program, options.write);
  for (const Topic& topic : kTopics) {
    if (options.topic == topic.name) shell.print(topic.text(program));
  }
  if (options.topic.empty())
    return shell.fail("docs: which? " + join(topic_names(), ", ") +
                      "; or --write DIR, or --check DIR");
  return kOk;
}

}  // namespace

void add_docs(CLI::App& app, Shell& shell) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      add_command(app, shell, "docs",
                  "The reference documents and manual pages, made from the program's tables",
                  Form::text, [&shell, &app, options] { return run_docs(shell, app, *options); });
  CLI::Option* topic = command->add_option("TOPIC", options->topic, join(topic_names(), ", "))
                           ->check(CLI::IsMember(topic_names()));
  CLI::Option* write =
      command
          ->add_option("--write", options->write, "Write all of them below DIR, as docs/ has them")
          ->type_name("DIR")
          ->excludes(topic);
  command->add_option("--check", options->check, "Compare those below DIR; 1 when they differ")
      ->type_name("DIR")
      ->excludes(topic)
      ->excludes(write);
}

}  // namespace postern::cli
