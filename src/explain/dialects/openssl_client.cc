#include "explain/dialects/openssl_client.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"
#include "explain/details.h"

namespace postern::explain {
namespace {

constexpr std::string_view kName = "openssl s_client";
constexpr int kMaxDepth = 20;
constexpr std::size_t kMaxShown = 1000;  // commands whose answers are compared
constexpr std::size_t kBase64Line = 20;  // of a PEM block, its last line apart

// Which fact an X509_V_ERR_ number reports (openssl-verification-options(1)).
struct Error {
  int number;
  Fact fact;
};
constexpr std::array<Error, 16> kErrors{{{2, Fact::no_issuer},
                                         {3, Fact::revocation_unknown},
                                         {7, Fact::bad_signature},
                                         {9, Fact::not_yet_valid},
                                         {10, Fact::expired},
                                         {18, Fact::self_signed},
                                         {19, Fact::self_signed_in_chain},
                                         {20, Fact::no_issuer},
                                         {21, Fact::leaf_alone},
                                         {23, Fact::revoked},
                                         {26, Fact::wrong_usage},
                                         {27, Fact::untrusted},
                                         {62, Fact::name_mismatch},
                                         {64, Fact::name_mismatch},
                                         {65, Fact::tlsa_mismatch},
                                         {66, Fact::weak_key}}};

int number_after(std::string_view line, std::string_view mark) {
  const std::string_view digits = after(line, mark, ": (\t");
  return static_cast<int>(parse_uint(digits, 999).value_or(0));
}

class OpensslClient final : public Dialect {
 public:
  [[nodiscard]] std::string_view name() const override { return kName; }
  [[nodiscard]] std::span<const std::string_view> wakes() const override {
    static constexpr std::array<std::string_view, 7> kWakes{"depth=",
                                                            "verify error:num=",
                                                            "verify return code:",
                                                            "certificate chain",
                                                            "return code: ",
                                                            "s client",
                                                            "subject="};
    return kWakes;
  }
  [[nodiscard]] bool attentive() const override { return in_chain_; }

  void read(const Line& line, const Observed& observed) override {
    const std::string_view text = trim(line.text);
    if (line.folded.find("s client") != std::string_view::npos) {
      asked_ = asked_of(line.text);
      return;
    }
    if (text.starts_with("subject=")) return compare(line, trim(text.substr(8)), observed);
    if (text == "Certificate chain") {
      in_chain_ = true;
      next_depth_ = 0;
      return;
    }
    if (in_chain_) {
      in_chain_ = read_chain(line, text, observed);
      if (in_chain_) return;
    }
    if (text.starts_with("depth=")) {
      depth_ = number_after(text, "depth=");
      const std::size_t blank = text.find(' ');
      subject_ = blank == std::string_view::npos ? "" : printable(text.substr(blank + 1), 255);
    } else if (line.folded.find("verify error:num=") != std::string_view::npos) {
      tell_error(line, number_after(text, "num="), depth_, observed);
    }
  }

  void end_of_source(const Observed&) override {
    in_chain_ = false;
    depth_ = 0;
    subject_.clear();
    asked_ = {};
    shown_.clear();
  }

 private:
  // The same server asked with and without a name shows two certificates: it goes by the name.
  void compare(const Line& line, std::string_view subject, const Observed& observed) {
    if (!asked_.asked || asked_.host.empty()) return;
    if (shown_.size() > kMaxShown) shown_.clear();
    shown_[{asked_.host, asked_.sends_name}] = printable(subject, 255);
    const auto bare = shown_.find({asked_.host, false}), named = shown_.find({asked_.host, true});
    if (bare == shown_.end() || named == shown_.end() || bare->second == named->second) return;
    Observation o;
    o.fact = Fact::sni_needed;
    o.dialect = kName;
    o.counterpart = asked_.host;
    o.presented = bare->second;
    observed(line, std::move(o));
  }

  // " 0 s:CN = mail.example", "   i:C = US, O = …"; false for what ends the list.
  bool read_chain(const Line& line, std::string_view text, const Observed& observed) {
    if (text.starts_with("i:")) {
      Observation o;
      o.fact = Fact::certificate;
      o.dialect = kName;
      o.certificate = SeenCertificate{};
      o.certificate->presented_by = Side::server;
      o.certificate->subject = chain_subject_;
      o.certificate->issuer = printable(trim(text.substr(2)), 255);
      o.certificate->depth = next_depth_ - 1;
      o.counterpart = asked_.host;
      observed(line, std::move(o));
      return true;
    }
    const std::size_t s = text.find("s:");
    if (s != std::string_view::npos && s <= 3 && is_digit(text.front())) {
      chain_subject_ = printable(trim(text.substr(s + 2)), 255);
      return ++next_depth_ <= kMaxDepth;
    }
    return text.starts_with("a:") || text.starts_with("v:") || text.starts_with("-----BEGIN") ||
           text.starts_with("-----END") ||
           (text.size() >= kBase64Line && text.find(' ') == std::string_view::npos);
  }

  void tell_error(const Line& line, int number, int depth, const Observed& observed) const {
    for (const Error& error : kErrors) {
      if (error.number != number) continue;
      Observation o;
      o.fact = error.fact;
      o.dialect = kName;
      o.said_by = Side::client;
      o.number = depth;
      o.presented = subject_;
      observed(line, std::move(o));
    }
  }

  bool in_chain_ = false;
  int depth_ = 0;
  std::string subject_;  // of the last depth= line
  int next_depth_ = 0;
  std::string chain_subject_;
  AskedServer asked_;                                          // of the latest command
  std::map<std::pair<std::string, bool>, std::string> shown_;  // host, with a name: the subject
};

}  // namespace

AskedServer asked_of(std::string_view command) {
  constexpr std::string_view kStops = " :\t\"'";
  AskedServer out;
  out.asked = true;
  out.host = printable(after(command, "-connect ", kStops), 255);
  if (!host_like(out.host)) out.host.clear();
  for (const std::string_view option : {"-verify_hostname ", "-servername "}) {
    const std::string_view name = after(command, option, kStops);
    if (out.name.empty() && host_like(name)) out.name = std::string(name);
  }
  // Without the option, OpenSSL 1.1.1 and later send the host's name.
  out.sends_name = !contains_any(command, "-noservername");
  const bool address = std::ranges::none_of(out.host, is_alpha);
  if (out.name.empty() && !address && out.host.find('.') != std::string::npos) out.name = out.host;
  return out;
}

std::unique_ptr<Dialect> make_openssl_client() {
  return std::make_unique<OpensslClient>();
}

}  // namespace postern::explain
