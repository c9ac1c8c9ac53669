"""The relays compared: each takes mail on `port` and hands it to one next hop, TLS with verified
peers on both sides or clear text on both, and fsyncs before it answers 250.

    with Postern(dir, tls=leaf, next_port=2600, encrypted=True) as relay:
        ... relay.port, relay.pid, relay.queued(), relay.release() ...
"""

import os
import pathlib
import signal
import subprocess

from kit import free_port, peers
from kit.gateway import Gateway

NAME, NEXT = "relay.bench.test", "sink.bench.test"
SESSIONS = 50  # at most, towards the next hop; the same for both
_HERE = pathlib.Path(__file__).resolve().parent


class Postern:
    label = "Postern"

    def __init__(self, workdir, tls, next_port, encrypted=True):
        self.port = free_port()
        listen = {"listen": [f"127.0.0.1:{self.port}"], "certificate": "relay", "relay_from": ["127.0.0.0/8"],
                  "max_connections_per_client": 1000, "tls": "required" if encrypted else "none"}
        send = {"domains": ["*"], "hosts": [f"127.0.0.1:{next_port}"], "trust": ["bench"], "tls": "none"}
        if encrypted:
            send.update(tls="authenticate", tls_domain=NEXT)
        self._gateway = Gateway(workdir, {
            "server": {"hostname": NAME},
            "certificates": {"relay": {"chain": tls.chain, "key": tls.key}},
            "trust": {"bench": {"files": [tls.ca]}},
            "receive": {"bench": listen},
            "send": {"bench": send},
            "queue": {"max_sessions_per_destination": SESSIONS, "max_messages_per_session": 1000, "probe_min": "1s", "probe_max": "2s"},
        })

    @property
    def pid(self):
        return self._gateway.process.pid

    def queued(self):
        return sum(d["queued"] + d["deferred"] for d in self._gateway.queue()["destinations"])

    def release(self):
        """Nothing to do: it probes, and lets the mail go."""

    def __enter__(self):
        self._gateway.start()
        return self

    def __exit__(self, *args):
        self._gateway.__exit__(*args)


class _TunedPostfix(peers.Peer):
    """The kit's way to run an unpacked Postfix, with the settings of this folder."""

    def __init__(self, workdir, tls, next_port, encrypted):
        super().__init__("postfix", workdir, tls=tls, name=NAME, relay_to=peers.Relay(port=next_port, name=NEXT))
        self._encrypted = encrypted

    def _postfix(self):
        command = super()._postfix()  # folders and owners
        values = {"name": NAME, "next_name": NEXT, "next_port": self.relay_to.port, "port": self.submit_port,
                  "reuse": "yes" if self._encrypted else "no", "out_level": "secure" if self._encrypted else "none",
                  "in_level": "encrypt" if self._encrypted else "none"}
        for file in ("main.cf", "master.cf"):
            self._write(f"etc/postfix/{file}", (_HERE / "postfix" / file).read_text().format(**values))
            os.utime(self.root / "etc/postfix" / file, (0, 0))
        return command

    def flush(self):
        """What `postqueue -f` asks of the queue manager: try all that is deferred, now."""
        with open(self.root / "var/spool/postfix/public/qmgr", "wb", buffering=0) as trigger:
            trigger.write(b"IFA")


class Postfix:
    label = "Postfix"

    def __init__(self, workdir, tls, next_port, encrypted=True):
        self._peer = _TunedPostfix(workdir, tls, next_port, encrypted)

    @property
    def port(self):
        return self._peer.submit_port

    @property
    def pid(self):
        return self._peer.process.pid

    def queued(self):
        return self._peer.queued()

    def release(self):
        self._peer.flush()

    def __enter__(self):
        self._peer.start()
        return self

    def __exit__(self, *_):
        self._peer.stop()
