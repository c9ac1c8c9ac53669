#!/usr/bin/env bash
# Makes the certificates of these cases anew, by the program testca: usage: make_certificates.sh TESTCA
# The saved output of Exchange in contoso/ and the answers in */expected.txt name their thumbprints:
# write both anew afterwards (POSTERN_WRITE_GOLDEN=1 for the answers).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1" > "$work/facts.json" <<SPEC
{"dir": "$work", "items": [
  {"id": "root", "kind": "ca", "cn": "Fabrikam Trust Root", "o": "Fabrikam Trust",
   "not_before": "2024-01-01T00:00:00Z", "not_after": "2044-01-01T00:00:00Z"},
  {"id": "issuing1", "kind": "ca", "issuer": "root", "cn": "Fabrikam Trust TLS CA 1", "o": "Fabrikam Trust",
   "not_before": "2024-01-01T00:00:00Z", "not_after": "2040-01-01T00:00:00Z"},
  {"id": "issuing2", "kind": "ca", "issuer": "root", "cn": "Fabrikam Trust TLS CA 2", "o": "Fabrikam Trust",
   "not_before": "2024-01-01T00:00:00Z", "not_after": "2040-01-01T00:00:00Z"},
  {"id": "old", "kind": "leaf", "issuer": "issuing1", "cn": "mail.contoso.com", "o": "Contoso",
   "dns": ["mail.contoso.com", "autodiscover.contoso.com", "contoso.com"],
   "not_before": "2025-12-10T00:00:00Z", "not_after": "2026-12-14T23:59:59Z"},
  {"id": "sound", "kind": "leaf", "issuer": "issuing1", "cn": "mail.contoso.com", "o": "Contoso",
   "dns": ["mail.contoso.com", "autodiscover.contoso.com", "contoso.com"],
   "crl_urls": ["http://crl.fabrikamtrust.example/1.crl"],
   "not_before": "2026-11-16T00:00:00Z", "not_after": "2027-12-16T23:59:59Z"},
  {"id": "new-issuer", "kind": "leaf", "issuer": "issuing2", "cn": "mail.contoso.com", "o": "Contoso",
   "dns": ["mail.contoso.com", "autodiscover.contoso.com", "contoso.com"],
   "crl_urls": ["http://crl.fabrikamtrust.example/2.crl"],
   "not_before": "2026-11-16T00:00:00Z", "not_after": "2027-12-16T23:59:59Z"},
  {"id": "sound-but-names-lost", "kind": "leaf", "issuer": "issuing1", "cn": "mail.contoso.com", "o": "Contoso",
   "dns": ["mail.contoso.com"], "crl_urls": ["http://crl.fabrikamtrust.example/1.crl"],
   "not_before": "2026-11-16T00:00:00Z", "not_after": "2027-12-16T23:59:59Z"},
  {"id": "other-name", "kind": "leaf", "issuer": "issuing1", "cn": "smtp.contoso.com", "o": "Contoso",
   "dns": ["smtp.contoso.com", "autodiscover.contoso.com", "contoso.com"],
   "crl_urls": ["http://crl.fabrikamtrust.example/1.crl"],
   "not_before": "2026-11-16T00:00:00Z", "not_after": "2027-12-16T23:59:59Z"},
  {"id": "self-signed", "kind": "leaf", "cn": "mail.contoso.com",
   "dns": ["mail.contoso.com", "autodiscover.contoso.com", "contoso.com"],
   "not_before": "2026-11-16T00:00:00Z", "not_after": "2031-11-16T23:59:59Z"},
  {"id": "begins-earlier", "kind": "leaf", "issuer": "issuing1", "cn": "mail.contoso.com", "o": "Contoso",
   "dns": ["mail.contoso.com", "autodiscover.contoso.com", "contoso.com"],
   "crl_urls": ["http://crl.fabrikamtrust.example/1.crl"],
   "not_before": "2025-12-01T00:00:00Z", "not_after": "2027-12-01T23:59:59Z"},
  {"id": "no-intermediate", "kind": "leaf", "issuer": "issuing1", "cn": "mail.contoso.com", "o": "Contoso",
   "dns": ["mail.contoso.com", "autodiscover.contoso.com", "contoso.com"], "leaf_only": true,
   "crl_urls": ["http://crl.fabrikamtrust.example/1.crl"],
   "not_before": "2026-11-16T00:00:00Z", "not_after": "2027-12-16T23:59:59Z"}
]}
SPEC
cp "$work/root.crt" "$here/roots.pem"
cp "$work/old.crt" "$here/old.pem"
for case in sound new-issuer sound-but-names-lost other-name self-signed begins-earlier no-intermediate; do
  mkdir -p "$here/$case"
  cp "$work/$case.pem" "$here/$case/new.pem"
done
mkdir -p "$here/no-private-key" "$here/sound-clixml"
cp "$work/sound.pem" "$here/no-private-key/new.pem"
cp "$work/sound.pem" "$here/sound-clixml/new.pem"
cat "$work/facts.json"
