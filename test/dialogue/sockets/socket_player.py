#!/usr/bin/env python3
"""Plays the dialogue scripts against `postern serve`, over real sockets: in clear text and over STARTTLS.

    socket_player.py [--only TEXT] FILE.dialogue...        $POSTERN and $DIALOGUE_JSON: the programs
    socket_player.py --must-fail FILE.dialogue...          planted bad scripts: each has to fail

A script that says nothing of TLS is played twice: on a connector without TLS, and on one with, behind
a STARTTLS that the script does not see (its greeting is replayed). One that configures or begins TLS is
played once, as it stands. What came of it is read from the trace and the drop directory.

Not every script fits a real gateway: the driver in memory answers by conventions of its own
(smtp/memory_driver.h), and the configuration has limits. Those are listed by name, with the reason.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from kit import DEADLINE, free_port, wait_for  # noqa: E402
from kit.ca import CA  # noqa: E402
from kit.gateway import Gateway  # noqa: E402

DIALOGUE_JSON = os.environ.get("DIALOGUE_JSON", str(pathlib.Path(__file__).resolve().parents[3] / "build/release/bin/dialogue_json"))
BAD_PATIENCE = 2.0  # seconds for a reply that a bad script waits for in vain
IMPATIENT = "1s"  # of the gateway that plays scripts with @timeout

# What no configuration of a gateway brings about: octets in a script → the reason.
IN_MEMORY_ONLY = {
    b"@refused.test": "the sender domain refused.test is a convention of the driver in memory",
    b"@deferred.test": "the sender domain deferred.test is a convention of the driver in memory",
    b"<deferred@": "the recipient deferred@ is a convention of the driver in memory",
    b"<full@": "the sender full@ is a convention of the driver in memory",
    b"<broken-disk@": "the sender broken-disk@ is a convention of the driver in memory",
}
# The reply to a stored message is the driver's, not the session's, and theirs differ.
STORED, STORED_IN_MEMORY = "250 2.6.0", "250 2.0.0"
TRACED = 10000
LEAST_RECIPIENTS = 100  # RFC 5321 4.5.3.1.8; the configuration takes no less


class Failed(Exception):
    pass


def load(files):
    done = subprocess.run([DIALOGUE_JSON, *map(str, files)], stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def octets(step):
    return bytes.fromhex(step.get("octets", ""))


def verbs(dialogue):
    return {step["verb"] for step in dialogue["steps"]}


def alternatives(dialogue):
    return [a for step in dialogue["steps"] for a in step.get("alternatives", [])]


def uses_tls(dialogue):
    return "tls" in dialogue["config"]


def not_applicable(dialogue, mode):
    """Why this dialogue cannot be played against a gateway, or None."""
    said = b"".join(octets(step) for step in dialogue["steps"])
    for needle, reason in IN_MEMORY_ONLY.items():
        if needle in said:
            return reason
    if int(dialogue["config"].get("max_recipients", LEAST_RECIPIENTS)) < LEAST_RECIPIENTS and "452 4.5.3" in alternatives(dialogue):
        return f"max_recipients below {LEAST_RECIPIENTS} is refused by the configuration"
    if mode == "STARTTLS" and said.startswith(b"\x16\x03"):
        return "it is about a ClientHello in clear text"
    return None


def connector(dialogue_config, tls):
    keys = {key: json.loads(value) for key, value in dialogue_config.items()}
    keys["tls"] = keys.get("tls", tls)
    if "max_recipients" in keys:
        keys["max_recipients"] = max(keys["max_recipients"], LEAST_RECIPIENTS)
    return {"listen": [f"127.0.0.1:{free_port()}"], "fqdn": "mx.test", "accept_domains": ["rcpt.test"], "connection_rate_per_minute": 0,
            **({} if keys["tls"] == "none" else {"certificate": "mx"}), **keys}


class Stand:
    """A gateway with one receive connector for each configuration that the dialogues ask for."""

    def __init__(self, work, leaf, dialogues, **sections):
        self.leaf = leaf
        self.names = {}
        receive = {}
        for dialogue in dialogues:
            for mode in modes(dialogue):
                key = self._key(dialogue, mode)
                if key not in self.names:
                    self.names[key] = f"r{len(self.names)}"
                    receive[self.names[key]] = connector(dialogue["config"], "opportunistic" if mode == "STARTTLS" else "none")
        self.gateway = Gateway(work, {
            "server": {"hostname": "mx.test"},
            "certificates": {"mx": {"chain": leaf.chain, "key": leaf.key}},
            "receive": receive,
            "send": {"drop": {"domains": ["*"], "drop": "drop"}},
            **sections,
        })
        self.client = ssl.create_default_context(cafile=str(leaf.ca))

    @staticmethod
    def _key(dialogue, mode):
        return json.dumps([dialogue["config"], mode])

    def port(self, dialogue, mode):
        listen = self.gateway.config["receive"][self.names[self._key(dialogue, mode)]]["listen"][0]
        return int(listen.rpartition(":")[2])


def modes(dialogue):
    return ["as it stands"] if uses_tls(dialogue) else ["clear text", "STARTTLS"]


class Wire:
    """One connection and what of it was not read yet."""

    def __init__(self, port, client, patience):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=patience)
        self.client = client
        self.unread = b""
        self.said_220 = False  # the reply last read was the one to STARTTLS

    def starttls(self):
        try:
            self.socket = self.client.wrap_socket(self.socket, server_hostname="mx.test")
        except (ssl.SSLError, OSError) as error:
            raise Failed(f"handshake: {error}") from None

    def fail_handshake(self):
        self.send(b"\x16\x03\x01\x00\x05hello")

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (ssl.SSLError, BrokenPipeError, ConnectionResetError):
            pass  # the gateway hung up; what it said before is still to be read

    def receive(self):
        try:
            data = self.socket.recv(65536)
        except TimeoutError:
            raise Failed(f"no answer within {self.socket.gettimeout():g} s; unread: {self.unread!r}") from None
        except (ConnectionResetError, ssl.SSLError):
            return False  # ended, with TLS's own goodbye or without
        self.unread += data
        return bool(data)

    def reply(self):
        lines = []
        while True:
            while b"\r\n" not in self.unread:
                if not self.receive():
                    raise Failed(f"the connection ended; unread: {self.unread!r}")
            line, _, self.unread = self.unread.partition(b"\r\n")
            lines.append(line.decode("utf-8", "replace"))
            if not re.match(r"[2-5]\d\d[ -]", lines[-1]):
                raise Failed(f"no reply: {lines[-1]!r}")
            if lines[-1][3] == " ":
                return lines

    def hidden_starttls(self):
        """STARTTLS of which the script sees nothing: its greeting stands in `unread` again."""
        greeting = self.reply()
        self.send(b"EHLO client.test\r\n")
        self.reply()
        self.send(b"STARTTLS\r\n")
        if not self.reply()[0].startswith("220"):
            raise Failed("STARTTLS was refused")
        self.starttls()
        self.unread = "".join(line + "\r\n" for line in greeting).encode()

    def expect_close(self, handshake):
        while self.receive():
            pass
        rest = self.unread
        if handshake and rest[:1] == b"\x15":
            # TLS says that it failed by an alert record; SMTP says nothing.
            rest = rest[5 + int.from_bytes(rest[3:5], "big"):]
        if rest:
            raise Failed(f"expected close, got {rest!r}")


    def expect_nothing(self):
        """The script is over: no reply may be left, nor come."""
        try:
            # TCP's end alone: SSLSocket.shutdown would forget TLS for reading, too.
            socket.socket.shutdown(self.socket, socket.SHUT_WR)
        except OSError:
            pass  # it is closed already
        while self.receive():
            pass
        if self.unread:
            raise Failed(f"a reply nobody expected: {self.unread!r}")


class Player:
    def __init__(self, stand, dialogue, mode, patience):
        self.stand, self.dialogue, self.mode, self.patience = stand, dialogue, mode, patience
        self.last = []

    def play(self):
        wire = Wire(self.stand.port(self.dialogue, self.mode), self.stand.client, self.patience)
        before = {m["id"] for m in self.traced()} if self.dialogue["expect"] else set()
        try:
            if self.mode == "STARTTLS":
                wire.hidden_starttls()
            for step in self.dialogue["steps"]:
                try:
                    self.step(wire, step)
                except Failed as failed:
                    raise Failed(f"line {step['line']}: {failed}") from None
            if "close" not in verbs(self.dialogue):
                wire.expect_nothing()
        finally:
            wire.socket.close()
            if "shutdown" in verbs(self.dialogue):
                self.stand.gateway.stop()
        self.check(before)

    def step(self, wire, step):
        verb = step["verb"]
        if verb == "send":
            wire.send(octets(step))
        elif verb == "reply":
            self.last = wire.reply()
            wire.said_220 = self.last[0].startswith("220 2.0.0")
            # As the scripts have it: code, enhanced code, text, whatever stands between code and text.
            said = self.last[0][:3] + " " + self.last[0][4:]
            if said.startswith(STORED):
                said = STORED_IN_MEMORY + said[len(STORED):]
            if not any(said.startswith(a) for a in step["alternatives"]):
                raise Failed(f"expected {' or '.join(step['alternatives'])}, got {self.last}")
        elif verb in ("has", "lacks"):
            word = step["alternatives"][0].lower()
            found = any(line[4:].lower().startswith(word) for line in self.last)
            if found != (verb == "has"):
                raise Failed(f"{step['alternatives'][0]} {'is missing' if verb == 'has' else 'stands'} in {self.last}")
        elif verb == "close":
            wire.expect_close(wire.said_220)
        elif verb == "tls":
            wire.starttls()
        elif verb == "tls fail":
            wire.fail_handshake()
        elif verb == "shutdown":
            self.stand.gateway.process.terminate()
        # timeout: the gateway's own; there is nothing to do but to read on.

    def check(self, before):
        if not self.dialogue["expect"]:
            return
        # Acknowledged is stored: there is nothing to wait for. Ids grow in the order of arrival.
        messages = sorted((m for m in self.traced() if m["id"] not in before), key=lambda m: m["id"])
        for expected in self.dialogue["expect"]:
            where, number = f"line {expected['line']}", expected["number"]
            if expected["check"] == "messages":
                if len(messages) != number:
                    raise Failed(f"{where}: {len(messages)} messages were stored")
                continue
            if number > len(messages):
                raise Failed(f"{where}: there is no such message")
            values = [bytes.fromhex(value) for value in expected["values"]]
            if expected["check"] == "body":
                values = [separated(value) for value in values]
            got = self.values(messages[number - 1], expected["check"])
            if got != values:
                raise Failed(f"{where}: {expected['check']} is {got}, expected {values}")

    def traced(self):
        done = self.stand.gateway.command("trace", "--limit", TRACED, "--json")
        if done.returncode == 1 and not done.stdout and not done.stderr:
            return []  # as grep has it: nothing was found
        if done.returncode:
            raise Failed(f"postern trace: {done.stderr}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def values(self, message, check):
        if check == "body":
            file = self.stand.gateway.dir / "drop" / f"{message['id']}.eml"
            wait_for(file.is_file, f"{file}")
            return [content(file.read_bytes())]
        if check == "sender":
            return [f"<{message['sender']}>".encode()]
        return [f"<{r['address']}>".encode() for r in message["recipients"]]


def separated(octets_sent):
    """A message that does not begin with a header field is parted from the fields on top by an empty line."""
    starts_well = re.match(rb"[!-9;-~]+[ \t]*:|\r\n", octets_sent)
    return octets_sent if starts_well else b"\r\n" + octets_sent


def content(raw):
    """The message as it was sent: without the fields that drop and Received put on top."""
    while found := re.match(rb"(Return-Path|Delivered-To|Received):.*?\r\n(?![ \t])", raw, re.S):
        name, raw = found[1], raw[found.end():]
        if name == b"Received":
            return raw
    return raw


def run(stand, dialogue, must_fail):
    """Plays it in every mode; returns (played, failures)."""
    played, failures = 0, []
    for mode in modes(dialogue):
        name = f"{pathlib.Path(dialogue['file']).name}: {dialogue['title']} ({mode})"
        if reason := not_applicable(dialogue, mode):
            print(f"not applicable: {name}: {reason}", flush=True)
            continue
        if stand.gateway.process is None or stand.gateway.process.poll() is not None:
            stand.gateway.start()
        played += 1
        try:
            Player(stand, dialogue, mode, BAD_PATIENCE if must_fail else DEADLINE).play()
            failed = None
        except Failed as error:
            failed = error
        if bool(failed) != must_fail:
            failures.append(f"{name}: {failed or 'passed, but must not'}")
            print(f"FAIL {failures[-1]}", flush=True)
    return played, failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--must-fail", action="store_true")
    parser.add_argument("--only", default="", help="dialogues whose title contains this")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    dialogues = [d for d in load(options.files) if options.only in d["title"]]
    work = pathlib.Path(tempfile.mkdtemp(prefix="postern-dialogue."))
    leaf = CA(work / "ca").leaf("mx.test")
    timed = [d for d in dialogues if "timeout" in verbs(d)]
    ending = [d for d in dialogues if "shutdown" in verbs(d)]
    others = [d for d in dialogues if d not in timed and d not in ending]
    impatient = {key: IMPATIENT for key in ("server_command", "server_body", "server_handshake")}
    played, failures = 0, []
    for name, group, sections in (("patient", others, {}), ("impatient", timed, {"timeouts": impatient}), ("ending", ending, {})):
        if not group:
            continue
        stand = Stand(work / name, leaf, group, **sections)
        try:
            for dialogue in group:
                some, failed = run(stand, dialogue, options.must_fail)
                played, failures = played + some, failures + failed
        finally:
            if stand.gateway.process and stand.gateway.process.poll() is None:
                stand.gateway.stop()
    print(f"{len(dialogues)} dialogues, played {played} times over sockets, {len(failures)} failed")
    if failures or not played:
        print(f"the gateways' folders are in {work}", file=sys.stderr)
        return 1
    shutil.rmtree(work)
    return 0


if __name__ == "__main__":
    sys.exit(main())
