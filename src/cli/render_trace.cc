// Messages with their events in order: one block a message.
#include "base/json.h"
#include "base/text.h"
#include "cli/render.h"

namespace postern::cli {
namespace {

std::string painted_status(const std::string& status, const Style& style) {
  if (status == "delivered") return style.green(status);
  if (status == "failed" || status == "expired") return style.red(status);
  return style.yellow(status);
}

std::string value_words(const std::string& text) {
  return text.find(' ') == std::string::npos ? text : "\"" + text + "\"";
}

std::string receipt_words(const Json& receipt) {
  std::string out = text_of(receipt, "tls_version");
  if (out.empty()) out = "clear text";
  out += ", " + text_of(receipt, "reached");
  const std::string asked = text_of(receipt, "asked");
  if (!asked.empty()) out += " (asked: " + asked + " by " + text_of(receipt, "asked_by") + ")";
  const std::string name = text_of(receipt, "reference_identifier");
  if (!name.empty()) out += " as " + name;
  const std::string exception = text_of(receipt, "by_exception");
  if (!exception.empty()) out += ", by exception for " + exception;
  return out;
}

// What another part of the block says already, or only the log needs; --json has everything.
bool is_told_elsewhere(const Json& event, const std::string& name, const Json& recipient) {
  if (name == "time" || name == "event" || name == "session") return true;
  if (name == "verdict_code") return true;  // the event's code, or the verdict's own page
  if (name == "address") return text_of(event, "address") == text_of(event, "host");
  return name == "last_error" && text_of(event, name.c_str()) == text_of(recipient, name.c_str());
}

std::string event_line(const Json& event, const Json& recipient, const Style& style) {
  const std::optional<Time> at = time_of(event, "time");
  // The clock of the day: the message's head says which day it came.
  std::string out =
      "    " + (at ? when(*at) : std::string(23, ' ')) + "  " + style.bold(text_of(event, "event"));
  for (const auto& [name, value] : event.items()) {
    if (value.is_null() || is_told_elsewhere(event, name, recipient)) continue;
    if (name == "receipt" && value.is_object()) {
      out += "  tls=" + value_words(receipt_words(value));
    } else if (name == "verdict" && value.is_object()) {
      out += "  verdict=" + text_of(value, "id");
    } else if (name == "tls" && value.is_object()) {
      out += "  tls=" + text_of(value, "version");
    } else if (value.is_string()) {
      const std::string words = printable(value.get_ref<const std::string&>(), 500);
      if (!words.empty()) out += "  " + printable(name, 40) + "=" + value_words(words);
    } else {
      out += "  " + printable(name, 40) + "=" + printable(dump_json(value), 200);
    }
  }
  return out + "\n";
}

std::string waits_line(const Json& waits, const Style& style) {
  const std::string state = text_of(waits, "state");
  if (state != "blocked" && state != "deferred") return "";
  std::string out = "    waits: " + state;
  if (state == "blocked") out += " by blocker " + text_of(object_of(waits, "blocker"), "id");
  if (const auto next = time_of(waits, "next_attempt"))
    out +=
        std::string(state == "blocked" ? ", next probe " : ", next attempt ") + until(style, *next);
  return out + "\n";
}

std::string render_recipient(const Json& recipient, const Style& style) {
  const std::string status = text_of(recipient, "status");
  const std::string code = text_of(recipient, "code");
  std::string out = "  to " + text_of(recipient, "address") + ": " + painted_status(status, style);
  if (!code.empty() && code != "none") out += ", " + code;
  out += "\n";
  out += waits_line(object_of(recipient, "waits"), style);
  const std::string error = text_of(recipient, "last_error");
  if (!error.empty()) out += "    " + error + "\n";
  for (const Json& event : list_of(recipient, "events")) out += event_line(event, recipient, style);
  return out;
}

}  // namespace

std::string render_message(const Json& message, const Style& style) {
  const auto arrival = time_of(message, "arrival");
  std::string out = style.bold(text_of(message, "id"));
  if (arrival) out += "  " + since(style, *arrival);
  out += ", " + size_words(number_of(message, "size"));
  const std::string subject = text_of(message, "subject");
  if (!subject.empty()) out += ", \"" + subject + "\"";
  out += "\n";
  const std::string sender = text_of(message, "sender");
  out += "  from " + (sender.empty() ? "<>" : sender);
  const std::string connector = text_of(message, "connector");
  if (!connector.empty()) out += " by " + connector;
  const std::string client = text_of(message, "client");
  if (!client.empty()) out += ", client " + client;
  const std::string message_id = text_of(message, "message_id");
  if (!message_id.empty()) out += ", Message-ID " + message_id;
  out += "\n";
  if (const auto expires = time_of(message, "expires"))
    out += "  expires " + when(*expires) + " (extended)\n";
  for (const Json& recipient : list_of(message, "recipients"))
    out += render_recipient(recipient, style);
  return out;
}

std::string render_trace(const Json& messages, const Style& style) {
  if (messages.empty()) return "No message is like that.\n";
  std::string out;
  for (const Json& message : messages) {
    if (!out.empty()) out += "\n";
    out += render_message(message, style);
  }
  return out;
}

}  // namespace postern::cli
