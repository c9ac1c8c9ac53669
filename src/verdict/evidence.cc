#include "verdict/evidence.h"

#include "verdict/enum_names.h"
#include "verdict/json_words.h"

namespace postern::verdict {
namespace {

using Status = DnsEvidence::Status;

constexpr EnumNames<Judged, 2> kJudged{{{
    {Judged::server, "server"},
    {Judged::client, "client"},
}}};
constexpr EnumNames<Stage, 8> kStages{{{
    {Stage::dns, "dns"},
    {Stage::connect, "connect"},
    {Stage::greeting, "greeting"},
    {Stage::ehlo, "ehlo"},
    {Stage::starttls, "starttls"},
    {Stage::handshake, "handshake"},
    {Stage::second_ehlo, "second-ehlo"},
    {Stage::done, "done"},
}}};
constexpr EnumNames<Stop, 9> kStops{{{
    {Stop::none, "none"},
    {Stop::refused, "refused"},
    {Stop::timeout, "timeout"},
    {Stop::reset, "reset"},
    {Stop::closed, "closed"},
    {Stop::unreachable, "unreachable"},
    {Stop::not_smtp, "not-smtp"},
    {Stop::rejected, "rejected"},
    {Stop::error, "error"},
}}};
constexpr EnumNames<Status, 7> kStatuses{{{
    {Status::not_asked, "not-asked"},
    {Status::secure, "secure"},
    {Status::insecure, "insecure"},
    {Status::bogus, "bogus"},
    {Status::failed, "failed"},
    {Status::no_such_name, "no-such-name"},
    {Status::no_data, "no-data"},
}}};

}  // namespace

std::string_view to_string(Judged judged) {
  return kJudged.name(judged);
}
std::string_view to_string(Stage stage) {
  return kStages.name(stage);
}
std::string_view to_string(Stop stop) {
  return kStops.name(stop);
}
std::string_view to_string(Status status) {
  return kStatuses.name(status);
}

std::optional<Judged> parse_judged(std::string_view text) {
  return kJudged.value(text);
}
std::optional<Stage> parse_stage(std::string_view text) {
  return kStages.value(text);
}
std::optional<Stop> parse_stop(std::string_view text) {
  return kStops.value(text);
}
std::optional<Status> parse_dns_status(std::string_view text) {
  return kStatuses.value(text);
}

}  // namespace postern::verdict
