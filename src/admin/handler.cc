#include "admin/handler.h"

#include "admin/certificates.h"
#include "base/json.h"
#include "base/log.h"

namespace postern::admin {
namespace {

constexpr log::Event kChanged{1202, log::Level::info, "admin.change"};

using Answer = Result<Json>;

struct Asker {
  relay::Gateway& gateway;
  relay::Control control;
  std::string user;

  io::Task<Answer> operator()(Refusal call) { co_return invalid(call.error); }
  io::Task<Answer> operator()(const GetStatus& /*call*/) { return control.status(); }
  io::Task<Answer> operator()(const GetQueue& /*call*/) { return control.queue(); }
  io::Task<Answer> operator()(const GetMessage& call) { return control.message(call.id); }
  io::Task<Answer> operator()(const GetTrace& call) { return control.trace(call.filter); }
  io::Task<Answer> operator()(const GetVerdict& call) { return control.verdict(call.id); }
  io::Task<Answer> operator()(GetCertificates /*call*/) {
    const auto snapshot = gateway.context().snapshot();
    co_return certificates_json(loaded(*snapshot));
  }
  io::Task<Answer> operator()(GetSelection call) {
    const auto snapshot = gateway.context().snapshot();
    co_return selection_json(loaded(*snapshot), call.connector, call.sni);
  }
  io::Task<Answer> operator()(GetTrust call) {
    const auto snapshot = gateway.context().snapshot();
    co_return trust_json(loaded(*snapshot), call.set);
  }
  io::Task<Answer> operator()(const Retry& call) { return control.retry(call.destination); }
  io::Task<Answer> operator()(const Change& call) {
    return control.change(call.action, call.selector, call.extend_until, user);
  }
  io::Task<Answer> operator()(const Allow& call) {
    verdict::PolicyException exception = call.exception;
    // What the client says of itself is recorded beside what the kernel says of it.
    if (exception.by.empty() || exception.by == user) {
      exception.by = user;
    } else {
      exception.by += " (" + user + ")";
    }
    return control.allow(call.blocker, exception);
  }
  io::Task<Answer> operator()(const Reload& /*call*/) { return control.reload(); }

  [[nodiscard]] Loaded loaded(const relay::Snapshot& snapshot) const {
    return {*snapshot.config, snapshot.materials->certificates, snapshot.materials->trust,
            gateway.context().clock.now()};
  }
};

io::Task<Answer> ask(Asker& asker, const Call& call) {
  return std::visit(asker, call);
}

unsigned status_of(const Call& call, const std::error_code& code) {
  if (const auto* refusal = std::get_if<Refusal>(&call)) return refusal->status;
  if (code == std::errc::invalid_argument) {
    const bool by_id =
        std::holds_alternative<GetMessage>(call) || std::holds_alternative<GetVerdict>(call);
    return by_id ? 404 : 400;
  }
  if (code == store::make_error_code(store::store_errc::no_message) ||
      code == store::make_error_code(store::store_errc::no_body)) {
    return 404;
  }
  return code == store::make_error_code(store::store_errc::busy) ? 503 : 500;
}

bool changes_something(const Call& call) {
  return std::holds_alternative<Retry>(call) || std::holds_alternative<Change>(call) ||
         std::holds_alternative<Allow>(call) || std::holds_alternative<Reload>(call);
}

io::Task<Response> handle(relay::Gateway* gateway, Request request, std::string user) {
  const Call call = parse_request(request);
  if (changes_something(call))
    log::write(kChanged, {{"by", user}, {"target", request.target}, {"body", request.body}});
  Asker asker{*gateway, relay::Control(*gateway), user};
  const Answer answer = co_await ask(asker, call);
  if (!answer) {
    const unsigned status = status_of(call, answer.error().code());
    const std::string words =
        status == 500 || status == 503 ? answer.error().what() : answer.error().detail();
    co_return error_response(status, words);
  }
  Response response;
  response.body = dump_json(*answer);
  co_return response;
}

}  // namespace

Handler gateway_handler(relay::Gateway& gateway) {
  relay::Gateway* const target = &gateway;
  return [target](Request request, std::string user) {
    return handle(target, std::move(request), std::move(user));
  };
}

Result<std::unique_ptr<AdminServer>> listen_for(relay::Gateway& gateway) {
  relay::Context& context = gateway.context();
  return AdminServer::listen(context.runtime, context.snapshot()->config->admin_socket,
                             gateway_handler(gateway));
}

}  // namespace postern::admin
