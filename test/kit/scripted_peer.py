"""A mail server that does exactly what a test tells it, wrong things above all.

    peer = ScriptedPeer(tls=Tls(pki.chain("mx"), pki.key("mx")))     # listens at peer.port, in threads
    peer.set(starttls_reply="454 4.7.0 TLS not available")           # from the next connection on
    peer.set(stall="handshake")                                      # and from the next step on
    peer.messages()                                                  # what it said 250 to, in order

Behaviour (every field may be changed while it runs; a connection takes most of them when it begins, `stall` and
`replies` at each step):

  tls             Tls, or None: STARTTLS is not offered
  greeting        the first line; a 4xx or 5xx ends the session after it
  ehlo            the lines of the EHLO reply after the name, without STARTTLS; None: EHLO is refused (HELO only)
  masked          True: a Cisco PIX stands in the way: "220 ****", "250-XXXXXXXA" in place of STARTTLS
  hide_starttls   True: STARTTLS is taken and not listed, as where a device takes the word out
  implicit        True: TLS from the first byte, and no STARTTLS
  only_for        an address: the greeting set is for clients from there alone, others get 220
  starttls_reply  in place of "220 ready"
  demand_tls      reply to MAIL without TLS, like "530 5.7.0 Must issue a STARTTLS command first"
  refuse          f(connection) -> reply to the EHLO after the handshake, or None: how servers refuse certificates
                  in words; the connection ends after it
  replies         {"MAIL" | "RCPT" | "DATA" | "DOT": reply} in place of 250 / 354 / 250; or f(connection) -> reply or
                  None for the usual one: connection.said("MAIL") is the transaction's line
  pause           {"DOT": seconds}: thinks for so long before it replies
  stall           one of STALLS, or None: falls silent there until the stall is changed, then hangs up
"""

import _ssl
import ctypes
import dataclasses
import pathlib
import re
import socket
import ssl
import threading
import time

from kit import DEADLINE, POLL, free_port, wait_for

STALLS = ("connect", "greeting", "EHLO", "STARTTLS", "handshake", "second EHLO", "MAIL", "RCPT", "DATA", "DOT")
_SPARE = 30.0  # a socket that nobody talks on ends by itself


@dataclasses.dataclass
class Tls:
    chain: object  # PEM: presented exactly as it stands, so leaf only or in the wrong order where it is
    key: object
    client_ca: object = None  # PEM: a client certificate is asked for and, if one comes, verified against these
    require: bool = False  # without one, or with one that does not verify, TLS ends with an alert
    announce: object = None  # PEM: names of these CAs go into the CertificateRequest
    minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    maximum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    tickets: int = 2
    staple: object = None  # DER of an OCSP answer, stapled to the handshake

    def context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if self.minimum < ssl.TLSVersion.TLSv1_2:
            context.set_ciphers("ALL:@SECLEVEL=0")  # OpenSSL 3 speaks TLS 1.0 and 1.1 at no other level
        context.minimum_version, context.maximum_version = self.minimum, self.maximum
        context.num_tickets = self.tickets
        context.load_cert_chain(str(self.chain), str(self.key))
        if self.client_ca:
            context.load_verify_locations(str(self.client_ca))
            context.verify_mode = ssl.CERT_REQUIRED if self.require else ssl.CERT_OPTIONAL
        if self.announce:
            _announce(context, str(self.announce))
        if self.staple:
            _staple(context, pathlib.Path(self.staple).read_bytes())
        return context


def _raw(context):
    """The SSL_CTX, for what Python does not wrap: CPython keeps it right behind the object head."""
    return ctypes.c_void_p.from_address(id(context) + object.__basicsize__)


def _announce(context, pem):
    """SSL_CTX_set_client_CA_list."""
    library = ctypes.CDLL(_ssl.__file__)
    library.SSL_load_client_CA_file.restype = ctypes.c_void_p
    library.SSL_load_client_CA_file.argtypes = [ctypes.c_char_p]
    library.SSL_CTX_set_client_CA_list.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    names = library.SSL_load_client_CA_file(pem.encode())
    if not names:
        raise ValueError(f"no CA names in {pem}")
    library.SSL_CTX_set_client_CA_list(_raw(context), names)


# The callbacks of contexts that are in use: OpenSSL keeps a pointer alone.
_callbacks = {}


def _staple(context, der):
    """SSL_CTX_set_tlsext_status_cb: OpenSSL asks for the staple in each handshake, and frees it after use."""
    library = ctypes.CDLL(_ssl.__file__)
    library.CRYPTO_malloc.restype = ctypes.c_void_p
    library.CRYPTO_malloc.argtypes = [ctypes.c_size_t, ctypes.c_char_p, ctypes.c_int]
    library.SSL_ctrl.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_long, ctypes.c_void_p]
    answer_kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)

    def answer(session, _):
        octets = library.CRYPTO_malloc(len(der), b"", 0)
        ctypes.memmove(octets, der, len(der))
        library.SSL_ctrl(session, 71, len(der), octets)  # SSL_CTRL_SET_TLSEXT_STATUS_REQ_OCSP_RESP
        return 0  # SSL_TLSEXT_ERR_OK

    callback = _callbacks[id(context)] = answer_kind(answer)
    library.SSL_CTX_callback_ctrl.argtypes = [ctypes.c_void_p, ctypes.c_int, answer_kind]
    library.SSL_CTX_callback_ctrl(_raw(context), 63, callback)  # SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB


