"""An SMTP server that takes everything and remembers who sent what in which session.

    sink = Sink()                                  # clear text, on a free port
    sink = Sink(tls=leaf, client_ca=root.cert)     # STARTTLS only, with a client certificate
    sink.arrived()                                 # [(test id, sha256 of the body), ...] in order of arrival
    sink.sessions                                  # each: .taken (test ids), .ended ("QUIT", "lost", None: open)

Made for volume: bodies are hashed, not kept. A message counts as taken when its final dot was
read, whatever becomes of the reply: that is the moment from which a second copy is a duplicate.
"""

import dataclasses
import hashlib
import socket
import ssl
import threading

from kit import DEADLINE, free_port, inject, wait_for

_IDLE = 300.0
_EHLO = (b"PIPELINING", b"8BITMIME", b"SMTPUTF8", b"SIZE 0", b"ENHANCEDSTATUSCODES", b"DSN")


@dataclasses.dataclass
class Session:
    taken: list = dataclasses.field(default_factory=list)
    ended: str = None


class Sink:
    def __init__(self, port=None, tls=None, client_ca=None):
        self.port = port or free_port()
        self.sessions = []
        self._arrived, self._lock = [], threading.Lock()
        self._context = None
        if tls:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(str(tls.chain), str(tls.key))
            if client_ca:
                self._context.load_verify_locations(str(client_ca))
                self._context.verify_mode = ssl.CERT_REQUIRED
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=100)
        threading.Thread(target=self._accept, daemon=True).start()

    def arrived(self):
        with self._lock:
            return list(self._arrived)

    def count(self):
        return len(self._arrived)

    def wait(self, condition, what, deadline=DEADLINE):
        """Until condition(set of the test ids that arrived)."""
        wait_for(lambda: condition({test_id for test_id, _ in self.arrived()}), f"{what}; {self.count()} messages came", deadline)

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            session = Session()
            self.sessions.append(session)
            threading.Thread(target=self._serve, args=(sock, session), daemon=True).start()

    def _serve(self, sock, session):
        sock.settimeout(_IDLE)
        try:
            session.ended = self._talk(sock, session)
        except OSError:
            session.ended = "lost"
        finally:
            sock.close()

    def _talk(self, sock, session):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines = sock.makefile("rb")
        clear = self._context is not None
        sock.sendall(b"220 sink.test ESMTP\r\n")
        while line := lines.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                words = [b"sink.test", *_EHLO, *([b"STARTTLS"] if clear else [])]
                reply = b"".join(b"250-" + w + b"\r\n" for w in words[:-1]) + b"250 " + words[-1]
            elif verb == b"STAR" and clear:
                sock.sendall(b"220 2.0.0 ready\r\n")
                sock = self._context.wrap_socket(sock, server_side=True)
                lines, clear = sock.makefile("rb"), False
                continue
            elif verb == b"MAIL" and clear:
                reply = b"530 5.7.0 Must issue a STARTTLS command first"
            elif verb in (b"MAIL", b"RCPT", b"RSET", b"NOOP", b"HELO"):
                reply = b"250 2.0.0 ok"
            elif verb == b"DATA":
                sock.sendall(b"354 go on\r\n")
                self._take(lines, session)
                reply = b"250 2.0.0 taken"
            elif verb == b"QUIT":
                sock.sendall(b"221 2.0.0 bye\r\n")
                return "QUIT"
            else:
                reply = b"502 5.5.1 not known"
            sock.sendall(reply + b"\r\n")
        return "lost"

    def _take(self, lines, session):
        header, digest, in_header = [], hashlib.sha256(), True
        while (line := lines.readline()) != b".\r\n":
            if not line.endswith(b"\n"):
                raise ConnectionError("closed inside a message")
            if line.startswith(b"."):
                line = line[1:]
            if not in_header:
                digest.update(line)
            elif line == b"\r\n":
                in_header = False
            else:
                header.append(line)
        test_id = (inject.field(b"".join(header) + b"\r\n", inject.ID) or [""])[0]
        with self._lock:
            self._arrived.append((test_id, digest.hexdigest()))
            session.taken.append(test_id)
