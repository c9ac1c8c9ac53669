#include "cli/check_setup.h"

#include <array>
#include <filesystem>

#include <unistd.h>

#include "cli/fetch_settings.h"
#include "config/config_file.h"
#include "mail/domain.h"

namespace postern::cli {
namespace {

// Names that no configuration can use.
constexpr const char* kGivenTrust = "--trust";
constexpr const char* kGivenCertificate = "--client-cert";
constexpr std::uint16_t kDnsPort = 53;

std::string absolute(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

// As this machine calls itself; a name that no server objects to where it has none.
std::string own_name() {
  std::array<char, mail::kMaxDomainOctets + 1> name{};
  if (::gethostname(name.data(), name.size() - 1) == 0) {
    if (auto domain = mail::parse_domain(name.data())) return *domain;
  }
  return "localhost";
}

Result<policy::Config> load_config(const std::string& file) {
  TRY(const std::string text, read_file(file));
  config::Loaded loaded = config::parse_config(text, absolute(file));
  for (const config::Diagnostic& diagnostic : loaded.diagnostics) {
    if (diagnostic.severity == config::Severity::error)
      return invalid(diagnostic.str() + "; postern config check tells all");
  }
  return std::move(loaded.config);
}

Result<void> add_files(policy::Config& config, const CheckSetupOptions& options) {
  if (!options.trust.empty()) {
    policy::TrustConfig given;
    given.name = kGivenTrust;
    for (const std::string& file : options.trust) given.files.push_back(absolute(file));
    config.trust.push_back(std::move(given));
  }
  if (!options.client_certificate.empty()) {
    policy::CertificateConfig given;
    given.name = kGivenCertificate;
    given.chain = absolute(options.client_certificate);
    given.key = options.client_key.empty() ? given.chain : absolute(options.client_key);
    config.certificates.push_back(std::move(given));
  } else if (!options.client_key.empty()) {
    return invalid("--client-key: name the certificate too, by --client-cert FILE");
  }
  if (options.dns.empty()) return {};
  TRY(policy::Endpoint server, policy::Endpoint::parse(options.dns, kDnsPort));
  if (!policy::canonical_address(server.host))
    return invalid("--dns: '" + options.dns + "' is no address; give one like 127.0.0.1:53");
  config.server.dns = {std::move(server)};
  return {};
}

// What came of the files that the command line names.
Result<void> refuse_problems(const tls::LoadResult& loaded) {
  for (const tls::Notice& notice : loaded.notices) {
    const bool given = notice.subject == kGivenTrust || notice.subject == kGivenCertificate;
    const bool bad =
        notice.kind == tls::Notice::Kind::problem || notice.kind == tls::Notice::Kind::refused;
    if (given && bad) return invalid(notice.subject + ": " + notice.text);
  }
  for (const policy::LoadedCertificate& one : loaded.materials->certificates) {
    if (one.name == kGivenCertificate && !one.problem.empty())
      return invalid(std::string(kGivenCertificate) + ": " + one.problem);
  }
  return {};
}

}  // namespace

Result<void> CheckSetup::load(const Shell& shell, const CheckSetupOptions& options) {
  const Result<std::string> file = find_configuration(shell);
  configured_ = file.has_value();
  if (file) {
    TRY(config_, load_config(*file));
  } else {
    config_.server.hostname = own_name();
  }
  TRY_VOID(add_files(config_, options));
  const tls::LoadResult loaded = tls::load_materials(config_, nullptr, system_clock().now());
  TRY_VOID(refuse_problems(loaded));
  materials_ = loaded.materials;
  if (!options.trust.empty()) given_trust_ = {kGivenTrust};
  if (!options.client_certificate.empty()) client_certificate_ = kGivenCertificate;
  return {};
}

Result<std::unique_ptr<CheckSetup>> CheckSetup::make(const Shell& shell,
                                                     const CheckSetupOptions& options,
                                                     io::Runtime& runtime) {
  std::unique_ptr<CheckSetup> out(new CheckSetup());
  TRY_VOID(out->load(shell, options));
  std::vector<std::string> believed = {"system"};
  believed.insert(believed.end(), out->given_trust_.begin(), out->given_trust_.end());
  const x509::TrustSets roots = out->materials_->trust.pick(believed);
  out->fetcher_ =
      std::make_unique<fetch::Client>(system_clock(), fetch_settings(out->config_.server, roots));
  TRY(out->resolver_, dns::make_resolver(runtime, out->config_.server));
  return out;
}

probe::Surroundings CheckSetup::surroundings(io::Executor here) const {
  return {.config = config_,
          .configured = configured_,
          .materials = *materials_,
          .given_trust = given_trust_,
          .client_certificate = client_certificate_,
          .resolver = *resolver_,
          .fetcher = fetcher_.get(),
          .clock = system_clock(),
          .executor = here,
          .progress = nullptr};
}

}  // namespace postern::cli
