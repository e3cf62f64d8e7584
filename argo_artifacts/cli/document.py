"""Document: one thing that is written, as ``documents`` shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One thing that is written, and where."""

    kind: str
    name: str
    goes: str
    """Where it goes, in words."""

    content: dict[str, object]
