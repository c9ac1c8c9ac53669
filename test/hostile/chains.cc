// Requests to `postern verify --jsonl` whose chains are made to cost: one line for each shape, with
// the answers that are right for it.
//   chains            {"shape", "right": [codes], "request": {...}} a line
#include <cstdio>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "x509/certificate.h"
#include "x509/testing/factory.h"

namespace {

using namespace postern;
using namespace postern::x509::testing;
using x509::Certificate;

constexpr int kManyCertificates = 10'000;
constexpr int kBag = 149;  // with the leaf as many as a peer may present

struct Shape {
  std::string name;
  std::vector<std::string> right;  // codes
  std::vector<std::string> chain;  // PEM, leaf first
  std::vector<std::string> anchors;
  std::vector<std::string> crls = {};
};

std::vector<std::string> pems(const std::vector<Certificate>& certificates) {
  std::vector<std::string> out;
  for (const Certificate& one : certificates) out.push_back(one.pem());
  return out;
}

Shape shape(std::string name, std::vector<std::string> right, const std::vector<Certificate>& chain,
            const Issued& anchor) {
  return {std::move(name), std::move(right), pems(chain), {anchor.certificate.pem()}};
}

std::string number(int i) {
  return std::to_string(i);
}

Certificate leaf_of(const Issued& issuer) {
  return make_leaf(issuer, "a.test").certificate;
}

std::vector<Issued> keys(int count, const CertificateSpec& spec = {}) {
  std::vector<Issued> out;
  for (int i = 0; i < count; ++i) {
    CertificateSpec one = spec;
    one.common_name = "Key " + number(i);
    out.push_back(make_root(one));
  }
  return out;
}

// Every key certified by every other: a path for every order of them.
std::vector<Certificate> mesh(const std::vector<Issued>& members) {
  std::vector<Certificate> out = {leaf_of(members.front())};
  for (const Issued& issuer : members)
    for (const Issued& subject : members)
      if (&issuer != &subject) out.push_back(cross_sign(issuer, subject).certificate);
  return out;
}

Shape cross_certificates() {
  return shape("cross-certificates of twelve keys", {"limit"}, mesh(keys(12)), make_root("Other"));
}

// Whoever issued the leaf has issued everything: each name follows each other.
Shape one_key() {
  const Key key = Key::generate();
  CertificateSpec spec;
  spec.key = key;
  return shape("cross-certificates of one key", {"limit"}, mesh(keys(12, spec)),
               make_root("Other"));
}

// Different keys under one name: each of them may have issued each other.
Shape one_name() {
  std::vector<Issued> members = {make_root("Name")};
  std::vector<Certificate> bag;
  for (int i = 0; i < kBag; ++i) {
    members.push_back(make_intermediate(members[members.size() / 2], "Name"));
    bag.push_back(members.back().certificate);
  }
  bag.insert(bag.begin(), leaf_of(members.back()));
  return shape("cross-certificates of one name", {"limit"}, bag, make_root("Other"));
}

Shape one_name_without_identifiers() {
  CertificateSpec spec{.common_name = "Name", .subject_key_id = false, .authority_key_id = false};
  std::vector<Issued> members = {make_root(spec)};
  std::vector<Certificate> bag;
  for (int i = 0; i < kBag; ++i) {
    members.push_back(make_intermediate(members[members.size() / 2], spec));
    bag.push_back(members.back().certificate);
  }
  bag.insert(bag.begin(), leaf_of(members.back()));
  return shape("one name, no key identifiers", {"limit", "bad-signature"}, bag, make_root("Other"));
}

std::vector<std::string> constraints(int count) {
  std::vector<std::string> out;
  for (int i = 0; i < count; ++i) out.push_back("DNS:y" + number(i) + ".test");
  return out;
}

// `twins` certificates on each rung, each good for each of the rung below.
std::vector<Certificate> ladder(const Issued& top, int rungs, int twins) {
  std::vector<Issued> issued = {top};
  std::vector<Certificate> bag;
  for (int i = 0; i < rungs; ++i) {
    issued.push_back(make_intermediate(issued.back(), "Rung " + number(i)));
    for (int twin = 0; twin < twins; ++twin)
      bag.push_back(cross_sign(issued[issued.size() - 2], issued.back()).certificate);
  }
  bag.insert(bag.begin(), leaf_of(issued.back()));
  return bag;
}

Shape ladder_to_nowhere() {
  return shape("ladder to nowhere", {"limit"}, ladder(make_root("Root"), 9, 14),
               make_root("Other"));
}

// Every rung constrains what is below it.
Shape ladder_of_constraints() {
  const Issued root = make_root("Root");
  std::vector<Issued> issued = {root};
  std::vector<Certificate> bag;
  for (int i = 0; i < 8; ++i) {
    CertificateSpec spec{.common_name = "Rung " + number(i), .excluded = constraints(600)};
    spec.excluded.push_back("DNS:a.test");
    issued.push_back(make_intermediate(issued.back(), spec));
    spec.key = issued.back().key;
    for (int twin = 0; twin < 16; ++twin)
      bag.push_back(make_intermediate(issued[issued.size() - 2], spec).certificate);
  }
  bag.insert(bag.begin(), leaf_of(issued.back()));
  return shape("a ladder of constraints", {"limit", "chain-constraint"}, bag, root);
}

// Every path reaches the anchor and breaks its rule.
Shape ladder_to_a_refusing_anchor() {
  const Issued root = make_root({.common_name = "Root", .permitted = {"DNS:other.test"}});
  return shape("ladder to an anchor that permits none of it", {"limit", "chain-constraint"},
               ladder(root, 9, 14), root);
}

Shape long_chain() {
  const Issued root = make_root("Root");
  std::vector<Certificate> bag;
  Issued last = root;
  for (int i = 0; i < 200; ++i) {
    last = make_intermediate(last, "CA " + number(i));
    bag.push_back(last.certificate);
  }
  bag.push_back(leaf_of(last));
  return shape("a chain of 200", {"limit"}, {bag.rbegin(), bag.rend()}, root);
}

// As long as may be looked at, and too deep.
Shape deep_chain() {
  const Issued root = make_root("Root");
  std::vector<Certificate> bag;
  Issued last = root;
  for (int i = 0; i < kBag - 1; ++i) {
    last = make_intermediate(last, "CA " + number(i));
    bag.push_back(last.certificate);
  }
  bag.push_back(leaf_of(last));
  return shape("a chain of 148", {"limit"}, {bag.rbegin(), bag.rend()}, root);
}

// One certificate with another signature each time: cheap to make, and each another certificate.
Shape many_certificates() {
  const Issued root = make_root("Root");
  const Certificate leaf = leaf_of(root), other = make_leaf(root, "b.test").certificate;
  Shape out = shape("ten thousand certificates", {"limit"}, {leaf}, root);
  std::string der = other.der();
  for (int i = 0; i < kManyCertificates; ++i) {
    der[der.size() - 1] = static_cast<char>(i);
    der[der.size() - 2] = static_cast<char>(i >> 8);
    out.chain.push_back("-----BEGIN CERTIFICATE-----\n" + to_base64(der) +
                        "\n-----END CERTIFICATE-----\n");
  }
  return out;
}

std::vector<std::string> host_names(int count, const std::string& domain) {
  std::vector<std::string> out;
  for (int i = 0; i < count; ++i) out.push_back("x" + number(i) + domain);
  return out;
}

Shape megabytes() {
  const Issued root = make_root("Root");
  std::vector<Certificate> bag = {leaf_of(root)};
  for (int i = 0; i < 12; ++i)
    bag.push_back(
        issue(root, {.common_name = "Big " + number(i), .dns = host_names(16'000, ".big.test")})
            .certificate);
  return shape("three megabytes of certificates", {"limit"}, bag, root);
}

// Within what is looked at.
Shape long_name_lists() {
  const Issued root = make_root("Root");
  std::vector<Certificate> bag = {
      issue(root, {.common_name = "a", .dns = host_names(16'000, ".a.test")}).certificate};
  bag.front() = issue(root, {.common_name = "a", .dns = host_names(16'000, ".a.test")}).certificate;
  for (int i = 0; i < 6; ++i)
    bag.push_back(make_intermediate(root, {.common_name = "Big " + number(i),
                                           .dns = host_names(16'000, ".big.test")})
                      .certificate);
  return shape("names without end", {"name-mismatch"}, bag, root);
}

Shape long_constraints() {
  const Issued root = make_root("Root");
  Issued last = root;
  std::vector<Certificate> bag;
  for (int i = 0; i < 8; ++i) {
    last =
        make_intermediate(last, {.common_name = "CA " + number(i), .excluded = constraints(8000)});
    bag.push_back(last.certificate);
  }
  bag.push_back(issue(last, {.common_name = "a", .dns = host_names(8000, ".a.test")}).certificate);
  return shape("names against constraints", {"limit"}, {bag.rbegin(), bag.rend()}, root);
}

// The dearest key that is read, everywhere.
Shape long_keys() {
  const Key key = Key::public_rsa(16'384);
  const Issued root = make_root("Root");
  std::vector<Certificate> bag;
  for (int i = 0; i < kBag; ++i)
    bag.push_back(make_intermediate(root, {.common_name = "Root", .key = key}).certificate);
  for (int i = 0; i < 40; ++i)
    bag[static_cast<std::size_t>(i)] =
        make_intermediate(root, {.common_name = "Root", .key = Key::public_rsa(16'384)})
            .certificate;
  bag.insert(bag.begin(), leaf_of(make_root("Root")));
  return shape("RSA keys of 16,384 bits",
               {"limit", "bad-signature", "untrusted-root", "incomplete-chain"}, bag,
               make_root("Other"));
}

std::string der(unsigned char tag, const std::string& content) {
  std::string length;
  if (content.size() < 0x80) {
    length = std::string(1, static_cast<char>(content.size()));
  } else {
    length = "\x82";
    length += static_cast<char>(content.size() >> 8);
    length += static_cast<char>(content.size());
  }
  return std::string(1, static_cast<char>(tag)) + length + content;
}

std::string policy(int i) {  // 1.2.(two arcs)
  std::string content = "\x2a";
  content += static_cast<char>(0x81 + i / 127 % 100);
  content += static_cast<char>(1 + i % 127);
  return der(0x06, content);
}

std::pair<std::string, std::string> policies(int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += der(0x30, policy(i));
  return {"2.5.29.32", "DER:" + to_hex(der(0x30, all))};
}

std::pair<std::string, std::string> mappings(int from, int to) {
  std::string all;
  for (int i = 0; i < from; ++i)
    for (int j = 0; j < to; ++j) all += der(0x30, policy(i) + policy(j));
  return {"2.5.29.33", "critical,DER:" + to_hex(der(0x30, all))};
}

// Every policy mapped to every other on every step, and a policy demanded: the tree grows with
// every step by their number.
Shape policy_tree() {
  const std::pair<std::string, std::string> demanded{"2.5.29.36", "critical,DER:3003800100"};
  const Issued root = make_root("Root");
  Issued last = root;
  std::vector<Certificate> bag;
  for (int i = 0; i < 9; ++i) {
    last = make_intermediate(last, {.common_name = "CA " + number(i),
                                    .extensions = {policies(60), mappings(60, 60), demanded}});
    bag.push_back(last.certificate);
  }
  bag.push_back(issue(last, {.common_name = "a", .dns = {"a.test"}, .extensions = {policies(60)}})
                    .certificate);
  return shape("policies that multiply", {"chain-constraint", "limit", "none"},
               {bag.rbegin(), bag.rend()}, root);
}

Shape policy_list() {
  const std::pair<std::string, std::string> demanded{"2.5.29.36", "critical,DER:3003800100"};
  const Issued root = make_root("Root");
  const Issued ca =
      make_intermediate(root, {.common_name = "CA", .extensions = {policies(7000), demanded}});
  const Issued leaf =
      issue(ca, {.common_name = "a", .dns = {"a.test"}, .extensions = {policies(7000)}});
  return shape("seven thousand policies", {"none", "chain-constraint", "limit"},
               {leaf.certificate, ca.certificate}, root);
}

// Each path asks for a policy anew, and has none.
Shape ladder_of_policies() {
  const std::pair<std::string, std::string> demanded{"2.5.29.36", "critical,DER:3003800100"};
  const Issued root = make_root("Root");
  std::vector<Issued> issued = {root};
  std::vector<Certificate> bag;
  for (int i = 0; i < 8; ++i) {
    CertificateSpec spec{.common_name = "Rung " + number(i),
                         .extensions = {policies(40), mappings(40, 10), demanded}};
    issued.push_back(make_intermediate(issued.back(), spec));
    spec.key = issued.back().key;
    for (int twin = 0; twin < 16; ++twin)
      bag.push_back(make_intermediate(issued[issued.size() - 2], spec).certificate);
  }
  bag.insert(bag.begin(), leaf_of(issued.back()));
  return shape("a ladder of policies", {"limit", "chain-constraint"}, bag, root);
}

Shape many_extensions() {
  const Issued root = make_root("Root");
  CertificateSpec spec{.common_name = "a", .dns = {"a.test"}};
  for (int i = 0; i < 3000; ++i)
    spec.extensions.emplace_back("1.2.3." + number(i), "critical,DER:0500");
  std::vector<Certificate> bag = {issue(root, spec).certificate};
  for (int i = 0; i < 20; ++i) bag.push_back(make_intermediate(root, spec).certificate);
  return shape("three thousand extensions", {"malformed-certificate"}, bag, root);
}

// Twelve megabytes of entries: with the PEM around it as long as a line may be.
Shape long_crl(int entries, bool listed) {
  const Issued root = make_root("Root");
  const Certificate leaf = leaf_of(root);
  CrlSpec spec;
  spec.revoked.reserve(static_cast<std::size_t>(entries));
  const Certificate other = make_leaf(root, "b.test").certificate;
  for (int i = 0; i < entries; ++i) spec.revoked.push_back({other});
  if (listed) spec.revoked.push_back({leaf});
  Shape out = shape(listed ? "a long list with the leaf" : "a long list without the leaf",
                    {listed ? "revoked" : "none"}, {leaf}, root);
  out.crls = {pem_crl(make_crl(root, spec))};
  return out;
}

Shape many_crls() {
  const Issued root = make_root("Root");
  Shape out = shape("a thousand lists", {"none"}, {leaf_of(root)}, root);
  for (int i = 0; i < 900; ++i)
    out.crls.push_back(
        pem_crl(make_crl(root, {.this_update = kDefaultNotBefore + std::chrono::seconds(i)})));
  return out;
}

Shape long_subjects() {
  const Issued root = make_root("Root");
  CertificateSpec spec;
  for (int i = 0; i < 150; ++i) spec.name.emplace_back("OU", std::string(60, 'x') + number(i));
  std::vector<Issued> members = {make_root(spec)};
  std::vector<Certificate> bag;
  for (int i = 0; i < 80; ++i) {
    members.push_back(make_intermediate(members[members.size() / 2], spec));
    bag.push_back(members.back().certificate);
  }
  bag.insert(bag.begin(), leaf_of(members.back()));
  return shape("names of ten thousand octets", {"limit"}, bag, root);
}

Json line_of(const Shape& shape) {
  Json request = {{"id", shape.name},
                  {"purpose", "smtp-server"},
                  {"peer_chain", shape.chain},
                  {"trust_anchors", shape.anchors},
                  {"names", {{{"kind", "dns"}, {"value", "a.test"}}}},
                  {"time", "2026-11-21T12:00:00Z"},
                  {"crls", shape.crls},
                  {"max_path_length", nullptr},
                  {"profile", "lenient"}};
  return {{"shape", shape.name}, {"right", shape.right}, {"request", std::move(request)}};
}

}  // namespace

int main() {
  const std::vector<std::function<Shape()>> shapes = {
      cross_certificates,
      one_key,
      one_name,
      one_name_without_identifiers,
      ladder_to_nowhere,
      ladder_to_a_refusing_anchor,
      ladder_of_constraints,
      ladder_of_policies,
      long_chain,
      deep_chain,
      many_certificates,
      megabytes,
      long_name_lists,
      long_constraints,
      long_keys,
      policy_tree,
      policy_list,
      many_extensions,
      [] { return long_crl(200'000, true); },
      [] { return long_crl(200'000, false); },
      many_crls,
      long_subjects,
  };
  for (const auto& make : shapes) std::puts(dump_json(line_of(make())).c_str());
  return 0;
}
