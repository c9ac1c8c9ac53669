#include "tls/materials.h"

#include <algorithm>

#include "tls/credential_files.h"
#include "tls/trust_files.h"

namespace postern::tls {
namespace {

using CredentialPtr = std::shared_ptr<const Credential>;

class Loader {
 public:
  Loader(const Materials* previous, Time now) : previous_(previous), now_(now) {}

  void add_certificate(const policy::CertificateConfig& config);
  void add_trust(const policy::TrustConfig& config);
  [[nodiscard]] LoadResult finish();

 private:
  void note(Notice::Kind kind, const std::string& subject, std::string text, bool by_date = false) {
    result_.notices.push_back({kind, subject, std::move(text), by_date});
  }
  [[nodiscard]] CredentialPtr previous_credential(const std::string& name) const;
  [[nodiscard]] std::shared_ptr<const x509::TrustSet> previous_set(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> previous_crls(const std::string& name) const;
  [[nodiscard]] std::string why_not_over(const Credential& old, const Credential& fresh) const;
  void note_first(const LoadedCredential& loaded);
  void keep(CredentialPtr credential);

  const Materials* previous_;
  Time now_;
  Materials made_;
  LoadResult result_;
};

bool usable(const Credential& credential) {
  return credential.facts.key_usable;
}

bool valid_at(const Credential& credential, Time now) {
  const x509::Certificate& leaf = credential.facts.chain.front();
  return leaf.not_before() <= now && now <= leaf.not_after();
}

CredentialPtr Loader::previous_credential(const std::string& name) const {
  if (previous_ == nullptr) return nullptr;
  for (const CredentialPtr& credential : previous_->credentials)
    if (credential->facts.name == name) return credential;
  return nullptr;
}

std::shared_ptr<const x509::TrustSet> Loader::previous_set(const std::string& name) const {
  if (previous_ == nullptr) return nullptr;
  for (const auto& set : previous_->trust.sets)
    if (set->name() == name) return set;
  return nullptr;
}

std::vector<std::string> Loader::previous_crls(const std::string& name) const {
  if (previous_ != nullptr)
    for (const auto& [set, crls] : previous_->trust.crls)
      if (set == name) return crls;
  return {};
}

// Why the fresh one must not take the old one's place; empty: it may.
std::string Loader::why_not_over(const Credential& old, const Credential& fresh) const {
  if (!usable(old)) return {};
  if (!usable(fresh)) return fresh.facts.problem;
  if (!valid_at(old, now_) || valid_at(fresh, now_)) return {};
  const x509::Certificate& leaf = fresh.facts.chain.front();
  return fresh.facts.chain_file + ": the certificate " +
         (now_ < leaf.not_before() ? "is not valid before " + format_rfc3339(leaf.not_before())
                                   : "expired " + format_rfc3339(leaf.not_after()));
}

void Loader::keep(CredentialPtr credential) {
  made_.certificates.push_back(credential->facts);
  made_.credentials.push_back(std::move(credential));
}

void Loader::note_first(const LoadedCredential& loaded) {
  const policy::LoadedCertificate& facts = loaded.credential->facts;
  if (!usable(*loaded.credential)) return note(Notice::Kind::problem, facts.name, facts.problem);
  const x509::Certificate& leaf = facts.chain.front();
  note(Notice::Kind::loaded, facts.name, facts.chain_file + ": " + leaf.subject());
  if (leaf.not_after() < now_)
    note(Notice::Kind::problem, facts.name,
         facts.chain_file + ": expired " + format_rfc3339(leaf.not_after()) +
             "; it is loaded all the same and used where no other fits",
         true);
}

void Loader::add_certificate(const policy::CertificateConfig& config) {
  made_.files.push_back(config.chain);
  made_.files.push_back(config.key);
  const LoadedCredential loaded = load_credential(config);
  const CredentialPtr old = previous_credential(config.name);
  if (old && same_credential(*old, *loaded.credential)) return keep(old);
  const std::string refusal = old ? why_not_over(*old, *loaded.credential) : std::string();
  if (!refusal.empty()) {
    const bool waits = loaded.credential->facts.problem_code == "key-certificate-mismatch";
    note(waits ? Notice::Kind::waiting : Notice::Kind::refused, config.name,
         refusal + (waits ? "; waiting for the other file, the certificate in use stays"
                          : "; the certificate in use stays"));
    return keep(old);
  }
  result_.changed = true;
  if (!old || !usable(*loaded.credential)) {
    note_first(loaded);
  } else {
    note(Notice::Kind::replaced, config.name,
         config.chain + ": " + loaded.credential->facts.chain.front().subject() + ", valid until " +
             format_rfc3339(loaded.credential->facts.chain.front().not_after()));
  }
  if (!loaded.warning.empty()) note(Notice::Kind::problem, config.name, loaded.warning);
  keep(loaded.credential);
}

void Loader::add_trust(const policy::TrustConfig& config) {
  LoadedSet loaded = load_trust_set(config, made_.files);
  const auto old = previous_set(config.name);
  // A file half written, or one gone, must not make us forget whom we trust.
  const bool refuse = old && !old->anchors().empty() && !loaded.problems.empty();
  for (std::string& problem : loaded.problems)
    note(refuse ? Notice::Kind::refused : Notice::Kind::problem, config.name,
         problem + (refuse ? "; the set in use stays" : ""));
  const std::vector<std::string> old_crls = previous_crls(config.name);
  const bool same = old && (refuse || (same_anchors(*old, *loaded.set) && old_crls == loaded.crls));
  if (!same) {
    result_.changed = true;
    if (old)
      note(Notice::Kind::trust_changed, config.name,
           "trust set " + config.name + ": " + std::to_string(loaded.set->anchors().size()) +
               " anchors, " + std::to_string(loaded.crls.size()) + " revocation lists");
  }
  made_.trust.sets.push_back(same ? old : loaded.set);
  made_.trust.crls.emplace_back(config.name, same ? old_crls : std::move(loaded.crls));
}

LoadResult Loader::finish() {
  std::ranges::sort(made_.files);
  const auto repeated = std::ranges::unique(made_.files);
  made_.files.erase(repeated.begin(), repeated.end());
  if (previous_ != nullptr && (previous_->credentials.size() != made_.credentials.size() ||
                               previous_->trust.sets.size() != made_.trust.sets.size()))
    result_.changed = true;
  result_.materials = std::make_shared<const Materials>(std::move(made_));
  return std::move(result_);
}

}  // namespace

LoadResult load_materials(const policy::Config& config, const Materials* previous, Time now) {
  Loader loader(previous, now);
  for (const policy::CertificateConfig& certificate : config.certificates)
    loader.add_certificate(certificate);
  const auto system = std::ranges::find(config.trust, "system", &policy::TrustConfig::name);
  loader.add_trust(system == config.trust.end() ? system_trust() : *system);
  for (const policy::TrustConfig& trust : config.trust)
    if (trust.name != "system") loader.add_trust(trust);
  return loader.finish();
}

}  // namespace postern::tls
