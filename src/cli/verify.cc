// postern verify: is this chain good, for whom, and why not. Without a gateway, a network or a
// configuration: what is given on the command line, or one request a line (docs/json/verify.md).
#include "verdict/verify.h"

#include <array>
#include <cerrno>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/certificate_file.h"
#include "cli/command.h"
#include "cli/render.h"
#include "tls/materials.h"
#include "verdict/catalog.h"
#include "verdict/verify_json.h"

namespace postern::cli {
namespace {

constexpr std::size_t kReadBlock = 64 * 1024;

struct Options {
  bool jsonl = false;
  std::string chain, anchors, password_file, time, purpose = "server", profile = "lenient";
  std::vector<std::string> names, crls, ocsp;
};

// ---- a batch -----------------------------------------------------------------------------------

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
  verdict::LineSplitter splitter(verdict::kMaxVerifyLineOctets);
  const auto answer = [&lines](verdict::LineSplitter::Line line) {
    return write_line(lines.answer(std::move(line), system_clock().now()));
  };
  std::array<char, kReadBlock> block{};
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    std::string_view rest(block.data(), static_cast<std::size_t>(got));
    while (!rest.empty())
      if (auto line = splitter.take(rest); line && !answer(std::move(*line))) return kFailure;
  }
  if (auto line = splitter.finish(); line && !answer(std::move(*line))) return kFailure;
  return kOk;
}

// ---- one chain ---------------------------------------------------------------------------------

x509::TrustSets trust_of(const std::string& name, const std::string& file,
                         std::vector<x509::Certificate> certificates) {
  std::vector<x509::Anchor> anchors;
  for (x509::Certificate& one : certificates)
    anchors.push_back({std::move(one), {.set = name, .file = file}});
  return {std::make_shared<x509::TrustSet>(name, std::move(anchors))};
}

Result<x509::TrustSets> read_anchors(const std::string& file) {
  if (!file.empty()) {
    TRY(auto certificates, read_certificates(file));
    return trust_of("anchors", file, std::move(certificates));
  }
  for (const std::string& place : tls::kSystemRootFiles)
    if (auto certificates = read_certificates(place))
      return trust_of("system", place, std::move(*certificates));
  return invalid("no public roots on this machine; give --anchors FILE");
}

// "[192.0.2.1]", "user@contoso.com", "mail.contoso.com".
x509::ReferenceName name_of(const std::string& text) {
  const auto address = verdict::reference_name(x509::NameKind::ip, text);
  if (x509::is_ip_address(address.value)) return address;
  return verdict::reference_name(text.contains('@') ? x509::NameKind::email : x509::NameKind::dns,
                                 text);
}

Result<void> read_revocation(const Options& options, verdict::VerifyRequest& out) {
  for (const std::string& file : options.crls) {
    TRY(const std::string octets, read_file(file));
    const auto crls = x509::parse_crls(octets);
    if (!crls) return invalid(file + ": " + crls.error().detail());
    std::ranges::copy(*crls, std::back_inserter(out.revocation.crls_der));
  }
  for (const std::string& file : options.ocsp) {
    TRY(std::string octets, read_file(file));
    out.revocation.ocsp_der.push_back(std::move(octets));
  }
  // Whoever gives lists wants every certificate covered, as in a batch; a response speaks of one.
  out.options.check_revocation = !options.crls.empty() || !options.ocsp.empty();
  out.options.require_revocation = !options.crls.empty();
  return {};
}

Result<verdict::VerifyRequest> read_request(const Options& options) {
  verdict::VerifyRequest out;
  TRY(const std::optional<std::string> password, read_password(options.password_file));
  TRY(out.presented, read_certificates(options.chain, password));
  TRY(out.trust, read_anchors(options.anchors));
  for (const std::string& name : options.names) out.names.push_back(name_of(name));
  TRY_VOID(read_revocation(options, out));
  out.options.purpose =
      options.purpose == "server" ? x509::Purpose::tls_server : x509::Purpose::tls_client;
  out.options.profile =
      options.profile == "strict" ? x509::Profile::strict : x509::Profile::lenient;
  out.options.now = system_clock().now();
  if (!options.time.empty()) {
    TRY(out.options.now, parse_moment("--time", options.time, out.options.now, Towards::future));
    out.options.revocation_slack = {};  // a time that is given is no clock's
  }
  return out;
}

Json to_document(const verdict::VerifyAnswer& answer) {
  Json out = to_json(answer);
  Json& path = out["path"] = Json::array();
  for (const x509::Certificate& one : answer.path.path)
    path.push_back({{"subject", printable(one.subject())},
                    {"issuer", printable(one.issuer())},
                    {"sha256", lower(one.sha256())},
                    {"not_after", format_rfc3339(one.not_after())}});
  if (const auto& anchor = answer.path.anchor)
    out["anchor"] = {{"subject", printable(anchor->certificate.subject())},
                     {"set", anchor->provenance.set},
                     {"file", anchor->provenance.file}};
  Json& faults = out["faults"] = Json::array();
  for (const x509::PathFault& fault : answer.path.faults)
    faults.push_back(
        {{"depth", fault.depth}, {"code", fault.code}, {"detail", printable(fault.detail)}});
  if (const auto* entry = verdict::find_catalog_entry(answer.code); entry != nullptr && !answer.ok)
    out["definition"] = std::string(entry->definition);
  return out;
}

int run_one(const Shell& shell, const Options& options) {
  Result<verdict::VerifyRequest> request = read_request(options);
  if (!request) return shell.fail("verify: " + request.error().detail());
  const verdict::VerifyAnswer answer = verdict::verify(std::move(*request));
  shell.print_answer(to_document(answer), render_verification);
  return answer.ok ? kOk : kFinding;
}

int run(const Shell& shell, const Options& options) {
  if (options.jsonl) return run_lines();
  if (options.chain.empty())
    return shell.fail(
        "verify: which chain? --chain FILE, or --jsonl for requests on standard input");
  return run_one(shell, options);
}

}  // namespace

void add_verify(CLI::App& app, Shell& shell) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      add_command(app, shell, "verify", "Judge a certificate chain, without a gateway or a network",
                  Form::text_or_json, [&shell, options] { return run(shell, *options); });
  CLI::Option* lines = command->add_flag("--jsonl", options->jsonl,
                                         "Requests on standard input, one a line, as JSON");
  const auto file = [&](const char* name, std::string& value, const char* words) {
    command->add_option(name, value, words)->type_name("FILE")->excludes(lines);
  };
  file("--chain", options->chain, "The chain, leaf first: PEM, DER or PFX; - is standard input");
  file("--anchors", options->anchors, "What is trusted; else the system's public roots");
  file("--password-file", options->password_file, "The password of a PFX");
  const auto list = [&](const char* name, std::vector<std::string>& value, const char* words) {
    return command->add_option(name, value, words)->excludes(lines);
  };
  list("--name", options->names, "A DNS name, address or mailbox that it must bear; one is enough");
  list("--crl", options->crls, "Revocation lists; every certificate must be covered")
      ->type_name("FILE");
  list("--ocsp", options->ocsp, "OCSP responses, DER")->type_name("FILE");
  command->add_option("--purpose", options->purpose, "server or client")
      ->check(CLI::IsMember({"server", "client"}));
  command->add_option("--profile", options->profile, "lenient, or strict (every rule of RFC 5280)")
      ->check(CLI::IsMember({"lenient", "strict"}));
  command->add_option("--time", options->time, "Judge at this time, or so long from now: 30d")
      ->type_name("TIME");
}

}  // namespace postern::cli
