"""Places: who holds a credential, where its keys stand, and who may do what there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from argo_artifacts.access.grants import AccessPlan, Credential
    from argo_artifacts.access.words import Verb

FOLDER: Final = ".argo-artifacts-verify"
"""Folder below each prefix that holds everything a run writes; no workflow's name starts so."""


@dataclass(frozen=True, slots=True, order=True)
class Holder:
    """The credential of one tenant for one repository."""

    tenant: str
    repository: str

    @override
    def __str__(self) -> str:
        return f"{self.tenant}/{self.repository}"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """Where a check aims: a server, a bucket on it, a prefix in that."""

    server: str
    """Address that we reach, ``host:port``."""

    bucket: str = ""
    prefix: str = ""

    @override
    def __str__(self) -> str:
        if not self.bucket:
            return self.server
        return f"{self.bucket}:{self.prefix}" if self.prefix else self.bucket


def folder(place: Place, run: str, holder: Holder) -> str:
    """Where the keys stand that a run writes at *place* for the checks of *holder*."""
    return f"{place.prefix}{FOLDER}/{run}/{holder.tenant}.{holder.repository}/"


def holder_of(credential: Credential) -> Holder:
    """The holder of *credential*."""
    return Holder(credential.tenant, credential.repository)


class Index:
    """The plan, by place: who may do what there."""

    def __init__(self, plan: AccessPlan, servers: Mapping[str, str]) -> None:
        self._servers = servers
        self._at: dict[Place, dict[Holder, set[Verb]]] = {}
        for credential in plan.credentials:
            for place, access in zip(self.own(credential), credential.accesses, strict=True):
                here = self._at.setdefault(place, {})
                here.setdefault(holder_of(credential), set()).update(access.verbs)
        self._places: dict[tuple[str, str], list[Place]] = {}
        for place in sorted(self._at):
            self._places.setdefault((place.server, place.bucket), []).append(place)

    def own(self, credential: Credential) -> list[Place]:
        """The places of a credential, in the order of its accesses."""
        server = self._servers[credential.repository]
        return [
            Place(server=server, bucket=credential.bucket, prefix=access.prefix)
            for access in credential.accesses
        ]

    def places(self, server: str, bucket: str) -> list[Place]:
        """All places in a bucket, sorted."""
        return self._places.get((server, bucket), [])

    def buckets(self, server: str) -> list[str]:
        """All buckets on a server, sorted."""
        return sorted(bucket for at, bucket in self._places if at == server)

    def verbs(self, place: Place) -> dict[Holder, set[Verb]]:
        """Who may do what below *place*, by a prefix that is it or holds it; the nearest first."""
        found: dict[Holder, set[Verb]] = {}
        for outer in _outwards(place):
            for holder, verbs in self._at.get(outer, {}).items():
                found.setdefault(holder, set()).update(verbs)
        return found

    def holders(self, place: Place, verbs: set[Verb]) -> list[Holder]:
        """Who may do all of *verbs* below *place*; the nearest first."""
        return [holder for holder, may in self.verbs(place).items() if verbs <= may]


def _outwards(place: Place) -> Iterator[Place]:
    """*place* and all that hold it, the nearest first; prefixes end in ``/``."""
    segments = place.prefix.split("/")[:-1]
    for count in range(len(segments), -1, -1):
        prefix = "".join(f"{segment}/" for segment in segments[:count])
        yield Place(server=place.server, bucket=place.bucket, prefix=prefix)
