"""Draft: the sound entries of a stack, and what else was written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from argo_artifacts.config.argo import Argo
    from argo_artifacts.config.aws import Aws
    from argo_artifacts.config.cluster import Cluster
    from argo_artifacts.config.repositories import Repository
    from argo_artifacts.config.tenants import RepositoryUse, Tenant, TenantDefaults


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The sound entries of a stack, and the names of all that were written."""

    root: str
    """Path of the configuration: ``argo-artifacts:``."""

    cluster: Cluster | None
    argo: Argo | None
    repositories: Mapping[str, Repository]
    repository_names: frozenset[str] | None
    """All repositories that were written, sound or not; None: they cannot be told."""

    defaults: TenantDefaults | None
    tenants: Mapping[str, Tenant]
    tenant_paths: Mapping[str, str]
    """Where each tenant stands, by namespace."""

    tenant_names: frozenset[str] | None
    """All tenants that were written, sound or not; None: they cannot be told."""

    aws: Aws | None = None
    aws_written: bool = False
    """Whether the account was written, sound or not."""

    certificates: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    """Text of each CA file by the path in the file; None: it could not be read."""

    def repository(self, name: str) -> str:
        """Path of repository *name*."""
        return f"{self.root}repositories.{name}"

    def uses(self, tenant: str) -> tuple[RepositoryUse, ...]:
        """The repositories of *tenant*, its own or the defaults'."""
        own = self.tenants[tenant].repositories
        return own or (self.defaults.repositories if self.defaults else ())

    def service_accounts(self, tenant: str) -> tuple[str, ...]:
        """The service accounts of *tenant*, its own or the defaults'."""
        own = self.tenants[tenant].service_accounts
        return own or (self.defaults.service_accounts if self.defaults else ())

    def written(self, tenant: str, key: str, otherwise: str) -> str:
        """Path where *key* of *tenant* is written: there, in the defaults, or *otherwise*."""
        for path, model in (
            (self.tenant_paths[tenant], self.tenants[tenant]),
            (f"{self.root}tenantDefaults", self.defaults),
        ):
            if model is not None and key in model.model_fields_set:
                return f"{path}.{type(model).model_fields[key].alias}"
        return otherwise

    def tenants_of(self, repository: str) -> list[str]:
        """Tenants that use *repository*, sorted."""
        return sorted(
            tenant
            for tenant in self.tenants
            if any(use.name == repository for use in self.uses(tenant))
        )
