"""An HTTP proxy on loopback that takes CONNECT and answers for the hosts behind it itself, over TLS.

    proxy = HttpsProxy()
    proxy.serve("mta-sts.partner.test", pki.chain("sts"), pki.key("sts"), b"version: STSv1\\r\\n...")
    [server] fetch_proxy = proxy.url            # then https://mta-sts.partner.test/ comes here, whatever the path
    proxy.asked                                 # ["CONNECT mta-sts.partner.test:443", "GET /.well-known/mta-sts.txt"]

So a test has a host of the public web at port 443 without a privilege. A host that is not served is refused with 502.
"""

import socketserver
import ssl
import threading


def _head(stream):
    """The lines of a request's head; [] where the other side went away."""
    lines = []
    for line in iter(stream.readline, b"\r\n"):
        if not line:
            return []
        lines.append(line.decode("latin-1").rstrip("\r\n"))
    return lines


class HttpsProxy:
    def __init__(self):
        self._hosts = {}
        self.asked = []
        proxy = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                proxy._connect(self)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def serve(self, host, chain, key, body, *, status="200 OK", content_type="text/plain", location=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(str(chain), str(key))
        head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
        if location:
            head += f"Location: {location}\r\n"
        self._hosts[f"{host}:443"] = (context, (head + "\r\n").encode() + body)

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def _connect(self, handler):
        lines = _head(handler.rfile)
        if not lines:
            return
        self.asked.append(" ".join(lines[0].split()[:2]))
        served = self._hosts.get(lines[0].split()[1])
        if not served:
            handler.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        context, answer = served
        handler.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        try:
            with context.wrap_socket(handler.request, server_side=True) as stream:
                lines = _head(stream.makefile("rb"))
                if lines:
                    self.asked.append(" ".join(lines[0].split()[:2]))
                    stream.sendall(answer)
        except OSError:
            pass  # the other side did not like the certificate, or had enough
