"""Secrets that the plugin makes: letters and digits from the system's source of randomness."""

from __future__ import annotations

import secrets
import string
from typing import Final

_LENGTH: Final = 40
"""Characters, as many as MinIO's own keys have: 238 bits."""

_CHARACTERS: Final = string.ascii_letters + string.digits


def new_secret() -> str:
    """Make a secret that nobody had before."""
    return "".join(secrets.choice(_CHARACTERS) for _ in range(_LENGTH))
