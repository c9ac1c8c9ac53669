#include "explain/explainer.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "explain/case.h"
#include "explain/cmdlet_objects.h"
#include "explain/conclude.h"
#include "explain/details.h"
#include "explain/dialects/dialect.h"
#include "explain/intake.h"
#include "explain/log_time.h"
#include "explain/phrases.h"

namespace postern::explain {
namespace {

constexpr std::size_t kMaxSpanOctets = 400;
constexpr std::size_t kMaxWrapOctets = 200;   // a longer line was not wrapped by anyone
constexpr std::size_t kMaxSessions = 10'000;  // whose counterpart is remembered
constexpr std::size_t kMaxNotes = 50;

// Which dialect, and which recogniser of it; none: it only wakes the dialect.
struct Place {
  std::size_t dialect;
  const Recogniser* recogniser;
};

}  // namespace

struct Explainer::State {
  explicit State(Options chosen)
      : options(std::move(chosen)),
        dialects(make_dialects()),
        phrases(collect()),
        observed([this](const Line& line, Observation o) { take(line, std::move(o)); }) {}

  std::vector<std::string_view> collect();
  void line(std::string_view text, std::uint64_t number);
  void look(std::string_view text, std::uint64_t number);
  void retell(std::uint64_t number);
  void take(const Line& line, Observation observation);
  [[nodiscard]] bool attentive() const;
  [[nodiscard]] bool outside(const std::optional<Time>& time) const;
  void end_source();
  void add_note(std::string text) {
    if (notes.size() < kMaxNotes) notes.push_back(std::move(text));
  }

  Options options;
  std::vector<std::unique_ptr<Dialect>> dialects;
  std::vector<Place> places;  // of each phrase
  Phrases phrases;
  Observed observed;
  Case seen;
  std::map<std::string, std::string> counterparts;  // of sessions, within one source

