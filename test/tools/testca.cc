// testca [SPEC.json]: makes the certificates, keys and CRLs that a scenario test needs. The spec
// comes from the file, or from stdin where none is named.
//
//   {"dir": "DIR",                       written to; made when absent
//    "items": [ITEM, ...]}               in order; an item may name only earlier ones
//
// Every ITEM has "id" (the file name) and "kind". Absent members mean the default in brackets.
//
//   "kind": "ca" | "leaf"
//     "issuer"       id of the signing item [none: self-signed; a "ca" without it is a root]
//     "cn"           common name [the id]; "" for none         "o"  organization [none]
//     "dns", "ip", "email"     lists for the SAN [none]
//     "not_before", "not_after"  RFC 3339, or relative to now: "-1d", "+90d", "-30s", "+2h"
//                    [a day ago; 90 days ahead for a leaf, 3650 for a CA]
//     "eku"          list of server, client, any, ocsp, email, code [leaf: server and client; CA:
//                    no extension]; [] for no extension
//     "key_usage"    list of OpenSSL's words, [] for no extension [as fits the kind]
//     "key"          "ec" | "rsa2048" | "rsa1024" | "ed25519" ["ec"]
//     "same_key_as"  id whose key is used again (renewal; with the same cn and another issuer: a
//                    cross-signed CA)
//     "digest"       "SHA256" | "SHA1" | ... ["SHA256"]
//     "path_length"  number, CA only [none]
//     "permitted", "excluded"  name constraints as "DNS:contoso.com" [none]
//     "crl_urls", "ocsp_urls", "aia_urls"  lists [none]
//     "key_ids"      false: neither subject nor authority key identifier [true]
//     "break_signature"  true: one bit of the signature is turned [false]
//     "chain"        ids whose certificates go into ID.pem, in order [the item itself, then its
//                    issuers up to, not with, the root; of a root: itself]
//     "leaf_only"    true: ID.pem holds the item's own certificate alone [false]
//   writes DIR/ID.pem (chain), DIR/ID.crt (the certificate alone), DIR/ID.key (mode 0600)
//
//   "kind": "load"       what an earlier run made, for renewals by the same CA
//     "issuer"       id of its issuer [none: a root]
//   reads DIR/ID.crt and DIR/ID.key
//
//   "kind": "crl"
//     "issuer"       id of the CA
//     "revoked"      list of ids [none]
//     "this_update", "next_update"  times [a day ago; 7 days ahead]
//   writes DIR/ID.crl (PEM)
//
//   "kind": "ocsp"
//     "issuer", "of" ids of the CA and of the certificate asked for
//     "status"       "good" | "revoked" | "unknown" ["good"]
//     "this_update", "next_update"  times [an hour ago; 7 days ahead]
//   writes DIR/ID.ocsp (DER)
//
// Files are replaced by rename, so a watcher never sees half of one. Prints one JSON object: for
// each certificate's id {"thumbprint", "sha256", "serial", "subject", "issuer", "not_before",
// "not_after", "exchange_name"}. Exits 0, or 2 with a message that names item and member.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>

#include <sys/stat.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "x509/certificate.h"
#include "x509/testing/factory.h"

namespace postern {
namespace {

namespace factory = x509::testing;
using namespace std::chrono_literals;

struct Item {
  factory::Issued issued;
  std::string issuer;  // id; empty: self-signed
};

// One ITEM's members, each asked for by name; what nobody asked for is an error.
class Members {
 public:
  explicit Members(const Json& object) : object_(object) {}

  Result<std::string> text(const std::string& key, std::string absent = {}) {
    const Json* value = find(key);
    if (value == nullptr) return absent;
    if (!value->is_string()) return invalid(key + ": text is needed");
    return value->get<std::string>();
  }
  Result<bool> flag(const std::string& key, bool absent) {
    const Json* value = find(key);
    if (value == nullptr) return absent;
    if (!value->is_boolean()) return invalid(key + ": true or false is needed");
    return value->get<bool>();
  }
  Result<std::vector<std::string>> list(const std::string& key,
                                        std::vector<std::string> absent = {}) {
    const Json* value = find(key);
    if (value == nullptr) return absent;
    std::vector<std::string> out;
    if (!value->is_array()) return invalid(key + ": a list of texts is needed");
    for (const Json& element : *value) {
      if (!element.is_string()) return invalid(key + ": a list of texts is needed");
      out.push_back(element.get<std::string>());
    }
    return out;
  }
  Result<std::optional<int>> number(const std::string& key) {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number_integer()) return invalid(key + ": a number is needed");
    return value->get<int>();
  }
  Result<Time> time(const std::string& key, Duration absent) {
    const Time now = system_clock().now();
    TRY(const std::string value, text(key));
    if (value.empty()) return now + absent;
    if (value.front() != '+' && value.front() != '-') return parse_rfc3339(value);
    TRY(const Duration distance, parse_duration(value.substr(1)));
    return value.front() == '+' ? now + distance : now - distance;
  }
  [[nodiscard]] bool has(const std::string& key) const { return object_.contains(key); }
  Result<void> check_all_known() const {
    for (const auto& member : object_.items())
      if (!asked_.contains(member.key())) return invalid("unknown member " + member.key());
    return {};
  }

