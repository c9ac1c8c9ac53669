#!/usr/bin/env python3
"""One message of 150 MB through the gateway twice, in flat memory.

    large_message.py          $POSTERN: the program

Taken over STARTTLS, sent on over mutual TLS to a second receive connector of the same process, and
dropped: receiving, relaying and delivering together stay below 200 MB, though each is of the size.
"""

import hashlib
import pathlib
import re
import shutil
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from kit import inject, wait_for  # noqa: E402
from kit.ca import CA  # noqa: E402
from kit.gateway import Gateway, listen  # noqa: E402

SIZE = 150_000_000
LIMIT = 200_000_000  # octets of memory at the worst moment
LINE = b"0123456789abcdef" * 62 + b"\r\n"
BLOCK = LINE * 1000
DEADLINE = 240.0


def peak(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmHWM:\s+(\d+) kB", status, re.M)[1]) * 1024


def configuration(root, edge, partner):
    onward = listen()
    return {
        "server": {"hostname": "edge.contoso.test"},
        "certificates": {"edge": {"chain": edge.chain, "key": edge.key}, "partner": {"chain": partner.chain, "key": partner.key}},
        "trust": {"kit": {"files": [root.cert]}},
        "receive": {
            "apps": {"listen": [listen()], "certificate": "edge", "relay_from": ["127.0.0.0/8"]},
            "partner": {"listen": [onward], "tls": "mutual", "certificate": "partner", "client_domains": ["edge.contoso.test"],
                        "trust": ["kit"], "accept_domains": ["partner.test"], "send_via": "drop"},
        },
        "send": {
            "partner": {"domains": ["partner.test"], "hosts": [onward], "tls": "mutual", "tls_domain": "mail.partner.test",
                        "certificate": "edge", "trust": ["kit"]},
            "drop": {"domains": ["*"], "drop": "drop"},
        },
    }


def send(port, root):
    """Hands the message over in blocks; smtplib would hold all of it several times. Returns its hash."""
    client = inject.connect("127.0.0.1", port, inject.tls_context(root.cert), "edge.contoso.test", timeout=DEADLINE)
    for command in ("MAIL FROM:<alice@contoso.test>", "RCPT TO:<bob@partner.test>", "DATA"):
        code, text = client.docmd(command)
        assert code in (250, 354), f"{command}: {code} {text}"
    digest = hashlib.sha256()
    client.sock.sendall(inject.message("large", b"", "alice@contoso.test", "bob@partner.test"))
    for _ in range(SIZE // len(BLOCK) + 1):
        client.sock.sendall(BLOCK)
        digest.update(BLOCK)
    client.sock.sendall(b".\r\n")
    code, text = client.getreply()
    assert code == 250, f"{code} {text}"
    client.quit()
    return digest.hexdigest()


def body_hash(file):
    digest = hashlib.sha256()
    with open(file, "rb") as f:
        while f.readline() not in (b"\r\n", b""):
            pass
        while block := f.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def main():
    work = pathlib.Path(tempfile.mkdtemp(prefix="postern-large."))
    root = CA(work / "ca")
    gateway = Gateway(work / "gateway", configuration(root, root.leaf("edge.contoso.test"), root.leaf("mail.partner.test")))
    folder = gateway.dir / "drop"
    try:
        with gateway:
            begun = time.monotonic()
            digest = send(gateway.submit_port, root)
            taken = time.monotonic() - begun
            wait_for(lambda: folder.is_dir() and list(folder.glob("*.eml")), "the message in the drop directory", DEADLINE)
            took = time.monotonic() - begun
            used = peak(gateway.process.pid)
    except BaseException:
        print(f"--- gateway\n{gateway.tail()}", file=sys.stderr)
        raise
    (file,) = folder.glob("*.eml")
    assert body_hash(file) == digest, f"the body changed: {file.read_bytes()[:2000]}"
    shutil.rmtree(work)
    print(f"{SIZE / 1e6:g} MB: taken in {taken:.1f} s, delivered in {took:.1f} s, at most {used / 1e6:.0f} MB of memory")
    assert used < LIMIT, f"{used} octets of memory"


if __name__ == "__main__":
    main()
