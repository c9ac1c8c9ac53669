#include "probe/check_session.h"

#include <chrono>

#include "smtp/reply_parser.h"
#include "verdict/reply_words.h"

namespace postern::probe {
namespace {

// Nothing that a server could take for a command of an extension.
constexpr std::string_view kUnknownVerb = "XPOSTERN";
constexpr std::string_view kMailFrom = "MAIL FROM:<>";
constexpr Duration kQuitTime{1'000};

bool is_ipv6(const std::string& address) {
  return address.find(':') != std::string::npos;
}

// Every wait of the gateway's, but none longer than the look.
policy::Timeouts bounded(policy::Timeouts timeouts, Duration time) {
  for (Duration policy::Timeouts::* each :
       {&policy::Timeouts::connect, &policy::Timeouts::greeting, &policy::Timeouts::helo,
        &policy::Timeouts::starttls, &policy::Timeouts::handshake, &policy::Timeouts::quit})
    timeouts.*each = std::min(timeouts.*each, time);
  return timeouts;
}

// One command and its reply; nullopt: none came in time, or it was no SMTP.
io::Task<std::optional<mail::Reply>> ask(net::Stream& stream, std::string command, Duration time) {
  command += "\r\n";
  const auto written = co_await stream.write(command, time);
  if (!written) co_return std::nullopt;
  smtp::ReplyParser parser;
  for (;;) {
    const auto octets = co_await stream.read(time);
    if (!octets) co_return std::nullopt;
    std::string_view rest = *octets;
    const auto reply = parser.next(rest);
    if (!reply) co_return std::nullopt;
    if (*reply) co_return **reply;
  }
}

// A server may judge the client's certificate, or demand TLS, no earlier than at MAIL (RFC 3207 s4;
// Postern does). A refusal for any other reason says nothing of TLS and is left alone.
io::Task<void> ask_for_mail(net::Stream& stream, verdict::Evidence& evidence, Duration time) {
  const std::optional<mail::Reply> reply = co_await ask(stream, std::string(kMailFrom), time);
  if (!reply || reply->positive()) co_return;
  const bool about_tls = evidence.tls.completed ? verdict::names_client_certificate(*reply) ||
                                                      verdict::attributes_by_certificate(*reply)
                                                : verdict::demands_starttls(*reply);
  if (about_tls) verdict::add_late_refusal(evidence, *reply);
}

}  // namespace

observe::LookRequest request_of(const SessionSettings& settings, const observe::Target& target,
                                View view, Duration time) {
  observe::LookRequest request;
  request.target = target;
  request.helo = settings.helo;
  request.source_address =
      is_ipv6(target.address) ? settings.source_address6 : settings.source_address;
  request.use_tls = settings.use_tls;
  request.implicit_tls = settings.implicit_tls;
  request.tls.credential = settings.credential;
  request.tls.min_version = settings.min_version;
  request.timeouts = bounded(settings.timeouts, time);
  request.overall = time;
  request.crls_der = settings.crls_der;
  switch (view) {
    case View::main:
      break;
    case View::without_sni:
      request.sni = "";
      break;
    case View::domain_sni:
      request.sni = settings.domain;
      break;
    case View::tls1_2:
      request.tls.offer = tls::Offer::tls1_2_only;
      break;
    case View::legacy:
      request.tls.offer = tls::Offer::legacy;
      break;
    case View::anything:
      request.tls.offer = tls::Offer::anything;
      break;
    case View::other_mode:
      request.implicit_tls = !settings.implicit_tls;
      break;
    case View::other_source:
      request.source_address = settings.another_source;
      break;
    case View::without_client_certificate:
      request.tls.credential = nullptr;
      break;
    case View::issuers:
      break;
  }
  return request;
}

io::Task<verdict::Evidence> look_once(const SessionSettings& settings, observe::Target target,
                                      View view, Duration time) {
  observe::LookRequest request = request_of(settings, target, view, time);
  observe::Look look =
      co_await observe::look(settings.executor, settings.clock, std::move(request));
  if (look.ready) {
    if (!settings.use_tls || look.evidence.tls.certificate_requested)
      co_await ask_for_mail(*look.ready->stream, look.evidence, time);
    std::unique_ptr<observe::ReadySession> ready = std::move(look.ready);
    co_await observe::end_session(std::move(ready), kQuitTime);
  }
  co_return std::move(look.evidence);
}

io::Task<ClearSession> look_in_clear(const SessionSettings& settings, observe::Target target,
                                     Duration time) {
  ClearSession out;
  observe::LookRequest request = request_of(settings, target, View::main, time);
  request.use_tls = false;
  request.implicit_tls = false;
  observe::Look look =
      co_await observe::look(settings.executor, settings.clock, std::move(request));
  if (!look.ready) co_return out;
  out.looked = true;
  net::Stream& stream = *look.ready->stream;
  if (look.evidence.smtp.starttls_offered) {
    out.mail_from = co_await ask(stream, std::string(kMailFrom), time);
  } else {
    out.unknown_verb = co_await ask(stream, std::string(kUnknownVerb), time);
    if (out.unknown_verb) out.starttls_unasked = co_await ask(stream, "STARTTLS", time);
    if (out.starttls_unasked && out.starttls_unasked->positive()) {
      stream.close();  // it waits for TLS now
      co_return out;
    }
  }
  std::unique_ptr<observe::ReadySession> ready = std::move(look.ready);
  co_await observe::end_session(std::move(ready), kQuitTime);
  co_return out;
}

}  // namespace postern::probe
