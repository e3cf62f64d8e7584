"""Provisioners: the Jobs that provision servers which only the cluster reaches.

One for each server, whatever repositories it holds: a run removes what it does not know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from argo_artifacts.access import names
from argo_artifacts.access.servers import installed_servers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from argo_artifacts.access.grants import AccessPlan
    from argo_artifacts.access.servers import InstalledServer
    from argo_artifacts.config.backends.minio import Minio
    from argo_artifacts.config.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioner:
    """One Job and what it reads."""

    namespace: str
    minio: Minio
    """The server as its first repository describes it; the others say the same of it."""

    image: str
    repositories: tuple[str, ...]
    """All those that it provisions, sorted."""

    users: tuple[str, ...]
    """Names of the users that it makes, in the order of the plan."""

    installed: InstalledServer | None
    """The server, where the stack installs it."""

    @property
    def name(self) -> str:
        """Name of its ConfigMap; the names of Job and Secrets begin with it."""
        return names.provisioner(self.minio.endpoint)

    @property
    def label(self) -> str:
        """Value of the label on its pods, by which a NetworkPolicy lets them in."""
        return self.name if self.installed is None else self.installed.helm.release

    @property
    def admin_secret(self) -> str:
        """Name of the Secret with the admin's key."""
        return f"{self.name}-admin" if self.installed is None else self.installed.root_secret

    @property
    def users_secret(self) -> str:
        """Name of the Secret with the users' secrets, each under the user's name."""
        return f"{self.name}-users"


def provisioners(settings: Settings, plan: AccessPlan) -> tuple[Provisioner, ...]:
    """The Jobs of a stack, sorted by the server's address."""
    installed = {server.namespace: server for server in installed_servers(settings)}
    return tuple(
        _provisioner(settings, plan, described, installed)
        for _, described in sorted(_servers(settings).items())
    )


def _servers(settings: Settings) -> Mapping[tuple[str, str], dict[str, Minio]]:
    """The servers that Jobs provision, by kind and address; their repositories by name."""
    found: dict[tuple[str, str], dict[str, Minio]] = {}
    for name, repository in sorted(settings.repositories.items()):
        minio = repository.minio
        if minio is not None and minio.provisioner is not None:
            found.setdefault((minio.endpoint, minio.server), {})[name] = minio
    return found


def _provisioner(
    settings: Settings,
    plan: AccessPlan,
    described: Mapping[str, Minio],
    installed: Mapping[str, InstalledServer],
) -> Provisioner:
    minio = next(iter(described.values()))
    if minio.provisioner is None:
        raise KeyError(minio.endpoint)
    server = installed[minio.helm.namespace.name] if minio.server == "helm" else None
    return Provisioner(
        namespace=settings.argo.namespace if server is None else server.namespace,
        minio=minio,
        image=minio.provisioner.image,
        repositories=tuple(described),
        users=tuple(_users(plan, described)),
        installed=server,
    )


def _users(plan: AccessPlan, repositories: Mapping[str, Minio]) -> Iterator[str]:
    for credential in plan.credentials:
        if credential.repository in repositories:
            yield from (user for _, user in credential.users)
