#include "config/write_draft.h"

#include "base/text.h"

namespace postern::config {
namespace {

constexpr std::size_t kCommentOctets = 98;

// A TOML basic string: what is not printable ASCII or UTF-8 has no business in a name.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : printable(text)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string comment(std::string_view text) {
  std::string out, line = "#";
  for (const std::string_view word : split(printable(text), ' ')) {
    if (line.size() > 1 && line.size() + 1 + word.size() > kCommentOctets) {
      out += line + '\n';
      line = "#";
    }
    line += ' ' + std::string(word);
  }
  return out + line + '\n';
}

std::string comments(const std::vector<std::string>& notes) {
  std::string out;
  for (const std::string& note : notes) out += comment(note);
  return out;
}

std::string text_of(const mail::DomainPattern& pattern) {
  return pattern.text();
}
std::string text_of(const mail::Network& network) {
  return network.text();
}
std::string text_of(const policy::Endpoint& endpoint) {
  return endpoint.str();
}
std::string text_of(const std::string& text) {
  return text;
}

class Section {
 public:
  Section(std::string_view table, const std::vector<std::string>& notes)
      : out_("\n[" + std::string(table) + "]\n" + comments(notes)) {}

  // Left out where it is empty: the default holds.
  void text(std::string_view key, std::string_view value) {
    if (!value.empty()) out_ += std::string(key) + " = " + quoted(value) + '\n';
  }
  template <class T>
  void list(std::string_view key, const std::vector<T>& values) {
    if (values.empty()) return;
    std::string items;
    for (const T& value : values) items += (items.empty() ? "" : ", ") + quoted(text_of(value));
    out_ += std::string(key) + " = [" + items + "]\n";
  }
  void flag(std::string_view key, bool value) {
    if (value) out_ += std::string(key) + " = true\n";
  }
  // Needs a file that is not there yet.
  void later(std::string_view key, std::string_view value) {
    if (!value.empty()) out_ += "# " + std::string(key) + " = " + quoted(value) + '\n';
  }
  [[nodiscard]] const std::string& str() const { return out_; }

 private:
  std::string out_;
};

std::string_view word_of(policy::ReceiveTls tls) {
  switch (tls) {
    case policy::ReceiveTls::none:
      return "none";
    case policy::ReceiveTls::opportunistic:
      return "opportunistic";
    case policy::ReceiveTls::required:
      return "required";
    case policy::ReceiveTls::mutual:
      return "mutual";
  }
  return "required";
}

std::string_view revocation_of(verdict::Revocation mode) {
  return mode == verdict::Revocation::when_published ? "" : to_string(mode);
}

std::string commented(std::string_view text) {
  std::string out;
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty() || line.starts_with('#')) {
      out += std::string(line) + '\n';
    } else {
      out += "# " + std::string(line) + '\n';
    }
  }
  out.pop_back();
  return out;
}

// With TLS it needs a certificate, which only a file can bring; weaker than its source it must not
// become, so all of it waits in comments.
std::string written(const policy::Drafted<policy::ReceiveConnector>& drafted) {
  const policy::ReceiveConnector& c = drafted.value;
  const bool waits = c.tls != policy::ReceiveTls::none;
  std::vector<std::string> notes = drafted.notes;
  if (waits)
    notes.emplace_back("Needs a certificate: add a [certificates.NAME], then take the marks away.");
  Section out("receive." + c.name, notes);
  out.list("listen", c.listen);
  out.text("fqdn", c.fqdn);
  out.text("tls", word_of(c.tls));
  out.flag("implicit_tls", c.implicit_tls);
  out.later("certificate", c.certificate);
  out.list("accept_domains", c.accept_domains);
  out.list("relay_from", c.relay_from);
  out.list("client_domains", c.client_domains);
  return waits ? commented(out.str()) : out.str();
}

std::string written(const policy::Drafted<policy::SendConnector>& drafted) {
  const policy::SendConnector& c = drafted.value;
  Section out("send." + c.name, drafted.notes);
  out.list("domains", c.domains);
  out.list("hosts", c.hosts);
  out.text("tls", to_string(c.tls));
  out.flag("implicit_tls", c.implicit_tls);
  out.text("tls_domain", c.tls_domain);
  out.text("revocation", revocation_of(c.revocation));
  out.text("helo", c.helo);
  out.later("certificate", c.certificate);
  return out.str();
}

std::string written(const policy::Drafted<policy::Partner>& drafted) {
  const policy::Partner& p = drafted.value;
  Section out("partner." + p.name, drafted.notes);
  out.list("domains", p.domains);
  if (p.send) out.text("send", to_string(*p.send));
  if (p.receive) out.text("receive", word_of(*p.receive));
  out.list("names", p.names);
  if (p.revocation) out.text("revocation", to_string(*p.revocation));
  return out.str();
}

}  // namespace

std::string write_draft(const policy::Draft& draft) {
  std::string out = comment(
      "A draft, made by postern explain --to-config out of the settings of another mail system. "
      "Read it line by line; what stands in comments was not carried over by itself.");
  out += comments(draft.notes);
  Section server(
      "server", draft.hostname.empty()
                    ? std::vector<std::string>{"The settings do not say it: the name of this host."}
                    : std::vector<std::string>{});
  server.text("hostname", draft.hostname.empty() ? "gateway.example.com" : draft.hostname);
  out += server.str();
  for (const auto& one : draft.receive) out += written(one);
  for (const auto& one : draft.send) out += written(one);
  for (const auto& one : draft.partners) out += written(one);
  return out;
}

}  // namespace postern::config
