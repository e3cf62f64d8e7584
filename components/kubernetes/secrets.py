"""Values of Secrets, as the API takes them."""

from __future__ import annotations

import base64


def encoded(value: str) -> str:
    """A Secret's value as the API takes it, without the newline that breaks request signing."""
    return base64.b64encode(value.rstrip("\n").encode()).decode()
