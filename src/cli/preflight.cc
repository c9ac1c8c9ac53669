// postern preflight: what breaks if this certificate takes the place of the present one, for whom,
// and what prevents it.
#include "probe/preflight.h"

#include <algorithm>
#include <filesystem>
#include <future>

#include <CLI/CLI.hpp>

#include "base/json.h"
#include "base/text.h"
#include "cli/certificate_file.h"
#include "cli/command.h"
#include "cli/exports.h"
#include "cli/fetch_settings.h"
#include "cli/materials_of.h"
#include "cli/render.h"
#include "dns/resolver.h"
#include "fetch/client.h"
#include "io/executor.h"
#include "mail/domain.h"
#include "probe/preflight_lookup.h"
#include "probe/preflight_revocation.h"
#include "tls/materials.h"

namespace postern::cli {
namespace {

struct Options {
  std::string certificate, key, password_file, exchange, replaces;
  bool online = false;
  std::vector<std::string> domains;
};

// All that the inputs point into.
struct Sources {
  std::optional<FileMaterials> gateway;
  std::optional<explain::ExchangeEstate> exchange;
  std::shared_ptr<const tls::Materials> roots;  // where no configuration was asked
};

Result<Sources> read_sources(const Shell& shell, const Options& options, Time now) {
  Sources out;
  if (!options.exchange.empty()) {
    TRY(const std::vector<explain::ExportFile> files, read_exports(options.exchange));
    out.exchange = explain::read_exchange(files);
    if (out.exchange->size() == 0) {
      const std::string first =
          out.exchange->problems.empty() ? "" : ": " + out.exchange->problems.front().text;
      return invalid(options.exchange + ": no output of Exchange cmdlets was found" + first);
    }
  }
  if (options.exchange.empty() || !shell.config_option.empty()) {
    TRY(out.gateway, load_file_materials(shell, now));
  } else {
    out.roots = tls::load_materials(policy::Config{}, nullptr, now).materials;
  }
  return out;
}

Result<probe::NewCertificate> read_new(const Options& options, Time now) {
  probe::NewCertificate out;
  out.file = options.certificate;
  out.key_file = options.key;
  TRY(const std::optional<std::string> password, read_password(options.password_file));
  TRY(x509::CertificateFile file, read_certificate_file(options.certificate, password));
  out.chain = std::move(file.certificates);
  out.pfx = file.pfx;
  if (file.pfx && !options.key.empty())
    return invalid("--key: " + options.certificate +
                   " is a PFX, which brings its private key itself; leave --key out");
  if (file.pfx) {
    out.key_fits = file.pfx_key_problem.empty();
    out.key_problem = file.pfx_key_problem;
    return out;
  }
  if (options.key.empty()) return out;
  // The loader of the gateway says what it would say of these two files.
  policy::Config config;
  config.certificates = {{"new",
                          std::filesystem::absolute(options.certificate).string(),
                          std::filesystem::absolute(options.key).string(),
                          {}}};
  const auto loaded = tls::load_materials(config, nullptr, now).materials;
  const policy::LoadedCertificate& facts = loaded->certificates.front();
  out.key_fits = facts.key_usable;
  out.key_problem = facts.problem;
  out.key_problem_code = facts.problem_code;
  return out;
}

// The mail domains that are ours, by the configuration and by the export.
std::vector<std::string> own_domains(const Sources& sources, const Options& options) {
  std::vector<std::string> out;
  for (const std::string& one : options.domains) out.push_back(lower(one));
  if (!out.empty()) return out;
  if (sources.gateway) {
    for (const policy::ReceiveConnector& one : sources.gateway->config.receive) {
      for (const mail::DomainPattern& domain : one.accept_domains) out.push_back(domain.text());
    }
  }
  if (sources.exchange) {
    for (const explain::AcceptedDomain& one : sources.exchange->accepted) out.push_back(one.domain);
  }
  std::erase_if(out, [](const std::string& one) { return !mail::parse_domain(one); });
  std::ranges::sort(out);
  const auto repeated = std::ranges::unique(out);
  out.erase(repeated.begin(), repeated.end());
  return out;
}

// What --online asks for: what is published of the domains, and whether the certificate is revoked.
struct OnlineAnswers {
  std::vector<probe::Published> published;
  verdict::FetchedEvidence fetched;
};

struct OnlineQuestions {
  dns::Resolver& resolver;
  fetch::Fetcher& fetcher;
  std::vector<std::string> domains;
  std::vector<x509::Certificate> chain;
  x509::TrustSets public_roots;
};

io::Task<void> ask_into(OnlineQuestions ask, std::promise<OnlineAnswers>* answers) {
  OnlineAnswers out;
  out.published = co_await probe::look_up_published(ask.resolver, &ask.fetcher, system_clock(),
                                                    std::move(ask.domains));
  out.fetched = co_await probe::ask_revocation(ask.fetcher, system_clock(), std::move(ask.chain),
                                               std::move(ask.public_roots));
  answers->set_value(std::move(out));
}

Result<OnlineAnswers> ask_online(const Sources& sources, std::vector<std::string> domains,
                                 const probe::PreflightInputs& inputs) {
  const policy::ServerConfig server =
      sources.gateway ? sources.gateway->config.server : policy::ServerConfig{};
  io::Runtime runtime(1, 1);
  TRY(const std::unique_ptr<dns::Resolver> resolver, dns::make_resolver(runtime, server));
  fetch::Client fetcher(system_clock(), fetch_settings(server, inputs.public_roots));
  std::promise<OnlineAnswers> answers;
  std::future<OnlineAnswers> waiting = answers.get_future();
  OnlineQuestions questions{*resolver, fetcher, std::move(domains), inputs.certificate.chain,
                            inputs.public_roots};
  runtime.main().spawn("preflight", ask_into(std::move(questions), &answers));
  runtime.start();
  OnlineAnswers out = waiting.get();
  runtime.stop();
  return out;
}

int run_preflight(const Shell& shell, const Options& options) {
  const Time now = system_clock().now();
  Result<probe::NewCertificate> fresh = read_new(options, now);
  if (!fresh) return shell.fail("preflight: " + fresh.error().detail());
  const Result<Sources> sources = read_sources(shell, options, now);
  if (!sources) return shell.fail("preflight: " + sources.error().detail());
  probe::PreflightInputs inputs;
  inputs.certificate = *std::move(fresh);
  inputs.replaces = options.replaces;
  inputs.now = now;
  if (sources->gateway) {
    inputs.config = &sources->gateway->config;
    inputs.certificates = &sources->gateway->materials->certificates;
  }
  if (sources->exchange) inputs.exchange = &*sources->exchange;
  const policy::LoadedTrust& trust =
      sources->gateway ? sources->gateway->materials->trust : sources->roots->trust;
  inputs.public_roots = trust.pick({"system"});
  inputs.other_sets = trust.others({"system"});
  if (options.online) {
    Result<OnlineAnswers> answers = ask_online(*sources, own_domains(*sources, options), inputs);
    if (!answers) return shell.fail("preflight: " + answers.error().detail());
    inputs.published = std::move(answers->published);
    inputs.fetched = std::move(answers->fetched);
    inputs.online = true;
  }
  const Result<probe::PreflightReport> report = probe::preflight(inputs);
  if (!report) return shell.fail("preflight: " + report.error().detail());
  shell.print_answer(probe::to_json(*report), render_preflight);
  return report->safe() ? kOk : kFinding;
}

}  // namespace

void add_preflight(CLI::App& app, Shell& shell) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      add_command(app, shell, "preflight",
                  "What breaks if this certificate is bound, for whom, and what prevents it: 0 "
                  "safe, 1 not safe",
                  Form::text_or_json, [&shell, options] { return run_preflight(shell, *options); });
  command
      ->add_option("--cert", options->certificate,
                   "The new certificate with its intermediates: PEM, DER or PFX")
      ->required()
      ->type_name("FILE");
  command->add_option("--key", options->key, "Its private key (PEM)")->type_name("FILE");
  command->add_option("--password-file", options->password_file, "The password of a PFX")
      ->type_name("FILE");
  command
      ->add_option("--exchange", options->exchange,
                   "Saved output of Get-ExchangeCertificate, Get-ReceiveConnector, "
                   "Get-SendConnector and others, in place of a configuration")
      ->type_name("DIR|FILE");
  command->add_option("--replaces", options->replaces,
                      "The one it takes the place of: its thumbprint, or its name in the "
                      "configuration; else found by likeness");
  command->add_flag("--online", options->online,
                    "Ask for its CRLs and OCSP, and for MX, TLSA and MTA-STS of the mail domains");
  command->add_option("--domain", options->domains, "These mail domains in place of our own")
      ->type_name("DOMAIN");
}

}  // namespace postern::cli
