#include "verdict/verdict.h"

#include "verdict/enum_names.h"
#include "verdict/json_words.h"

namespace postern::verdict {
namespace {

constexpr EnumNames<CheckResult, 4> kResults{{{
    {CheckResult::pass, "pass"},
    {CheckResult::fail, "fail"},
    {CheckResult::unknown, "unknown"},
    {CheckResult::not_asked, "not-asked"},
}}};
constexpr EnumNames<Fault, 7> kFaults{{{
    {Fault::none, "none"},
    {Fault::client, "client"},
    {Fault::server, "server"},
    {Fault::path, "path"},
    {Fault::ca, "ca"},
    {Fault::dns, "dns"},
    {Fault::unknown, "unknown"},
}}};
constexpr EnumNames<Certainty, 3> kCertainties{{{
    {Certainty::certain, "certain"},
    {Certainty::likely, "likely"},
    {Certainty::possible, "possible"},
}}};
constexpr EnumNames<Assurance, 5> kAssurances{{{
    {Assurance::none, "none"},
    {Assurance::encrypted, "encrypted"},
    {Assurance::validated, "validated"},
    {Assurance::authenticated, "authenticated"},
    {Assurance::mutual, "mutual"},
}}};

}  // namespace

std::string_view to_string(CheckResult r) {
  return kResults.name(r);
}
std::string_view to_string(Fault f) {
  return kFaults.name(f);
}
std::string_view to_string(Certainty c) {
  return kCertainties.name(c);
}
std::string_view to_string(Assurance a) {
  return kAssurances.name(a);
}

std::optional<CheckResult> parse_check_result(std::string_view text) {
  return kResults.value(text);
}
std::optional<Fault> parse_fault(std::string_view text) {
  return kFaults.value(text);
}
std::optional<Certainty> parse_certainty(std::string_view text) {
  return kCertainties.value(text);
}
std::optional<Assurance> parse_assurance(std::string_view text) {
  return kAssurances.value(text);
}

}  // namespace postern::verdict
