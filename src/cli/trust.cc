// postern trust: which anchors count, and who put them there.
#include <algorithm>
#include <filesystem>

#include <CLI/CLI.hpp>

#include "admin/certificates.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/certificate_file.h"
#include "cli/command.h"
#include "cli/gateway_link.h"
#include "cli/materials_of.h"
#include "cli/render.h"
#include "cli/trust_file.h"
#include "config/config_file.h"
#include "policy/trust_audit.h"

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

Json certificates_json(const std::vector<x509::Certificate>& certificates) {
  Json out = Json::array();
  for (const x509::Certificate& one : certificates)
    out.push_back({{"subject", one.subject()}, {"sha256", one.sha256()}});
  return out;
}

Json change_json(const std::string& set, const std::string& file) {
  Json out = Json::object();
  out["version"] = 1;
  out["set"] = set;
  out["file"] = file;
  return out;
}

struct AddOptions {
  std::string set, file, password_file, by, partner;
};

bool is_pattern(const std::string& file) {
  return file.find_first_of("*?[") != std::string::npos;
}
bool is_folder(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}
// Would a file of this name in its folder be taken in? Only the plain "FOLDER/*.pem" and folders
// themselves are understood here.
std::optional<std::string> folder_of(const std::string& file) {
  if (!is_pattern(file)) return is_folder(file) ? std::optional(file) : std::nullopt;
  const std::filesystem::path path(file);
  const std::string folder = path.parent_path().string();
  if (path.filename() != "*.pem" || is_pattern(folder)) return std::nullopt;
  return folder;
}

// The set's first plain file; else a new one in its first folder.
Result<std::string> file_of_set(const policy::Config& config, const std::string& name,
                                const x509::Certificate& first) {
  const auto set = std::ranges::find(config.trust, name,
                                     [](const policy::TrustConfig& one) { return one.name; });
  if (set == config.trust.end()) {
    return invalid("there is no [trust." + name +
                   "] in the configuration; add it with files = [\"tls/" + name + ".pem\"]");
  }
  for (const std::string& file : set->files) {
    if (!is_pattern(file) && !is_folder(file)) return file;
  }
  for (const std::string& file : set->files) {
    if (const auto folder = folder_of(file); folder && is_folder(*folder))
      return *folder + "/" + anchor_file_name(first);
  }
  return invalid("[trust." + name +
                 "] names neither a plain file nor a folder or FOLDER/*.pem that is there: put the "
                 "certificate there yourself, or add a file to its files");
}

Result<std::string> read_if_there(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::string();
  return read_file(path);
}

Result<AddedAnchors> add_to(const std::string& target,
                            const std::vector<x509::Certificate>& certificates,
                            const AddOptions& options) {
  TRY(const std::string old, read_if_there(target));
  const AnchorRecord record{options.by, options.partner,
                            std::chrono::floor<std::chrono::seconds>(system_clock().now())};
  TRY(AddedAnchors out, add_anchors(old, certificates, record));
  if (!out.added.empty()) {
    TRY_VOID(write_file(target, out.text));
  }
  return out;
}

// Only the configuration is needed: the set may still be without any file.
Result<policy::Config> read_configuration(const Shell& shell) {
  TRY(const std::string file, find_configuration(shell));
  TRY(const std::string text, read_file(file));
  return config::parse_config(text, std::filesystem::absolute(file).lexically_normal().string())
      .config;
}

