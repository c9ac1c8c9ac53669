#include "explain/dialects/exchange_protocol.h"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "base/text.h"
#include "explain/dialects/smtp_dialogue.h"
#include "explain/export_date.h"

namespace postern::explain {
namespace {

constexpr std::size_t kMaxSessions = 2000;  // open at a time; the oldest id makes room
constexpr std::size_t kMaxFields = 16;
constexpr std::size_t kMaxNames = 100;

std::vector<std::string> csv_fields(std::string_view line) {
  std::vector<std::string> out(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"') {
      if (quoted && i + 1 < line.size() && line[i + 1] == '"') {
        out.back() += '"';
        ++i;
      } else {
        quoted = !quoted;
      }
    } else if (c == ',' && !quoted && out.size() < kMaxFields) {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

bool is_event(std::string_view field) {
  return field.size() == 1 && std::string_view("+-<>*").find(field[0]) != std::string_view::npos;
}

std::string_view port_of(std::string_view endpoint) {
  const std::size_t colon = endpoint.rfind(':');
  return colon == std::string_view::npos ? "" : endpoint.substr(colon + 1);
}

bool is_smtp_port(std::string_view port) {
  constexpr std::array<std::string_view, 7> kPorts{"25", "587", "465", "2525", "475", "717", "26"};
  return std::ranges::find(kPorts, port) != kPorts.end();
}

bool is_hex(std::string_view text, std::size_t least) {
  return text.size() >= least && std::ranges::all_of(text, [](char c) {
           return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f');
         });
}

std::vector<std::string> names_of(std::string_view list) {
  std::vector<std::string> out;
  for (const std::string_view name : split(list, ';')) {
    if (!trim(name).empty() && out.size() < kMaxNames) out.push_back(printable(trim(name), 255));
  }
  return out;
}

// "CN=mail.contoso.com, O=Contoso Ltd CN=Some CA, O=CA Inc 0A1B… 9F…(40) 2024-01-01T… 2025-… a;b"
SeenCertificate certificate_of_one_line(std::string_view data) {
  SeenCertificate out;
  enum { subject, issuer, rest } part = subject;
  bool after_comma = true;
  for (const std::string_view token : split(data, ' ')) {
    if (token.empty()) continue;
    const std::size_t equals = token.find('=');
    const bool begins_name = equals != std::string_view::npos && equals <= 24 && !after_comma;
    const bool hex = is_hex(token, 16) && part != subject;
    if (part == subject && begins_name && !out.subject.empty()) {
      part = issuer;
    } else if (part == issuer && hex && !after_comma) {
      part = rest;
    }
    after_comma = token.ends_with(",");
    if (part != rest) {
      std::string& name = part == subject ? out.subject : out.issuer;
      name += (name.empty() ? "" : " ") + printable(token, 255);
      continue;
    }
    const ExportDate date = parse_export_date(token);
    if (token.size() == 40 && is_hex(token, 40)) {
      out.thumbprint = upper(token);
    } else if (date.known()) {
      const auto moment = date.month_first ? date.month_first : date.day_first;
      (out.not_before ? out.not_after : out.not_before) = moment;
    } else if (token.find('.') != std::string_view::npos) {
      out.names = names_of(token);
    }
  }
  return out;
}

struct Session {
  DialogueTracker dialogue;
  std::optional<SeenCertificate> certificate;  // being told, a fact a line
};

class ExchangeProtocol final : public Dialect {
 public:
  [[nodiscard]] std::string_view name() const override { return "Exchange protocol log"; }
  [[nodiscard]] std::span<const std::string_view> wakes() const override {
    static constexpr std::array<std::string_view, 8> kWakes{
        ",sending certificate",   ",remote certificate", ",received certificate",
        ",certificate subject",   ",certificate issuer", ",certificate thumbprint",
        ",certificate alternate", " alternate names"};
    return kWakes;
  }

  void read(const Line& line, const Observed& observed) override {
    std::optional<ProtocolLine> entry = parse_protocol_line(line.text);
    if (!entry) return;
    if (sessions_.size() >= kMaxSessions && !sessions_.contains(entry->session))
      sessions_.erase(sessions_.begin());
    Session& session = sessions_[entry->session];
    const std::string context = lower(entry->context);
    const bool sending = context.starts_with("sending certificate");
    const bool remote =
        context.starts_with("remote certificate") || context.starts_with("received certificate");
    if (sending || remote) {
      if (session.certificate) tell(line, session, observed);
      const Side own = entry->written_by();
      const Side other = own == Side::server   ? Side::client
                         : own == Side::client ? Side::server
                                               : Side::unknown;
      session.certificate =
          entry->data.empty() ? SeenCertificate{} : certificate_of_one_line(entry->data);
      session.certificate->presented_by = sending ? own : other;
      if (!entry->data.empty()) tell(line, session, observed);
      return;
    }
    if (!session.certificate) return;
    SeenCertificate& certificate = *session.certificate;
    if (context == "certificate subject") certificate.subject = printable(entry->data, 255);
    if (context == "certificate issuer name") certificate.issuer = printable(entry->data, 255);
    if (context == "certificate thumbprint") certificate.thumbprint = printable(entry->data, 64);
    if (context == "certificate alternate names") {
      certificate.names = names_of(entry->data);
      tell(line, session, observed);
    }
  }

  void end_of_source(const Observed&) override { sessions_.clear(); }

 private:
  static void tell(const Line& line, Session& session, const Observed& observed) {
    Observation o;
    o.fact = Fact::certificate;
    o.dialect = "Exchange protocol log";
    o.presented = join(session.certificate->names, ", ");
    o.certificate = std::move(session.certificate);
    session.certificate.reset();
    observed(line, std::move(o));
  }

  std::map<std::string, Session> sessions_;
};

}  // namespace

Side ProtocolLine::written_by() const {
  const bool here = is_smtp_port(port_of(local)), there = is_smtp_port(port_of(remote));
  if (here == there) return Side::unknown;
  return here ? Side::server : Side::client;
}

std::optional<ProtocolLine> parse_protocol_line(std::string_view line) {
  constexpr std::size_t kEvent = 6;
  if (std::ranges::count(line, ',') < 6) return std::nullopt;
  std::vector<std::string> fields = csv_fields(line);
  const auto event = std::ranges::find_if(fields, is_event);
  const auto at = static_cast<std::size_t>(event - fields.begin());
  // A pasted line may have lost its first fields, never the five before the event.
  if (event == fields.end() || at + 1 < kEvent || at > kEvent + 1) return std::nullopt;
  ProtocolLine out;
  out.event = fields[at][0];
  out.connector = printable(fields[at - 5], 255);
  out.session = fields[at - 4];
  out.local = printable(fields[at - 2], 64);
  out.remote = printable(fields[at - 1], 64);
  if (at + 1 < fields.size()) out.data = std::move(fields[at + 1]);
  if (at + 2 < fields.size()) out.context = std::move(fields[at + 2]);
  return out;
}

std::unique_ptr<Dialect> make_exchange_protocol() {
  return std::make_unique<ExchangeProtocol>();
}

}  // namespace postern::explain
