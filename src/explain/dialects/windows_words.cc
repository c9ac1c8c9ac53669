// Windows' own words for what its chain engine and Schannel found: the attributes of CAPI2 events,
// status bits, HRESULTs as event data writes them (winerror.h, wincrypt.h).
#include "explain/dialects/vocabularies.h"

namespace postern::explain {
namespace {

constexpr Recogniser kWords[] = {
    // <ErrorStatus value="10000" CERT_TRUST_IS_PARTIAL_CHAIN="true"/>
    {"cert trust is partial chain", Fact::leaf_alone},
    {"cert trust is untrusted root", Fact::self_signed_in_chain},
    {"cert trust is not time valid", Fact::expired},
    {"cert trust is not time nested", Fact::expired},
    {"cert trust is not signature valid", Fact::bad_signature},
    {"cert trust is not valid for usage", Fact::wrong_usage},
    {"cert trust invalid basic constraints", Fact::wrong_usage},
    {"cert trust has weak signature", Fact::weak_key},
    {"cert trust is explicit distrust", Fact::untrusted},
    // <Result value="80092013">…</Result>, in whatever language
    {"\"80092010\"", Fact::revoked},
    {"\"80092012\"", Fact::revocation_unknown},
    {"\"80092013\"", Fact::revocation_unknown},
    {"\"800b010e\"", Fact::revocation_unknown},
    {"\"800b010c\"", Fact::revoked},
    {"\"800b0101\"", Fact::expired},
    {"\"800b0109\"", Fact::self_signed_in_chain},
    {"\"800b010a\"", Fact::leaf_alone},
    {"\"800b010f\"", Fact::name_mismatch},
    {"\"800b0110\"", Fact::wrong_usage},
    {"\"80096004\"", Fact::bad_signature},
    // Schannel in text
    {"0x80090327", Fact::verification_failed},
    {"sec e cert unknown", Fact::verification_failed},
    {"0x80090326", Fact::handshake_failed},
    {"sec e illegal message", Fact::handshake_failed},
    {"0x80090304", Fact::handshake_failed},
    {"internal error state is 10013", Fact::no_protocols},
    {"no supported cipher suites were found", Fact::no_cipher},
};

}  // namespace

std::span<const Recogniser> windows_words() {
  return kWords;
}

}  // namespace postern::explain
