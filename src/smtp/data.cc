#include "smtp/data.h"

#include <cstring>

namespace postern::smtp {
namespace {

const char* find(const char* from, const char* end, char c) {
  return static_cast<const char*>(std::memchr(from, c, static_cast<std::size_t>(end - from)));
}

}  // namespace

BodyDecoder::BodyDecoder(Options options) : options_(options) {}

std::size_t BodyDecoder::feed(std::string_view in, std::string& out) {
  std::size_t taken = 0;
  while (taken < in.size() && state_ != State::ended) {
    const bool between = state_ == State::line_start || state_ == State::text;
    const std::size_t bulk = between ? copy_lines(in.substr(taken), out) : 0;
    if (fault_ != BodyFault::none) discarded_ += bulk;
    taken += bulk;
    if (taken == in.size()) break;
    step(in[taken], out);
    ++taken;
    if (fault_ != BodyFault::none) ++discarded_;
  }
  return taken;
}

// The fast way through well-formed lines: finds how far they go, then copies them in one piece.
// Stops before the first octet that needs a decision (a dot at the front of a line, a CR or LF out
// of place, NUL, an unfinished line's CR), which step() takes. Returns how many octets it took.
std::size_t BodyDecoder::copy_lines(std::string_view in, std::string& out) {
  const char* const begin = in.data();
  const char* end = begin + in.size();
  if (const char* nul = find(begin, end, '\0')) end = nul;
  const char* line = begin;
  bool line_start = state_ == State::line_start;
  const bool dots = options_.framing == Framing::data;
  while (line != end) {
    if (dots && line_start && *line == '.') break;
    const char* lf = find(line, end, '\n');
    const char* stop = lf ? lf : end;
    const char* cr = find(line, stop, '\r');
    if (!lf || !cr || cr + 1 != lf) {  // unfinished, or a newline out of place: up to it
      const char* upto = cr ? cr : stop;
      if (upto != line) line_start = false;
      line = upto;
      break;
    }
    line = lf + 1;
    line_start = true;
  }
  state_ = line_start ? State::line_start : State::text;
  const auto length = static_cast<std::size_t>(line - begin);
  put(in.substr(0, length), out);
  return length;
}

void BodyDecoder::step(char c, std::string& out) {
  switch (state_) {
    case State::line_start:
      if (c == '.' && options_.framing == Framing::data) {
        state_ = State::dot;
        return;
      }
      step_text(c, out);
      return;
    case State::text:
      step_text(c, out);
      return;
    case State::cr:
      if (c == '\n') {
        put("\r\n", out);
        state_ = State::line_start;
        return;
      }
      bare_cr(out);
      step_text(c, out);
      return;
    case State::dot:
      if (c == '\r') {
        state_ = State::dot_cr;
        return;
      }
      // RFC 5321 s4.5.2: other octets follow on the line, so the first dot goes.
      step_text(c, out);
      return;
    case State::dot_cr:
      if (c == '\n') {
        state_ = State::ended;
        return;
      }
      bare_cr(out);
      step_text(c, out);
      return;
    case State::ended:
      return;
  }
}

void BodyDecoder::step_text(char c, std::string& out) {
  state_ = State::text;
  if (c == '\r') {
    state_ = State::cr;
  } else if (c == '\n') {
    if (options_.repair_newlines) {
      put("\r\n", out);
    } else {
      set_fault(BodyFault::bare_lf);
    }
  } else if (c == '\0') {
    set_fault(BodyFault::nul);
  } else {
    put(std::string_view(&c, 1), out);
  }
}

void BodyDecoder::bare_cr(std::string& out) {
  if (options_.repair_newlines) {
    put(" ", out);
  } else {
    set_fault(BodyFault::bare_cr);
  }
}

void BodyDecoder::put(std::string_view octets, std::string& out) {
  if (fault_ != BodyFault::none) return;
  const std::uint64_t room = options_.max_octets - octets_;
  if (octets.size() > room) {
    octets = octets.substr(0, static_cast<std::size_t>(room));
    set_fault(BodyFault::too_big);
  }
  octets_ += octets.size();
  out += octets;
}

void BodyDecoder::set_fault(BodyFault fault) {
  if (fault_ == BodyFault::none) fault_ = fault;
}

void BodyDecoder::finish(std::string& out) {
  if (state_ != State::cr) return;
  bare_cr(out);
  state_ = State::text;
}

void DotStuffer::feed(std::string_view in, std::string& out) {
  const char* from = in.data();
  const char* const end = from + in.size();
  while (from != end) {
    if (line_start_ && *from == '.') out += '.';
    const char* lf = find(from, end, '\n');
    const char* const next = lf ? lf + 1 : end;
    out.append(from, next);
    const bool crlf = lf && (lf != from ? lf[-1] == '\r' : after_cr_);
    after_cr_ = next[-1] == '\r';
    line_start_ = crlf;
    from = next;
  }
}

void DotStuffer::finish(std::string& out) {
  if (!line_start_) out += "\r\n";
  out += ".\r\n";
  line_start_ = true;
  after_cr_ = false;
}

}  // namespace postern::smtp