 private:
  const Json* find(const std::string& key) {
    asked_.insert(key);
    const auto at = object_.find(key);
    return at == object_.end() ? nullptr : &*at;
  }

  const Json& object_;
  std::set<std::string> asked_;
};

Result<factory::KeyType> key_type(const std::string& word) {
  if (word == "ec") return factory::KeyType::ec_p256;
  if (word == "rsa2048") return factory::KeyType::rsa_2048;
  if (word == "rsa1024") return factory::KeyType::rsa_1024;
  if (word == "ed25519") return factory::KeyType::ed25519;
  return invalid("key: ec, rsa2048, rsa1024 or ed25519, not " + word);
}

class TestCa {
 public:
  explicit TestCa(std::filesystem::path dir) : dir_(std::move(dir)) {}

  Result<void> make(const Json& object) {
    if (!object.is_object()) return invalid("an item is an object");
    Members members(object);
    TRY(const std::string id, members.text("id"));
    if (id.empty() || id.find('/') != std::string::npos)
      return invalid("id: a file name is needed");
    TRY(const std::string kind, members.text("kind"));
    Result<void> made = kind == "ca" || kind == "leaf" ? make_certificate(id, kind == "ca", members)
                        : kind == "load"               ? load(id, members)
                        : kind == "crl"                ? make_crl(id, members)
                        : kind == "ocsp"
                            ? make_ocsp(id, members)
                            : Result<void>(invalid("kind: ca, leaf, load, crl or ocsp"));
    if (made) made = members.check_all_known();
    if (!made) return invalid("item " + id + ": " + made.error().detail());
    return {};
  }

  [[nodiscard]] Json summary() const {
    Json out = Json::object();
    for (const auto& [id, item] : items_) {
      const x509::Certificate& c = item.issued.certificate;
      out[id] = {{"thumbprint", c.thumbprint()},
                 {"sha256", c.sha256()},
                 {"serial", c.serial()},
                 {"subject", c.subject()},
                 {"issuer", c.issuer()},
                 {"not_before", format_rfc3339(c.not_before())},
                 {"not_after", format_rfc3339(c.not_after())},
                 {"exchange_name", x509::exchange_certificate_name(c)}};
    }
    return out;
  }

 private:
  Result<const Item*> item(const std::string& id) const {
    const auto at = items_.find(id);
    if (at == items_.end()) return invalid("no earlier certificate has the id '" + id + "'");
    return &at->second;
  }

  Result<factory::CertificateSpec> read_spec(const std::string& id, bool ca, Members& members) {
    factory::CertificateSpec spec;
    spec.ca = ca;
    TRY(spec.common_name, members.text("cn", members.has("cn") ? "" : id));
    TRY(spec.organization, members.text("o"));
    TRY(spec.dns, members.list("dns"));
    TRY(spec.ip, members.list("ip"));
    TRY(spec.email, members.list("email"));
    TRY(spec.not_before, members.time("not_before", -24h));
    TRY(spec.not_after, members.time("not_after", (ca ? 3650 : 90) * 24h));
    TRY(spec.eku, members.list("eku", ca ? std::vector<std::string>{}
                                         : std::vector<std::string>{"server", "client"}));
    if (members.has("key_usage")) {
      TRY(spec.key_usage, members.list("key_usage"));
    }
    TRY(const std::string key, members.text("key", "ec"));
    TRY(spec.key_type, key_type(key));
    TRY(const std::string same_key_as, members.text("same_key_as"));
    if (!same_key_as.empty()) {
      TRY(const Item* other, item(same_key_as));
      spec.key = other->issued.key;
    }
    TRY(spec.digest, members.text("digest", "SHA256"));
    TRY(spec.path_length, members.number("path_length"));
    TRY(spec.permitted, members.list("permitted"));
    TRY(spec.excluded, members.list("excluded"));
    TRY(spec.crl_urls, members.list("crl_urls"));
    TRY(spec.ocsp_urls, members.list("ocsp_urls"));
    TRY(spec.aia_urls, members.list("aia_urls"));
    TRY(const bool key_ids, members.flag("key_ids", true));
    spec.subject_key_id = spec.authority_key_id = key_ids;
    return spec;
  }

  Result<void> make_certificate(const std::string& id, bool ca, Members& members) {
    TRY(const factory::CertificateSpec spec, read_spec(id, ca, members));
    TRY(const std::string issuer, members.text("issuer"));
    TRY(const bool break_signature, members.flag("break_signature", false));
    const Item* parent = nullptr;
    if (!issuer.empty()) {
      TRY(parent, item(issuer));
    }
    factory::Issued issued =
        parent == nullptr ? factory::make_self_signed(spec) : factory::issue(parent->issued, spec);
    if (break_signature) issued.certificate = factory::break_signature(issued.certificate);
    items_.insert_or_assign(id, Item{issued, issuer});
    TRY(const std::vector<x509::Certificate> chain, chain_of(id, members));
    TRY_VOID(write(id + ".key", issued.key.pem(), 0600));
    TRY_VOID(write(id + ".crt", issued.certificate.pem()));
    return write(id + ".pem", factory::pem_chain(chain));
  }

