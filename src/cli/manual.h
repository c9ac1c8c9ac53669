// The manual page of the program, made of its tree of commands.
#pragma once

#include <string>
#include <vector>

namespace postern::cli {

struct ManualOption {
  std::string name;   // "--since", "-h,--help", or the name of a positional argument
  std::string value;  // "FILE"; empty for a flag or a positional argument
  std::string about;
  bool required = false;
  bool repeated = false;
};
struct ManualCommand {
  std::string name;  // "queue hold"
  std::string about;
  std::vector<ManualOption> arguments, options;
};

// postern(1), in the man macros of troff.
[[nodiscard]] std::string commands_manual(const std::vector<ManualCommand>& commands);

}  // namespace postern::cli
