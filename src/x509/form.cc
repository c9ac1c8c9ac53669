#include "x509/form.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "base/text.h"
#include "x509/der.h"
#include "x509/name_constraints.h"
#include "x509/openssl.h"

namespace postern::x509 {
namespace {

using Counts = FormFault::Counts;

constexpr int kMaxSerialOctets = 20;            // s4.1.2.2
constexpr std::size_t kUtcTimeOctets = 13;      // YYMMDDHHMMSSZ
constexpr std::size_t kGeneralTimeOctets = 15;  // YYYYMMDDHHMMSSZ
constexpr int kFirstGeneralYear = 2050;

// What path_check, name_constraints and X509_policy_check process between them.
constexpr std::array kProcessed = {
    NID_basic_constraints,       NID_key_usage,          NID_ext_key_usage,
    NID_subject_alt_name,        NID_name_constraints,   NID_certificate_policies,
    NID_policy_mappings,         NID_policy_constraints, NID_inhibit_any_policy,
    NID_crl_distribution_points,
};

class Form {
 public:
  explicit Form(const Certificate& certificate)
      : certificate_(certificate), native_(certificate.native()) {}

  std::vector<FormFault> faults() {
    check_extensions();
    check_fields();
    check_time(X509_get0_notBefore(native_));
    check_time(X509_get0_notAfter(native_));
    check_names();
    check_ca_or_not();
    check_key_identifiers();
    check_name_constraints();
    check_policy_extensions();
    (void)take_openssl_error();
    return std::move(faults_);
  }

 private:
  void add(Counts counts, std::string rule, int error) {
    faults_.push_back({counts, std::move(rule), error});
  }
  [[nodiscard]] std::uint32_t flags() const { return X509_get_extension_flags(native_); }
  [[nodiscard]] bool has(int nid) const { return X509_get_ext_by_NID(native_, nid, -1) >= 0; }
  [[nodiscard]] bool critical(int nid) const {
    const int at = X509_get_ext_by_NID(native_, nid, -1);
    return at >= 0 && X509_EXTENSION_get_critical(X509_get_ext(native_, at)) == 1;
  }
  [[nodiscard]] bool self_issued() const { return certificate_.self_issued(); }

  // s4.2: no extension twice; critical ones that are not understood.
  void check_extensions() {
    std::set<std::string> seen;
    for (int i = 0; i < X509_get_ext_count(native_); ++i) {
      X509_EXTENSION* extension = X509_get_ext(native_, i);
      const ASN1_OBJECT* object = X509_EXTENSION_get_object(extension);
      std::array<char, 128> name{};
      OBJ_obj2txt(name.data(), static_cast<int>(name.size()), object, 0);
      const std::string oid(reinterpret_cast<const char*>(OBJ_get0_data(object)),
                            OBJ_length(object));
      if (!seen.insert(oid).second)
        add(Counts::always, std::string("bears an extension twice (") + name.data() + ")",
            X509_V_ERR_INVALID_EXTENSION);
      const bool known = std::ranges::find(kProcessed, OBJ_obj2nid(object)) != kProcessed.end();
      if ((known || is_key_identifier(object)) && !is_one_element(extension))
        add(Counts::always,
            std::string("has an extension that is not in DER (") + name.data() + ")",
            X509_V_ERR_INVALID_EXTENSION);
      if (!known && X509_EXTENSION_get_critical(extension) == 1)
        add(Counts::always,
            std::string("has a critical extension that is not understood (") + name.data() + ")",
            X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION);
    }
    if ((flags() & (EXFLAG_INVALID | EXFLAG_INVALID_POLICY)) != 0)
      add(Counts::always, "has an extension that cannot be read", X509_V_ERR_INVALID_EXTENSION);
  }

  static bool is_key_identifier(const ASN1_OBJECT* object) {
    const int nid = OBJ_obj2nid(object);
    return nid == NID_subject_key_identifier || nid == NID_authority_key_identifier;
  }

  // OpenSSL overlooks what stands after the value.
  static bool is_one_element(X509_EXTENSION* extension) {
    std::string_view rest = view_of(X509_EXTENSION_get_data(extension));
    return take_der(rest) && rest.empty();
  }

