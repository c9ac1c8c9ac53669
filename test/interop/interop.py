#!/usr/bin/env python3
"""Mail between Postern and a real mail server, both ways, over mutual TLS.

    interop.py postfix|exim|opensmtpd          $POSTERN: the program

1,000 messages each way, of mixed sizes up to 10 MiB, with everything in them that breaks careless
software (kit/inject.py): none lost, none twice, bodies identical; every single one over TLS, with
the client's certificate seen and verified by whoever received it. And the reverse: without a
client certificate neither side lets anything through.
"""

import argparse
import pathlib
import shutil
import smtplib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from kit import inject, wait_for  # noqa: E402
from kit.ca import CA  # noqa: E402
from kit.gateway import Gateway, listen  # noqa: E402
from kit.peers import KINDS, Peer, Relay  # noqa: E402

COUNT = 1000
# Most mail is small. One message of LARGE octets comes on top.
SIZES = (0, 1, 200, 1_000, 1_000, 1_500, 2_000, 2_000, 2_500, 3_000, 4_000, 4_000, 5_000, 6_000, 8_000, 8_000, 10_000, 20_000, 100 * 1024)
LARGE = 10 * 1024 * 1024
# OpenSMTPD listens with a backlog of 5; a client beyond it would wait for nothing.
CONNECTIONS = 4
DEADLINE = 240.0

OURS, THEIRS = "contoso.test", "partner.test"
GATEWAY, PEER = "edge.contoso.test", "mail.partner.test"


def gateway_config(root, leaf, peer_port):
    certificate = {"chain": leaf.chain, "key": leaf.key}
    return {
        "server": {"hostname": GATEWAY, "protocol_log": "var/protocol"},
        "certificates": {"edge": certificate},
        "trust": {"kit": {"files": [root.cert]}},
        "receive": {
            "apps": {"listen": [listen()], "tls": "none", "relay_from": ["127.0.0.0/8"]},
            # Exim opens a connection for each message that it did not try before.
            "partner": {"listen": [listen()], "tls": "mutual", "certificate": "edge", "client_domains": [PEER], "trust": ["kit"],
                        "accept_domains": [OURS], "connection_rate_per_minute": 0},
        },
        "send": {
            "partner": {"domains": [THEIRS], "hosts": [f"127.0.0.1:{peer_port}"], "tls": "mutual", "tls_domain": PEER,
                        "certificate": "edge", "trust": ["kit"]},
            "drop": {"domains": ["*"], "drop": "drop"},
        },
    }


def port_of(gateway, connector):
    return int(gateway.config["receive"][connector]["listen"][0].rpartition(":")[2])


def send_all(port, recipient, sender):
    """COUNT messages, the last one LARGE; returns what was acknowledged, which must be all."""
    sent = inject.send("127.0.0.1", port, COUNT - 1, recipient=recipient, sender=sender, connections=CONNECTIONS, sizes=SIZES,
                       deadline=DEADLINE)
    large = inject.send("127.0.0.1", port, 1, recipient=recipient, sender=sender, sizes=(LARGE,), seed=2, deadline=DEADLINE)
    sent.acknowledged.update(large.acknowledged)
    assert len(sent.acknowledged) == COUNT, f"only {len(sent.acknowledged)} taken: {list(sent.refused.items())[:3]}"
    return sent


def dropped(folder):
    return [f.read_bytes() for f in folder.glob("*.eml")]


def to_the_peer(gateway, peer):
    begun = time.monotonic()
    sent = send_all(port_of(gateway, "apps"), f"bob@{THEIRS}", f"alice@{OURS}")
    taken = time.monotonic() - begun
    arrived = peer.wait_messages(COUNT, DEADLINE)
    took = time.monotonic() - begun
    # A duplicate would come after the last: not before everything is accounted for is it over.
    wait_for(lambda: not queued(gateway), "an empty queue", DEADLINE)
    arrived = peer.messages()
    result = inject.compare(sent, arrived)
    assert result.ok, result
    facts = [peer.tls_facts(message) for message in arrived]
    bad = [f for f in facts if not (f["version"] and f["client_verified"])]
    assert not bad, f"{len(bad)} without our certificate, like {bad[0]['record']!r}"
    receipts_are_mutual(gateway)
    print(f"to {peer.kind}: {COUNT} messages, taken in {taken:.1f} s, there in {took:.1f} s; {facts[0]['version']}, our certificate verified")


