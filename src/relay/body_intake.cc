#include "relay/body_intake.h"

#include <system_error>

#include "relay/reception_events.h"

namespace postern::relay {
namespace {

using mail::EnhancedCode;
using mail::Reply;

mail::HeaderFilter::Drop firewall(bool keep_organization_headers) {
  if (keep_organization_headers) return [](std::string_view) { return false; };
  return mail::is_organization_header;
}

}  // namespace

Reply store_refusal(const Error& error) {
  log::write(kStoreRefused, {{"error", error.what()}});
  if (error.code() == store::store_errc::no_space ||
      error.code() == std::errc::no_space_on_device) {
    return Reply(452, EnhancedCode{4, 3, 1}, "Insufficient system storage");
  }
  return Reply(451, EnhancedCode{4, 3, 0}, "The message cannot be stored now, try again later");
}

BodyIntake::BodyIntake(std::unique_ptr<store::BodyWriter> writer, bool keep_organization_headers,
                       unsigned max_received_hops)
    : writer_(std::move(writer)),
      filter_(firewall(keep_organization_headers)),
      max_received_hops_(max_received_hops) {}

void BodyIntake::give_up(Reply reply) {
  refusal_ = std::move(reply);
  writer_.reset();  // and with it what was written
}

void BodyIntake::append(std::string_view octets) {
  if (refusal_) return;
  passed_.clear();
  const Result<void> fed = filter_.feed(octets, passed_);
  if (!fed) return give_up(Reply(550, EnhancedCode{5, 6, 0}, "Header section too large"));
  const Result<void> written = writer_->append(passed_);
  if (!written) return give_up(store_refusal(written.error()));
}

std::optional<Reply> BodyIntake::finish() {
  if (refusal_) return refusal_;
  passed_.clear();
  const Result<void> rest = filter_.finish(passed_);
  if (!rest) {
    give_up(Reply(550, EnhancedCode{5, 6, 0}, "Header section too large"));
    return refusal_;
  }
  if (facts().received_count > max_received_hops_) {  // RFC 5321 s6.3
    give_up(Reply(554, EnhancedCode{5, 4, 6}, "Hop count exceeded - possible mail loop"));
    return refusal_;
  }
  const Result<void> written = writer_->append(passed_);
  if (!written) give_up(store_refusal(written.error()));
  return refusal_;
}

std::unique_ptr<store::BodyWriter> BodyIntake::take(const mail::ReceivedField& received) {
  writer_->set_prefix(mail::format_received(received));
  return std::move(writer_);
}

}  // namespace postern::relay
