#include "cli/gateway_link.h"

#include <algorithm>
#include <filesystem>

#include "base/json.h"
#include "cli/offline.h"
#include "config/config_file.h"

namespace postern::cli {

bool is_not_running(const Error& error) {
  return error.code() == admin::admin_errc::not_running;
}

bool is_not_found(const Error& error) {
  return error.code() == admin::admin_errc::not_found;
}

Result<GatewayLink> GatewayLink::open(const Shell& shell) {
  TRY(const std::string file, find_configuration(shell));
  GatewayLink out;
  out.configuration_ = std::filesystem::absolute(file).lexically_normal().string();
  TRY(const std::string text, read_file(file));
  config::Loaded loaded = config::parse_config(text, out.configuration_);
  out.config_ = std::move(loaded.config);
  const auto fault =
      std::ranges::find(loaded.diagnostics, config::Severity::error, &config::Diagnostic::severity);
  if (fault != loaded.diagnostics.end()) {
    (void)shell.fail("the configuration is broken; a running gateway keeps the one before: " +
                     fault->str());
  }
  if (out.socket().empty())  // admin.listen is written wrong
    return invalid("where the gateway listens for commands cannot be read: " +
                   loaded.diagnostics.front().str());
  return out;
}

Result<Json> GatewayLink::ask(const admin::Request& request) const {
  return admin::request(socket(), request, kGatewayTimeout);
}

Result<std::unique_ptr<store::Store>> GatewayLink::open_store() const {
  store::OpenOptions options;
  options.read_only = true;
  if (config_.server.store.empty())
    return invalid("no gateway answers on " + socket() +
                   ", and where its store is cannot be read from a broken configuration");
  auto store = store::open_store(config_.server.store, options);
  if (!store)
    return invalid("no gateway answers on " + socket() +
                   ", and its store cannot be read: " + store.error().what());
  return store;
}

Result<Json> GatewayLink::status() const {
  return ask(admin::make_request(admin::GetStatus{}));
}

Result<Json> GatewayLink::queue() const {
  Result<Json> answer = ask(admin::make_request(admin::GetQueue{}));
  if (answer || !is_not_running(answer.error())) return answer;
  TRY(const std::unique_ptr<store::Store> store, open_store());
  return offline_queue(*store);
}

Result<Json> GatewayLink::trace(const store::TraceFilter& filter) const {
  Result<Json> answer = ask(admin::make_request(admin::GetTrace{filter}));
  if (answer) return Json(list_of(*answer, "messages"));
  if (!is_not_running(answer.error())) return answer;
  TRY(const std::unique_ptr<store::Store> store, open_store());
  return offline_trace(*store, filter);
}

Result<Json> GatewayLink::message(MessageId id) const {
  Result<Json> answer = ask(admin::make_request(admin::GetMessage{id}));
  if (answer || !is_not_running(answer.error())) return answer;
  store::TraceFilter filter;
  filter.message_id = id.str();
  filter.limit = 1;
  TRY(const std::unique_ptr<store::Store> store, open_store());
  TRY(const Json found, offline_trace(*store, filter));
  if (found.empty()) return fail(admin::admin_errc::not_found, "no message " + id.str());
  return Json(found[0]);
}

Result<Json> GatewayLink::verdict(VerdictId id) const {
  Result<Json> answer = ask(admin::make_request(admin::GetVerdict{id}));
  if (answer || !is_not_running(answer.error())) return answer;
  TRY(const std::unique_ptr<store::Store> store, open_store());
  TRY(const std::optional<store::StoredVerdict> stored, store->verdict(id));
  if (!stored) return fail(admin::admin_errc::not_found, "no verdict " + id.str());
  return offline_verdict(*stored);
}

Result<Json> GatewayLink::change(const admin::Request& request) const {
  Result<Json> answer = ask(request);
  if (answer || !is_not_running(answer.error())) return answer;
  return fail(admin::admin_errc::not_running,
              "no gateway answers on " + socket() +
                  ", and only a running one changes its queue; start it with: postern serve "
                  "--config " +
                  configuration_);
}

}  // namespace postern::cli
