"""Settings: one stack's configuration, checked and frozen; and the path from files to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from argo_artifacts.config.argo import Argo
from argo_artifacts.config.base import ClusterName, HttpsUrl, Label, Model
from argo_artifacts.config.repositories import Repository
from argo_artifacts.config.tenants import EffectiveTenant, Tenant, TenantDefaults


class Cluster(Model):
    """The Kubernetes cluster, reached by nothing ambient."""

    name: ClusterName
    kubeconfig: str | None = None
    """Path of a kubeconfig (``~`` is the home folder); or the secret key
    ``argo-artifacts:kubeconfig`` holds its text."""

    context: str | None = None
    server: HttpsUrl | None = None
    """Guard: a kubeconfig that leads to another API server is refused."""


class StackFile(Model):
    """The structured configuration keys of one stack, as the user writes them."""

    cluster: Cluster
    argo: Argo
    repositories: dict[Label, Repository]
    tenant_defaults: TenantDefaults = TenantDefaults()
    tenants: dict[Label, Tenant] = {}
    tenant_files: tuple[str, ...] = ()


class TenantFile(Model):
    """A file of tenants, named in ``tenantFiles``."""

    tenants: dict[Label, Tenant]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One stack's configuration, checked as a whole."""

    project: str
    stack: str
    cluster: Cluster
    argo: Argo
    repositories: Mapping[str, Repository]
    tenants: Mapping[str, EffectiveTenant]
    """By namespace, defaults filled in, in the order of their names."""

    certificates: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """PEM text of each CA file that a repository names, by the path in the file."""

    folder: Path = Path()
    """Folder of the stack file: relative paths start there."""

    @property
    def owner(self) -> str:
        """The mark on everything that this stack creates: ``<project>/<stack>``."""
        return f"{self.project}/{self.stack}"

    def secret_keys(self) -> tuple[str, ...]:
        """Names of the configuration keys that must hold secrets, sorted."""
        return secret_keys(self.repositories)


def secret_keys(repositories: Mapping[str, Repository]) -> tuple[str, ...]:
    """Names of the configuration keys that *repositories* read secrets from, sorted."""
    names: set[str] = set()
    for repository in repositories.values():
        minio = repository.minio
        if minio is None:
            continue
        sources = (
            [minio.admin]
            if minio.server == "external"
            else [*(minio.credentials or {}).values(), minio.shared_credentials]
        )
        for source in sources:
            if source is not None:
                names |= {source.access_key_config, source.secret_key_config}
    return tuple(sorted(names))
