// Dialogue scripts (*.dialogue): what a client says to a receive connector and what it must read.
// This parser knows no session and no socket; a player gives the steps their meaning.
//
//   # comment; the first ones name the RFC sections and the reason
//   [config]                     for every dialogue behind it: `key = value`, keys of
//   [receive.NAME] [dialogue] title > text                       one line, CR LF added
//   >> bytes                     as they stand: pins the segmentation
//   >bdat LAST|- bytes           BDAT that counts its octets
//   < 250 2.0.0                  one whole reply, by prefix of "code enhanced text"; several
//                                alternatives with " | "
//   <+ WORD   <- WORD            the reply last read has, has not a line that starts so
//   < close                      end of connection
//   @tls   @tls fail             the handshake that STARTTLS asked for
//   @timeout   @shutdown         the driver's events
//   [expect]                     of the dialogue before it
//   messages N                   how many were stored
//   body N bytes                 the content of message N (1..), exactly
//   sender N path   recipients N path path...
//
// Escapes in bytes, and in text behind ">": \r \n \t \0 \s \\ \xHH \rep(text,count).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace postern::dialogue {

enum class Verb {
  send,
  send_raw,
  send_chunk,
  reply,
  reply_has,
  reply_lacks,
  closed,
  tls,
  tls_fails,
  timeout,
  shutdown,
};

struct Step {
  int line = 0;
  Verb verb = Verb::send;
  std::string octets;                     // of the sending verbs, escapes undone, line end added
  std::vector<std::string> alternatives;  // of `reply`; one word of reply_has and reply_lacks
};

enum class Check { messages, body, sender, recipients };

struct Expectation {
  int line = 0;
  Check check = Check::messages;
  std::size_t number = 0;  // of the message, from 1; or how many
  std::vector<std::string> values;
};

struct Dialogue {
  std::string title;
  int line = 0;
  std::vector<std::pair<std::string, std::string>> config;
  std::vector<Step> steps;
  std::vector<Expectation> expectations;

  // Raw steps say how the octets are cut, so no other segmentation is tried.
  [[nodiscard]] bool pins_segmentation() const;
};

// Errors: invalid, "NAME:LINE: what is wrong".
[[nodiscard]] Result<std::vector<Dialogue>> parse_script(std::string_view name,
                                                         std::string_view text);
[[nodiscard]] Result<std::vector<Dialogue>> load_script(const std::string& path);

}  // namespace postern::dialogue