@dataclasses.dataclass
class Behaviour:
    tls: Tls = None
    greeting: str = "220 {name} ESMTP"
    ehlo: tuple = ("PIPELINING", "8BITMIME", "SIZE 50000000", "ENHANCEDSTATUSCODES", "DSN")
    masked: bool = False
    hide_starttls: bool = False
    implicit: bool = False
    only_for: str = None
    starttls_reply: str = "220 2.0.0 ready"
    demand_tls: str = None
    refuse: object = None
    replies: dict = dataclasses.field(default_factory=dict)
    pause: dict = dataclasses.field(default_factory=dict)
    stall: str = None


@dataclasses.dataclass
class Message:
    sender: str
    recipients: list
    raw: bytes  # after dot-unstuffing, CRLF
    at: float  # time.monotonic()
    connection: "Connection"

    @property
    def subject(self):
        found = re.search(rb"^Subject: ?(.*?)\r$", self.raw, re.M)
        return found.group(1).decode("utf-8", "replace") if found else ""


class Connection:
    """One session: what the client did, and the server's side of it."""

    def __init__(self, peer, sock, client):
        self.peer, self.sock, self.client = peer, sock, client
        self.begun = time.monotonic()
        self.behaviour = None
        self.commands = []  # as they came, in order
        self.tls_version = None  # "TLSv1.3" after a handshake
        self.client_certificate = None  # DER
        self.tls_error = None
        self.ended = None
        self._rest, self._sender, self._recipients = b"", None, []

    # -- octets --

    def _line(self):
        while b"\n" not in self._rest:
            got = self.sock.recv(65536)
            if not got:
                raise ConnectionError("closed")
            self._rest += got
            if len(self._rest) > 1 << 26:
                raise ConnectionError("endless line")
        line, _, self._rest = self._rest.partition(b"\n")
        return line.rstrip(b"\r")

    def _say(self, *lines):
        text = "".join(line + "\r\n" for line in lines)
        self.sock.sendall(text.encode("latin-1"))

    def said(self, verb):
        """The last command with this verb; empty: none."""
        return next((c for c in reversed(self.commands) if c.split(" ")[0].upper() == verb), "")

    def _reply(self, to, usual):
        reply = self.peer.behaviour.replies.get(to)
        return (reply(self) if callable(reply) else reply) or usual

    def _stall(self, where):
        if where in self.peer.behaviour.pause:
            self.peer._stalled.append(where)
            time.sleep(self.peer.behaviour.pause[where])
        if self.peer.behaviour.stall != where:
            return
        self.peer._stalled.append(where)
        while self.peer.behaviour.stall == where and not self.peer._closing:
            time.sleep(POLL)
        raise ConnectionError("stalled long enough")

    # -- the session --

    def run(self):
        try:
            self.sock.settimeout(_SPARE)
            self._session()
        except ssl.SSLError as error:
            self.tls_error = str(error)
        except (OSError, EOFError):
            pass
        finally:
            self.ended = time.monotonic()
            self._close()

    def _close(self):
        # Unread octets would turn the close into a reset, which throws away the alert or reply just sent.
        try:
            plain = socket.socket(fileno=self.sock.detach())
            with plain:
                plain.settimeout(1.0)
                plain.shutdown(socket.SHUT_WR)
                while plain.recv(65536):
                    pass
        except OSError:
            pass

    def _session(self):
        b = self.behaviour = self.peer.behaviour
        if b.implicit:
            self._secure(b)
        self._stall("greeting")
        greeting = b.greeting if b.only_for in (None, self.client[0]) else "220 {name} ESMTP"
        if b.masked:
            self._say("220 ****************************************************0*******2******200")
        else:
            self._say(greeting.format(name=self.peer.name))
        if not greeting.startswith("220"):
            return
        while True:
            line = self._line().decode("latin-1")
            self.commands.append(line)
            verb = line.split(" ")[0].upper()
            if verb == "EHLO":
                if not self._ehlo(b):
                    return
            elif verb == "HELO":
                self._say(f"250 {self.peer.name}")
            elif verb == "STARTTLS":
                if not self._starttls(b):
                    return
            elif verb == "MAIL":
                self._mail(b, line)
            elif verb == "RCPT":
                self._stall("RCPT")
                reply = self._reply("RCPT", "250 2.1.5 ok")
                if self._sender is None:
                    reply = "503 5.5.1 no sender"
                if reply.startswith("250"):
                    self._recipients.append(_address(line))
                self._say(reply)
            elif verb == "DATA":
                self._data()
            elif verb == "QUIT":
                self._say("221 2.0.0 bye")
                return
            elif verb in ("RSET", "NOOP"):
                self._say("250 2.0.0 ok")
            else:
                self._say("502 5.5.1 not known")

    def _ehlo(self, b):
        secured = self.tls_version is not None
        self._stall("second EHLO" if secured else "EHLO")
        if secured and b.refuse and (reply := b.refuse(self)):
            self._say(reply)
            return False
        if b.ehlo is None:
            self._say("502 5.5.1 EHLO is not known")
            return True
        lines = [self.peer.name, *b.ehlo]
        if b.tls and not secured and not b.hide_starttls:
            lines.append("XXXXXXXA" if b.masked else "STARTTLS")
        elif b.masked and not secured:
            lines.append("XXXXXXXA")
        self._say(*(("250-" if i + 1 < len(lines) else "250 ") + line for i, line in enumerate(lines)))
        return True

    def _starttls(self, b):
        self._stall("STARTTLS")
        if not b.tls or b.masked:
            self._say("500 5.5.1 command not recognized")
            return True
        self._say(b.starttls_reply)
        if not b.starttls_reply.startswith("220"):
            return True
        self._stall("handshake")
        self._secure(b)
        return True

    def _secure(self, b):
        # A failed handshake must leave the socket: its alert is still on the way.
        secured = b.tls.context().wrap_socket(self.sock, server_side=True, do_handshake_on_connect=False)
        self.sock = secured
        secured.do_handshake()
        self.tls_version = self.sock.version()
        self.client_certificate = self.sock.getpeercert(binary_form=True)

    def _mail(self, b, line):
        self._stall("MAIL")
        reply = self._reply("MAIL", "250 2.1.0 ok")
        if b.demand_tls and self.tls_version is None:
            reply = b.demand_tls
        self._sender, self._recipients = _address(line) if reply.startswith("250") else None, []
        self._say(reply)

    def _data(self):
        self._stall("DATA")
        reply = self._reply("DATA", "354 go on")
        if not self._recipients and reply.startswith("354"):
            reply = "503 5.5.1 no recipients"
        self._say(reply)
        if not reply.startswith("354"):
            return
        lines = []
        while (line := self._line()) != b".":
            lines.append(line[1:] if line.startswith(b".") else line)
        self._stall("DOT")
        reply = self._reply("DOT", "250 2.0.0 taken")
        if reply.startswith("250"):
            raw = b"".join(line + b"\r\n" for line in lines)
            self.peer._take(Message(self._sender, self._recipients, raw, time.monotonic(), self))
        self._say(reply)


