#include "admin/api.h"

#include <array>

#include "base/json.h"
#include "base/text.h"

namespace postern::admin {
namespace {

using relay::Action;

constexpr std::array kActions{Action::hold, Action::release, Action::give_back, Action::extend,
                              Action::resubmit};

using Fields = std::vector<std::pair<std::string, std::string>>;

// One text of the client, bounded before it reaches the store.
constexpr std::size_t kMaxFieldOctets = 4096;

bool is_unreserved(char c) {  // RFC 3986 s2.3
  return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      out += '%';
      out += to_hex(std::string_view(&c, 1));
    }
  }
  return out;
}

// nullopt: a % without two hex digits. "+" stays: it is common in addresses, and our client never
// writes it for a blank.
std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const std::optional<std::string> octet = from_hex(text.substr(i + 1, 2));
    if (!octet || octet->size() != 1) return std::nullopt;
    out += *octet;
    i += 2;
  }
  return out;
}

// --- one filter of messages, by name: the same names in queries and in JSON bodies ---

Result<void> set_time(std::optional<Time>& out, std::string_view name, const std::string& value) {
  const Result<Time> time = parse_rfc3339(value);
  if (!time)
    return invalid(std::string(name) + ": '" + printable(value, 40) +
                   "' is no time; like 2026-11-21T02:20:00Z");
  out = *time;
  return {};
}

Result<bool> set_filter(store::TraceFilter& filter, std::string_view name,
                        const std::string& value) {
  if (value.size() > kMaxFieldOctets) return invalid(std::string(name) + " is too long");
  if (name == "sender") {
    filter.sender = value;
  } else if (name == "recipient") {
    filter.recipient = value;
  } else if (name == "message_id") {
    filter.message_id = value;
  } else if (name == "destination") {
    filter.destination = value;
  } else if (name == "code") {
    filter.code = value;
  } else if (name == "since") {
    TRY_VOID(set_time(filter.since, name, value));
  } else if (name == "until") {
    TRY_VOID(set_time(filter.until, name, value));
  } else if (name == "status") {
    filter.status = store::parse_status(value);
    if (!filter.status)
      return invalid("status: '" + printable(value, 40) +
                     "' is none; one of pending, held, delivered, failed, expired");
  } else {
    return false;
  }
  return true;
}

Fields filter_fields(const store::TraceFilter& filter) {
  Fields out;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) out.emplace_back(name, value);
  };
  add("sender", filter.sender);
  add("recipient", filter.recipient);
  add("message_id", filter.message_id);
  add("destination", filter.destination);
  add("code", filter.code);
  if (filter.since) add("since", format_rfc3339(*filter.since));
  if (filter.until) add("until", format_rfc3339(*filter.until));
  if (filter.status) add("status", std::string(store::to_string(*filter.status)));
  return out;
}

bool empty(const relay::Selector& selector) {
  return selector.ids.empty() && filter_fields(selector.filter).empty();
}

// --- reading ---

Result<Fields> parse_query(std::string_view query) {
  Fields out;
  if (query.empty()) return out;
  for (const std::string_view field : split(query, '&')) {
    const std::size_t equals = field.find('=');
    const std::optional<std::string> value = percent_decode(
        equals == std::string_view::npos ? std::string_view{} : field.substr(equals + 1));
    if (!value) return invalid("'" + printable(field, 80) + "' is no percent-encoded field");
    out.emplace_back(field.substr(0, equals), *value);
  }
  return out;
}

Result<GetTrace> parse_trace(std::string_view query) {
  GetTrace out;
  out.filter.limit = kDefaultTraceLimit;
  TRY(const Fields fields, parse_query(query));
  for (const auto& [name, value] : fields) {
    if (name == "limit") {
      const std::optional<std::uint64_t> limit = parse_uint(value, kMaxTraceLimit);
      if (!limit || *limit == 0)
        return invalid("limit: a number from 1 to " + std::to_string(kMaxTraceLimit));
      out.filter.limit = *limit;
      continue;
    }
    TRY(const bool known, set_filter(out.filter, name, value));
    if (!known) {
      return invalid("'" + printable(name, 40) +
                     "' is no field; sender, recipient, message_id, since, until, status, code, "
                     "destination, limit are");
    }
  }
  return out;
}

Result<GetSelection> parse_selection(std::string_view query) {
  GetSelection out;
  TRY(const Fields fields, parse_query(query));
  for (const auto& [name, value] : fields) {
    if (name != "connector" && name != "sni")
      return invalid("'" + printable(name, 40) + "' is no field; connector and sni are");
    (name == "sni" ? out.sni : out.connector) = value;
  }
  if (out.connector.empty()) return invalid("connector: which one?");
  return out;
}