  // s4.1.1.2, s4.1.2.1, s4.1.2.2.
  void check_fields() {
    const long version = X509_get_version(native_);
    if (version != X509_VERSION_3 && X509_get_ext_count(native_) > 0)
      add(Counts::always, "has extensions, yet is not of version 3",
          X509_V_ERR_EXTENSIONS_REQUIRE_VERSION_3);
    if (version != X509_VERSION_3)
      add(Counts::strict, "is not of version 3", X509_V_ERR_EXTENSIONS_REQUIRE_VERSION_3);
    const X509_ALGOR* outer = nullptr;
    X509_get0_signature(nullptr, &outer, native_);
    if (X509_ALGOR_cmp(outer, X509_get0_tbs_sigalg(native_)) != 0)
      add(Counts::strict, "names two different signature algorithms",
          X509_V_ERR_SIGNATURE_ALGORITHM_INCONSISTENCY);
    const ASN1_INTEGER* serial = X509_get0_serialNumber(native_);
    const bool zero = certificate_.serial() == "0";
    if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER ||
        ASN1_STRING_length(serial) > kMaxSerialOctets || (zero && !self_issued()))
      add(Counts::strict_below_anchor,
          "has a serial number that is not positive, or longer than 20 octets",
          X509_V_ERR_UNSPECIFIED);
  }

  // s4.1.2.5: with seconds, in UTC, without fraction; UTCTime until 2049.
  void check_time(const ASN1_TIME* time) {
    const std::string_view text = view_of(time);
    const bool general = ASN1_STRING_type(time) == V_ASN1_GENERALIZEDTIME;
    const bool formed = text.size() == (general ? kGeneralTimeOctets : kUtcTimeOctets) &&
                        text.ends_with('Z') &&
                        std::ranges::all_of(text.substr(0, text.size() - 1), is_digit);
    if (!formed)
      add(Counts::always, "has a date in another form than RFC 5280 gives it",
          X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD);
    else if (general && *parse_uint(text.substr(0, 4)) < kFirstGeneralYear)
      add(Counts::strict, "has a date before 2050 as GeneralizedTime",
          X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD);
  }

  // s4.1.2.4, s4.1.2.6, s4.2.1.6.
  void check_names() {
    const bool no_subject = X509_NAME_entry_count(X509_get_subject_name(native_)) == 0;
    if (X509_NAME_entry_count(X509_get_issuer_name(native_)) == 0)
      add(Counts::strict, "names no issuer", X509_V_ERR_ISSUER_NAME_EMPTY);
    if (no_subject && (certificate_.is_ca() || !has(NID_subject_alt_name)))
      add(Counts::strict, "names no subject", X509_V_ERR_SUBJECT_NAME_EMPTY);
    if (no_subject && has(NID_subject_alt_name) && !critical(NID_subject_alt_name))
      add(Counts::strict, "has no subject, and its subjectAltName is not critical",
          X509_V_ERR_EMPTY_SUBJECT_SAN_NOT_CRITICAL);
    using Names = std::unique_ptr<GENERAL_NAMES, OpenSslDelete<GENERAL_NAMES_free>>;
    const Names names(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(native_, NID_subject_alt_name, nullptr, nullptr)));
    if (names != nullptr && sk_GENERAL_NAME_num(names.get()) == 0)
      add(Counts::strict, "has a subjectAltName without any name",
          X509_V_ERR_EMPTY_SUBJECT_ALT_NAME);
  }

  // s4.2.1.3, s4.2.1.9.
  void check_ca_or_not() {
    const bool usage_said = (flags() & EXFLAG_KUSAGE) != 0;
    const std::uint32_t usage = X509_get_key_usage(native_);
    if (usage_said && usage == 0)
      add(Counts::strict, "has a key usage that permits nothing", X509_V_ERR_INVALID_EXTENSION);
    if (certificate_.is_ca()) {
      if (!critical(NID_basic_constraints))
        add(Counts::strict, "has basic constraints that are not critical",
            X509_V_ERR_CA_BCONS_NOT_CRITICAL);
      if (!usage_said)
        add(Counts::strict, "is a CA without key usage", X509_V_ERR_CA_CERT_MISSING_KEY_USAGE);
      if (X509_get_pathlen(native_) >= 0 && (usage & KU_KEY_CERT_SIGN) == 0)
        add(Counts::strict, "has a path length, yet may not sign certificates",
            X509_V_ERR_PATHLEN_WITHOUT_KU_KEY_CERT_SIGN);
    } else {
      if (usage_said && (usage & KU_KEY_CERT_SIGN) != 0)
        add(Counts::strict, "is no CA, yet its key usage lets it sign certificates",
            X509_V_ERR_KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA);
      if (X509_get_pathlen(native_) >= 0)
        add(Counts::strict, "is no CA, yet has a path length",
            X509_V_ERR_PATHLEN_INVALID_FOR_NON_CA);
    }
  }

