// Message content on the wire, both directions: the end of DATA and the dots (RFC 5321 s4.5.2), and
// what neither DATA nor BDAT may hold: a CR or LF that is not CR LF (s2.3.8), and NUL. Strict by
// design: SMTP smuggling lives on readers that take another sequence than CR LF . CR LF as the end.
// Streams in constant memory; same output for every segmentation. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace postern::smtp {

enum class BodyFault { none, bare_cr, bare_lf, nul, too_big };

// Content as the client sends it → the message as it is stored.
class BodyDecoder {
 public:
  enum class Framing {
    data,  // dot-stuffed, ends with CR LF . CR LF
    bdat,  // as it stands; the caller counts the octets (RFC 3030)
  };
  struct Options {
    Framing framing = Framing::data;
    std::uint64_t max_octets = UINT64_MAX;
    // A bare LF becomes CR LF and a bare CR a blank, so that what is stored can be relayed safely
    // (a blank, since a CR before CR LF must not make an empty line that ends the header). NUL
    // stays a fault.
    bool repair_newlines = false;
  };
  explicit BodyDecoder(Options options);

  // Takes octets up to the end of `in` or of the message; appends the decoded ones to `out`, which
  // ends at the first fault. After a fault the rest is only searched for the end.
  //   Returns how many octets of `in` were taken.
  std::size_t feed(std::string_view in, std::string& out);
  // The end of the last chunk (bdat): a CR held back is a bare one.
  void finish(std::string& out);

  [[nodiscard]] bool ended() const { return state_ == State::ended; }   // saw CR LF . CR LF (data)
  [[nodiscard]] BodyFault fault() const { return fault_; }              // the first one
  [[nodiscard]] std::uint64_t octets() const { return octets_; }        // decoded so far
  [[nodiscard]] std::uint64_t discarded() const { return discarded_; }  // taken after the fault

 private:
  // Where the next octet stands. A CR or dot that decided nothing yet is held back.
  enum class State { line_start, text, cr, dot, dot_cr, ended };

  std::size_t copy_lines(std::string_view in, std::string& out);
  void step(char c, std::string& out);
  void step_text(char c, std::string& out);
  void put(std::string_view octets, std::string& out);
  void bare_cr(std::string& out);
  void set_fault(BodyFault fault);

  Options options_;
  State state_ = State::line_start;
  BodyFault fault_ = BodyFault::none;
  std::uint64_t octets_ = 0;
  std::uint64_t discarded_ = 0;
};

// The message as stored → DATA content: a dot in front of each line that starts with one.
class DotStuffer {
 public:
  void feed(std::string_view in, std::string& out);
  // Ends an unfinished line, then the message: "." CR LF.
  void finish(std::string& out);

 private:
  bool line_start_ = true;
  bool after_cr_ = false;
};

}  // namespace postern::smtp
