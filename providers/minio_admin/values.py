"""Values as plain Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


class Unknown:
    """A value that only the real run will know."""

    def __repr__(self) -> str:
        return "unknown"


UNKNOWN: Final = Unknown()

Plain = dict[str, object]
"""Properties by name; nulls are left out, whole numbers are int."""


def has_unknown(value: object) -> bool:
    """Tell whether *value* is unknown, or holds something that is."""
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return isinstance(value, Unknown)
