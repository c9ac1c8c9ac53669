"""`postern serve` as a child of the test, and its commands.

    gateway = Gateway(workdir, {"server": {"hostname": "edge.test"}, "receive": {"apps": {...}}, ...})
    with gateway:                                   # up when every listener and the control socket answer
        gateway.submit("bob@partner.test", "one")   # smtplib; returns the subject
        blocker = gateway.wait_blocker("partner", code="expired")
        gateway.edit(lambda c: c["send"]["partner"].update(trust=["partners"]))    # as an administrator, then SIGHUP
        gateway.wait_delivered("one")
    # __exit__: SIGTERM, and the exit code must be 0

The program is $POSTERN. The configuration is kept as a dict and written as TOML; `text` may be anything, for
broken files. What the gateway says goes to DIR/log; `tail()` is for messages of failed tests.
"""

import datetime
import json
import os
import pathlib
import signal
import smtplib
import socket
import subprocess
import time

from kit import DEADLINE, free_port, wait_for

POSTERN = os.environ.get("POSTERN", str(pathlib.Path(__file__).resolve().parents[2] / "build/release/bin/postern"))
_STOP = 20.0  # SIGTERM to exit


def toml(value):
    """A configuration as TOML: tables two deep, everything below inline."""
    out = []
    for section, body in value.items():
        if all(isinstance(v, dict) for v in body.values()) and section not in ("server", "queue", "timeouts", "admin", "alert"):
            for name, keys in body.items():
                out += [f"[{section}.{name}]", *_keys(keys), ""]
        else:
            out += [f"[{section}]", *_keys(body), ""]
    return "\n".join(out)


def _keys(keys):
    return [f"{key} = {_value(v)}" for key, v in keys.items()]


def _value(v):
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, datetime.datetime):
        return v.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(v, (list, tuple)):
        return "[" + ", ".join(map(_value, v)) + "]"
    if isinstance(v, dict):
        return "{ " + ", ".join(f"{k} = {_value(x)}" for k, x in v.items()) + " }"
    if isinstance(v, int):
        return str(v)
    return json.dumps(str(v), ensure_ascii=False)


