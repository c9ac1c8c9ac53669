// One look of a check: which view means what to observe::look, and the session in the clear.
#pragma once

#include <memory>
#include <string>

#include "observe/look.h"
#include "probe/check_report.h"

namespace postern::probe {

// What all looks of one check share.
struct SessionSettings {
  io::Executor executor;
  const Clock& clock;
  std::string helo;
  std::string domain;  // for the view domain_sni
  std::string source_address, source_address6;
  std::string another_source;
  bool use_tls = true;
  bool implicit_tls = false;
  std::shared_ptr<const tls::Credential> credential;
  verdict::TlsVersion min_version = verdict::TlsVersion::tls1_2;
  policy::Timeouts timeouts;
  std::vector<std::string> crls_der;
};

[[nodiscard]] observe::LookRequest request_of(const SessionSettings& settings,
                                              const observe::Target& target, View view,
                                              Duration time);
// One session as far as EHLO; on to MAIL FROM:<> where no TLS is used or a client certificate was
// asked for, since the refusal may come there. No recipient is ever named.
[[nodiscard]] io::Task<verdict::Evidence> look_once(const SessionSettings& settings,
                                                    observe::Target target, View view,
                                                    Duration time);
// EHLO, then, where STARTTLS is not listed, STARTTLS and an unknown verb all the same; else MAIL
// FROM:<>. No recipient is ever named.
[[nodiscard]] io::Task<ClearSession> look_in_clear(const SessionSettings& settings,
                                                   observe::Target target, Duration time);

}  // namespace postern::probe
