#include "config/reader.h"

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <tuple>

#include "base/text.h"

namespace postern::config {
namespace {

constexpr std::size_t kMaxQuotedOctets = 120;
constexpr std::size_t kMaxWordForHints = 64;  // the distance below costs the product of lengths

// Levenshtein's distance, a swap of neighbours counted as one.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before, last(b.size() + 1), now(b.size() + 1);
  std::iota(last.begin(), last.end(), 0U);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        now[j] = std::min(now[j], before[j - 2] + 1);
      }
    }
    before = last;
    last = now;
  }
  return last[b.size()];
}

// RFC 3986 s3.2.1: what stands between "://" and the last "@" of the authority may be a password,
// and messages go to logs, to mail and to screens.
std::string without_userinfo(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return std::string(text);
  const std::size_t start = scheme + 3;
  const std::size_t end = std::min(text.find_first_of("/?#", start), text.size());
  // A "/" that a password brings unescaped ends the authority early: then all before "@" goes.
  const std::size_t at = text.rfind('@') != std::string_view::npos && text.find('@') > end
                             ? text.rfind('@')
                             : text.substr(0, end).rfind('@');
  if (at == std::string_view::npos || at < start) return std::string(text);
  return std::string(text.substr(0, start)) + "***" + std::string(text.substr(at));
}

}  // namespace

Reader::Reader(const std::string& file)
    : file_(file), folder_(std::filesystem::path(file).parent_path().string()) {}

void Reader::add(Severity severity, Place place, std::string message) {
  diagnostics_.push_back({severity, location(place), std::move(message)});
}

void Reader::error(Place place, std::string message) {
  add(Severity::error, place, (path_.empty() ? "" : path_ + ": ") + std::move(message));
}

void Reader::warning(Place place, std::string message) {
  add(Severity::warning, place, (path_.empty() ? "" : path_ + ": ") + std::move(message));
}

void Reader::error_at(const std::string& path, std::string message) {
  add(Severity::error, place_of(path), path + ": " + std::move(message));
}

void Reader::warning_at(const std::string& path, std::string message) {
  add(Severity::warning, place_of(path), path + ": " + std::move(message));
}

Reader::Scope::Scope(Reader& reader, std::string_view part, Place place)
    : reader_(reader), length_(reader.path_.size()) {
  if (!reader.path_.empty() && !part.starts_with('[')) reader.path_ += '.';
  reader.path_ += part;
  reader.places_[reader.path_] = place;
}

Reader::Scope::~Scope() {
  reader_.path_.resize(length_);
}

policy::Location Reader::location(Place place) const {
  return {file_, place.line, place.column};
}

Place Reader::place_of(std::string path) const {
  while (!path.empty()) {
    if (const auto it = places_.find(path); it != places_.end()) return it->second;
    const size_t end = path.find_last_of(".[");
    path.resize(end == std::string::npos ? 0 : end);
  }
  return {1, 1};
}

std::string Reader::absolute(std::string_view path) const {
  return (std::filesystem::path(folder_) / std::filesystem::path(path)).lexically_normal().string();
}

bool Reader::has_errors() const {
  return std::ranges::any_of(diagnostics_,
                             [](const Diagnostic& d) { return d.severity == Severity::error; });
}

std::vector<Diagnostic> Reader::take() {
  std::ranges::sort(diagnostics_, {}, [](const Diagnostic& d) {
    return std::tuple(d.where.line, d.where.column, std::string_view(d.message));
  });
  return std::move(diagnostics_);
}

std::string did_you_mean(std::string_view typed, const std::vector<std::string>& known) {
  if (typed.size() > kMaxWordForHints) return {};
  const std::string word = lower(typed);
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;  // must be below
  for (const std::string& candidate : known) {
    if (candidate.size() > kMaxWordForHints) continue;
    const std::size_t d = distance(word, lower(candidate));
    if (d < best_distance) {
      best = candidate;
      best_distance = d;
    }
  }
  return best;
}

std::string hint(std::string_view typed, const std::vector<std::string>& known) {
  const std::string word = did_you_mean(typed, known);
  return word.empty() ? "" : " (did you mean " + word + "?)";
}

std::string quoted(std::string_view text) {
  return "'" + printable(without_userinfo(text), kMaxQuotedOctets) + "'";
}

}  // namespace postern::config
