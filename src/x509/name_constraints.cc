#include "x509/name_constraints.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"
#include "x509/distinguished_name.h"
#include "x509/names.h"
#include "x509/openssl.h"

namespace postern::x509 {
namespace {

constexpr std::size_t kMaxShown = 200;
constexpr std::size_t kIpv4Octets = 4, kIpv6Octets = 16;

using NamesPtr = std::unique_ptr<GENERAL_NAMES, OpenSslDelete<GENERAL_NAMES_free>>;
using NamePtr = std::unique_ptr<X509_NAME, OpenSslDelete<X509_NAME_free>>;

// One name of a certificate in the form in which constraints speak of it.
struct Presented {
  int type = GEN_DNS;
  std::string_view text = {};        // dNSName, rfc822Name, URI, iPAddress (octets)
  X509_NAME* directory = nullptr;    // directoryName
  const OTHERNAME* other = nullptr;  // otherName
};

enum class Place { inside, outside, unclear };
Place place(bool inside) {
  return inside ? Place::inside : Place::outside;
}

// Equal, or with more labels on the left (RFC 5280 s4.2.1.10).
bool at_or_below(std::string_view name, std::string_view base) {
  if (base.empty() || iequals(name, base)) return true;
  return name.size() > base.size() && iends_with(name, base) &&
         name[name.size() - base.size() - 1] == '.';
}

bool strictly_below(std::string_view name, std::string_view base) {
  return name.size() > base.size() && at_or_below(name, base);
}

// A constraint ".contoso.com", which private CAs use, means the names below it.
bool dns_within(std::string_view name, std::string_view base) {
  return base.starts_with('.') ? strictly_below(name, base.substr(1)) : at_or_below(name, base);
}

Place place_dns(std::string_view name, std::string_view base, bool excluded) {
  if (!name.starts_with("*.")) {
    if (!is_dns_name(name)) return Place::unclear;
    return place(dns_within(name, base));
  }
  const std::string_view rest = name.substr(2);
  if (!is_dns_name(rest)) return Place::unclear;
  // Every name one label below `rest` is inside when that label, whatever it is, does not matter.
  const std::string_view bare = base.starts_with('.') ? base.substr(1) : base;
  if (at_or_below(rest, bare)) return Place::inside;
  // Otherwise the only name that may be inside is the base itself.
  const std::size_t dot = base.find('.');
  const bool could_match =
      dot != std::string_view::npos && dot != 0 && iequals(base.substr(dot + 1), rest);
  return place(excluded && could_match);
}

struct Mailbox {
  std::string_view local, domain;
};
std::optional<Mailbox> mailbox_of(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos || at == 0 || !is_dns_name(text.substr(at + 1)))
    return std::nullopt;
  return Mailbox{text.substr(0, at), text.substr(at + 1)};
}

// A constraint is a mailbox, a host, or with a leading period whatever is below a domain.
Place place_email(std::string_view address, std::string_view base) {
  const auto mailbox = mailbox_of(address);
  if (!mailbox) return Place::unclear;
  if (base.contains('@')) {
    const auto wanted = mailbox_of(base);
    return place(wanted && wanted->local == mailbox->local &&
                 iequals(wanted->domain, mailbox->domain));
  }
  if (base.starts_with('.')) return place(strictly_below(mailbox->domain, base.substr(1)));
  return place(base.empty() || iequals(mailbox->domain, base));
}

// The host of "scheme://user@host:port/path"; nullopt: there is none that is a DNS name.
std::optional<std::string_view> host_of(std::string_view uri) {
  const std::size_t scheme = uri.find("://");
  if (scheme == std::string_view::npos) return std::nullopt;
  std::string_view host = uri.substr(scheme + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (const std::size_t at = host.rfind('@'); at != std::string_view::npos)
    host = host.substr(at + 1);
  host = host.substr(0, host.find(':'));
  if (!is_dns_name(host) || is_ip_address(host)) return std::nullopt;
  return host;
}

Place place_uri(std::string_view uri, std::string_view base) {
  const auto host = host_of(uri);
  if (!host) return Place::unclear;
  if (base.starts_with('.')) return place(strictly_below(*host, base.substr(1)));
  return place(base.empty() || iequals(*host, base));
}

// `base`: an address and a mask of the same length.
Place place_ip(std::string_view address, std::string_view base) {
  if (address.size() != kIpv4Octets && address.size() != kIpv6Octets) return Place::unclear;
  if (base.size() != 2 * address.size()) return Place::outside;
  for (std::size_t i = 0; i < address.size(); ++i)
    if (((address[i] ^ base[i]) & base[address.size() + i]) != 0) return Place::outside;
  return Place::inside;
}

// The first parts of `name` are those of `base` (RFC 5280 s7.1).
Place place_directory(const X509_NAME* name, const X509_NAME* base) {
  const int count = X509_NAME_entry_count(base);
  if (count == 0) return Place::inside;
  const int last_set = X509_NAME_ENTRY_set(X509_NAME_get_entry(base, count - 1));
  const NamePtr head(X509_NAME_new());
  if (head == nullptr) return Place::unclear;
  int set = -1;
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    const int its_set = X509_NAME_ENTRY_set(entry);
    if (its_set > last_set) break;
    if (X509_NAME_add_entry(head.get(), entry, -1, its_set == set ? -1 : 0) != 1)
      return Place::unclear;
    set = its_set;
  }
  return place(X509_NAME_cmp(head.get(), base) == 0);
}

// Where the name stands to a constraint of its type; nullopt: the constraint is about others.
std::optional<Place> place_of(const Presented& name, const GENERAL_NAME* base, bool excluded) {
  if (name.type != base->type) return std::nullopt;
  switch (base->type) {
    case GEN_DNS:
      return place_dns(name.text, view_of(base->d.dNSName), excluded);
    case GEN_EMAIL:
      return place_email(name.text, view_of(base->d.rfc822Name));
    case GEN_URI:
      return place_uri(name.text, view_of(base->d.uniformResourceIdentifier));
    case GEN_IPADD:
      return place_ip(name.text, view_of(base->d.iPAddress));
    case GEN_DIRNAME:
      return place_directory(name.directory, base->d.directoryName);
    case GEN_OTHERNAME:
      if (OBJ_cmp(name.other->type_id, base->d.otherName->type_id) != 0) return std::nullopt;
      return Place::unclear;
    default:
      return Place::unclear;  // no rule is known: RFC 5280 s4.2.1.10 asks to reject
  }
}

std::string shown(const Presented& name) {
  switch (name.type) {
    case GEN_DNS:
    case GEN_EMAIL:
    case GEN_URI:
      return "the name " + printable(name.text, kMaxShown);
    case GEN_IPADD:
      return "the address " + address_text(name.text);
    case GEN_DIRNAME:
      return "the name \"" + printable(format_name(name.directory), kMaxShown) + "\"";
    default:
      return "a name of a kind that is not understood";
  }
}

void add_subject_names(const Certificate& certificate, bool common_name_counts,
                       std::vector<Presented>& out) {
  X509_NAME* subject = X509_get_subject_name(certificate.native());
  if (X509_NAME_entry_count(subject) > 0)
    out.push_back({.type = GEN_DIRNAME, .directory = subject});
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_pkcs9_emailAddress, at)) >= 0;)
    out.push_back({.type = GEN_EMAIL,
                   .text = view_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)))});
  if (!common_name_counts || !certificate.dns_names().empty()) return;
  for (const std::string& name : certificate.common_names())
    if (is_dns_name(name.starts_with("*.") ? std::string_view(name).substr(2) : name))
      out.push_back({.type = GEN_DNS, .text = name});
}

