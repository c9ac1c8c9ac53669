"""A device on the way to a mail server, as firewalls with SMTP inspection are, or as a broken line is.

    device = Device(upstream_port, mask=True)      # listens at device.port on 127.0.0.1
    device.stop()

  mask     Cisco's fixup: the greeting is stars, STARTTLS in the EHLO reply and every verb that it does not know are X
  strip    STARTTLS is taken out of the EHLO reply, and nothing else is touched
  silent   from there on nothing of the server comes through: one of SILENT; "connect": no connection comes about
"""

import socket
import threading

SILENT = ("connect", "greeting", "EHLO", "STARTTLS", "handshake", "second EHLO")
_KNOWN = (b"EHLO", b"HELO", b"MAIL", b"RCPT", b"DATA", b"RSET", b"NOOP", b"QUIT")
_SPARE = 60.0


class Device:
    def __init__(self, upstream, mask=False, strip=False, silent=None):
        if silent not in (None, *SILENT):
            raise ValueError(f"no such phase: {silent}")
        self.upstream, self.mask, self.strip, self.silent = upstream, mask, strip, silent
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=0 if silent == "connect" else 64)
        self.port = self._listener.getsockname()[1]
        self._ends = []
        if silent == "connect":
            self._fill()
            return
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        for end in (self._listener, *self._ends):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def _fill(self):
        """A listener whose queue is full drops SYNs: to a client, a host that does not answer."""
        while True:
            filler = socket.socket()
            filler.settimeout(0.3)
            self._ends.append(filler)
            try:
                filler.connect(("127.0.0.1", self.port))
            except TimeoutError:
                return

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self.upstream), timeout=_SPARE)
            except OSError:
                return
            client.settimeout(_SPARE)
            self._ends += [client, server]
            session = _Session(self, client, server)
            for way in (session.to_server, session.to_client):
                threading.Thread(target=session.run, args=(way,), daemon=True).start()


class _Session:
    def __init__(self, device, client, server):
        self.device, self.client, self.server = device, client, server
        self.phase = "greeting"  # what the server answers next
        self.flights = 0  # of the client, inside TLS

    def run(self, way):
        try:
            way()
        except OSError:
            pass
        for end, how in ((self.client, socket.SHUT_WR), (self.server, socket.SHUT_WR)):
            try:
                end.shutdown(how)
            except OSError:
                pass

    def to_server(self):
        rest = b""
        while got := self.client.recv(65536):
            if self.phase in ("handshake", "second EHLO"):
                self.flights += 1
                # TLS 1.3: its second flight ends the handshake and brings EHLO.
                if self.flights == 2:
                    self.phase = "second EHLO"
                self.server.sendall(got)
                continue
            rest += got
            while b"\n" in rest:
                line, _, rest = rest.partition(b"\n")
                self.server.sendall(self._command(line.rstrip(b"\r")) + b"\r\n")

    def _command(self, line):
        verb = line.split(b" ")[0].upper()
        if self.device.mask and verb not in _KNOWN:
            return b"X" * len(line)
        if verb in (b"EHLO", b"STARTTLS"):
            self.phase = verb.decode()
        return line

    def to_client(self):
        rest = b""
        while got := self.server.recv(65536):
            if self.device.silent == self.phase:
                continue
            if self.phase in ("handshake", "second EHLO"):
                self.client.sendall(got)
                continue
            rest += got
            while b"\n" in rest:
                line, _, rest = rest.partition(b"\n")
                line = self._reply(line.rstrip(b"\r"))
                if line is not None:
                    self.client.sendall(line + b"\r\n")

    def _reply(self, line):
        if self.device.mask and self.phase == "greeting":
            return line[:4] + b"*" * (len(line) - 4)
        if line[4:].upper() == b"STARTTLS":
            if self.device.mask:
                return line[:4] + b"XXXXXXXA"
            if self.device.strip:
                # The last line of the reply must stay its last.
                return None if line[3:4] == b"-" else line[:4] + b"NOOP"
        if self.phase == "STARTTLS" and line.startswith(b"220"):
            self.phase = "handshake"
        return line