int run_add(const Shell& shell, const AddOptions& options) {
  const Result<policy::Config> config = read_configuration(shell);
  if (!config) return shell.fail(config.error());
  const Result<std::optional<std::string>> password = read_password(options.password_file);
  if (!password) return shell.fail("trust add: " + password.error().detail());
  const Result<x509::CertificateFile> file = read_certificate_file(options.file, *password);
  if (!file) return shell.fail("trust add: " + file.error().detail());
  const std::vector<x509::Certificate>& certificates = file->certificates;
  const Result<std::string> target = file_of_set(*config, options.set, certificates.front());
  if (!target) return shell.fail("trust add: " + target.error().detail());
  const Result<AddedAnchors> done = add_to(*target, certificates, options);
  if (!done) return shell.fail("trust add: " + done.error().detail());
  if (shell.json) {
    Json out = change_json(options.set, *target);
    out["added"] = certificates_json(done->added);
    out["already_there"] = certificates_json(done->already_there);
    shell.print_json(out);
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

struct RemoveOptions {
  std::string set, anchor, by, why;
};

// By SHA-256, thumbprint, or the whole subject; exactly one.
Result<x509::Anchor> anchor_called(const policy::LoadedTrust& trust, const RemoveOptions& options) {
  const x509::TrustSets sets = trust.pick({options.set});
  if (sets.empty()) return invalid("there is no trust set '" + printable(options.set, 80) + "'");
  std::vector<x509::Anchor> found;
  for (const x509::Anchor& one : sets.front()->anchors()) {
    const x509::Certificate& certificate = one.certificate;
    if (iequals(certificate.sha256(), options.anchor) ||
        iequals(certificate.thumbprint(), options.anchor) ||
        x509::same_distinguished_name(certificate.subject(), options.anchor))
      found.push_back(one);
  }
  if (found.empty())
    return invalid("no anchor of " + options.set + " is '" + printable(options.anchor, 200) +
                   "'; postern trust list " + options.set + " shows their SHA-256");
  if (found.size() > 1)
    return invalid(std::to_string(found.size()) + " anchors of " + options.set +
                   " bear that subject; name one by its SHA-256");
  return found.front();
}

// Writes the file without the anchor. A file of a folder that held nothing else steps aside under
// another name, since an empty one would be a fault and keep the set as it was.
Result<std::string> remove_from(const policy::Config& config, const x509::Anchor& anchor,
                                const RemoveOptions& options) {
  const std::string& file = anchor.provenance.file;
  const auto set = std::ranges::find(config.trust, options.set, &policy::TrustConfig::name);
  if (set == config.trust.end())
    return invalid("set " + options.set +
                   " is the distribution's: it is changed there "
                   "(dpkg-reconfigure ca-certificates), or replaced by [trust.system]");
  TRY(const std::string old, read_file(file));
  const RemovalRecord record{options.by, options.why,
                             std::chrono::floor<std::chrono::seconds>(system_clock().now())};
  TRY(const RemovedAnchors done, remove_anchor(old, anchor.certificate, record));
  if (done.any_left) {
    TRY_VOID(write_file(file, done.text));
    return file;
  }
  const std::string folder = std::filesystem::path(file).parent_path().string();
  const bool of_folder = std::ranges::any_of(
      set->files, [&](const std::string& one) { return folder_of(one) == folder; });
  if (!of_folder || std::ranges::find(set->files, file) != set->files.end())
    return invalid("it is the only one in " + file + ", which [trust." + options.set +
                   "] names: a set without any anchor is refused, so take the file out of `files`");
  const std::string aside = file + ".removed";
  TRY_VOID(write_file(aside, old + done.text));
  std::error_code error;
  std::filesystem::remove(file, error);
  if (error) return invalid(file + ": " + error.message());
  return aside;
}

int run_remove(const Shell& shell, const RemoveOptions& options) {
  const Result<FileMaterials> files = load_file_materials(shell, system_clock().now());
  if (!files) return shell.fail(files.error());
  const Result<x509::Anchor> anchor = anchor_called(files->materials->trust, options);
  if (!anchor) return shell.fail("trust remove: " + anchor.error().detail());
  const Result<std::string> where = remove_from(files->config, *anchor, options);
  if (!where) return shell.fail("trust remove: " + where.error().detail());
  if (shell.json) {
    Json out = change_json(options.set, anchor->provenance.file);
    out["removed"] = certificates_json({anchor->certificate});
    out["record"] = *where;
    shell.print_json(out);
    return kOk;
  }
  shell.print("removed from " + anchor->provenance.file + ": " +
              printable(anchor->certificate.subject()) + "\n  sha256 " +
              anchor->certificate.sha256() + "\n  the record of it stands in " + *where +
              "\nA running gateway takes it up within seconds.\n");
  return kOk;
}

int run_audit(const Shell& shell) {
  const Time now = system_clock().now();
  const Result<FileMaterials> files = load_file_materials(shell, now);
  if (!files) return shell.fail(files.error());
  const std::vector<policy::TrustFinding> findings =
      policy::audit_trust(files->config, files->materials->trust, now);
  Json out = Json::object();
  out["ok"] = findings.empty();
  out["findings"] = Json::array();
  for (const policy::TrustFinding& one : findings) {
    out["findings"].push_back({{"fault", to_string(one.fault)},
                               {"grave", one.grave},
                               {"set", one.set},
                               {"subject", one.subject},
                               {"sha256", one.sha256},
                               {"file", one.file},
                               {"text", one.text},
                               {"cure", one.cure}});
  }
  shell.print_answer(out, render_trust_audit);
  return findings.empty() ? kOk : kFinding;
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
  add->add_option("FILE", options->file, "The root certificate: PEM, DER or PFX")->required();
  add->add_option("--password-file", options->password_file, "The password of a PFX")
      ->type_name("FILE");
  add->add_option("--by", options->by, "Who adds it")->required();
  add->add_option("--partner", options->partner, "For which partner");
  auto removal = std::make_shared<RemoveOptions>();
  CLI::App* remove =
      add_command(*group, shell, "remove", "Take an anchor out of a set; the record of it stays",
                  Form::text_or_json, [&shell, removal] { return run_remove(shell, *removal); });
  remove->add_option("SET", removal->set, "A set of the configuration")->required();
  remove->add_option("ANCHOR", removal->anchor, "Its SHA-256, thumbprint or subject")->required();
  remove->add_option("--by", removal->by, "Who removes it")->required();
  remove->add_option("--why", removal->why, "Why")->required();
  add_command(*group, shell, "audit",
              "Anchors that nobody needs, stand in the wrong set or end soon; 1 when there are any",
              Form::text_or_json, [&shell] { return run_audit(shell); });
}

}  // namespace postern::cli
