#include "explain/dialects/mime_part.h"

#include <array>
#include <utility>

#include "base/text.h"
#include "explain/details.h"

namespace postern::explain {
namespace {

constexpr std::size_t kMaxDecodedOctets = 64 * 1024;  // of one line

enum class Encoding { plain, quoted_printable, base64 };

Encoding encoding_of(std::string_view folded) {
  if (folded.find("quoted printable") != std::string_view::npos) return Encoding::quoted_printable;
  return folded.find("base64") != std::string_view::npos ? Encoding::base64 : Encoding::plain;
}

class MimePart final : public Dialect {
 public:
  [[nodiscard]] std::string_view name() const override { return "mail"; }
  [[nodiscard]] std::span<const std::string_view> wakes() const override {
    static constexpr std::array<std::string_view, 2> kWakes{"content type:",
                                                            "content transfer encoding:"};
    return kWakes;
  }
  [[nodiscard]] bool attentive() const override { return state_ != State::outside; }

  void read(const Line& line, const Observed&) override {
    if (line.decoded) return;
    const std::string_view text = trim(line.text);
    if (state_ == State::body) {
      if (ends_part(text)) {
        finish();
      } else if (encoding_ == Encoding::base64) {
        undo_base64(text);
      } else {
        undo_line(line.text);
      }
      return;
    }
    if (istarts_with(text, "Content-Type:")) {
      state_ = State::header;
      // An attachment is no text, whatever it is encoded in.
      text_ = contains_any(line.folded, "text/|message/");
    } else if (istarts_with(text, "Content-Transfer-Encoding:")) {
      state_ = State::header;
      encoding_ = encoding_of(line.folded);
    } else if (text.empty() && state_ == State::header) {
      state_ = text_ && encoding_ != Encoding::plain ? State::body : State::outside;
      if (state_ == State::outside) encoding_ = Encoding::plain;
    }
  }

  std::vector<std::string> take_decoded() override { return std::exchange(decoded_, {}); }

  void end_of_source(const Observed&) override { finish(); }

 private:
  enum class State { outside, header, body };

  // A boundary, or the end of base64 where a paste lost its boundary.
  [[nodiscard]] bool ends_part(std::string_view text) const {
    if (text.starts_with("--") && text.size() > 2) return true;
    return encoding_ == Encoding::base64 && text.find(' ') != std::string_view::npos;
  }

  void undo_base64(std::string_view text) {
    constexpr std::size_t kGroup = 4;
    group_ += text;
    const std::size_t whole = group_.size() / kGroup * kGroup;
    if (const auto octets = from_base64(std::string_view(group_).substr(0, whole)))
      open_ += *octets;
    group_.erase(0, whole);
    for (std::size_t end = open_.find('\n'); end != std::string::npos; end = open_.find('\n')) {
      decoded_.push_back(open_.substr(0, end));
      open_.erase(0, end + 1);
    }
    if (open_.size() > kMaxDecodedOctets) decoded_.push_back(std::exchange(open_, {}));
  }

  void undo_line(std::string_view text) {
    text = text.substr(0, text.find_last_not_of(" \t\r") + 1);
    changed_ = undo_quoted_printable(text, open_) || changed_;
    if (text.ends_with("=") && open_.size() < kMaxDecodedOctets) return;
    // What stood there as it is has been read already.
    if (changed_) decoded_.push_back(open_);
    open_.clear();
    changed_ = false;
  }

  void finish() {
    if (!open_.empty()) decoded_.push_back(std::exchange(open_, {}));
    state_ = State::outside;
    encoding_ = Encoding::plain;
    text_ = true;
    changed_ = false;
    group_.clear();
  }

  State state_ = State::outside;
  Encoding encoding_ = Encoding::plain;
  bool text_ = true;
  bool changed_ = false;  // the open line reads otherwise than it stands
  std::string open_;      // decoded, its line not ended
  std::string group_;     // base64, not yet four of them
  std::vector<std::string> decoded_;
};

}  // namespace

bool undo_quoted_printable(std::string_view line, std::string& out) {
  bool changed = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '=') {
      out += line[i];
      continue;
    }
    changed = true;
    if (i + 1 == line.size()) break;
    const auto octet = i + 2 < line.size() ? from_hex(line.substr(i + 1, 2)) : std::nullopt;
    if (octet) {
      out += *octet;
      i += 2;
    } else {
      out += '=';  // RFC 2045 s6.7: what is no encoding is best left as it stands
    }
  }
  return changed;
}

std::unique_ptr<Dialect> make_mime_part() {
  return std::make_unique<MimePart>();
}

}  // namespace postern::explain
