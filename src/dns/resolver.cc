#include "dns/resolver.h"

#include "base/text.h"
#include "dns/unbound.h"

namespace postern::dns {
namespace {

using Status = verdict::DnsEvidence::Status;

template <class Answer>
void set_in(std::vector<std::pair<std::string, Answer>>& table, const std::string& name,
            Answer answer) {
  for (auto& [known, value] : table) {
    if (!iequals(known, name)) continue;
    value = std::move(answer);
    return;
  }
  table.emplace_back(name, std::move(answer));
}

template <class Answer>
Answer answer_of(const std::vector<std::pair<std::string, Answer>>& table,
                 const std::string& name) {
  for (const auto& [known, value] : table)
    if (iequals(known, name)) return value;
  Answer none;
  none.status = Status::no_such_name;
  return none;
}

}  // namespace

Result<std::unique_ptr<Resolver>> make_resolver(io::Runtime& runtime,
                                                const policy::ServerConfig& server) {
  UnboundOptions options;
  options.servers = server.dns;
  options.trust_anchor = server.dns_trust_anchor;
  return make_unbound(runtime, options);
}

void ScriptedResolver::set_mx(std::string domain, MxAnswer answer) {
  set_in(mx_, domain, std::move(answer));
}

void ScriptedResolver::set_addresses(std::string host, AddressAnswer answer) {
  set_in(addresses_, host, std::move(answer));
}

void ScriptedResolver::set_records(std::string name, RecordType type, RecordsAnswer answer) {
  set_in(type == RecordType::tlsa ? tlsa_ : txt_, name, std::move(answer));
}

io::Task<RecordsAnswer> ScriptedResolver::records(std::string name, RecordType type) {
  co_return answer_of(type == RecordType::tlsa ? tlsa_ : txt_, name);
}

io::Task<MxAnswer> ScriptedResolver::mx(std::string domain) {
  co_return answer_of(mx_, domain);
}

io::Task<AddressAnswer> ScriptedResolver::addresses(std::string host) {
  co_return answer_of(addresses_, host);
}

}  // namespace postern::dns
