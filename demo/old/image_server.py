"""`python -m demo.old.image_server PORT`: the old image host, on the loopback interface."""

from __future__ import annotations

import sys
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from demo.old.pictures import answer

LAST_MODIFIED = "Thu, 30 Nov 2023 15:00:00 GMT"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer with the picture, or that it is as it was."""
        given = answer(self.path.partition("?")[0])
        etag = f'"{md5(given.body, usedforsecurity=False).hexdigest()}"'
        unchanged = self.headers.get("If-None-Match") == etag
        self.send_response(304 if unchanged else given.status)
        if not unchanged:
            self.send_header("Content-Type", given.content_type)
            self.send_header("Content-Length", str(len(given.body)))
        self.send_header("ETag", etag)
        self.send_header("Last-Modified", LAST_MODIFIED)
        self.end_headers()
        if not unchanged:
            self.wfile.write(given.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing of each request."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def main() -> None:
    """Serve until ended."""
    _Server(("127.0.0.1", int(sys.argv[1])), _Handler).serve_forever()


if __name__ == "__main__":
    main()