def queued(gateway):
    queue = gateway.queue()
    return queue["blockers"] or sum(d["queued"] + d["deferred"] for d in queue["destinations"])


def receipts_are_mutual(gateway):
    """What the gateway itself recorded of every delivery to the peer."""
    messages = gateway.trace(recipient=f"bob@{THEIRS}", limit=COUNT + 100)
    assert len(messages) == COUNT, f"{len(messages)} traced"
    for message in messages:
        (recipient,) = message["recipients"]
        delivered = [e for e in recipient["events"] if e["event"] == "tx.delivered"]
        assert recipient["status"] == "delivered" and len(delivered) == 1, message
        receipt = delivered[0]["receipt"]
        assert receipt["reached"] == "mutual" and receipt["reference_identifier"] == PEER, receipt


def from_the_peer(gateway, peer):
    folder = gateway.dir / "drop"
    begun = time.monotonic()
    sent = send_all(peer.submit_port, f"alice@{OURS}", f"bob@{THEIRS}")
    taken = time.monotonic() - begun
    wait_for(lambda: folder.is_dir() and sum(1 for _ in folder.glob("*.eml")) >= COUNT, f"{COUNT} messages in the drop directory",
             DEADLINE)
    took = time.monotonic() - begun
    wait_for(lambda: not peer.queued() and not queued(gateway), "empty queues", DEADLINE)
    arrived = dropped(folder)
    result = inject.compare(sent, arrived)
    assert result.ok, result
    for raw in arrived:
        received = inject.field(raw, "Received")[0]
        assert "(TLSv1." in received and PEER in received and "with ESMTPS" in received, received
    messages = gateway.trace(recipient=f"alice@{OURS}", limit=COUNT + 100)
    assert len(messages) == COUNT, f"{len(messages)} traced"
    for message in messages:
        (recipient,) = message["recipients"]
        (accepted,) = [e for e in recipient["events"] if e["event"] == "tx.accept"]
        assert accepted["authenticated_as"] == PEER and accepted["tls"]["client_certificate"]["subject"] == f"CN={PEER}", accepted
    print(f"from {peer.kind}: {COUNT} messages, taken in {taken:.1f} s, there in {took:.1f} s; {received.split('id')[0].strip()}")


def refused_without_certificate(gateway, root):
    """The other sides of what was seen: a stranger gets nothing into the gateway's mutual connector."""
    port = port_of(gateway, "partner")
    stranger = CA(root.dir / "stranger", "Stranger").leaf(PEER)
    for what, certificate in (("no certificate", None), ("one of another CA", stranger)):
        try:
            client = inject.connect("127.0.0.1", port, inject.tls_context(root.cert, certificate), GATEWAY)
            code, text = client.mail(f"mallory@{THEIRS}")
        except (smtplib.SMTPException, OSError):
            continue
        assert code // 100 != 2, f"MAIL with {what}: {code} {text}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=KINDS)
    kind = parser.parse_args().peer
    work = pathlib.Path(tempfile.mkdtemp(prefix=f"postern-{kind}."))
    root = CA(work / "ca", "Kit Root")
    issuing = root.intermediate("Kit Issuing CA")
    begun = time.monotonic()
    # Both need the other's port before it runs.
    config = gateway_config(root, issuing.leaf(GATEWAY), 0)
    gateway_port = int(config["receive"]["partner"]["listen"][0].rpartition(":")[2])
    peer = Peer(kind, work / "peer", tls=issuing.leaf(PEER), name=PEER, domain=THEIRS, relay_to=Relay(gateway_port, GATEWAY))
    config["send"]["partner"]["hosts"] = [f"127.0.0.1:{peer.listen_port}"]
    gateway = Gateway(work / "gateway", config)
    try:
        with gateway, peer:
            refused_without_certificate(gateway, root)
            to_the_peer(gateway, peer)
            from_the_peer(gateway, peer)
    except BaseException:
        print(f"--- gateway\n{gateway.tail()}\n--- {kind}\n{peer.log()[-4000:]}", file=sys.stderr)
        print(f"what they left is in {work}", file=sys.stderr)
        raise
    shutil.rmtree(work)
    print(f"interop with {kind}: all held, {time.monotonic() - begun:.1f} s")


if __name__ == "__main__":
    main()
