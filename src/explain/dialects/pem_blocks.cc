#include "explain/dialects/pem_blocks.h"

#include <array>

#include "base/text.h"
#include "explain/dialects/openssl_client.h"

namespace postern::explain {
namespace {

constexpr std::string_view kName = "PEM";
constexpr std::size_t kMaxBlock = 64 * 1024;   // octets of one certificate's text
constexpr std::size_t kMaxCertificates = 100;  // of one source

class PemBlocks final : public Dialect {
 public:
  [[nodiscard]] std::string_view name() const override { return kName; }
  [[nodiscard]] std::span<const std::string_view> wakes() const override {
    static constexpr std::array<std::string_view, 3> kWakes{
        "begin certificate", "begin trusted certificate", "s client"};
    return kWakes;
  }
  [[nodiscard]] bool attentive() const override { return open_; }

  void read(const Line& line, const Observed& observed) override {
    if (line.folded.find("s client") != std::string_view::npos) {
      client_ = asked_of(line.text);
      return;
    }
    const std::string_view text = trim(line.text);
    if (text.starts_with("-----BEGIN")) {
      open_ = told_ < kMaxCertificates;
      block_ = std::string(text) + '\n';
      line_ = line.number;
      return;
    }
    if (!open_) return;
    block_ += std::string(text) + '\n';
    if (block_.size() > kMaxBlock) open_ = false;
    if (!text.starts_with("-----END")) return;
    open_ = false;
    tell(line, observed);
  }

  void end_of_source(const Observed&) override { *this = {}; }

 private:
  void tell(const Line& line, const Observed& observed) {
    const auto certificates = x509::parse_pem(block_);
    if (!certificates) return;
    ++told_;
    const x509::Certificate& c = certificates->front();
    Observation o;
    o.fact = Fact::certificate;
    o.dialect = kName;
    o.wanted = client_.name;
    o.counterpart = client_.host;
    o.span = {*line.source, line_,
              printable("certificate of " + (c.subject().empty() ? c.serial() : c.subject()) +
                        ", issued by " + c.issuer() + ", until " + format_rfc3339(c.not_after()))};
    o.certificate = SeenCertificate{};
    if (client_.asked) o.certificate->presented_by = Side::server;
    o.certificate->subject = printable(c.subject(), 255);
    o.certificate->issuer = printable(c.issuer(), 255);
    o.certificate->thumbprint = c.thumbprint();
    o.certificate->names = c.dns_names();
    o.certificate->not_before = c.not_before();
    o.certificate->not_after = c.not_after();
    o.certificate->whole = c;
    observed(line, std::move(o));
  }

  bool open_ = false;
  std::string block_;
  std::uint64_t line_ = 0;  // of its BEGIN
  std::size_t told_ = 0;
  AskedServer client_;  // of the latest s_client command
};

}  // namespace

std::unique_ptr<Dialect> make_pem_blocks() {
  return std::make_unique<PemBlocks>();
}

}  // namespace postern::explain