void add_alternative_names(const GENERAL_NAMES* names, std::vector<Presented>& out) {
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    Presented one{.type = name->type};
    if (name->type == GEN_DIRNAME) {
      one.directory = name->d.directoryName;
    } else if (name->type == GEN_OTHERNAME) {
      one.other = name->d.otherName;
    } else if (name->type == GEN_DNS || name->type == GEN_EMAIL || name->type == GEN_URI ||
               name->type == GEN_IPADD) {
      one.text = view_of(name->d.ia5);
    }
    out.push_back(one);
  }
}

std::size_t size_of(const STACK_OF(GENERAL_SUBTREE) * trees) {
  return static_cast<std::size_t>(std::max(sk_GENERAL_SUBTREE_num(trees), 0));
}

const GENERAL_NAME* base_at(const STACK_OF(GENERAL_SUBTREE) * trees, std::size_t i) {
  return sk_GENERAL_SUBTREE_value(trees, static_cast<int>(i))->base;
}

std::string name_objection(const NAME_CONSTRAINTS& constraints, const Presented& name) {
  for (std::size_t i = 0; i < size_of(constraints.excludedSubtrees); ++i) {
    const auto found = place_of(name, base_at(constraints.excludedSubtrees, i), true);
    if (found == Place::inside) return shown(name) + " is excluded";
    if (found == Place::unclear) return shown(name) + " cannot be held against the constraints";
  }
  bool asked = false, inside = false;
  for (std::size_t i = 0; !inside && i < size_of(constraints.permittedSubtrees); ++i) {
    const auto found = place_of(name, base_at(constraints.permittedSubtrees, i), false);
    if (found == Place::unclear) return shown(name) + " cannot be held against the constraints";
    asked = asked || found.has_value();
    inside = found == Place::inside;
  }
  return asked && !inside ? shown(name) + " is not permitted" : "";
}

