"""Words: verbs, actors and subjects, of which grants and identities are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from typing_extensions import override

Verb = Literal["list", "read", "write", "delete"]
VERBS: Final[tuple[Verb, ...]] = ("list", "read", "write", "delete")

Actor = Literal["executor", "collector", "server"]


def in_order(verbs: set[Verb]) -> tuple[Verb, ...]:
    """*verbs* in their one order."""
    return tuple(verb for verb in VERBS if verb in verbs)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Subject:
    """A Kubernetes service account."""

    cluster: str
    namespace: str
    name: str

    @override
    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a credential may do under one prefix."""

    prefix: str
    verbs: tuple[Verb, ...]