def _address(line):
    found = re.search(r"<([^>]*)>", line)
    return found.group(1) if found else ""


class ScriptedPeer:
    def __init__(self, name="mx.partner.test", address="127.0.0.1", port=None, **behaviour):
        self.name, self.address = name, address
        self.behaviour = Behaviour(**behaviour)
        self.connections = []
        self._messages, self._lock, self._stalled = [], threading.Lock(), []
        self._closing = False
        self._paused = threading.Event()
        self.port = port or free_port()
        self.family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._fillers = []
        self._listener = self._listen(64)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        if self.behaviour.stall == "connect":
            self._fill()

    def _listen(self, backlog):
        listener = socket.socket(self.family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.address, self.port))
        listener.listen(backlog)
        listener.settimeout(0.05)
        return listener

    def _fill(self):
        """A listener whose queue is full drops SYNs: to a client, a host that does not answer."""
        self._paused.wait(5)  # until then the accepting thread takes what comes
        self._listener.listen(0)
        while True:
            filler = socket.socket(self.family)
            filler.settimeout(0.3)
            self._fillers.append(filler)
            try:
                filler.connect((self.address, self.port))
            except TimeoutError:
                return

    def set(self, **changes):
        """Changes the behaviour; what is not named stays."""
        before = self.behaviour.stall
        self.behaviour = dataclasses.replace(self.behaviour, **changes)
        if self.behaviour.stall == "connect" and before != "connect":
            self._fill()
        if before == "connect" and self.behaviour.stall != "connect":
            for filler in self._fillers:
                filler.close()
            self._fillers.clear()
            self._listener.listen(64)

    def stop(self):
        self._closing = True
        self._thread.join(5)
        self._listener.close()
        for filler in self._fillers:
            filler.close()
        for connection in self.connections:
            if connection.ended is None:
                try:
                    connection.sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def _accept(self):
        while not self._closing:
            if self.behaviour.stall == "connect":
                self._paused.set()
                time.sleep(POLL)
                continue
            self._paused.clear()
            try:
                sock, client = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            connection = Connection(self, sock, client)
            self.connections.append(connection)
            threading.Thread(target=connection.run, daemon=True).start()

    def _take(self, message):
        with self._lock:
            self._messages.append(message)

    # -- what came --

    def messages(self):
        with self._lock:
            return list(self._messages)

    def subjects(self):
        return [message.subject for message in self.messages()]

    def wait_messages(self, count, deadline=DEADLINE):
        wait_for(lambda: len(self.messages()) >= count, f"{count} messages at {self.name}; {self.subjects()} came", deadline)
        return self.messages()

    def wait_stalled(self, where, deadline=DEADLINE):
        wait_for(lambda: where in self._stalled, f"a client to stall at {where}", deadline)
