// DNS with its DNSSEC status. Source: RFC 1035, 4035, 5321 s5.1 (MX), 7505 (null MX).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "io/awaitable.h"
#include "io/executor.h"
#include "policy/config.h"
#include "verdict/evidence.h"

namespace postern::dns {

struct MxRecord {
  unsigned preference = 0;
  std::string host;  // lower case, no trailing dot
};
struct MxAnswer {
  verdict::DnsEvidence::Status status =
      verdict::DnsEvidence::Status::failed;  // secure, insecure: usable; no_data: no MX record
  std::vector<MxRecord> records;             // by preference, equal ones shuffled
  bool null_mx = false;                      // "0 ." (RFC 7505)
  std::string detail;                        // for failed and bogus: the words
  Duration ttl{};
};
struct AddressAnswer {
  verdict::DnsEvidence::Status status = verdict::DnsEvidence::Status::failed;
  std::vector<std::string> addresses;  // textual; IPv6 and IPv4 as answered, IPv4 last within
  std::string detail;
  Duration ttl{};
};

// Records of another type: TLSA, or the strings of TXT (RFC 7208 s3.3: those of one record joined).
enum class RecordType { tlsa, txt };
struct RecordsAnswer {
  verdict::DnsEvidence::Status status = verdict::DnsEvidence::Status::failed;
  std::vector<std::string> records;  // RDATA of TLSA; text of TXT
  std::string detail;
  Duration ttl{};
};

class Resolver {
 public:
  virtual ~Resolver() = default;
  [[nodiscard]] virtual io::Task<MxAnswer> mx(std::string domain) = 0;
  [[nodiscard]] virtual io::Task<AddressAnswer> addresses(
      std::string host) = 0;  // a textual IP answers itself
  [[nodiscard]] virtual io::Task<RecordsAnswer> records(std::string name, RecordType type) = 0;
};

// libunbound, validating where `trust_anchor` is set. `servers` empty: the system's.
// Usable from every loop of `runtime`. kDnsTimeout bounds every answer.
constexpr Duration kDnsTimeout{10'000};
[[nodiscard]] Result<std::unique_ptr<Resolver>> make_resolver(io::Runtime& runtime,
                                                              const policy::ServerConfig& server);

// For tests: answers from a table; missing names are no_such_name.
class ScriptedResolver final : public Resolver {
 public:
  void set_mx(std::string domain, MxAnswer answer);
  void set_addresses(std::string host, AddressAnswer answer);
  void set_records(std::string name, RecordType type, RecordsAnswer answer);
  [[nodiscard]] io::Task<MxAnswer> mx(std::string domain) override;
  [[nodiscard]] io::Task<AddressAnswer> addresses(std::string host) override;
  [[nodiscard]] io::Task<RecordsAnswer> records(std::string name, RecordType type) override;

 private:
  std::vector<std::pair<std::string, MxAnswer>> mx_;
  std::vector<std::pair<std::string, AddressAnswer>> addresses_;
  std::vector<std::pair<std::string, RecordsAnswer>> tlsa_, txt_;
};

}  // namespace postern::dns
