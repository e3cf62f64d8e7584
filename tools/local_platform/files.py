"""Writes the platform's small files: whole or not at all, secrets for the owner only."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

SECRET_MODE: Final = 0o600


def write(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Put *text* in place in one step, so that an interruption leaves the old file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as handle:
        handle.write(text)
    scratch.rename(path)
