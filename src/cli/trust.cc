// postern trust: which anchors count, and who put them there.
#include <algorithm>
#include <filesystem>

#include <CLI/CLI.hpp>

#include "admin/certificates.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/gateway_link.h"
#include "cli/materials_of.h"
#include "cli/render.h"
#include "cli/trust_file.h"
#include "config/config_file.h"

namespace postern::cli {
namespace {

Result<Json> list_sets(const Shell& shell, const std::string& set) {
  TRY(const GatewayLink link, GatewayLink::open(shell));
  Result<Json> answer = link.ask(admin::make_request(admin::GetTrust{set}));
  if (answer || !is_not_running(answer.error())) return answer;
  TRY(const FileMaterials files, load_file_materials(shell, system_clock().now()));
  return admin::trust_json(files.loaded(), set);
}

int run_list(const Shell& shell, const std::string& set) {
  const Result<Json> answer = list_sets(shell, set);
  if (!answer) return shell.fail("trust list: " + answer.error().detail());
  shell.print_answer(*answer, render_trust);
  return kOk;
}

struct AddOptions {
  std::string set, file, by, partner;
};

// The set's first plain file: what a glob or a folder would take in is not ours to choose.
Result<std::string> file_of_set(const policy::Config& config, const std::string& name) {
  const auto set = std::ranges::find(config.trust, name,
                                     [](const policy::TrustConfig& one) { return one.name; });
  if (set == config.trust.end()) {
    return invalid("there is no [trust." + name +
                   "] in the configuration; add it with files = [\"tls/" + name + ".pem\"]");
  }
  for (const std::string& file : set->files) {
    std::error_code error;
    if (file.find_first_of("*?[") == std::string::npos &&
        !std::filesystem::is_directory(file, error)) {
      return file;
    }
  }
  return invalid("[trust." + name +
                 "] names no plain file to add to, only folders or patterns: put "
                 "the certificate there yourself, or add a file to its files");
}

Result<std::string> read_if_there(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::string();
  return read_file(path);
}

Result<AddedAnchors> add_to(const std::string& target, const AddOptions& options) {
  TRY(const std::string pem, read_file(options.file));
  const Result<std::vector<x509::Certificate>> certificates = x509::parse_pem(pem);
  if (!certificates) return invalid(options.file + ": " + certificates.error().detail());
  TRY(const std::string old, read_if_there(target));
  const AnchorRecord record{options.by, options.partner,
                            std::chrono::floor<std::chrono::seconds>(system_clock().now())};
  TRY(AddedAnchors out, add_anchors(old, *certificates, record));
  if (!out.added.empty()) {
    TRY_VOID(write_file(target, out.text));
  }
  return out;
}

Json anchors_json(const std::vector<x509::Certificate>& certificates) {
  Json out = Json::array();
  for (const x509::Certificate& one : certificates)
    out.push_back({{"subject", one.subject()}, {"sha256", one.sha256()}});
  return out;
}

Json added_json(const std::string& set, const std::string& file, const AddedAnchors& done) {
  Json out = Json::object();
  out["version"] = 1;
  out["set"] = set;
  out["file"] = file;
  out["added"] = anchors_json(done.added);
  out["already_there"] = anchors_json(done.already_there);
  return out;
}

int run_add(const Shell& shell, const AddOptions& options) {
  // Only the configuration is needed: the set may still be without any file.
  const Result<std::string> file = find_configuration(shell);
  if (!file) return shell.fail(file.error());
  const Result<std::string> text = read_file(*file);
  if (!text) return shell.fail(text.error());
  const config::Loaded loaded =
      config::parse_config(*text, std::filesystem::absolute(*file).lexically_normal().string());
  const Result<std::string> target = file_of_set(loaded.config, options.set);
  if (!target) return shell.fail("trust add: " + target.error().detail());
  const Result<AddedAnchors> done = add_to(*target, options);
  if (!done) return shell.fail("trust add: " + done.error().detail());
  if (shell.json) {
    shell.print_json(added_json(options.set, *target, *done));
    return kOk;
  }
  for (const x509::Certificate& one : done->already_there)
    shell.print("already in " + *target + ": " + printable(one.subject()) + "\n");
  for (const x509::Certificate& one : done->added)
    shell.print("added to " + *target + ": " + printable(one.subject()) + "\n  sha256 " +
                one.sha256() + "\n");
  if (!done->added.empty()) shell.print("A running gateway takes it up within seconds.\n");
  return kOk;
}

}  // namespace

void add_trust(CLI::App& app, Shell& shell) {
  CLI::App* group = add_group(app, "trust", "The trust sets and their anchors");
  auto set = std::make_shared<std::string>();
  CLI::App* list =
      add_command(*group, shell, "list", "Anchors: whence, added when, by whom, for whom",
                  Form::text_or_json, [&shell, set] { return run_list(shell, *set); });
  list->add_option("SET", *set, "One set; all anchors of system only when it is named");
  auto options = std::make_shared<AddOptions>();
  CLI::App* add =
      add_command(*group, shell, "add", "Add anchors to a set, with the record of it",
                  Form::text_or_json, [&shell, options] { return run_add(shell, *options); });
  add->add_option("SET", options->set, "A set of the configuration")->required();
  add->add_option("FILE", options->file, "PEM with the root certificate")->required();
  add->add_option("--by", options->by, "Who adds it")->required();
  add->add_option("--partner", options->partner, "For which partner");
}

}  // namespace postern::cli
