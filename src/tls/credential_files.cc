#include "tls/credential_files.h"

#include <openssl/pem.h>

#include "tls/context.h"
#include "tls/files.h"
#include "x509/openssl.h"

namespace postern::tls {
namespace {

// A key under a password is refused: nobody is there to type it.
int no_password(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

// Errors: what is wrong, never the content.
Result<x509::PkeyPtr> parse_key(std::string_view text) {
  const x509::BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  bool password_asked = false;
  x509::PkeyPtr key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, &password_asked)
                        : nullptr);
  const std::string words = x509::take_openssl_error();
  if (key) return key;
  if (password_asked)
    return invalid("the key is encrypted; store it without a password, readable by this user only");
  return invalid("no private key in PEM form (" + words + ")");
}

void set_problem(Credential& credential, const char* code, std::string text) {
  if (!credential.facts.problem.empty()) return;
  credential.facts.problem_code = code;
  credential.facts.problem = std::move(text);
}

// Where the key fits another certificate of the file, that is what to say.
std::string mismatch_words(const Credential& credential, const EVP_PKEY* key) {
  const auto& facts = credential.facts;
  const std::string files = "key " + facts.key_file +
                            " does not belong to the first certificate of " + facts.chain_file +
                            " (" + facts.chain.front().subject() + ")";
  for (std::size_t i = 1; i < facts.chain.size(); ++i)
    if (X509_check_private_key(facts.chain[i].native(), key) == 1)
      return files + " but to certificate " + std::to_string(i + 1) + " (" +
             facts.chain[i].subject() + "); the leaf must stand first, then its issuers";
  return files +
         "; put the key in place that the certificate was issued for, or the other way round";
}

void load_chain(Credential& credential) {
  policy::LoadedCertificate& facts = credential.facts;
  const auto file = read_file(facts.chain_file);
  if (!file)
    return set_problem(credential, "certificate-not-bound",
                       "chain cannot be read: " + file.error().what());
  auto chain = x509::parse_pem(file->octets);
  if (!chain)
    return set_problem(credential, "certificate-not-bound",
                       facts.chain_file + ": " + chain.error().detail() +
                           "; a PEM file with the leaf first, then its issuers, is needed");
  facts.chain = std::move(*chain);
}

void load_key(Credential& credential, std::string& warning) {
  policy::LoadedCertificate& facts = credential.facts;
  const auto file = read_file(facts.key_file);
  if (!file)
    return set_problem(credential, "private-key-inaccessible",
                       "private key cannot be read: " + file.error().what());
  auto key = parse_key(file->octets);
  if (!key)
    return set_problem(credential, "private-key-inaccessible",
                       facts.key_file + ": " + key.error().detail());
  if (file->readable_by_all)
    warning = "private key " + facts.key_file +
              " is readable by every user of this machine; chmod 600 it";
  if (facts.chain.empty()) return;
  const bool fits = X509_check_private_key(facts.chain.front().native(), key->get()) == 1;
  (void)x509::take_openssl_error();
  if (!fits)
    return set_problem(credential, "key-certificate-mismatch",
                       mismatch_words(credential, key->get()));
  credential.key = std::move(*key);
  const auto presentable = check_presentable(credential);
  if (!presentable)
    set_problem(credential, "weak-key-or-hash",
                facts.chain_file + ": TLS refuses to present it: " + presentable.error().detail());
  facts.key_usable = facts.problem.empty();
}

}  // namespace

LoadedCredential load_credential(const policy::CertificateConfig& config) {
  auto credential = std::make_shared<Credential>();
  credential->facts.name = config.name;
  credential->facts.chain_file = config.chain;
  credential->facts.key_file = config.key;
  LoadedCredential out;
  load_chain(*credential);
  load_key(*credential, out.warning);
  if (!credential->facts.key_usable) credential->key.reset();
  out.credential = std::move(credential);
  return out;
}

bool same_credential(const Credential& a, const Credential& b) {
  if (a.facts.problem != b.facts.problem || a.facts.chain != b.facts.chain ||
      a.facts.chain_file != b.facts.chain_file || a.facts.key_file != b.facts.key_file)
    return false;
  if (!a.key || !b.key) return a.key == b.key;
  return EVP_PKEY_eq(a.key.get(), b.key.get()) == 1;
}

}  // namespace postern::tls
