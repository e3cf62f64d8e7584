"""What a user reads when a call fails: one line."""

from __future__ import annotations


class RefusalError(Exception):
    """A request that is refused; the message is one line.

    Args:
        path: What it is about.
        says: What was found and what is accepted, or what the API answered.
    """

    def __init__(self, path: str, says: str) -> None:
        super().__init__(f"{path}: {says}")


def line(error: BaseException) -> str:
    """Name any fault in one line."""
    if isinstance(error, RefusalError):
        return str(error)
    text = " ".join(str(error).split())
    return f"provider aws: {type(error).__name__}: {text}"
