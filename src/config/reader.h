// Reading with a memory: where we are ("send.cloud.tls"), what was wrong so far, and where each
// value stood, for the checks that come after.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_file.h"
#include "config/value.h"

namespace postern::config {

class Reader {
 public:
  explicit Reader(const std::string& file);

  // A finding about what is being read now, at `place`; the path comes in front.
  void error(Place place, std::string message);
  void warning(Place place, std::string message);
  // A finding about `path`, at the place remembered for it, or for the nearest part in front of it.
  void error_at(const std::string& path, std::string message);
  void warning_at(const std::string& path, std::string message);

  // Enters a part of the path for the lifetime of the result and remembers its place.
  class Scope {
   public:
    Scope(Reader& reader, std::string_view part, Place place);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Reader& reader_;
    std::size_t length_;
  };

  [[nodiscard]] policy::Location location(Place place) const;
  [[nodiscard]] bool was_set(const std::string& path) const { return places_.contains(path); }
  // Relative paths are relative to the configuration file's folder.
  [[nodiscard]] std::string absolute(std::string_view path) const;
  [[nodiscard]] bool has_errors() const;
  [[nodiscard]] std::vector<Diagnostic> take();  // in the order of the file

 private:
  void add(Severity severity, Place place, std::string message);
  [[nodiscard]] Place place_of(std::string path) const;

  std::string file_, folder_, path_;
  std::map<std::string, Place> places_;
  std::vector<Diagnostic> diagnostics_;
};

// Of `known` the word that `typed` was most likely meant to be; empty: none is near.
[[nodiscard]] std::string did_you_mean(std::string_view typed,
                                       const std::vector<std::string>& known);
// " (did you mean X?)" or "".
[[nodiscard]] std::string hint(std::string_view typed, const std::vector<std::string>& known);
// 'text' for messages: printable, bounded, in single quotes, without the password of a URL.
[[nodiscard]] std::string quoted(std::string_view text);

}  // namespace postern::config
