"""Grants: the words of the access plan, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeVar

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from argo_artifacts.access.aws import AwsPlan
    from argo_artifacts.access.words import Access, Actor, Subject, Verb

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one subject may do under one prefix of one repository."""

    tenant: str
    """Namespace of the tenant whose artifacts these are."""

    actor: Actor
    subject: Subject
    repository: str
    prefix: str
    """Prefix of object keys in the repository's bucket; ends in ``/``."""

    verbs: tuple[Verb, ...]
    identity: str
    """By which the subject reaches the store, in words."""

    @override
    def __str__(self) -> str:
        verbs = ", ".join(self.verbs)
        return f"{self.subject} ({self.actor}): {verbs} on {self.repository}:{self.prefix}"


def in_words(grants: Iterable[Grant]) -> dict[str, str]:
    """Say *grants* by name, so that a preview shows a change of one as a change of one."""
    return {
        f"{g.subject} ({g.actor}) on {g.repository}:{g.prefix}": ", ".join(g.verbs) for g in grants
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretReference:
    """A Kubernetes Secret with an access key, and the two keys inside it."""

    namespace: str
    name: str
    access_key: str
    secret_key: str
    managed: bool
    """Whether we write it, or somebody else keeps it."""

    session_token: str | None = None
    """Key inside it that holds the session's token; None: the keys are no session's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """The one credential that an entry carries: the union of its actors' grants."""

    tenant: str
    repository: str
    bucket: str
    actors: tuple[Actor, ...]
    accesses: tuple[Access, ...]
    """One for each prefix, sorted by it."""

    secret: SecretReference
    ca_secret: str | None = None
    """Name of the Secret with the CA of the server, in the same namespace."""

    policy: str | None = None
    """Name of its policy on the server; None: the server's policies are not ours."""

    users: tuple[tuple[int, str], ...] = ()
    """Key number and user name of each live key; empty: the keys are not ours."""

    publish: int | None = None
    """Key number whose user the Secret holds."""


Purpose = Literal["executor", "collector", "secrets", "refresher"]
"""What a Role is for: reporting results, collecting garbage, reading the entries' Secrets, keeping
one of them fresh."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A Role in a tenant's namespace, and the RoleBinding of the same name."""

    namespace: str
    name: str
    purpose: Purpose
    subjects: tuple[Subject, ...]
    secrets: tuple[str, ...] = ()
    """Names of the Secrets that it opens; for the purposes ``secrets`` and ``refresher``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The bucket of a repository."""

    repository: str
    backend: str
    bucket: str
    managed: bool
    """Whether we create or adopt it."""

    tenants: tuple[str, ...]


Topic = Literal[
    "union", "shared", "retired", "kept", "collection", "boundary", "keys", "server", "trust"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something a reader of the plan must know, in one sentence."""

    topic: Topic
    about: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How much of a limit is used."""

    what: str
    """What is counted, and where."""

    used: int
    limit: int
    unit: str
    item: str = ""
    """The one thing that is counted, of several of its kind."""

    where: str = ""
    """Path of the settings that make it so large."""

    cure: str = ""
    """What to do where it is too large."""

    @property
    def headroom(self) -> int:
        """What is left."""
        return self.limit - self.used


@dataclass(frozen=True, kw_only=True)  # no slots: it keeps its indexes
class AccessPlan:
    """All grants of a stack: the one source of policies, bindings and key formats."""

    cluster: str
    owner: str
    grants: tuple[Grant, ...]
    credentials: tuple[Credential, ...]
    stores: tuple[Store, ...]
    notes: tuple[Note, ...]
    roles: tuple[Role, ...] = ()
    aws: AwsPlan | None = None
    """The identities on AWS; None: no repository is on S3."""

    prefixes: Mapping[tuple[str, str], str] = field(
        default_factory=lambda: MappingProxyType({}), hash=False
    )
    """Where a tenant writes a repository's artifacts, by tenant and repository; also where it has
    no access any more, since its objects stay."""

    def credentials_of(self, tenant: str) -> tuple[Credential, ...]:
        """The credentials of *tenant*, in the order of its repositories."""
        return self._credentials.get(tenant, ())

    def grants_of(self, tenant: str) -> tuple[Grant, ...]:
        """The grants on *tenant*'s artifacts."""
        return self._grants.get(tenant, ())

    def roles_of(self, tenant: str) -> tuple[Role, ...]:
        """The Roles in *tenant*'s namespace."""
        return self._roles.get(tenant, ())

    def repositories_of(self, tenant: str) -> tuple[str, ...]:
        """The repositories that have an entry in *tenant*'s namespace, in the tenant's order."""
        return tuple(dict.fromkeys(grant.repository for grant in self.grants_of(tenant)))

    def prefix(self, tenant: str, repository: str) -> str:
        """The prefix under which *tenant* writes *repository*'s artifacts.

        Raises:
            KeyError: the tenant does not use that repository.
        """
        return self.prefixes[tenant, repository]

    @cached_property
    def _credentials(self) -> Mapping[str, tuple[Credential, ...]]:
        return _by(lambda credential: credential.tenant, self.credentials)

    @cached_property
    def _grants(self) -> Mapping[str, tuple[Grant, ...]]:
        return _by(lambda grant: grant.tenant, self.grants)

    @cached_property
    def _roles(self) -> Mapping[str, tuple[Role, ...]]:
        return _by(lambda role: role.namespace, self.roles)


def _by(key: Callable[[T], str], items: Iterable[T]) -> dict[str, tuple[T, ...]]:
    """*items* by their key, in their order."""
    found: dict[str, list[T]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return {name: tuple(some) for name, some in found.items()}
