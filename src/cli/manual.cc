#include "cli/manual.h"

#include <array>
#include <string_view>
#include <utility>

#include "base/man_page.h"

namespace postern::cli {
namespace {

using Rows = std::initializer_list<std::pair<std::string_view, std::string_view>>;

void add_items(ManPage& page, Rows rows) {
  for (const auto& [term, text] : rows) page.item(term, "", text);
}

std::string usage(const ManualCommand& command) {
  std::string out = "`postern " + command.name + "`";
  if (!command.options.empty()) out += " [OPTION...]";
  for (const ManualOption& argument : command.arguments) {
    const std::string word = argument.name + (argument.repeated ? "..." : "");
    out += argument.required ? " " + word : " [" + word + "]";
  }
  return out;
}

void add_command(ManPage& page, const ManualCommand& command) {
  page.subsection(command.name);
  page.paragraph(usage(command));
  page.paragraph(command.about + ".");
  for (const ManualOption& argument : command.arguments) {
    if (!argument.about.empty()) page.item(argument.name, "", argument.about + ".");
  }
  for (const ManualOption& option : command.options)
    page.item(option.name, option.value, option.about + (option.required ? ". Required." : "."));
}

void add_examples(ManPage& page) {
  constexpr std::array<std::pair<const char*, const char*>, 5> kExamples{{
      {"Is the configuration sound? Then run the gateway:",
       "postern config check && postern serve --config /etc/postern/postern.toml"},
      {"Why does mail to a partner wait, and is it tried again?",
       "postern queue\npostern queue retry partner.example"},
      {"Where is a message?", "postern trace --recipient bob@partner.example --since 4h"},
      {"Would a sender accept a server? Would ours, after this renewal?",
       "postern check partner.example\npostern preflight --cert new.pem"},
      {"What do these logs say?", "postern explain /var/log/mail.log --since 2h"},
  }};
  page.section("EXAMPLES");
  for (const auto& [question, lines] : kExamples) {
    page.paragraph(question);
    page.example(lines);
  }
}

}  // namespace

std::string commands_manual(const std::vector<ManualCommand>& commands) {
  ManPage page("postern", 1, "carry mail between mail systems over TLS that is really checked");
  page.section("SYNOPSIS");
  page.paragraph("`postern` COMMAND [`--config` FILE] [`--json`] [OPTION...] [ARGUMENT...]");
  page.section("DESCRIPTION");
  page.paragraph(
      "Postern is a mail gateway: it takes mail by SMTP and hands it on over TLS whose "
      "certificates "
      "it has judged. While a certificate is broken it holds the mail, says whose fault it is and "
      "what cures it, and lets the mail go by itself once it is cured. The same judge answers "
      "`check`, `preflight` and `verify`; `explain` reads the logs of other mail systems.");
  page.paragraph(
      "Commands that read ask the running gateway by its socket; where none runs they read its "
      "store or its files, and say so. Commands that change something need the gateway.");
  page.section("OPTIONS");
  page.paragraph("Every command but `version` takes:");
  page.item(
      "--config", "FILE",
      "The configuration; else `$POSTERN_CONFIG`, ./postern.toml, /etc/postern/postern.toml.");
  add_items(page, {{"-h, --help", "What the command takes."}});
  page.section("COMMANDS");
  for (const ManualCommand& command : commands) add_command(page, command);
  page.section("EXIT STATUS");
  add_items(page, {{"0", "All well."},
                   {"1", "The answer is no: nothing found, attention wanted, not delivered yet."},
                   {"2", "Wrong usage, or the question could not be answered."}});
  page.paragraph(
      "`status`: 2 where mail is refused or no gateway runs. `explain`: 0 healthy or not about "
      "TLS, "
      "1 a cause was found, 2 undecided, 3 unreadable. `check --nagios`: 0 to 3, as monitors "
      "understand them.");
  page.section("ENVIRONMENT");
  add_items(page, {{"POSTERN_CONFIG", "The configuration, where `--config` is not given."},
                   {"NO_COLOR", "Set to anything: no colour on terminals."}});
  page.section("FILES");
  add_items(page, {{"./postern.toml, /etc/postern/postern.toml", "The configuration."},
                   {"var/postern.db", "The store, unless `server.store` names another one."},
                   {"var/postern.sock", "The control socket, unless `admin.listen` does."}});
  add_examples(page);
  page.section("SEE ALSO");
  page.paragraph("`postern.toml`(5)");
  return page.text();
}

}  // namespace postern::cli
