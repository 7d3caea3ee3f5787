#!/usr/bin/env python3
"""An HTTP server that misbehaves on request: what download_test talks to.

    range_server.py [FOLDER]         prints its port, serves until its standard input ends
    range_server.py --content SEED   prints the content that it serves

The path says what happens: /<name> calls serve_<name>, dashes for underscores, without an extension. /files/<name> is
a file of FOLDER. /log gives the requests so far as JSON and forgets them.
"""
import http.server
import json
import os
import pathlib
import random
import re
import socket
import sys
import threading

SIZE = 300_000
CUT = 120_000
ETAG = '"v1"'
DATE = "Wed, 21 Oct 2015 07:28:00 GMT"

requests = []
visits = {}


def content(seed=1):
    return random.Random(seed).randbytes(SIZE)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        name = self.path.split("?")[0].split("/")[1].replace("-", "_").split(".")[0]
        visits[name] = visits.get(name, 0) + 1
        self.visit = visits[name]
        entry = {key.lower(): value for key, value in self.headers.items()}
        requests.append({"path": self.path, **entry})
        getattr(self, "serve_" + name, self.serve_missing)()

    def answer(self, status, body=b"", headers=(), length=None, cut=None):
        """Sends the body, or its first `cut` bytes before the connection is closed."""
        self.send_response(status)
        for key, value in dict(headers).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body if cut is None else body[:cut])
        if cut is not None and cut < len(body):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True

    def file(self, body, headers, cut=None, ranges=True):
        """The file with validators, as RFC 9110 has it: ranges only while If-Range names the version."""
        headers = dict(headers)
        validators = {headers.get("ETag"), headers.get("Last-Modified")} - {None}
        if headers.get("ETag") and self.headers.get("If-None-Match") == headers["ETag"]:
            return self.answer(304, headers=headers)
        if headers.get("Last-Modified") and self.headers.get("If-Modified-Since") == headers["Last-Modified"]:
            return self.answer(304, headers=headers)
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if ranges and wanted and self.headers.get("If-Range", next(iter(validators), None)) in validators:
            first = int(wanted[1])
            if first >= len(body):
                return self.answer(416, headers={"Content-Range": f"bytes */{len(body)}"})
            headers["Content-Range"] = f"bytes {first}-{len(body) - 1}/{len(body)}"
            return self.answer(206, body[first:], headers, cut=cut)
        return self.answer(200, body, headers, cut=cut)

    def serve_log(self):
        body = json.dumps(requests[:-1]).encode()
        requests.clear()
        visits.clear()
        self.answer(200, body)

    def serve_file(self):
        self.file(content(), {"ETag": ETAG})

    def serve_dated(self):
        self.file(content(), {"Last-Modified": DATE}, cut=CUT if self.visit == 1 else None)

    def serve_files(self):
        path = pathlib.Path(sys.argv[1], pathlib.PurePosixPath(self.path).name)
        self.file(path.read_bytes(), {"ETag": f'"{path.stat().st_mtime_ns}"'})

    def serve_plain(self):
        self.answer(200, content())

    def serve_empty(self):
        self.answer(200, b"", {"ETag": ETAG})

    def serve_cut(self):
        self.file(content(), {"ETag": ETAG}, cut=CUT)

    def serve_cut_weak(self):
        self.file(content(), {"ETag": "W/" + ETAG}, cut=CUT if self.visit == 1 else None)

    def serve_cut_once_plain(self):
        self.answer(200, content(), cut=CUT if self.visit == 1 else None)

    def serve_cut_always_plain(self):
        self.answer(200, content(), cut=CUT)

    def serve_cut_forever(self):
        self.file(content(), {"ETag": ETAG}, cut=CUT if self.visit == 1 else 0)

    def serve_no_ranges(self):
        self.file(content(), {"ETag": ETAG}, cut=CUT if self.visit == 1 else None, ranges=False)

    def serve_changes(self):
        self.file(content(self.visit), {"ETag": f'"v{self.visit}"'}, cut=CUT if self.visit == 1 else None)

    def serve_ignores_if_range(self):
        if self.visit == 1:
            return self.file(content(1), {"ETag": ETAG}, cut=CUT)
        body = content(2)
        if "Range" not in self.headers:
            return self.answer(200, body, {"ETag": '"v2"'})
        return self.answer(206, body[CUT:], {"ETag": '"v2"', "Content-Range": f"bytes {CUT}-{SIZE - 1}/{SIZE}"})

    def serve_wrong_range(self):
        if self.visit == 1 or "Range" not in self.headers:
            return self.file(content(), {"ETag": ETAG}, cut=CUT if self.visit == 1 else None)
        return self.answer(206, content()[5:], {"ETag": ETAG, "Content-Range": f"bytes 5-{SIZE - 1}/{SIZE}"})

    def serve_busy_twice(self):
        if self.visit <= 2:
            return self.answer(503, b"busy", {"Retry-After": "0"})
        return self.file(content(), {"ETag": ETAG})

    def serve_broken(self):
        self.answer(500, b"oops")

    def serve_forbidden(self):
        self.answer(403, b"no")

    def serve_missing(self):
        self.answer(404, b"<html>not here</html>")

    def serve_redirect(self):
        self.answer(302, headers={"Location": "/file"})

    def serve_loop(self):
        self.answer(302, headers={"Location": "/loop"})

    def serve_to_local_file(self):
        self.answer(302, headers={"Location": "file:///etc/passwd"})

    def serve_announces_much(self):
        self.answer(200, b"x" * 1000, length=10**13, cut=999)

    def serve_endless(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")
        except OSError:
            self.close_connection = True

    def serve_stall(self):
        self.send_response(200)
        self.send_header("Content-Length", str(SIZE))
        self.end_headers()
        self.wfile.write(content()[:1000])
        self.connection.recv(1)  # until the client has had enough


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass  # clients hang up here on purpose


def main():
    if sys.argv[1:2] == ["--content"]:
        sys.stdout.buffer.write(content(int(sys.argv[2])))
        return
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    os._exit(0)


main()
