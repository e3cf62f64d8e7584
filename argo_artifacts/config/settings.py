"""Settings: one stack's configuration, checked and frozen; and the path from files to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import Field

from argo_artifacts.config.argo import Argo
from argo_artifacts.config.aws import Aws
from argo_artifacts.config.base import FilePath, Label, Model
from argo_artifacts.config.cluster import Cluster
from argo_artifacts.config.repositories import Repository
from argo_artifacts.config.tenants import EffectiveTenant, Tenant, TenantDefaults

if TYPE_CHECKING:
    from collections.abc import Mapping


class StackFile(Model):
    """The structured configuration keys of one stack, as the user writes them."""

    cluster: Cluster
    """The Kubernetes cluster."""

    argo: Argo
    """The Argo Workflows installation."""

    aws: Aws | None = None
    """The AWS account of the repositories on S3."""

    repositories: dict[Label, Repository]
    """Repositories by name."""

    tenant_defaults: TenantDefaults = Field(default_factory=TenantDefaults)
    """What a tenant has unless it says otherwise."""

    tenants: dict[Label, Tenant] = Field(default_factory=dict[Label, Tenant])
    """Tenants by namespace."""

    tenant_files: tuple[FilePath, ...] = ()
    """Files with further tenants, relative to the stack file; ``*`` and ``**`` are wildcards."""


class TenantFile(Model):
    """A file of tenants, named in ``tenantFiles``."""

    tenants: dict[Label, Tenant]
    """Tenants by namespace."""


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

    aws: Aws | None = None
    """The AWS account; None: no repository is on S3."""

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
