// A client on a receive connector, as evidence and as verdicts: under the connector's policy, and
// under that of a partner whose domain it sends from. Internal to reception.
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/stream.h"
#include "relay/admission.h"
#include "relay/connectors.h"
#include "store/store.h"

namespace postern::relay {

// A client that comes again with the same chain to the same verdict within kVerdictReuse gets the
// id of the one that is stored, so that a busy or hostile one does not fill the store.
constexpr Duration kVerdictReuse{10 * 60 * 1000};
constexpr std::size_t kMaxRememberedVerdicts = 10'000;

// Which stored verdict stands for which client. Thread-safe.
class VerdictMemory {
 public:
  [[nodiscard]] std::optional<VerdictId> find(const std::string& key, Time now) const;
  void remember(const std::string& key, VerdictId id, Time now);

 private:
  struct Entry {
    VerdictId id;
    Time at{};
    std::list<std::string>::iterator place;
  };
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
  std::list<std::string> order_;  // oldest first
};

struct Judgement {
  verdict::Verdict verdict;  // with its id
  std::string name;  // presented name that matched, where it authenticates the client; else empty
  std::string key;   // in VerdictMemory
  bool stored = false;
};

class ClientJudge {
 public:
  ClientJudge(Context& context, std::shared_ptr<const Connector> connector, VerdictMemory& memory);

  void in_the_clear(const net::Stream& stream);
  // Judges; may ask for revocation data. One at a time, like everything of a session.
  [[nodiscard]] io::Task<void> after_handshake(const net::Stream& stream, std::string helo);

  // Of the session, whoever the sender is.
  [[nodiscard]] const ClientFacts& facts() const { return facts_; }
  [[nodiscard]] Judgement* session() { return session_ ? &*session_ : nullptr; }
  // Under the partner's policy, judged once a session; nullptr without TLS.
  [[nodiscard]] io::Task<Judgement*> under(const policy::Partner& partner);
  [[nodiscard]] const verdict::TlsEvidence& tls() const { return evidence_.tls; }
  // For the operator's log when a handshake failed with `error`: the catalog's code of why.
  [[nodiscard]] std::string failure(const std::error_code& error) const;

  // What is to be stored of `judgement`, and what to call once it is.
  [[nodiscard]] store::StoredVerdict stored_form(const Judgement& judgement) const;
  void stored(Judgement& judgement);

 private:
  [[nodiscard]] io::Task<Judgement> judge(const verdict::TlsPolicy& policy);

  Context& context_;
  std::shared_ptr<const Connector> connector_;
  VerdictMemory& memory_;
  verdict::Evidence evidence_;
  ClientFacts facts_;
  std::optional<Judgement> session_;
  std::unordered_map<std::string, Judgement> partners_;  // by name
};

}  // namespace postern::relay
