#include "memory_player.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "smtp/memory_driver.h"
#include "smtp/reply_parser.h"

namespace postern::dialogue {
namespace {

using smtp::MemoryDriver;

// The keys of a receive connector that a session alone can honour.
Result<smtp::ServerOptions> options_from(const Dialogue& dialogue) {
  smtp::ServerOptions options;
  options.fqdn = "mx.test";
  for (const auto& [key, value] : dialogue.config) {
    const auto number = parse_uint(value, UINT32_MAX);
    if (key == "tls" && (value == "\"opportunistic\"" || value == "\"required\"")) {
      options.offer_starttls = true;
      options.tls_required = value == "\"required\"";
    } else if (key == "starttls_reply" && value == "\"exchange\"") {
      options.exchange_starttls_reply = true;
    } else if (key == "max_message_size" && number) {
      options.max_message_size = *number;
    } else if (key == "max_recipients" && number) {
      options.max_recipients = static_cast<unsigned>(*number);
    } else if (key == "max_messages_per_session" && number) {
      options.max_messages = static_cast<unsigned>(*number);
    } else if (key == "allow_bare_newlines" && value == "true") {
      options.allow_bare_newlines = true;
    } else {
      return invalid("configuration not known to sessions: " + key + " = " + value);
    }
  }
  return options;
}

class Player {
 public:
  Player(const Dialogue& dialogue, const smtp::ServerOptions& options, Segmentation segmentation)
      : dialogue_(dialogue), driver_(options), segmentation_(segmentation) {}

  Result<void> play() {
    driver_.connect();
    for (std::size_t i = 0; i < dialogue_.steps.size(); ++i) {
      send_ahead(i);
      if (auto result = run(dialogue_.steps[i]); !result) {
        return invalid("line " + std::to_string(dialogue_.steps[i].line) + ": " +
                       result.error().detail());
      }
    }
    driver_.send({});
    collect();
    if (!unread_.empty()) return invalid("a reply nobody expected: " + printable(unread_));
    if (!driver_.broken().empty()) return invalid("contract: " + driver_.broken());
    return check();
  }

 private:
  static bool sends(const Step& step) {
    return step.verb == Verb::send || step.verb == Verb::send_raw || step.verb == Verb::send_chunk;
  }
  static bool event(const Step& step) {
    return step.verb == Verb::tls || step.verb == Verb::tls_fails || step.verb == Verb::timeout ||
           step.verb == Verb::shutdown;
  }

  // Before step `i`: sends what this segmentation sends by now.
  void send_ahead(std::size_t i) {
    if (i < sent_) return;
    std::string octets;
    sent_ = i;
    while (sent_ < dialogue_.steps.size() && !event(dialogue_.steps[sent_])) {
      if (sends(dialogue_.steps[sent_])) octets += dialogue_.steps[sent_].octets;
      ++sent_;
      if (segmentation_ == Segmentation::each_step) break;
    }
    sent_ = std::max(sent_, i + 1);
    const std::size_t step = segmentation_ == Segmentation::octets   ? 1
                             : segmentation_ == Segmentation::sevens ? 7
                                                                     : octets.size();
    for (std::string_view rest = octets; !rest.empty();) {
      const std::string_view piece = rest.substr(0, step);
      rest.remove_prefix(piece.size());
      if (!driver_.closed()) driver_.send(piece);
    }
  }

  Result<void> run(const Step& step) {
    switch (step.verb) {
      case Verb::reply:
        return expect_reply(step.alternatives);
      case Verb::reply_has:
      case Verb::reply_lacks:
        return expect_word(step.alternatives.front(), step.verb == Verb::reply_has);
      case Verb::closed:
        collect();
        if (!unread_.empty()) return invalid("expected close, got " + printable(unread_));
        if (!driver_.closed()) return invalid("the session is not closed");
        return {};
      case Verb::tls:
        if (!driver_.starting_tls()) return invalid("the session asked for no handshake");
        driver_.tls_ready();
        return {};
      case Verb::tls_fails:
        if (!driver_.starting_tls()) return invalid("the session asked for no handshake");
        driver_.tls_failed();
        return {};
      case Verb::timeout:
        driver_.timeout();
        return {};
      case Verb::shutdown:
        driver_.shutdown();
        return {};
      default:
        return {};
    }
  }

  void collect() { unread_ += driver_.take_output(); }

  Result<void> expect_reply(const std::vector<std::string>& alternatives) {
    collect();
    std::string_view rest = unread_;
    smtp::ReplyParser parser;
    TRY(auto reply, parser.next(rest));
    if (!reply) return invalid("expected " + join(alternatives, " or ") + ", got nothing");
    unread_ = std::string(rest);
    last_ = std::move(reply);
    const std::string text = last_->str();
    const auto matches = [&](const std::string& prefix) { return text.starts_with(prefix); };
    if (std::any_of(alternatives.begin(), alternatives.end(), matches)) return {};
    return invalid("expected " + join(alternatives, " or ") + ", got " + text);
  }

  Result<void> expect_word(const std::string& word, bool present) {
    if (!last_) return invalid("no reply was read yet");
    const bool found =
        std::any_of(last_->lines().begin(), last_->lines().end(),
                    [&](const std::string& line) { return istarts_with(line, word); });
    if (found == present) return {};
    return invalid(word + (present ? " is missing in " : " stands in ") + last_->str());
  }

  Result<void> check() const {
    const auto& messages = driver_.messages();
    for (const Expectation& e : dialogue_.expectations) {
      const std::string where = "line " + std::to_string(e.line) + ": ";
      if (e.check == Check::messages) {
        if (messages.size() == e.number) continue;
        return invalid(where + std::to_string(messages.size()) + " messages were stored");
      }
      if (e.number > messages.size()) return invalid(where + "there is no such message");
      const MemoryDriver::Message& message = messages[e.number - 1];
      if (values_of(message, e.check) != e.values) {
        return invalid(where + "got " + printable(join(values_of(message, e.check), " ")));
      }
    }
    return {};
  }

  static std::vector<std::string> values_of(const MemoryDriver::Message& message, Check check) {
    if (check == Check::body) return {message.octets};
    if (check == Check::sender) return {"<" + message.envelope.reverse_path.str() + ">"};
    std::vector<std::string> out;
    for (const mail::Recipient& r : message.envelope.recipients) {
      out.push_back("<" + r.mailbox.str() + ">");
    }
    return out;
  }

  const Dialogue& dialogue_;
  MemoryDriver driver_;
  Segmentation segmentation_;
  std::size_t sent_ = 0;  // steps whose octets are out
  std::string unread_;
  std::optional<mail::Reply> last_;
};

}  // namespace

Result<void> play_in_memory(const Dialogue& dialogue, Segmentation segmentation) {
  TRY(const smtp::ServerOptions options, options_from(dialogue));
  return Player(dialogue, options, segmentation).play();
}

}  // namespace postern::dialogue