Result<GetTrust> parse_trust(std::string_view query) {
  GetTrust out;
  TRY(const Fields fields, parse_query(query));
  for (const auto& [name, value] : fields) {
    if (name != "set") return invalid("'" + printable(name, 40) + "' is no field; set is");
    out.set = value;
  }
  return out;
}

Result<Json> parse_body(const std::string& body) {
  if (trim(body).empty()) return Json(Json::object());
  TRY(Json json, parse_json(body));
  if (!json.is_object()) return invalid("the body must be a JSON object");
  return json;
}

Result<std::string> text_of(const Json& body, const char* name) {
  const auto found = body.find(name);
  if (found == body.end()) return std::string();
  if (!found->is_string()) return invalid(std::string(name) + " must be a string");
  if (found->get_ref<const std::string&>().size() > kMaxFieldOctets)
    return invalid(std::string(name) + " is too long");
  return found->get<std::string>();
}

Result<Retry> parse_retry(const Json& body) {
  Retry out;
  TRY(out.destination, text_of(body, "destination"));
  return out;
}

Result<std::vector<MessageId>> parse_ids(const Json& list) {
  if (!list.is_array()) return invalid("ids must be a list of message ids");
  if (list.size() > kMaxIds) return invalid("more than " + std::to_string(kMaxIds) + " ids");
  std::vector<MessageId> out;
  for (const Json& one : list) {
    const std::optional<MessageId> id =
        one.is_string() ? MessageId::parse(one.get_ref<const std::string&>()) : std::nullopt;
    if (!id) return invalid("ids: '" + printable(dump_json(one), 40) + "' is no message id");
    out.push_back(*id);
  }
  return out;
}

Result<Change> parse_change(Action action, const Json& body) {
  Change out;
  out.action = action;
  for (const auto& [name, value] : body.items()) {
    if (name == "ids") {
      TRY(out.selector.ids, parse_ids(value));
    } else if (name == "all") {
      if (!value.is_boolean()) return invalid("all must be true or false");
      out.all = value.get<bool>();
    } else if (name == "extend_until") {
      TRY(const std::string text, text_of(body, "extend_until"));
      TRY_VOID(set_time(out.extend_until, name, text));
    } else {
      TRY(const std::string text, text_of(body, name.c_str()));
      TRY(const bool known, set_filter(out.selector.filter, name, text));
      if (!known) return invalid("'" + printable(name, 40) + "' is no field of a selector");
    }
  }
  // Never everything by accident: a forgotten field must not mean the whole queue.
  if (out.all != empty(out.selector))
    return invalid(out.all ? "all: true and a selector contradict each other"
                           : "which messages? ids, sender, recipient, message_id, destination, "
                             "code, status, since or until; all: true for every one");
  if (out.extend_until && action != Action::extend)
    return invalid("extend_until belongs to extend");
  return out;
}

Result<Allow> parse_allow(const Json& body) {
  Allow out;
  TRY(out.blocker, text_of(body, "blocker"));
  TRY(out.exception.accept, text_of(body, "accept"));
  TRY(out.exception.why, text_of(body, "why"));
  TRY(out.exception.by, text_of(body, "by"));
  TRY(const std::string until, text_of(body, "until"));
  if (out.blocker.empty()) return invalid("blocker: which one? its id or next hop");
  if (out.exception.accept.empty()) return invalid("accept: which code is to be accepted?");
  std::optional<Time> time;
  TRY_VOID(set_time(time, "until", until));
  out.exception.until = *time;
  return out;
}

template <class T>
Call or_refusal(Result<T> parsed) {
  if (!parsed) return Refusal{400, parsed.error().what()};
  return std::move(*parsed);
}

Call parse_get(std::string_view path, std::string_view query) {
  constexpr std::string_view kMessages = "/v1/messages/", kVerdicts = "/v1/verdicts/";
  if (path == "/v1/status") return GetStatus{};
  if (path == "/v1/queue") return GetQueue{};
  if (path == "/v1/trace") return or_refusal(parse_trace(query));
  if (path == "/v1/certificates") return GetCertificates{};
  if (path == "/v1/certificates/selection") return or_refusal(parse_selection(query));
  if (path == "/v1/trust") return or_refusal(parse_trust(query));
  if (path.starts_with(kMessages)) {
    const std::string_view text = path.substr(kMessages.size());
    const std::optional<MessageId> id = MessageId::parse(text);
    if (!id) return Refusal{404, "'" + printable(text, 40) + "' is no message id"};
    return GetMessage{*id};
  }
  if (path.starts_with(kVerdicts)) {
    const std::string_view text = path.substr(kVerdicts.size());
    const std::optional<VerdictId> id = VerdictId::parse(text);
    if (!id) return Refusal{404, "'" + printable(text, 40) + "' is no verdict id"};
    return GetVerdict{*id};
  }
  return Refusal{404, "no such resource: " + printable(path, 80)};
}

