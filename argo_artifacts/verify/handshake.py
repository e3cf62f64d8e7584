"""Handshake: whether a server to which plain http was spoken speaks TLS.

Its own words are no help: a server written in Go answers ``400 Bad Request`` and closes a
connection of which it has read five bytes, so that mostly the answer is lost with it.
"""

from __future__ import annotations

import socket
import ssl
from typing import Final

_SECONDS: Final = 5
_HTTP_PORT: Final = 80


def speaks_tls(address: str) -> bool:
    """Shake hands with *address* (``host[:port]``) and go; nothing is sent, nobody is trusted."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    host, _, port = address.partition(":")
    try:
        with (
            socket.create_connection((host, int(port or _HTTP_PORT)), _SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host),
        ):
            return True
    except (OSError, ValueError):
        return False
