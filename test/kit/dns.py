"""A DNS server of a few fixed names, over UDP and TCP, for one test.

    zone = DnsServer({"partner.example": [("MX", 10, "mx1.partner.example")],
                      "mx1.partner.example": [("A", "127.0.0.2")]})
    [server] dns = ["127.0.0.1:<zone.port>"]

Records may be changed while it runs (zone.records). It knows MX, A, AAAA, TXT and NS; any other question, and
any name that it has no record of, is answered as an authoritative server of the root would: NODATA for a name
that has records or stands above one that has, else NXDOMAIN, each with an SOA. Nothing is signed.
"""

import socket
import socketserver
import struct
import threading

from kit import free_port

TYPES = {"A": 1, "NS": 2, "SOA": 6, "MX": 15, "TXT": 16, "AAAA": 28}
TTL = 5


def _name(text):
    labels = [label for label in text.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def _data(record):
    kind, *rest = record
    if kind == "A":
        return socket.inet_aton(rest[0])
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, rest[0])
    if kind == "MX":
        return struct.pack("!H", rest[0]) + _name(rest[1])
    if kind == "NS":
        return _name(rest[0])
    if kind == "TXT":
        return bytes([len(rest[0])]) + rest[0].encode()
    raise ValueError(f"no such record: {record}")


def _record(owner, kind, data):
    return owner + struct.pack("!HHIH", TYPES[kind], 1, TTL, len(data)) + data


_SOA = _name("ns.test") + _name("hostmaster.test") + struct.pack("!IIIII", 1, 60, 60, 60, TTL)


class DnsServer:
    def __init__(self, records):
        self.records = {name.lower(): list(rows) for name, rows in records.items()}
        self.port = free_port()
        self.asked = []  # (name, type), in order
        owner = self

        class Udp(socketserver.BaseRequestHandler):
            def handle(self):
                query, sock = self.request
                if answer := owner._answer(query):
                    sock.sendto(answer, self.client_address)

        class Tcp(socketserver.StreamRequestHandler):
            timeout = 10

            def handle(self):
                while len(head := self.rfile.read(2)) == 2:
                    answer = owner._answer(self.rfile.read(struct.unpack("!H", head)[0]))
                    self.wfile.write(struct.pack("!H", len(answer)) + answer)

        class Threading(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True

        self._servers = [socketserver.ThreadingUDPServer(("127.0.0.1", self.port), Udp),
                         Threading(("127.0.0.1", self.port), Tcp)]
        for server in self._servers:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def _answer(self, query):
        if len(query) < 12:
            return b""
        number, flags, questions = struct.unpack("!HHH", query[:6])
        labels, at = [], 12
        while at < len(query) and query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1"))
            at += 1 + query[at]
        question = query[12:at + 5]
        if questions != 1 or len(question) < 5:
            return b""
        name, kind = ".".join(labels).lower(), struct.unpack("!H", query[at + 1:at + 3])[0]
        self.asked.append((name, kind))
        rows = self.records.get(name, [])
        known = rows or any(other.endswith("." + name) for other in self.records) or not name
        answers = [_record(b"\xc0\x0c", row[0], _data(row)) for row in rows if TYPES[row[0]] == kind]
        authority = [] if answers else [_record(b"\0", "SOA", _SOA)]
        rcode = 0 if known else 3
        head = struct.pack("!HHHHHH", number, 0x8480 | (flags & 0x0100) | rcode, 1, len(answers), len(authority), 0)
        return head + question + b"".join(answers) + b"".join(authority)
