"""Names that the server takes; a wrong one is refused before any call.

The limits were found by trying on a server of 2026-02-12.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+:-]*")
_RULE: Final = re.compile(r"[A-Za-z0-9._-]{1,200}")
_TAG: Final = re.compile(r"[A-Za-z0-9 +=._:/@-]{1,256}")
_ENDPOINT: Final = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::(\d{1,5}))?")
_OWNER_ID: Final = re.compile(r"[0-9a-f]{8}")

_USER_SHORTEST: Final = 3
_USER_LONGEST: Final = 250
"""255 can be created, but above 250 no policy can be attached: the server adds `.json`."""

_POLICY_LONGEST: Final = 255
_PORTS: Final = 65535
_WAIT_LONGEST: Final = 3600

# `*` and `?` would be wildcards where a policy says ${aws:username}.
_CHARACTERS: Final = "letters, digits and . _ - @ + :, a letter or digit first"


def bucket(name: str) -> str | None:
    """Say what is wrong with a bucket's name, None if nothing is."""
    if not _BUCKET.fullmatch(name):
        return f"{name!r} found, 3 to 63 lower-case letters, digits, dots and hyphens are accepted"
    if any(pair in name for pair in ("..", ".-", "-.")):
        return f"{name!r} found, no dot beside a dot or a hyphen is accepted"
    if name == "minio" or name.endswith(("-s3alias", "--ol-s3")) or _is_address(name):
        return f"{name!r} is reserved, another name is needed"
    return None


def user(name: str) -> str | None:
    """Say what is wrong with a user's name."""
    if not _NAME.fullmatch(name) or not _USER_SHORTEST <= len(name) <= _USER_LONGEST:
        return (
            f"{_short(name)} found, {_USER_SHORTEST} to {_USER_LONGEST} characters are accepted: "
            f"{_CHARACTERS}"
        )
    return None


def policy(name: str) -> str | None:
    """Say what is wrong with a policy's name."""
    if not _NAME.fullmatch(name) or len(name) > _POLICY_LONGEST:
        return (
            f"{_short(name)} found, 1 to {_POLICY_LONGEST} characters are accepted: {_CHARACTERS}"
        )
    return None


def rule(name: str) -> str | None:
    """Say what is wrong with a lifecycle rule's id."""
    if not _RULE.fullmatch(name):
        return f"{_short(name)} found, 1 to 200 letters, digits and . _ - are accepted"
    return None


def owner(name: str) -> str | None:
    """Say what is wrong with the mark, which is a tag's value."""
    if not _TAG.fullmatch(name):
        return f"{_short(name)} found, <project>/<stack> of at most 256 characters is accepted"
    return None


def owner_id(name: str) -> str | None:
    """Say what is wrong with the stack's id."""
    return None if _OWNER_ID.fullmatch(name) else f"{_short(name)} found, 8 hex digits are accepted"


def endpoint(name: str) -> str | None:
    """Say what is wrong with the server's address."""
    match = _ENDPOINT.fullmatch(name)
    if not match or (match.group(1) and not 0 < int(match.group(1)) <= _PORTS):
        return f"{_short(name)} found, host:port without scheme and path is accepted"
    return None


def wait_seconds(number: int) -> str | None:
    """Say what is wrong with the time that the first change may wait."""
    good = 0 <= number <= _WAIT_LONGEST
    return None if good else f"{number} found, 0 to {_WAIT_LONGEST} seconds are accepted"


def _short(name: str) -> str:
    """Quote *name*, its end cut off where it is long."""
    longest = 60
    return repr(name) if len(name) <= longest else f"{name[:longest]!r}… ({len(name)} characters)"


def _is_address(name: str) -> bool:
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return False
    return True
