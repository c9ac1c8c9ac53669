#!/usr/bin/env python3
"""What people hand in for a certificate or a name: each gets an answer, or an error that says what was found and expected.

Every file goes to each command that reads one (verify, check, preflight, trust add): never a crash, never a silent wrong answer.
"""

import os
import subprocess
import unittest

from common import POSTERN, CheckCase

MANY = 10_000
CONFIG = """
[server]
hostname = "gateway.test"
store    = "sqlite:{dir}/p.db"

[trust.partners]
files = ["{dir}/partners.pem"]
"""


class BadInput(CheckCase):
    def setUp(self):
        super().setUp()
        # A root suits every command; only a leaf is no anchor.
        self.root = self.pki.cert("root").read_text()
        self.root_key = self.pki.key("root")
        self.pki.make({"id": "agreed", "kind": "ca", "cn": "Another Root"})
        (self.dir / "partners.pem").write_text(self.pki.cert("agreed").read_text())
        (self.dir / "postern.toml").write_text(CONFIG.format(dir=self.dir))
        (self.dir / "password").write_text("right word\n")
        (self.dir / "wrong-password").write_text("wrong word\n")

    def openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, cwd=self.dir)

    def file(self, name, content):
        path = self.dir / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def pfx(self, name, word):
        self.openssl("pkcs12", "-export", "-out", self.dir / name, "-in", self.pki.cert("root"), "-inkey", self.root_key,
                     "-passout", f"pass:{word}")
        return self.dir / name

    def der(self):
        self.openssl("x509", "-in", self.pki.cert("root"), "-outform", "DER", "-out", self.dir / "root.der")
        return self.dir / "root.der"

    def run_postern(self, *arguments):
        env = {k: v for k, v in os.environ.items() if k != "POSTERN_CONFIG"}
        done = subprocess.run([POSTERN, *map(str, arguments)], capture_output=True, text=True, cwd=self.dir, env=env, timeout=60)
        self.assertIn(done.returncode, (0, 1, 2), f"{arguments}: {done.returncode}\n{done.stderr}")
        return done

    def commands(self, path, *password):
        """Each command that reads certificates, with this file."""
        yield "verify", self.run_postern("verify", "--chain", path, "--anchors", self.pki.cert("root"), *password)
        yield "preflight", self.run_postern("preflight", "--cert", path, *password)
        # What was added by the file before is taken out again.
        (self.dir / "partners.pem").write_text(self.pki.cert("agreed").read_text())
        yield "trust add", self.run_postern("trust", "add", "partners", path, "--by", "test", *password)
        if not password:
            yield "check", self.run_postern("check", "127.0.0.1:1", "--trust", path, "--quick", "--timeout", "2s")

    def assert_refused(self, path, *words, password=()):
        for name, done in self.commands(path, *password):
            with self.subTest(command=name, file=path.name):
                self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                self.assertEqual(done.stdout, "")
                self.assertIn(str(path), done.stderr)
                for word in words:
                    self.assertIn(word, done.stderr)

    def assert_read(self, path, *password, pem=True):
        """By every command; but --trust of check names files as a configuration does, which are PEM."""
        for name, done in self.commands(path, *password):
            with self.subTest(command=name, file=path.name):
                if name == "check" and not pem:
                    self.assertEqual(done.returncode, 2)
                    self.assertRegex(done.stderr, f"{path}: it (is a PFX|holds a certificate in DER form).*; expected is .* PEM form")
                    continue
                self.assertIn(done.returncode, (0, 1), done.stderr)
                self.assertNotEqual(done.stdout, "")

    def test_what_is_no_certificate_is_named_with_what_was_expected(self):
        pem, der = self.root, self.der().read_bytes()
        rows = (("empty.pem", "", ["it is empty", "expected"]),
                ("blank.pem", "  \r\n\r\n", ["nothing but blanks", "expected"]),
                ("key.pem", self.root_key.read_text(), ["it holds a private key", "expected"]),
                ("cut.pem", pem[:len(pem) // 2], ["broken or cut off"]),
                ("cut.der", der[:len(der) // 2], ["cut off", "expected"]),
                ("words.txt", "Dear colleague,\nhere is our certificate.\n", ["text without any PEM block", "expected"]),
                ("noise.bin", bytes(range(128, 256)) * 4, ["binary data", "expected"]),
                ("utf16-key.pem", self.root_key.read_text().encode("utf-16"), ["UTF-16", "private key"]))
        for name, content, words in rows:
            self.assert_refused(self.file(name, content), *words)

    def test_a_file_that_is_not_there_or_no_file(self):
        self.assert_refused(self.dir / "nowhere.pem")
        for name, done in self.commands(self.dir):
            if name != "check":  # there a folder stands for the files in it
                self.assertEqual(done.returncode, 2, name)
                self.assertIn(str(self.dir), done.stderr)

    def test_pem_der_and_utf16_are_read(self):
        self.assert_read(self.der(), pem=False)
        for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"):
            self.assert_read(self.file(f"{encoding}.pem", self.root.encode(encoding)))
        self.assert_read(self.file("crlf.pem", "Bag Attributes\r\n" + self.root.replace("\n", "\r\n")))

    def test_a_leaf_is_no_anchor(self):
        done = self.run_postern("trust", "add", "partners", self.pki.cert("mx.partner.test"), "--by", "test")
        self.assertEqual(done.returncode, 2)
        self.assertIn("CN=mx.partner.test is no CA certificate; an anchor is the root", done.stderr)

    def test_a_pfx_is_read_with_its_password_and_says_when_it_lacks_it(self):
        secret, plain = self.pfx("secret.pfx", "right word"), self.pfx("plain.pfx", "")
        self.assert_read(secret, "--password-file", self.dir / "password")
        self.assert_refused(secret, "the password does not open it", password=("--password-file", self.dir / "wrong-password"))
        self.assert_refused(secret, "PFX (PKCS #12)")
        self.assert_read(plain, pem=False)

    def test_preflight_takes_the_key_of_a_pfx(self):
        done = self.run_postern("preflight", "--cert", self.pfx("new.pfx", "right word"), "--password-file", self.dir / "password")
        self.assertNotIn("The private key: none was given", done.stdout)
        self.assertIn("openssl pkcs12 -in", done.stdout)
        done = self.run_postern("preflight", "--cert", self.pfx("new.pfx", ""), "--key", self.root_key)
        self.assertEqual(done.returncode, 2)
        self.assertIn("leave --key out", done.stderr)

    def test_ten_thousand_certificates_end_soon(self):
        path = self.file("many.pem", self.root * MANY)
        for name, done in self.commands(path):
            with self.subTest(command=name):
                self.assertNotIn("\x1b", done.stdout)
                self.assertTrue(done.stdout or str(path) in done.stderr, done.stderr)

    def test_names_of_every_form(self):
        """check and verify take trailing dots, U-labels and addresses; what is none of them is told what would be right."""
        self.pki.make({"id": "names", "kind": "leaf", "issuer": "root", "dns": ["mx.partner.test", "xn--bcher-kva.test"],
                       "ip": ["192.0.2.1"]})
        for name in ("mx.partner.test", "mx.partner.test.", "MX.Partner.Test", "bücher.test", "192.0.2.1", "[192.0.2.1]"):
            done = self.run_postern("verify", "--chain", self.pki.chain("names"), "--anchors", self.pki.cert("root"), "--name", name)
            self.assertEqual(done.returncode, 0, f"{name}: {done.stdout}{done.stderr}")
        for target in ("127.0.0.1:1", "[127.0.0.1]:1", "[::1]:1", "[IPv6:::1]:1", "localhost.:1", "user@[127.0.0.1]"):
            done = self.run_postern("check", target, "--quick", "--timeout", "2s", "--port", "1")
            self.assertEqual(done.returncode, 1, f"{target}: {done.stdout}{done.stderr}")
        for target in ("", "a b", "http://mx.test/", "mx..test", "-mx.test", "mx.test:", "mx.test:99999", "[::1", "x" * 300 + ".test"):
            done = self.run_postern("check", target)
            self.assertEqual(done.returncode, 2, f"{target}: {done.stdout}")
            self.assertTrue("give" in done.stderr or "expected" in done.stderr, f"{target}: {done.stderr}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
