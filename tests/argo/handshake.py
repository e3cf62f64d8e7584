"""A server that only shakes hands: enough to judge its certificate."""

from __future__ import annotations

import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def handshaking(endpoint: str, certificates: Path) -> Iterator[None]:
    """Offer a certificate at *endpoint*; who takes it gets no answer worth one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "public.crt", certificates / "private.key")
    host, _, port = endpoint.partition(":")
    server = _Quiet((host, int(port)), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Quiet(ThreadingHTTPServer):
    """Does not print that a client went away."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""
