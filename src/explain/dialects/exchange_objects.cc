#include "explain/dialects/exchange_objects.h"

#include <array>

#include "base/text.h"
#include "explain/exchange.h"

namespace postern::explain {
namespace {

constexpr std::string_view kName = "Exchange settings";

class ExchangeObjects final : public Dialect {
 public:
  [[nodiscard]] std::string_view name() const override { return kName; }
  [[nodiscard]] std::span<const std::string_view> wakes() const override {
    static constexpr std::array<std::string_view, 9> kWakes{"rootcatype",
                                                            "certificatedomains",
                                                            "tlscertificatename",
                                                            "tlssendercertificatename",
                                                            "tlsauthlevel",
                                                            "authmechanism",
                                                            "tlsdomain",
                                                            "hasprivatekey",
                                                            "tlsdomaincapabilities"};
    return kWakes;
  }
  void read(const Line&, const Observed&) override { seen_ = true; }
  [[nodiscard]] bool wants_whole() const override { return seen_; }
  void read_whole(const std::string& source, std::string_view octets,
                  const Observed& observed) override;
  void end_of_source(const Observed&) override { seen_ = false; }

 private:
  bool seen_ = false;
};

// Observations of one object; all stand where the object begins.
class Teller {
 public:
  Teller(const ExportPlace& where, const Observed& observed) : observed_(observed) {
    line_.source = &where.file;
    line_.number = static_cast<std::uint64_t>(where.line);
  }
  void tell(Observation o, std::string text) const {
    o.dialect = kName;
    o.span = {*line_.source, line_.number, printable(text, 400)};
    observed_(line_, std::move(o));
  }
  void setting(const std::string& object, std::string_view name, const std::string& value) const {
    Observation o;
    o.fact = Fact::setting;
    o.connector = object;
    o.setting = SeenSetting{object, std::string(name), value};
    tell(std::move(o), object + ": " + std::string(name) + " = " + value);
  }

 private:
  const Observed& observed_;
  Line line_;
};

SeenCertificate seen_certificate(const ExchangeCertificate& c) {
  SeenCertificate out;
  out.subject = c.subject;
  out.issuer = c.issuer;
  out.thumbprint = c.thumbprint;
  out.names = c.domains;
  out.not_before = c.not_before;
  out.not_after = c.not_after;
  out.root_ca_type = c.root_ca_type;
  if (c.services) out.services = join(*c.services, ", ");
  out.has_key = c.has_private_key;
  return out;
}

void tell_certificate(const ExchangeCertificate& c, const Observed& observed) {
  const Teller teller(c.where, observed);
  const std::string name = "certificate " + (c.subject.empty() ? c.thumbprint : c.subject);
  Observation o;
  o.fact = Fact::certificate;
  o.certificate = seen_certificate(c);
  teller.tell(std::move(o), name + (c.thumbprint.empty() ? "" : ", thumbprint " + c.thumbprint));
  const auto finding = [&](Fact fact, const std::string& why) {
    Observation found;
    found.fact = fact;
    teller.tell(std::move(found), name + ": " + why);
  };
  // Registry is right for what Exchange signed itself, and wrong for everything else.
  if (iequals(c.root_ca_type, "Registry") && !c.self_signed.value_or(true))
    finding(Fact::root_store_registry, "RootCAType Registry, not self-signed");
  if (c.has_private_key == false) finding(Fact::key_unreadable, "HasPrivateKey False");
  if (iequals(c.status, "RevocationCheckFailure"))
    finding(Fact::revocation_unknown, "Status RevocationCheckFailure");
  if (iequals(c.status, "Revoked")) finding(Fact::revoked, "Status Revoked");
  if (iequals(c.status, "DateInvalid")) finding(Fact::expired, "Status DateInvalid");
}

}  // namespace

void ExchangeObjects::read_whole(const std::string& source, std::string_view octets,
                                 const Observed& observed) {
  const ExchangeEstate estate = read_exchange({{source, std::string(octets)}});
  for (const ExchangeCertificate& c : estate.certificates) tell_certificate(c, observed);
  for (const ExchangeReceiveConnector& c : estate.receive) {
    const Teller teller(c.where, observed);
    const std::string object = c.identity.empty() ? c.name : c.identity;
    teller.setting(object, "TlsCertificateName", c.tls_certificate_name);
    if (!c.fqdn.empty()) teller.setting(object, "Fqdn", c.fqdn);
    if (c.auth_mechanism) teller.setting(object, "AuthMechanism", join(*c.auth_mechanism, ", "));
  }
  for (const ExchangeSendConnector& c : estate.send) {
    const Teller teller(c.where, observed);
    const std::string object = c.identity.empty() ? c.name : c.identity;
    teller.setting(object, "TlsCertificateName", c.tls_certificate_name);
    if (!c.tls_domain.empty()) teller.setting(object, "TlsDomain", c.tls_domain);
    if (!c.tls_auth_level.empty()) teller.setting(object, "TlsAuthLevel", c.tls_auth_level);
  }
  for (const InboundConnector& c : estate.inbound) {
    if (!c.tls_sender_certificate_name.empty())
      Teller(c.where, observed)
          .setting(c.name, "TlsSenderCertificateName", c.tls_sender_certificate_name);
  }
  for (const OutboundConnector& c : estate.outbound) {
    if (!c.tls_domain.empty()) Teller(c.where, observed).setting(c.name, "TlsDomain", c.tls_domain);
  }
}

std::unique_ptr<Dialect> make_exchange_objects() {
  return std::make_unique<ExchangeObjects>();
}

}  // namespace postern::explain