Call parse_post(std::string_view path, const std::string& body) {
  constexpr std::string_view kQueue = "/v1/queue/";
  const Result<Json> json = parse_body(body);
  if (!json) return Refusal{400, "the body is no JSON: " + json.error().what()};
  if (path == "/v1/reload") return Reload{};
  if (path.starts_with(kQueue)) {
    const std::string_view verb = path.substr(kQueue.size());
    if (verb == "retry") return or_refusal(parse_retry(*json));
    if (verb == "allow") return or_refusal(parse_allow(*json));
    for (const Action action : kActions) {
      if (verb == to_string(action)) return or_refusal(parse_change(action, *json));
    }
  }
  return Refusal{404, "no such resource: " + printable(path, 80)};
}

Request post(std::string target, const Json& body) {
  return {"POST", std::move(target), dump_json(body)};
}

}  // namespace

std::string_view to_string(Action action) {
  switch (action) {
    case Action::hold:
      return "hold";
    case Action::release:
      return "release";
    case Action::give_back:
      return "return";
    case Action::extend:
      return "extend";
    case Action::resubmit:
      return "resubmit";
  }
  return "hold";
}

Response error_response(unsigned status, std::string_view error) {
  Json body = Json::object();
  body["error"] = error;
  return {status, dump_json(body)};
}

Call parse_request(const Request& request) {
  if (request.target.size() > kMaxTargetOctets) return Refusal{414, "the target is too long"};
  if (request.body.size() > kMaxRequestOctets) return Refusal{413, "the body is too large"};
  const std::string_view target = request.target;
  const std::size_t mark = target.find('?');
  const std::string_view path = target.substr(0, mark);
  const std::string_view query =
      mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
  if (request.method == "GET") return parse_get(path, query);
  if (request.method == "POST") return parse_post(path, request.body);
  return Refusal{405, "only GET and POST are understood"};
}

Request make_request(const GetStatus& /*call*/) {
  return {"GET", "/v1/status", ""};
}
Request make_request(const GetQueue& /*call*/) {
  return {"GET", "/v1/queue", ""};
}
Request make_request(const GetMessage& call) {
  return {"GET", "/v1/messages/" + call.id.str(), ""};
}
Request make_request(const GetVerdict& call) {
  return {"GET", "/v1/verdicts/" + call.id.str(), ""};
}
Request make_request(const Reload& /*call*/) {
  return {"POST", "/v1/reload", ""};
}

Request make_request(const GetTrace& call) {
  std::string target = "/v1/trace?limit=" + std::to_string(call.filter.limit);
  for (const auto& [name, value] : filter_fields(call.filter))
    target += "&" + name + "=" + percent_encode(value);
  return {"GET", target, ""};
}

Request make_request(const GetCertificates& /*call*/) {
  return {"GET", "/v1/certificates", ""};
}

Request make_request(const GetSelection& call) {
  std::string target = "/v1/certificates/selection?connector=" + percent_encode(call.connector);
  if (!call.sni.empty()) target += "&sni=" + percent_encode(call.sni);
  return {"GET", target, ""};
}

Request make_request(const GetTrust& call) {
  return {"GET", call.set.empty() ? "/v1/trust" : "/v1/trust?set=" + percent_encode(call.set), ""};
}

Request make_request(const Retry& call) {
  Json body = Json::object();
  if (!call.destination.empty()) body["destination"] = call.destination;
  return post("/v1/queue/retry", body);
}

Request make_request(const Change& call) {
  Json body = Json::object();
  for (const auto& [name, value] : filter_fields(call.selector.filter)) body[name] = value;
  for (const MessageId id : call.selector.ids) body["ids"].push_back(id.str());
  if (call.all) body["all"] = true;
  if (call.extend_until) body["extend_until"] = format_rfc3339(*call.extend_until);
  return post("/v1/queue/" + std::string(to_string(call.action)), body);
}

Request make_request(const Allow& call) {
  Json body = Json::object();
  body["blocker"] = call.blocker;
  body["accept"] = call.exception.accept;
  body["until"] = format_rfc3339(call.exception.until);
  body["why"] = call.exception.why;
  if (!call.exception.by.empty()) body["by"] = call.exception.by;
  return post("/v1/queue/allow", body);
}

}  // namespace postern::admin
