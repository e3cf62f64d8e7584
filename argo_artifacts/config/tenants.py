"""Tenants: namespaces, their workflow service accounts and the repositories they may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar, cast

from pydantic import BeforeValidator, Field

from argo_artifacts.config.base import A_LABEL, Days, KeyPrefix, Label, Model, found_kind

T = TypeVar("T")

Ownership = Literal["create", "adopt", "use"]
"""``create`` makes and owns it, ``adopt`` takes over what stands, ``use`` leaves it alone."""


class RepositoryUse(Model):
    """How a tenant uses one repository; a bare name in the file means only the name."""

    name: Label
    """Name of the repository."""

    access: Literal["read", "write"] | None = None
    """``write`` (the default in the tenant's own prefix) includes reading; shared: ``read``."""

    prefix: KeyPrefix | None = None
    """The shared prefix; only in a repository with ``sharedWith``."""

    expire_days: Days | None = None
    """Days until this tenant's artifacts expire, instead of the repository's."""


def _named(value: object) -> object:
    """A bare name stands for the mapping that holds only the name."""
    if isinstance(value, str):
        return {"name": A_LABEL(value)}
    if not isinstance(value, dict):
        msg = f"{found_kind(value)}, a repository's name or a mapping is accepted"
        raise ValueError(msg)  # noqa: TRY004 - pydantic collects ValueError
    return cast("dict[object, object]", value)


RepositoryUses = Annotated[
    tuple[
        Annotated[
            RepositoryUse,
            BeforeValidator(_named, json_schema_input_type=Label | RepositoryUse),
        ],
        ...,
    ],
    Field(min_length=1),
]
"""The repositories of a tenant; the first is its default."""

ServiceAccounts = Annotated[tuple[Label, ...], Field(min_length=1)]


class NamespaceSettings(Model):
    """The Namespace object of a tenant."""

    ownership: Ownership = "create"
    """``create`` makes it, ``adopt`` takes over what stands, ``use`` leaves it alone."""

    delete_namespace: bool = False
    """Delete a created namespace, with all its contents, when the tenant is removed."""


class TenantDefaults(Model):
    """What a tenant has unless it says otherwise."""

    service_accounts: ServiceAccounts = ("workflow",)
    """Service accounts that workflow pods run as."""

    service_account_ownership: Ownership = "create"
    """``create`` makes them, ``adopt`` takes over what stands, ``use`` leaves them alone."""

    repositories: RepositoryUses = (RepositoryUse(name="default"),)
    """Repositories that the tenant may use; the first is its default."""

    artifact_gc: bool = Field(default=True, alias="artifactGC")
    """Whether the collector may delete the tenant's artifacts."""

    namespace: NamespaceSettings = Field(default_factory=NamespaceSettings)
    """The tenant's Namespace object."""


class Tenant(Model):
    """One tenant; its key in the file is its namespace."""

    service_accounts: ServiceAccounts | None = None
    """Service accounts that workflow pods run as."""

    service_account_ownership: Ownership | None = None
    """``create`` makes them, ``adopt`` takes over what stands, ``use`` leaves them alone."""

    repositories: RepositoryUses | None = None
    """Repositories that the tenant may use; the first is its default."""

    artifact_gc: bool | None = Field(default=None, alias="artifactGC")
    """Whether the collector may delete this tenant's artifacts."""

    namespace: NamespaceSettings | None = None
    """The tenant's Namespace object."""

    retired: bool = False
    """The step before removal: no executor, but the UI reads and garbage collection deletes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveTenant:
    """A tenant with the defaults filled in: what the rest of the program sees."""

    name: str
    """Its namespace."""

    service_accounts: tuple[str, ...]
    service_account_ownership: Ownership
    repositories: tuple[RepositoryUse, ...]
    artifact_gc: bool
    namespace: NamespaceSettings
    retired: bool


def effective(name: str, tenant: Tenant, defaults: TenantDefaults) -> EffectiveTenant:
    """Fill in *tenant* of namespace *name* from *defaults*."""

    def chosen(own: T | None, default: T) -> T:
        return default if own is None else own

    return EffectiveTenant(
        name=name,
        service_accounts=chosen(tenant.service_accounts, defaults.service_accounts),
        service_account_ownership=chosen(
            tenant.service_account_ownership, defaults.service_account_ownership
        ),
        repositories=chosen(tenant.repositories, defaults.repositories),
        artifact_gc=chosen(tenant.artifact_gc, defaults.artifact_gc),
        namespace=chosen(tenant.namespace, defaults.namespace),
        retired=tenant.retired,
    )