// ---- the extension itself ----------------------------------------------------------------------

// Ones, then zeros.
bool is_mask(std::string_view octets) {
  bool ended = false;
  for (const char octet : octets) {
    for (int bit = 7; bit >= 0; --bit) {
      const bool one = (static_cast<unsigned char>(octet) >> bit & 1) != 0;
      if (one && ended) return false;
      ended = ended || !one;
    }
  }
  return true;
}

bool is_domain_base(std::string_view text) {
  if (text.starts_with('.')) text.remove_prefix(1);
  return text.empty() || is_dns_name(text);
}

bool is_ip_base(std::string_view octets) {
  const bool fits = octets.size() == 2 * kIpv4Octets || octets.size() == 2 * kIpv6Octets;
  return fits && is_mask(octets.substr(octets.size() / 2));
}

bool well_formed(const GENERAL_NAME* base) {
  switch (base->type) {
    case GEN_DNS:
      return is_domain_base(view_of(base->d.dNSName));
    case GEN_EMAIL: {
      const std::string_view text = view_of(base->d.rfc822Name);
      return text.contains('@') ? mailbox_of(text).has_value() : is_domain_base(text);
    }
    case GEN_URI: {
      const std::string_view text = view_of(base->d.uniformResourceIdentifier);
      return is_domain_base(text) && !is_ip_address(text);
    }
    case GEN_IPADD:
      return is_ip_base(view_of(base->d.iPAddress));
    default:
      return true;
  }
}

std::string trees_objection(const STACK_OF(GENERAL_SUBTREE) * trees) {
  for (std::size_t i = 0; i < size_of(trees); ++i) {
    const GENERAL_SUBTREE* tree = sk_GENERAL_SUBTREE_value(trees, static_cast<int>(i));
    const bool minimum_zero = tree->minimum == nullptr || ASN1_INTEGER_get(tree->minimum) == 0;
    if (!minimum_zero || tree->maximum != nullptr)
      return "a name constraint has a base distance, which RFC 5280 rules out";
    if (!well_formed(tree->base)) return "a name constraint is malformed";
  }
  return "";
}

}  // namespace

NameConstraints::NameConstraints(const Certificate& ca)
    : constraints_(static_cast<NAME_CONSTRAINTS*>(
          X509_get_ext_d2i(ca.native(), NID_name_constraints, nullptr, nullptr))) {}

NameConstraints::~NameConstraints() {
  NAME_CONSTRAINTS_free(constraints_);
}

bool NameConstraints::empty() const {
  return !present() || (size_of(constraints_->permittedSubtrees) == 0 &&
                        size_of(constraints_->excludedSubtrees) == 0);
}

std::string NameConstraints::form_objection() const {
  if (!present()) return "";
  std::string why = trees_objection(constraints_->permittedSubtrees);
  return why.empty() ? trees_objection(constraints_->excludedSubtrees) : why;
}

std::string NameConstraints::objection(const Certificate& below, bool common_name_counts,
                                       std::size_t& budget) const {
  if (!present()) return "";
  std::vector<Presented> names;
  add_subject_names(below, common_name_counts, names);
  const NamesPtr alternative(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(below.native(), NID_subject_alt_name, nullptr, nullptr)));
  add_alternative_names(alternative.get(), names);
  const std::size_t work = (1 + names.size()) * (1 + size_of(constraints_->permittedSubtrees) +
                                                 size_of(constraints_->excludedSubtrees));
  if (work > budget) {
    budget = 0;
    return "more names and name constraints than are worth comparing";
  }
  budget -= work;
  for (const Presented& name : names)
    if (std::string why = name_objection(*constraints_, name); !why.empty()) return why;
  return "";
}

}  // namespace postern::x509
