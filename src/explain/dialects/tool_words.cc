// Words of tools that look at servers from outside: testssl.sh, gnutls-cli, swaks, resolvers and
// packet captures.
#include "explain/dialects/vocabularies.h"

namespace postern::explain {
namespace {

constexpr Recogniser kWords[] = {
    // testssl.sh: "Chain of trust   NOT ok (chain incomplete)"
    {"chain incomplete", Fact::leaf_alone},
    {"chain of trust", Fact::self_signed_in_chain, "self signed ca in chain"},
    {"chain of trust", Fact::self_signed, "(self signed)"},
    {"chain of trust", Fact::expired, "(expired)"},
    {"certificate does not match supplied uri", Fact::name_mismatch},
    {"certificate validity", Fact::expired, "expired", "not expired"},
    {"contains anchor", Fact::cosmetic, "chain issues|chain"},
    // internet.nl, hardenize, checktls, mxtoolbox
    {"cert hostname does not verify", Fact::name_mismatch},
    {"certificate hostname does not verify", Fact::name_mismatch},
    {"cert not ok", Fact::verification_failed},
    {"starttls not available on", Fact::not_offered},
    {"does not support tls", Fact::not_offered, "smtp|warning|server"},
    // resolvers
    {"validation failure <", Fact::dns_bogus},
    {"no valid signature found", Fact::dns_bogus},
    // packets
    {"need to frag", Fact::large_packets},
    {"frag needed and df set", Fact::large_packets},
    {"message too long, mtu", Fact::large_packets},
    {"packet needs to be fragmented but df set", Fact::large_packets},
    {"packet too big", Fact::large_packets, "icmp6|icmpv6|mtu"},
};

}  // namespace

std::span<const Recogniser> tool_words() {
  return kWords;
}

}  // namespace postern::explain
