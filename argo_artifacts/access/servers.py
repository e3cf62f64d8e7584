"""Servers: the MinIO servers that the stack installs, and who reaches them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from argo_artifacts.access import names

if TYPE_CHECKING:
    from argo_artifacts.config.backends.minio import Minio
    from argo_artifacts.config.backends.minio_helm import HelmServer
    from argo_artifacts.config.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledServer:
    """One server of one namespace; several repositories may lie on it."""

    namespace: str
    minio: Minio
    """As its first repository describes it; the others say the same of the server."""

    repositories: tuple[str, ...]
    root_user: str
    """Access key of the generated admin."""

    allowed: tuple[str, ...]
    """Namespaces whose pods reach the server, sorted."""

    @property
    def helm(self) -> HelmServer:
        """How it is installed."""
        return self.minio.helm

    @property
    def place(self) -> str:
        """``namespace/release``."""
        return f"{self.namespace}/{self.helm.release}"

    @property
    def root_secret(self) -> str:
        """Secret in its namespace with the generated admin's credentials."""
        return names.root_secret(self.helm.release)


def installed_servers(settings: Settings) -> tuple[InstalledServer, ...]:
    """The servers that the stack installs, by namespace."""
    found: dict[str, list[tuple[str, Minio]]] = {}
    for name, repository in sorted(settings.repositories.items()):
        minio = repository.minio
        if minio is not None and minio.server == "helm":
            found.setdefault(minio.helm.namespace.name, []).append((name, minio))
    return tuple(
        InstalledServer(
            namespace=namespace,
            minio=described[0][1],
            repositories=tuple(name for name, _ in described),
            root_user=names.root_user(settings.owner),
            allowed=_allowed(settings, described[0][1], {name for name, _ in described}),
        )
        for namespace, described in sorted(found.items())
    )


def _allowed(settings: Settings, minio: Minio, repositories: set[str]) -> tuple[str, ...]:
    """The tenants' namespaces, argo-server's where it opens artifacts, and the named ones."""
    tenants = {
        tenant.name
        for tenant in settings.tenants.values()
        if repositories & {use.name for use in tenant.repositories}
    }
    server = {settings.argo.namespace} if settings.argo.server.access == "shared" else set[str]()
    return tuple(sorted({*tenants, *server, *minio.helm.allow_from}))
