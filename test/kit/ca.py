"""A private CA by the openssl command: roots, intermediates, leaves, CRLs. EC P-256 throughout.

    root = CA(dir, "Root")                     inter = root.intermediate("Issuing")
    leaf = inter.leaf("mx.example", ["mx.example", "*.mx.example", "192.0.2.1"])
    leaf.chain (leaf first, without the root)  leaf.key  leaf.ca (the root to trust)
"""

import dataclasses
import datetime
import ipaddress
import os
import pathlib
import subprocess

_CONFIG = """
[ca]
default_ca = this
[this]
database = {dir}/index
new_certs_dir = {dir}/issued
serial = {dir}/serial
crlnumber = {dir}/crlnumber
certificate = {dir}/cert.pem
private_key = {dir}/key.pem
default_md = sha256
default_crl_days = 30
policy = any
unique_subject = no
copy_extensions = none
[any]
commonName = optional
"""


@dataclasses.dataclass(frozen=True)
class Leaf:
    cert: pathlib.Path  # the leaf alone
    chain: pathlib.Path  # leaf first, then the intermediates
    key: pathlib.Path
    ca: pathlib.Path  # the root that makes it trusted


def _openssl(*args, stdin=None):
    done = subprocess.run(["openssl", *map(str, args)], input=stdin, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"openssl {' '.join(map(str, args))}: {done.stderr.strip()}")
    return done.stdout


def _time(when):
    return when.astimezone(datetime.timezone.utc).strftime("%Y%m%d%H%M%SZ")


def _san(name):
    try:
        return f"IP:{ipaddress.ip_address(name)}"
    except ValueError:
        return f"DNS:{name}"


class CA:
    """A certificate authority in a directory of its own; self-signed unless it has a parent."""

    def __init__(self, directory, cn="Test Root", parent=None, days=3650):
        self.dir = pathlib.Path(directory).absolute()
        self.parent = parent
        self.cn = cn
        self._count = 0
        (self.dir / "issued").mkdir(parents=True)
        (self.dir / "index").touch()
        # Serial numbers differ between CAs so that a mix-up of two shows.
        (self.dir / "serial").write_text(os.urandom(8).hex().replace("0", "1", 1) + "\n")
        (self.dir / "crlnumber").write_text("01\n")
        (self.dir / "conf").write_text(_CONFIG.format(dir=self.dir))
        self.key = self.dir / "key.pem"
        self.cert = self.dir / "cert.pem"
        extensions = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
        if parent:
            extensions += "authorityKeyIdentifier=keyid\n"
        self._key(self.key)
        issuer = parent or self
        issuer._sign(self.cert, self.key, cn, extensions, days, selfsign=parent is None)

    @property
    def root(self):
        return self.parent.root if self.parent else self

    @property
    def intermediates(self):
        """What a server must present beside its leaf: this CA and those above, not the root."""
        return [self.cert, *self.parent.intermediates] if self.parent else []

    def intermediate(self, cn="Test Issuing CA", days=1825):
        self._count += 1
        return CA(self.dir / f"ca{self._count}", cn, self, days)

    def leaf(self, cn, sans=None, days=30, *, not_before=None, not_after=None, key=None, rsa=False,
             eku="serverAuth,clientAuth", extra="", selfsigned=False):
        """A certificate for cn (None: empty subject) with these SANs (default: [cn]).

        not_before and not_after are datetimes; without them it is valid from an hour ago, for
        `days` from now; with days < 0 it expired that long ago. `key`: the file of an existing
        key, for a renewal that keeps it. `rsa`: RSA 2048 instead of EC. `extra`: more extension lines in OpenSSL's syntax.
        """
        self._count += 1
        base = self.dir / f"leaf{self._count}"
        base.mkdir()
        if key is None:
            key = base / "key.pem"
            self._key(key, rsa)
        names = [cn] if sans is None else sans
        extensions = f"basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n{extra}\n"
        if eku:
            extensions += f"extendedKeyUsage={eku}\n"
        if names:
            critical = "" if cn else "critical,"
            extensions += f"subjectAltName={critical}{','.join(map(_san, names))}\n"
        extensions += "subjectKeyIdentifier=hash\n" + ("" if selfsigned else "authorityKeyIdentifier=keyid\n")
        cert, chain = base / "cert.pem", base / "chain.pem"
        self._sign(cert, key, cn, extensions, days, not_before, not_after, selfsigned)
        above = [] if selfsigned else self.intermediates
        chain.write_text("".join(p.read_text() for p in [cert, *above]))
        return Leaf(cert, chain, pathlib.Path(key), cert if selfsigned else self.root.cert)

    def revoke(self, leaf):
        _openssl("ca", "-config", self.dir / "conf", "-revoke", leaf.cert)

    def crl(self):
        """Writes and returns this CA's current CRL (PEM)."""
        out = self.dir / "crl.pem"
        _openssl("ca", "-config", self.dir / "conf", "-gencrl", "-out", out)
        return out

    @staticmethod
    def _key(path, rsa=False):
        kind = ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"] if rsa else ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
        _openssl("genpkey", "-algorithm", *kind, "-out", path)
        path.chmod(0o600)

    def _sign(self, out, key, cn, extensions, days, not_before=None, not_after=None, selfsign=False):
        # `openssl ca` because it alone sets both ends of the validity (OpenSSL 3.0).
        now = datetime.datetime.now(datetime.timezone.utc)
        after = not_after or now + datetime.timedelta(days=days)
        before = not_before or min(now, after) - datetime.timedelta(hours=1)
        request = out.with_suffix(".csr")
        ext = out.with_suffix(".ext")
        ext.write_text(extensions)
        empty = self.dir / "conf"  # has no section that openssl req would read a subject from
        _openssl("req", "-new", "-config", empty, "-key", key, "-subj", f"/CN={cn}" if cn else "/", "-out", request)
        args = ["ca", "-config", self.dir / "conf", "-batch", "-notext", "-in", request, "-out", out,
                "-extfile", ext, "-startdate", _time(before), "-enddate", _time(after)]
        if selfsign:
            args += ["-selfsign", "-keyfile", key]
        _openssl(*args)
