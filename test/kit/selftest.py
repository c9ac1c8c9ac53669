#!/usr/bin/env python3
"""Proves the kit with nothing of Postern in it: mail from each MTA to each other over mutual TLS.

    test/kit/selftest.py [POSTFIX|EXIM|OPENSMTPD ...]     only pairs of these

Six ordered pairs, 20 messages each: none lost, none twice, bodies identical, every one over TLS
with a client certificate that the receiver verified. And that the checks are real: no mail in
clear text, none without a client certificate, none to a server with another name.
"""

import pathlib
import shutil
import smtplib
import ssl
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from kit import inject  # noqa: E402
from kit.ca import CA  # noqa: E402
from kit.peers import KINDS, Peer, Relay  # noqa: E402

COUNT = 20
failures = []


def check(what, ok, detail=""):
    print(f"{'ok  ' if ok else 'FAIL'} {what}{f': {detail}' if detail and not ok else ''}", flush=True)
    if not ok:
        failures.append(what)


def receiver_is_strict(peer, root, client_leaf):
    """Straight at the receiver, as clients that it must not let in, and as one that it must."""

    def attempt(starttls):
        try:
            client = inject.connect("127.0.0.1", peer.listen_port, starttls, peer.name)
            code, text = client.mail("alice@sender.test")
            if code == 250:
                code, text = client.rcpt(f"bob@{peer.domain}")
            return code // 100 != 2, f"{code} {text}"
        except (smtplib.SMTPException, ssl.SSLError, OSError) as error:
            return True, str(error)

    ok, said = attempt(None)
    check(f"{peer.kind} takes no mail in clear text", ok, said)
    ok, said = attempt(inject.tls_context(root.cert))
    check(f"{peer.kind} takes no mail without a client certificate", ok, said)
    stranger = CA(root.dir / f"stranger-{peer.kind}", "Stranger").leaf("out.kit.test")
    ok, said = attempt(inject.tls_context(root.cert, stranger))
    check(f"{peer.kind} takes no mail with a certificate of another CA", ok, said)
    # Without this one, a client that could never get in would make the others look good.
    refused, said = attempt(inject.tls_context(root.cert, client_leaf))
    check(f"{peer.kind} takes mail with a client certificate", not refused, said)


# What each sender logs when the server's name is not the one it wants.
NAME_REFUSED = {
    "postfix": r"Server certificate not verified",
    "exim": r"certificate name mismatch|Certificate verification failed|certificate verification failed|certificate does not match",
    "opensmtpd": r"not present in server certificate",
}


def main():
    kinds = [k for k in KINDS if k in [a.lower() for a in sys.argv[1:]] or len(sys.argv) == 1]
    work = pathlib.Path(tempfile.mkdtemp(prefix="kit-"))
    started = time.monotonic()
    root = CA(work / "ca", "Kit Root")
    issuing = root.intermediate("Kit Issuing CA")
    receivers = {}
    try:
        for kind in kinds:
            name = f"mx.{kind}.test"
            receivers[kind] = Peer(kind, work / f"{kind}-in", tls=issuing.leaf(name), name=name, domain=f"{kind}.test")
            begun = time.monotonic()
            receivers[kind].start()
            check(f"{kind} is up ({time.monotonic() - begun:.1f} s)", True)
            receiver_is_strict(receivers[kind], root, issuing.leaf("out.kit.test"))

        for a in kinds:
            client = issuing.leaf(f"out.{a}.test")
            for b in kinds:
                if a == b:
                    continue
                receiver = receivers[b]
                begun = time.monotonic()
                with Peer(a, work / f"{a}-to-{b}", tls=client, relay_to=Relay(receiver.listen_port, receiver.name)) as sender:
                    before = receiver.count()
                    sent = inject.send("127.0.0.1", sender.submit_port, COUNT, recipient=f"bob@{b}.test", seed=f"{a}{b}")
                    try:
                        arrived = receiver.wait_messages(before + COUNT)[before:]
                    except TimeoutError as error:
                        check(f"{a} → {b}", False, f"{error}\n--- {a}\n{sender.log()[-3000:]}")
                        continue
                    result = inject.compare(sent, arrived)
                    facts = [receiver.tls_facts(m) for m in arrived]
                    mutual = all(f["version"] and f["client_verified"] for f in facts)
                    check(f"{a} → {b}: {COUNT} messages, bodies identical ({time.monotonic() - begun:.1f} s)",
                          result.ok and len(sent.acknowledged) == COUNT, f"{result} {sent.refused}")
                    check(f"{a} → {b}: {facts[0]['version']}, client certificate verified", mutual, str(facts[:2]))

            other = receivers[next(k for k in kinds if k != a)]
            wrong = "mx.elsewhere.test"
            sender = Peer(a, work / f"{a}-wrong", tls=client, relay_to=Relay(other.listen_port, wrong))
            with sender:
                before = other.count()
                inject.send("127.0.0.1", sender.submit_port, 1, recipient=f"bob@{other.domain}", seed=a)
                try:
                    sender.wait_log(NAME_REFUSED[a])
                    check(f"{a} delivers nothing to a server of another name", other.count() == before)
                except TimeoutError as error:
                    check(f"{a} delivers nothing to a server of another name", False, str(error))
    finally:
        for peer in receivers.values():
            peer.stop()
    print(f"{len(failures)} failed in {time.monotonic() - started:.1f} s", flush=True)
    if failures:
        print(f"what the peers left is in {work}")
    else:
        shutil.rmtree(work)
    return 1 if failures or len(kinds) < 2 else 0


if __name__ == "__main__":
    sys.exit(main())
