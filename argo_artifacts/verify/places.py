"""Places: who holds a credential, and where its keys stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from typing_extensions import override

if TYPE_CHECKING:
    from argo_artifacts.access.grants import Credential

FOLDER: Final = ".argo-artifacts-verify"
"""Folder below each prefix that holds everything a run writes; no workflow's name starts so."""


@dataclass(frozen=True, slots=True, order=True)
class Holder:
    """The credential of one tenant for one repository, or a service account's own identity."""

    tenant: str
    repository: str
    account: str = ""
    """``namespace/name`` of the service account; empty: the entry carries the credential."""

    @override
    def __str__(self) -> str:
        return f"{self.tenant}/{self.repository}{f' as {self.account}' if self.account else ''}"

    @property
    def entry(self) -> Holder:
        """The entry by which it is reached."""
        return Holder(self.tenant, self.repository)


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
    account = f".{holder.account.replace('/', '.')}" if holder.account else ""
    return f"{place.prefix}{FOLDER}/{run}/{holder.tenant}.{holder.repository}{account}/"


def holder_of(credential: Credential) -> Holder:
    """The holder of *credential*."""
    return Holder(credential.tenant, credential.repository)
