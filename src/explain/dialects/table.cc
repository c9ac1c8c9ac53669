// The one table of dialects.
#include "explain/dialects/dialect.h"
#include "explain/dialects/exchange_objects.h"
#include "explain/dialects/exchange_protocol.h"
#include "explain/dialects/mime_part.h"
#include "explain/dialects/openssl_client.h"
#include "explain/dialects/pem_blocks.h"
#include "explain/dialects/smtp_dialogue.h"
#include "explain/dialects/tls_report.h"
#include "explain/dialects/vocabularies.h"
#include "explain/dialects/windows_events.h"

namespace postern::explain {

void Dialect::read(const Line&, const Observed&) {}
void Dialect::read_whole(const std::string&, std::string_view, const Observed&) {}
void Dialect::end_of_source(const Observed&) {}

std::vector<std::unique_ptr<Dialect>> make_dialects() {
  std::vector<std::unique_ptr<Dialect>> out;
  const auto words = [&](std::string_view name, std::span<const Recogniser> recognisers) {
    out.push_back(std::make_unique<Vocabulary>(name, recognisers));
  };
  words("TLS library", tls_library_words());
  words("SMTP", smtp_words());
  words("Exchange", exchange_words());
  words("Windows", windows_words());
  words("Postfix", postfix_words());
  words("Exim", exim_words());
  words("DANE and MTA-STS", dane_sts_words());
  words("mail program", mta_words());
  words("tool", tool_words());
  words("mail", mail_words());
  words("translated words", translated_words());
  words(kGeneralWords, general_words());
  out.push_back(make_smtp_dialogue());
  out.push_back(make_exchange_protocol());
  out.push_back(make_exchange_objects());
  out.push_back(make_tls_report());
  out.push_back(make_openssl_client());
  out.push_back(make_pem_blocks());
  out.push_back(make_windows_events());
  out.push_back(make_mime_part());
  return out;
}

}  // namespace postern::explain
