// postern cert: which certificates there are, and which one is presented and why.
#include <CLI/CLI.hpp>

#include "admin/certificates.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/gateway_link.h"
#include "cli/materials_of.h"
#include "cli/render.h"

namespace postern::cli {
namespace {

struct Options {
  std::string connector, sni;
  bool files = false;
};

// What is in force in the running gateway; where none runs, or with --files, what the files have.
template <class FromFiles>
Result<Json> answer_of(const Shell& shell, const admin::Request& request, bool files,
                       const FromFiles& from_files) {
  if (!files) {
    TRY(const GatewayLink link, GatewayLink::open(shell));
    Result<Json> answer = link.ask(request);
    if (answer || !is_not_running(answer.error())) return answer;
  }
  TRY(const FileMaterials materials, load_file_materials(shell, system_clock().now()));
  return from_files(materials.loaded());
}

int run_list(const Shell& shell, const Options& options) {
  const Result<Json> answer = answer_of(
      shell, admin::make_request(admin::GetCertificates{}), options.files,
      [](const admin::Loaded& loaded) -> Result<Json> { return admin::certificates_json(loaded); });
  if (!answer) return shell.fail(answer.error());
  shell.print_answer(*answer, render_certificates);
  for (const Json& row : list_of(*answer, "certificates")) {
    if (text_of(row, "status") != "Valid") return kFinding;
  }
  return kOk;
}

int run_which(const Shell& shell, const Options& options) {
  const admin::GetSelection call{options.connector, options.sni};
  const Result<Json> answer =
      answer_of(shell, admin::make_request(call), options.files, [&](const admin::Loaded& loaded) {
        return admin::selection_json(loaded, call.connector, call.sni);
      });
  if (!answer) return shell.fail("cert which: " + answer.error().detail());
  shell.print_answer(*answer, render_selection);
  return text_of(*answer, "code") == "none" ? kOk : kFinding;
}

}  // namespace

void add_cert(CLI::App& app, Shell& shell) {
  CLI::App* group = add_group(app, "cert", "Our certificates");
  auto options = std::make_shared<Options>();
  CLI::App* list = add_command(
      *group, shell, "list",
      "Each with its names, validity, class, status and who presents it; 1 when one is not Valid",
      Form::text_or_json, [&shell, options] { return run_list(shell, *options); });
  CLI::App* which = add_command(
      *group, shell, "which",
      "Which one a connector presents, and for each other one why not; 1 when there is a fault",
      Form::text_or_json, [&shell, options] { return run_which(shell, *options); });
  which
      ->add_option("--connector", options->connector,
                   "A connector; receive.NAME or send.NAME where both bear the name")
      ->required();
  which->add_option("--sni", options->sni, "The name a client asks for");
  for (CLI::App* command : {list, which}) {
    command->add_flag("--files", options->files,
                      "As the files have them now, not as the running gateway holds them");
  }
}

}  // namespace postern::cli