  Result<void> load(const std::string& id, Members& members) {
    TRY(const std::string issuer, members.text("issuer"));
    if (!issuer.empty()) {
      TRY_VOID(item(issuer));
    }
    TRY(const std::vector<x509::Certificate> certificates, x509::parse_pem(read(id + ".crt")));
    TRY(const factory::Key key, factory::Key::from_pem(read(id + ".key")));
    items_.insert_or_assign(id, Item{{certificates.front(), key}, issuer});
    return {};
  }

  // Empty where there is none: the parsers say so.
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream in(dir_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  Result<std::vector<x509::Certificate>> chain_of(const std::string& id, Members& members) {
    TRY(const bool leaf_only, members.flag("leaf_only", false));
    TRY(std::vector<std::string> ids, members.list("chain"));
    if (!members.has("chain")) {
      ids = {id};
      for (std::string at = items_.at(id).issuer; !leaf_only && !at.empty();
           at = items_.at(at).issuer)
        if (!items_.at(at).issuer.empty()) ids.push_back(at);
    }
    std::vector<x509::Certificate> chain;
    for (const std::string& member : ids) {
      TRY(const Item* found, item(member));
      chain.push_back(found->issued.certificate);
    }
    return chain;
  }

  Result<void> make_crl(const std::string& id, Members& members) {
    TRY(const std::string issuer, members.text("issuer"));
    TRY(const Item* ca, item(issuer));
    TRY(const std::vector<std::string> revoked, members.list("revoked"));
    factory::CrlSpec spec;
    TRY(spec.this_update, members.time("this_update", -24h));
    TRY(spec.next_update, members.time("next_update", 7 * 24h));
    for (const std::string& member : revoked) {
      TRY(const Item* found, item(member));
      factory::RevokedEntry entry{found->issued.certificate, spec.this_update, std::nullopt};
      spec.revoked.push_back(std::move(entry));
    }
    return write(id + ".crl", factory::pem_crl(factory::make_crl(ca->issued, spec)));
  }

  Result<void> make_ocsp(const std::string& id, Members& members) {
    using Status = factory::OcspSpec::Status;
    TRY(const std::string issuer, members.text("issuer"));
    TRY(const std::string subject, members.text("of"));
    TRY(const Item* ca, item(issuer));
    TRY(const Item* of, item(subject));
    TRY(const std::string status, members.text("status", "good"));
    factory::OcspSpec spec;
    if (status != "good" && status != "revoked" && status != "unknown")
      return invalid("status: good, revoked or unknown, not " + status);
    spec.status = status == "good"      ? Status::good
                  : status == "revoked" ? Status::revoked
                                        : Status::unknown;
    TRY(spec.this_update, members.time("this_update", -1h));
    TRY(spec.next_update, members.time("next_update", 7 * 24h));
    spec.revoked_at = spec.this_update;
    return write(id + ".ocsp", factory::make_ocsp(ca->issued, of->issued.certificate, spec));
  }

  Result<void> write(const std::string& name, const std::string& data, mode_t mode = 0644) {
    const std::filesystem::path path = dir_ / name;
    const std::filesystem::path passing = dir_ / (name + ".new");
    const mode_t before = umask(0666 & ~mode);
    std::ofstream out(passing, std::ios::binary | std::ios::trunc);
    umask(before);
    out << data;
    out.close();
    if (!out) return invalid("cannot write " + passing.string());
    std::error_code error;
    std::filesystem::rename(passing, path, error);
    if (error) return fail(error, "cannot write " + path.string());
    return {};
  }

  std::filesystem::path dir_;
  std::map<std::string, Item> items_;
};

Result<Json> run(const std::string& text) {
  TRY(const Json spec, parse_json(text));
  if (!spec.is_object()) return invalid("the spec is an object");
  Members members(spec);
  TRY(const std::string dir, members.text("dir"));
  if (dir.empty()) return invalid("dir: a folder is needed");
  if (!spec.contains("items") || !spec["items"].is_array())
    return invalid("items: a list is needed");
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  if (error) return fail(error, "cannot make " + dir);
  TestCa ca(dir);
  for (const Json& item : spec["items"]) {
    TRY_VOID(ca.make(item));
  }
  return ca.summary();
}

}  // namespace
}  // namespace postern

int main(int argc, char** argv) {
  std::string text;
  if (argc > 1) {
    std::ifstream in(argv[1], std::ios::binary);
    if (!in) {
      std::cerr << "testca: cannot read " << argv[1] << "\n";
      return 2;
    }
    text.assign(std::istreambuf_iterator<char>(in), {});
  } else {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
  }
  const postern::Result<postern::Json> made = postern::run(text);
  if (!made) {
    std::cerr << "testca: " << made.error().what() << "\n";
    return 2;
  }
  std::cout << postern::dump_json_pretty(*made) << "\n";
  return 0;
}
