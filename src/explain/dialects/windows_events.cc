#include "explain/dialects/windows_events.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "explain/details.h"
#include "explain/phrases.h"

namespace postern::explain {
namespace {

constexpr std::string_view kName = "Windows event";
constexpr int kMaxEventLines = 60;
constexpr std::size_t kMaxEventOctets = 8 * 1024;
constexpr int kAlertReceived = 36887, kAlertSent = 36888;
constexpr int kHighestAlert = 120;

// Schannel (learn.microsoft.com "Schannel Events") and MSExchangeTransport, whose numbers nobody
// else uses for anything about TLS.
struct Meaning {
  int id;
  Fact fact;
  Side said_by;
};
constexpr auto kMeanings = std::to_array<Meaning>({
    {12012, Fact::key_unreadable, Side::server},
    {12013, Fact::no_certificate, Side::server},
    {12014, Fact::certificate_not_found, Side::server},
    {12015, Fact::expired, Side::server},
    {12016, Fact::expired, Side::server},
    {12017, Fact::expires_soon, Side::server},
    {12018, Fact::expires_soon, Side::server},
    {12019, Fact::expired, Side::client},
    {12023, Fact::key_unreadable, Side::server},
    {12024, Fact::key_unreadable, Side::server},
    {11012, Fact::tls_demanded, Side::server},
    {11015, Fact::name_mismatch, Side::server},
    {36870, Fact::key_unreadable, Side::unknown},
    {36871, Fact::no_protocols, Side::unknown},
    {36872, Fact::no_certificate, Side::server},
    {36873, Fact::no_cipher, Side::client},
    {36874, Fact::no_cipher, Side::server},
    {36876, Fact::verification_failed, Side::client},
    {36877, Fact::client_certificate_declined, Side::server},
    {36880, Fact::tls_used, Side::unknown},
    {36881, Fact::expired, Side::client},
    {36882, Fact::untrusted, Side::client},
    {36883, Fact::revoked, Side::client},
    {36884, Fact::name_mismatch, Side::client},
    {36885, Fact::ca_list_long, Side::server},
    {36886, Fact::no_certificate, Side::server},
});

// What it means to have sent this alert: the own end found that wrong (RFC 8446 s6.2).
struct Sent {
  int alert;
  Fact fact;
};
constexpr auto kSent = std::to_array<Sent>({{40, Fact::no_cipher},
                                            {42, Fact::verification_failed},
                                            {43, Fact::wrong_usage},
                                            {44, Fact::revoked},
                                            {45, Fact::expired},
                                            {46, Fact::verification_failed},
                                            {48, Fact::untrusted},
                                            {70, Fact::version_mismatch}});

// "Event ID" as the event viewer calls it, in the languages in which administrators paste it.
constexpr auto kIdMarks = std::to_array<std::string_view>(
    {"<eventid", "event id", "eventid", "ereignis id", "ereigniskennung",
     "événement :", "événement:", "id. del evento", "id del evento", "id evento",
     "identificativo evento", "gebeurtenis id", "identificação do evento", "id do evento",
     "id de evento", "код события", "identyfikator zdarzenia", "händelse id", "event "});

// The number that stands within a few octets behind a mark: "Ereignis-ID:   36887",
// "<EventID Qualifiers="49156">12014<".
int id_after(std::string_view folded, std::size_t at, bool xml) {
  if (xml) at = folded.find('>', at);
  constexpr std::string_view kBetween = " :=>\"'(#";
  if (at != std::string_view::npos) at = folded.find_first_not_of(kBetween, at);
  if (at == std::string_view::npos) return 0;
  std::size_t end = at;
  while (end < folded.size() && is_digit(folded[end])) ++end;
  return static_cast<int>(parse_uint(folded.substr(at, end - at), 99'999).value_or(0));
}

int event_id(std::string_view folded) {
  for (const std::string_view mark : kIdMarks) {
    const std::size_t at = folded.find(mark);
    if (at == std::string_view::npos) continue;
    const int id = id_after(folded, at + (mark.front() == '<' ? 0 : mark.size()), mark[0] == '<');
    const bool known = id == kAlertReceived || id == kAlertSent ||
                       std::ranges::find(kMeanings, id, &Meaning::id) != kMeanings.end();
    if (known) return id;
    if (id > 0 && mark.front() == '<') return id;  // another event begins
  }
  return 0;
}

// The last number in words that may be an alert: "… definierten Code: 70.", "… error code is 40.
// The Windows SChannel error state is 1205." Dates and the like stand in shorter lines.
int alert_in(std::string_view text) {
  int out = -1;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && is_digit(text[end])) ++end;
    const bool alone = i == 0 || (!is_alnum(text[i - 1]) && text[i - 1] != '.' &&
                                  text[i - 1] != ':' && text[i - 1] != '/');
    const bool ends = end >= text.size() || (!is_alnum(text[end]) && text[end] != ':' &&
                                             text[end] != '/' && text[end] != '-');
    if (end > i && alone && ends) {
      const auto value = parse_uint(text.substr(i, end - i), kHighestAlert);
      if (value) out = static_cast<int>(*value);
    }
    i = std::max(end, i + 1);
  }
  return out;
}

class WindowsEvents final : public Dialect {
 public:
  [[nodiscard]] std::string_view name() const override { return kName; }
  [[nodiscard]] std::span<const std::string_view> wakes() const override { return kIdMarks; }
  [[nodiscard]] bool attentive() const override { return id_ != 0; }

