// Any line parses without fault, and what parses is within the grammar's bounds.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/text.h"
#include "smtp/command.h"

namespace {

using namespace postern;

void require(bool rule) {
  if (!rule) std::abort();
}

void check_argument(const smtp::Command& command, const smtp::CommandContext& context) {
  if (const auto* mail = std::get_if<smtp::MailArgument>(&command.argument)) {
    require(mail->envid.size() <= smtp::kMaxEnvidOctets && is_ascii(mail->envid));
    require(mail->smtputf8 || is_ascii(mail->reverse_path.str()));
    require(mail->reverse_path.str().find_first_of("\r\n") == std::string::npos);
  }
  if (const auto* rcpt = std::get_if<smtp::RcptArgument>(&command.argument)) {
    require(!rcpt->recipient.mailbox.local.empty());
    require(context.smtputf8 || is_ascii(rcpt->recipient.mailbox.str()));
    require(rcpt->recipient.orcpt.size() <= smtp::kMaxOrcptOctets);
    require(rcpt->recipient.orcpt.find(' ') == std::string::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const smtp::CommandContext context{(data[0] & 1) != 0, (data[0] & 2) != 0};
  const std::string_view line(reinterpret_cast<const char*>(data) + 1, size - 1);
  const smtp::Command command = smtp::parse_command(line, context);
  if (command.malformed) {
    require(command.malformed->permanent());
    require(command.malformed->wire().ends_with("\r\n"));
  }
  check_argument(command, context);
  return 0;
}