  // s4.2.1.1, s4.2.1.2; what is not critical by rule is not among kProcessed.
  void check_key_identifiers() {
    if (X509_get_version(native_) != X509_VERSION_3) return;
    if (!self_issued() && certificate_.authority_key_id().empty())
      add(Counts::strict_below_anchor, "has no authority key identifier",
          X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER);
    if (certificate_.is_ca() && certificate_.subject_key_id().empty())
      add(Counts::strict, "is a CA without subject key identifier",
          X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER);
  }

  // s4.2.1.10.
  void check_name_constraints() {
    if (!has(NID_name_constraints)) return;
    const NameConstraints constraints(certificate_);
    if (std::string why = constraints.form_objection(); !why.empty())
      add(Counts::always, "is malformed: " + why, X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX);
    if (constraints.present() && constraints.empty())
      add(Counts::strict, "has name constraints that say nothing",
          X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX);
    if (!certificate_.is_ca())
      add(Counts::strict, "is no CA, yet has name constraints", X509_V_ERR_INVALID_EXTENSION);
  }

  // s4.2.1.11, s4.2.1.14.
  void check_policy_extensions() {
    for (const int nid : {NID_policy_constraints, NID_inhibit_any_policy})
      if (has(nid) && !critical(nid))
        add(Counts::strict, "has a policy constraint that is not critical",
            X509_V_ERR_INVALID_POLICY_EXTENSION);
    check_readable<POLICY_CONSTRAINTS, POLICY_CONSTRAINTS_free>(NID_policy_constraints);
    check_readable<ASN1_INTEGER, ASN1_INTEGER_free>(NID_inhibit_any_policy);
    check_policies();
    check_mappings();
  }

  template <class T, void (*Free)(T*)>
  std::unique_ptr<T, OpenSslDelete<Free>> check_readable(int nid) {
    std::unique_ptr<T, OpenSslDelete<Free>> out(
        static_cast<T*>(X509_get_ext_d2i(native_, nid, nullptr, nullptr)));
    if (out == nullptr && has(nid))
      add(Counts::always,
          std::string("has an extension that cannot be read (") + OBJ_nid2sn(nid) + ")",
          X509_V_ERR_INVALID_POLICY_EXTENSION);
    return out;
  }

  // s4.2.1.4: no policy twice.
  void check_policies() {
    const auto policies =
        check_readable<CERTIFICATEPOLICIES, CERTIFICATEPOLICIES_free>(NID_certificate_policies);
    std::set<std::string_view> seen;
    for (int i = 0; i < sk_POLICYINFO_num(policies.get()); ++i) {
      const ASN1_OBJECT* policy = sk_POLICYINFO_value(policies.get(), i)->policyid;
      if (seen.emplace(reinterpret_cast<const char*>(OBJ_get0_data(policy)), OBJ_length(policy))
              .second)
        continue;
      return add(Counts::strict, "names a certificate policy twice",
                 X509_V_ERR_INVALID_POLICY_EXTENSION);
    }
  }

  // s6.1.4 (a): anyPolicy is never mapped.
  void check_mappings() {
    const auto mappings =
        check_readable<POLICY_MAPPINGS, free_policy_mappings>(NID_policy_mappings);
    for (int i = 0; i < sk_POLICY_MAPPING_num(mappings.get()); ++i) {
      const POLICY_MAPPING* mapping = sk_POLICY_MAPPING_value(mappings.get(), i);
      if (OBJ_obj2nid(mapping->issuerDomainPolicy) != NID_any_policy &&
          OBJ_obj2nid(mapping->subjectDomainPolicy) != NID_any_policy)
        continue;
      return add(Counts::always, "maps the policy anyPolicy", X509_V_ERR_INVALID_POLICY_EXTENSION);
    }
  }

  const Certificate& certificate_;
  X509* native_;
  std::vector<FormFault> faults_;
};

}  // namespace

std::vector<FormFault> form_faults(const Certificate& certificate) {
  return Form(certificate).faults();
}

}  // namespace postern::x509