  void read(const Line& line, const Observed& observed) override {
    const int id = event_id(line.folded);
    if (id != 0) {
      tell(observed);
      const bool known = id == kAlertReceived || id == kAlertSent || meaning_of(id) != nullptr;
      if (!known) return;
      id_ = id;
      where_ = {*line.source, line.number, printable(trim(line.text), kMaxSpan)};
    }
    if (id_ == 0) return;
    if (text_.size() < kMaxEventOctets) text_ += std::string(line.text) + '\n';
    const bool over = line.folded.find("</event>") != std::string_view::npos;
    if (over || ++lines_ >= kMaxEventLines) tell(observed);
  }

  void end_of_source(const Observed& observed) override { tell(observed); }

 private:
  static constexpr std::size_t kMaxSpan = 300;

  static const Meaning* meaning_of(int id) {
    const auto found = std::ranges::find(kMeanings, id, &Meaning::id);
    return found == kMeanings.end() ? nullptr : &*found;
  }

  // In XML the fields have names; in text it is a sentence, and the only one about a code.
  [[nodiscard]] int alert() const {
    const std::string_view named = after(text_, "\"AlertDesc\">", "<");
    if (!named.empty()) return static_cast<int>(parse_uint(trim(named), kHighestAlert).value_or(0));
    constexpr std::ptrdiff_t kSentence = 6;  // words; "Datum: 03.06.2024 09:12:44" has fewer
    int out = -1;
    for (const std::string_view line : split(text_, '\n')) {
      if (std::ranges::count(trim(line), ' ') < kSentence) continue;
      if (const int here = alert_in(line); here >= 0) out = here;
    }
    return out;
  }

  [[nodiscard]] std::string data(std::size_t which) const {
    std::size_t at = 0;
    for (std::size_t i = 0; at != std::string::npos; ++i) {
      at = text_.find("<Data", at);
      const std::size_t open = at == std::string::npos ? at : text_.find('>', at);
      if (open == std::string::npos) return {};
      const std::size_t close = text_.find("</", open);
      if (i == which) return printable(std::string_view(text_).substr(open + 1, close - open - 1));
      at = close;
    }
    return {};
  }

  [[nodiscard]] std::string told_data() const {
    constexpr std::size_t kMaxData = 8;
    std::string out;
    for (std::size_t i = 0; i < kMaxData; ++i) {
      const std::string one = data(i);
      if (!one.empty()) out += (out.empty() ? ": " : "; ") + one;
    }
    return printable(out, kMaxSpan);
  }

  void tell(const Observed& observed) {
    const int id = std::exchange(id_, 0);
    if (id == 0) return;
    Observation o;
    o.dialect = kName;
    if (const Meaning* meaning = meaning_of(id)) {
      o.fact = meaning->fact;
      o.said_by = meaning->said_by;
      if (id == 12014) tell_missing(o);
    } else {
      o.number = alert();
      o.fact = Fact::alert;
      if (o.number == 70) o.fact = Fact::version_mismatch;
      if (id == kAlertSent) {
        const auto sent = std::ranges::find(kSent, o.number, &Sent::alert);
        o.fact = sent == kSent.end() ? Fact::handshake_failed : sent->fact;
      }
      if (o.fact != Fact::alert) o.number = 0;
    }
    lines_ = 0;
    o.span = std::move(where_);
    if (o.span.text.starts_with('<') || o.span.text.starts_with("- <"))
      o.span.text = "event " + std::to_string(id) + told_data();
    o.span.text += o.fact == Fact::alert
                       ? " (known by its number; alert " + std::to_string(o.number) + ")"
                       : " (known by its number)";
    text_.clear();
    const std::string source = o.span.source;
    Line line;
    line.source = &source;
    line.number = o.span.line;
    observed(line, std::move(o));
  }

  // Its data: the name, the connector, the connector's FQDN. A name in Exchange's own form is a
  // connector's TlsCertificateName.
  void tell_missing(Observation& o) const {
    const std::string folded = fold(text_);
    if (folded.find("<i>") != std::string::npos || folded.find("&lt;i&gt;") != std::string::npos)
      o.fact = Fact::pinned_not_found;
    if (text_.find("<Data") == std::string::npos) return;
    if (o.fact == Fact::certificate_not_found) o.wanted = data(0);
    o.connector = data(1);
  }

  int id_ = 0;  // of the event that is being read
  int lines_ = 0;
  Span where_;
  std::string text_;
};

}  // namespace

std::unique_ptr<Dialect> make_windows_events() {
  return std::make_unique<WindowsEvents>();
}

}  // namespace postern::explain