class CommandFailed(AssertionError):
    def __init__(self, args, done):
        super().__init__(f"postern {' '.join(args)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        self.code = done.returncode


class Gateway:
    def __init__(self, workdir, config):
        self.dir = pathlib.Path(workdir)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.file = self.dir / "postern.toml"
        self.log = self.dir / "log"
        self.config = config
        config.setdefault("server", {}).setdefault("hostname", "edge.contoso.test")
        config["server"].setdefault("store", "sqlite:var/postern.db")
        config["server"].setdefault("threads", 2)
        # As long as it may be: a UNIX socket's path ends at 107 octets.
        config.setdefault("admin", {}).setdefault("listen", "unix:var/s")
        self.write()
        self.process = None

    # -- its life --

    def write(self, text=None):
        """Writes the configuration as an editor does: a new file, then a rename."""
        new = self.file.with_name("postern.toml.new")
        new.write_text(toml(self.config) if text is None else text)
        new.rename(self.file)

    def edit(self, change, signal_it=True):
        change(self.config)
        self.write()
        if signal_it:
            self.hup()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([POSTERN, "serve", "--config", str(self.file)], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, cwd=self.dir)
        wait_for(self._up, f"the gateway to listen; it said:\n{self.tail()}")
        return self

    def _up(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the gateway ended with {self.process.returncode}:\n{self.tail()}")
        for connector in self.config.get("receive", {}).values():
            for endpoint in connector["listen"]:
                host, _, port = endpoint.rpartition(":")
                try:
                    with socket.create_connection((host.strip("[]"), int(port)), timeout=2) as s:
                        if not connector.get("implicit_tls"):
                            if not s.recv(4).startswith(b"220"):
                                return False
                            s.sendall(b"QUIT\r\n")
                except OSError:
                    return False
        return (self.dir / "var/s").exists()

    def hup(self):
        self.process.send_signal(signal.SIGHUP)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """SIGTERM; the exit code must be 0. Returns the seconds it took."""
        begun = time.monotonic()
        if self.process.poll() is None:
            self.process.terminate()
        try:
            code = self.process.wait(_STOP)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the gateway did not stop in {_STOP:g} s:\n{self.tail()}") from None
        if code != 0:
            raise AssertionError(f"the gateway ended with {code}:\n{self.tail()}")
        return time.monotonic() - begun

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
        elif self.process.poll() is None:
            self.kill()

    def text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def tail(self, lines=60):
        return "\n".join(self.text().splitlines()[-lines:])

    def wait_log(self, needle, deadline=DEADLINE):
        wait_for(lambda: needle in self.text(), f"{needle!r} in the log:\n{self.tail(15)}", deadline)

    # -- its commands --

    def command(self, *args):
        args = [str(a) for a in args]
        return subprocess.run([POSTERN, *args, "--config", str(self.file)], capture_output=True, text=True, cwd=self.dir,
                              timeout=DEADLINE)

    def run(self, *args, code=0):
        done = self.command(*args)
        if done.returncode != code:
            raise CommandFailed(list(map(str, args)), done)
        return done.stdout

    def json(self, *args, code=0):
        return json.loads(self.run(*args, "--json", code=code))

    def queue(self):
        return self.json("queue")

    def status(self):
        """(exit code, the page as JSON)"""
        done = self.command("status", "--json")
        return done.returncode, json.loads(done.stdout)

    def trace(self, **filters):
        args = [word for key, value in filters.items() for word in (f"--{key.replace('_', '-')}", value)]
        return [json.loads(line) for line in self.run("trace", *args, "--json").splitlines() if line.strip()]

    def traced(self, subject):
        """The one message with this subject."""
        found = [m for m in self.trace() if m["subject"] == subject]
        assert len(found) == 1, f"{len(found)} messages with subject {subject!r}"
        return found[0]

    # -- mail --

    def submit(self, recipient, subject, sender="alice@contoso.test", body="Hello.", port=None, headers=(), options=()):
        """Hands over one message in clear text and returns its subject; raises what smtplib raises."""
        recipients = [recipient] if isinstance(recipient, str) else list(recipient)
        lines = [f"From: <{sender}>", f"To: <{recipients[0]}>", f"Subject: {subject}", *headers, "", body]
        with smtplib.SMTP("127.0.0.1", port or self.submit_port, "app.contoso.test", timeout=DEADLINE) as client:
            client.sendmail(sender, recipients, "\r\n".join(lines) + "\r\n", rcpt_options=list(options))
        return subject

    @property
    def submit_port(self):
        first = next(iter(self.config["receive"].values()))
        return int(first["listen"][0].rpartition(":")[2])

    # -- waiting --

    def blocker(self, connector):
        found = [b for b in self.queue()["blockers"] if b["connector"] == connector]
        return found[0] if found else None

    def wait_blocker(self, connector, code=None, messages=None, deadline=DEADLINE):
        seen = [None]

        def there():
            seen[0] = self.blocker(connector)
            return (seen[0] and (code is None or seen[0]["code"] == code)
                    and (messages is None or seen[0]["messages"] == messages) and seen[0])

        try:
            return wait_for(there, f"a blocker {code or ''} of {connector}", deadline)
        except TimeoutError as error:
            raise AssertionError(f"{error}; present: {seen[0]}") from None

    def wait_status(self, subject, status, deadline=DEADLINE):
        """Until every recipient of the message with this subject has this status; returns the message."""

        def there():
            message = self.traced(subject)
            return all(r["status"] == status for r in message["recipients"]) and message

        return wait_for(there, f"{subject!r} to be {status}", deadline)

    def wait_delivered(self, subject, deadline=DEADLINE):
        return self.wait_status(subject, "delivered", deadline)


def listen():
    """A loopback endpoint for a receive connector."""
    return f"127.0.0.1:{free_port()}"
