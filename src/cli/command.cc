#include "cli/command.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include <CLI/CLI.hpp>
#include <sys/stat.h>

#include "base/json.h"

namespace postern::cli {
namespace {

constexpr int kJsonVersion = 1;  // docs/json/: members are added without notice, others change it

}  // namespace

Style Shell::style() const {
  return {colour, system_clock().now()};
}

int Shell::fail(std::string_view words) const {
  std::cerr << "postern: " << words << "\n";
  return kFailure;
}

void Shell::print(std::string_view text) const {
  std::cout << text << std::flush;
}

void Shell::print_json(const Json& value) const {
  std::cout << dump_json(value) << "\n" << std::flush;
}

void Shell::print_answer(const Json& answer,
                         std::string (*render)(const Json&, const Style&)) const {
  if (!json) return print(render(answer, style()));
  Json out = Json::object();
  out["version"] = kJsonVersion;
  out.update(answer);
  print_json(out);
}

CLI::App* add_command(CLI::App& parent, Shell& shell, const std::string& name,
                      const std::string& description, Form form, std::function<int()> run) {
  CLI::App* command = parent.add_subcommand(name, description);
  command
      ->add_option("--config", shell.config_option,
                   "The configuration; else $POSTERN_CONFIG, ./postern.toml, "
                   "/etc/postern/postern.toml")
      ->type_name("FILE");
  if (form == Form::text_or_json)
    command->add_flag("--json", shell.json, "JSON for programs (docs/json/)");
  command->callback([command, &shell, run = std::move(run)] {
    // A command that has subcommands runs only when none of them was named.
    if (command->get_subcommands().empty()) shell.exit = run();
  });
  return command;
}

CLI::App* add_group(CLI::App& parent, const std::string& name, const std::string& description) {
  CLI::App* group = parent.add_subcommand(name, description);
  group->require_subcommand(1);
  return group;
}

Result<std::string> find_configuration(const Shell& shell) {
  if (!shell.config_option.empty()) return shell.config_option;
  const char* const from_environment = std::getenv("POSTERN_CONFIG");
  if (from_environment != nullptr && *from_environment != '\0')
    return std::string(from_environment);
  for (const char* place : {"postern.toml", "/etc/postern/postern.toml"}) {
    std::error_code error;
    if (std::filesystem::exists(place, error)) return std::string(place);
  }
  return invalid(
      "no configuration: give --config FILE, set POSTERN_CONFIG, or put postern.toml here or in "
      "/etc/postern");
}

namespace {

Result<std::string> read_stream(std::istream& in, const std::string& path) {
  std::string out;
  std::array<char, 64 * 1024> block{};
  while (in.read(block.data(), block.size()), in.gcount() > 0) {
    out.append(block.data(), static_cast<std::size_t>(in.gcount()));
    if (out.size() > kMaxFileOctets) return invalid(path + " is too large");
  }
  if (in.bad()) return invalid(path + " cannot be read");
  return out;
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  if (path == "-") return read_stream(std::cin, "standard input");
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return invalid(path + " is a folder, not a file");
  std::ifstream in(path, std::ios::binary);
  if (!in) return invalid(path + " cannot be read: " + std::generic_category().message(errno));
  return read_stream(in, path);
}

Result<void> write_file(const std::string& path, std::string_view text) {
  // The file behind a symbolic link is what is replaced, with its mode.
  std::error_code error;
  const std::filesystem::path real = std::filesystem::weakly_canonical(path, error);
  const std::string target = error ? path : real.string();
  const std::string temporary = target + ".new";
  std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out)
    return invalid(temporary + " cannot be written: " + std::generic_category().message(errno));
  struct stat old{};
  if (::stat(target.c_str(), &old) == 0) (void)::chmod(temporary.c_str(), old.st_mode & 07777U);
  std::filesystem::rename(temporary, target, error);
  if (error) return invalid(target + " cannot be replaced: " + error.message());
  return {};
}

Result<Time> parse_moment(std::string_view option, std::string_view text, Time now,
                          Towards towards) {
  if (const Result<Time> time = parse_rfc3339(text)) return *time;
  if (const Result<Duration> duration = parse_duration(text))
    return towards == Towards::past ? now - *duration : now + *duration;
  return invalid(std::string(option) + ": '" + std::string(text) +
                 "' is no time; give one like 2026-11-21T02:20:00Z, or a duration like 4h (" +
                 (towards == Towards::past ? "so long ago)" : "from now)"));
}

}  // namespace postern::cli