  std::string source;
  std::unique_ptr<Intake> intake;
  std::string plain;     // of plain_line
  std::string previous;  // folded, where this line may go on with it
  std::string kept;      // of the source, for those who need it whole
  bool keeping = true;
  bool decoded = false;  // the line comes out of a dialect, not out of the source
  Phrases::State state = Phrases::kStart;
  std::vector<std::uint16_t> found;
  std::vector<std::pair<Fact, int>> said;  // by recognisers, of the line at hand
  std::optional<Time> moment;              // the latest that a line began with
  std::vector<std::string> notes;
  std::uint64_t lines = 0, read_sources = 0;
  bool speaks_of_tls = false;  // somewhere, whether understood or not
};

std::vector<std::string_view> Explainer::State::collect() {
  std::vector<std::string_view> all;
  for (std::size_t i = 0; i < dialects.size(); ++i) {
    for (const Recogniser& one : dialects[i]->recognisers()) {
      all.push_back(one.phrase);
      places.push_back({i, &one});
    }
    for (const std::string_view wake : dialects[i]->wakes()) {
      all.push_back(wake);
      places.push_back({i, nullptr});
    }
  }
  return all;
}

bool Explainer::State::attentive() const {
  return std::ranges::any_of(dialects, [](const auto& one) { return one->attentive(); });
}

void Explainer::State::line(std::string_view text, std::uint64_t number) {
  found.clear();
  while (text.starts_with("> ")) text.remove_prefix(2);  // quoted, and perhaps wrapped
  const Phrases::State before = state;
  // What was wrapped may have been indented as well.
  const std::size_t start = std::min(text.find_first_not_of(" \t"), text.size());
  state = phrases.find(text.substr(start), before, found);
  if (!found.empty() || attentive()) look(text, number);
  // What was wrapped goes on in the next line: a blank stands between.
  previous.clear();
  if (text.empty() || text.size() > kMaxWrapOctets) {
    state = Phrases::kStart;
    return;
  }
  state = phrases.find(" ", state, found);
  if (state != Phrases::kStart) previous = fold(text);
}

void Explainer::State::look(std::string_view text, std::uint64_t number) {
  const std::string_view clear = plain_line(text, plain);
  if (clear.data() != text.data() || clear.size() != text.size()) {
    // Quotation marks and quoting were in the way of phrases.
    phrases.find(clear, Phrases::kStart, found);
  }
  std::ranges::sort(found);
  found.erase(std::ranges::unique(found).begin(), found.end());
  if (const auto time = log_time(clear, options.now)) moment = time;
  if (outside(moment)) return;
  const std::string own = fold(clear);
  const std::string wide = previous.empty() ? own : previous + " " + std::string(trim(own));
  std::vector<bool> asked(dialects.size());
  said.clear();
  for (const std::uint16_t which : found) {
    const Place& place = places[which];
    if (place.recogniser == nullptr) {
      asked[place.dialect] = true;
      continue;
    }
    const Recogniser& one = *place.recogniser;
    // A phrase that began in the line before is looked at together with it.
    const bool here = has_phrase(own, one.phrase);
    if (!here && !has_phrase(wide, one.phrase)) continue;
    const Line line{&source, number, clear, here ? std::string_view(own) : wide, decoded};
    if (!one.also.empty() && !contains_any(line.folded, one.also)) continue;
    if (!one.unless.empty() && contains_any(line.folded, one.unless)) continue;
    // Two wordings of one fact in one line are one report of it.
    const std::pair what(one.fact, one.number);
    if (std::ranges::find(said, what) != said.end()) continue;
    said.push_back(what);
    Observation o;
    o.fact = one.fact;
    o.said_by = one.said_by;
    o.number = one.number;
    o.dialect = dialects[place.dialect]->name();
    take(line, std::move(o));
  }
  for (std::size_t i = 0; i < dialects.size(); ++i) {
    if (asked[i] || dialects[i]->attentive())
      dialects[i]->read({&source, number, clear, own, decoded}, observed);
  }
  if (!decoded) retell(number);
}

void Explainer::State::retell(std::uint64_t number) {
  const Phrases::State before = state;  // of the source's own lines
  decoded = true;
  for (const auto& dialect : dialects) {
    for (const std::string& text : dialect->take_decoded()) line(text, number);
  }
  decoded = false;
  state = before;
}

void Explainer::State::take(const Line& line, Observation o) {
  if (o.fact == Fact::tls_named) {
    speaks_of_tls = true;
    return;
  }
  if (o.span.line == 0) o.span = {source, line.number, printable(trim(line.text), kMaxSpanOctets)};
  if (!o.time) o.time = moment;
  // A certificate by itself is judged as of now.
  if (!o.time && o.certificate && o.certificate->whole) o.time = options.now;
  add_details(o, line.text, line.folded);
  if (!o.session.empty()) {
    if (!o.counterpart.empty() && counterparts.size() < kMaxSessions) {
      counterparts[o.session] = o.counterpart;
    } else if (const auto known = counterparts.find(o.session); known != counterparts.end()) {
      o.counterpart = known->second;
    }
  }
  if (from_scanner(o)) o.fact = Fact::cosmetic;
  seen.add(std::move(o));
}

bool Explainer::State::outside(const std::optional<Time>& time) const {
  if (!time) return false;
  return (options.since && *time < *options.since) || (options.until && *time > *options.until);
}

void Explainer::State::end_source() {
  intake->finish();
  lines += intake->lines();
  if (intake->binary()) {
    add_note(source + ": no text, skipped");
  } else if (intake->lines() > 0) {
    ++read_sources;
  }
  if (intake->cut_lines() > 0) {
    add_note(source + ": " + std::to_string(intake->cut_lines()) + " lines longer than " +
             std::to_string(kMaxLineOctets) + " octets, skipped");
  }
  for (const auto& dialect : dialects) {
    if (keeping && !intake->binary() && dialect->wants_whole())
      dialect->read_whole(source, kept, observed);
    dialect->end_of_source(observed);
  }
  retell(intake->lines());
  intake.reset();
}

Explainer::Explainer(Options options) : state_(std::make_unique<State>(std::move(options))) {}
Explainer::Explainer(Explainer&&) noexcept = default;
Explainer::~Explainer() = default;

void Explainer::begin(std::string_view source) {
  State& s = *state_;
  s.source = std::string(source);
  s.intake = std::make_unique<Intake>(
      [&s](std::string_view text, std::uint64_t number) { s.line(text, number); });
  s.kept.clear();
  s.keeping = true;
  s.previous.clear();
  s.state = Phrases::kStart;
  s.moment.reset();
  s.counterparts.clear();
}

void Explainer::feed(std::string_view octets) {
  State& s = *state_;
  if (s.keeping) {
    s.kept.append(octets);
    if (s.kept.size() > kMaxExportOctets) {
      s.keeping = false;
      s.kept = {};
    }
  }
  s.intake->feed(octets);
}

void Explainer::end() {
  state_->end_source();
}

void Explainer::note(std::string text) {
  state_->add_note(std::move(text));
}

Report Explainer::report() const {
  const State& s = *state_;
  Report report = conclude(s.seen, s.options.ours);
  report.lines = s.lines;
  report.notes = s.notes;
  // Nothing was understood: that is no word on TLS where the text speaks of it.
  if (report.causes.empty() && s.speaks_of_tls) {
    report.outcome = Outcome::undecided;
    report.questions = questions_for("");
  }
  if (s.read_sources == 0) report.outcome = Outcome::unreadable;
  if (s.seen.dropped() > 0) {
    report.notes.push_back(std::to_string(s.seen.dropped()) +
                           " further different observations were not kept");
  }
  return report;
}

}  // namespace postern::explain
