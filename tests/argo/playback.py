"""Answers of AWS's that no server here gives, played back as its API references spell them.

Amazon S3 API Reference, "Error responses"; AWS STS API Reference, "Common error types"; Amazon EKS
API Reference, "DescribeAddon".
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Said:
    """One answer."""

    status: int
    code: str
    message: str
    more: str = ""
    """Further elements."""

    json: bool = False
    """Whether the service speaks JSON."""

    def body(self, *, query: bool) -> bytes:
        """The answer's text; *query*: as services of the query protocol frame it (STS)."""
        if self.json:
            return dumps({"message": self.message}).encode()
        words = f"<Code>{self.code}</Code><Message>{self.message}</Message>{self.more}"
        error = f"<Error>{words}</Error>"
        return (f"<ErrorResponse>{error}</ErrorResponse>" if query else error).encode()


EXPIRED_LOGIN = Said(403, "ExpiredToken", "The security token included in the request is expired")
EXPIRED_SESSION = Said(400, "ExpiredToken", "The provided token has expired.")
OTHER_REGION = Said(
    301,
    "PermanentRedirect",
    "The bucket you are attempting to access must be addressed using the specified endpoint."
    " Please send all future requests to this endpoint.",
    "<Endpoint>s3.us-east-1.amazonaws.com</Endpoint><Bucket>artifacts</Bucket>",
)
NO_ADDON = Said(
    404,
    "ResourceNotFoundException",
    "No addon: eks-pod-identity-agent found in cluster: prod",
    json=True,
)


@contextmanager
def playing(said: Said) -> Iterator[str]:
    """Answer everything so; the value is ``host:port``."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = said.body(query=self.command == "POST")
            self.send_response(said.status)
            self.send_header("Content-Type", f"application/{'json' if said.json else 'xml'}")
            self.send_header("x-amzn-ErrorType", said.code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else body)

        do_POST = do_PUT = do_HEAD = do_DELETE = do_GET  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
