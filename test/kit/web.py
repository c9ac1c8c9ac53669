"""An HTTP server of a CA on loopback, as certificates name it: lists, OCSP answers, issuers, and whatever may go wrong.

    web = Web()                           # 127.0.0.1, a port of its own
    web.serve("/root.crl", octets)        # a body; or status=404; or location="http://..."; or silent=True (no answer at all)
    web.url("/root.crl")
    web.away(); web.back()                # nobody listens; listens again at the same port
    web.asked                             # ["GET /root.crl", ...]

A path that is not served says 404. An OCSP request by GET has its DER in the path: the longest path served that it
begins with answers.
"""

import http.server
import threading


class Web:
    def __init__(self):
        self._paths = {}
        self._lock = threading.Lock()
        self._released = threading.Event()
        self.asked = []
        self._server = None
        self.port = 0
        self.back()

    def url(self, path, host="127.0.0.1"):
        return f"http://{host}:{self.port}{path}"

    def serve(self, path, body=b"", *, status=200, location=None, silent=False):
        with self._lock:
            self._paths[path] = (body, 302 if location else status, location, silent)

    def back(self):
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                web._answer(self)

            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                web._answer(self)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def away(self):
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def stop(self):
        self._released.set()
        self.away()

    def _answer(self, request):
        with self._lock:
            self.asked.append(f"{request.command} {request.path}")
            fits = [p for p in self._paths if request.path == p or request.path.startswith(p.rstrip("/") + "/")]
            body, status, location, silent = self._paths[max(fits, key=len)] if fits else (b"", 404, None, False)
        if silent:
            self._released.wait()
            return
        request.send_response(status)
        if location:
            request.send_header("Location", location)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        try:
            request.wfile.write(body)
        except OSError:
            pass  # the other side had enough
