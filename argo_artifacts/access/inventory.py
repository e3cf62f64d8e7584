"""Inventory: every object that a stack creates, before any cloud or cluster is called."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from argo_artifacts.access.names import REPOSITORIES_CONFIG_MAP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from argo_artifacts.access.grants import AccessPlan, Credential
    from argo_artifacts.config.settings import Settings
    from argo_artifacts.config.tenants import EffectiveTenant

Kind = Literal[
    "Namespace",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "Secret",
    "ConfigMap",
    "ConfigMapPatch",
    "Bucket",
    "Policy",
    "User",
    "Attachment",
]

TYPES: Final[Mapping[Kind, str]] = {
    "Namespace": "kubernetes:core/v1:Namespace",
    "ServiceAccount": "kubernetes:core/v1:ServiceAccount",
    "Role": "kubernetes:rbac.authorization.k8s.io/v1:Role",
    "RoleBinding": "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
    "Secret": "kubernetes:core/v1:Secret",
    "ConfigMap": "kubernetes:core/v1:ConfigMap",
    "ConfigMapPatch": "kubernetes:core/v1:ConfigMapPatch",
    "Bucket": "minio-admin:index:Bucket",
    "Policy": "minio-admin:index:Policy",
    "User": "minio-admin:index:User",
    "Attachment": "minio-admin:index:Attachment",
}
"""Pulumi type of each kind."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Item:
    """One object that the stack creates or takes over."""

    kind: Kind
    name: str
    """``namespace/name`` in Kubernetes, the physical name in a store."""


def inventory(settings: Settings, plan: AccessPlan) -> tuple[Item, ...]:
    """List what `pulumi up` creates, sorted."""
    items = [*_installation(settings), *_stores(plan)]
    for tenant in settings.tenants.values():
        items += _tenant(settings, plan, tenant)
    return tuple(sorted(items))


def count(items: Iterable[Item]) -> dict[Kind, int]:
    """Numbers by kind, in the order of :data:`TYPES`; kinds without objects are left out."""
    numbers = Counter(item.kind for item in items)
    return {kind: numbers[kind] for kind in TYPES if numbers[kind]}


def _installation(settings: Settings) -> Iterator[Item]:
    argo = settings.argo
    if argo.namespace_settings.ownership != "use":
        yield Item(kind="Namespace", name=argo.namespace)
    config_map = f"{argo.namespace}/{argo.controller_config_map}"
    if argo.controller_config == "own":
        yield Item(kind="ConfigMap", name=config_map)
    if argo.controller_config == "patch":
        yield Item(kind="ConfigMapPatch", name=config_map)


def _tenant(settings: Settings, plan: AccessPlan, tenant: EffectiveTenant) -> Iterator[Item]:
    space = tenant.name
    if tenant.namespace.ownership != "use":
        yield Item(kind="Namespace", name=space)
    if tenant.service_account_ownership != "use":
        executors = () if tenant.retired else tenant.service_accounts
        for account in (*executors, settings.argo.collector_service_account):
            yield Item(kind="ServiceAccount", name=f"{space}/{account}")
    for role in plan.roles_of(space):
        yield Item(kind="Role", name=f"{space}/{role.name}")
        yield Item(kind="RoleBinding", name=f"{space}/{role.name}")
    credentials = plan.credentials_of(space)
    for credential in credentials:
        for secret in secrets(credential):
            yield Item(kind="Secret", name=f"{space}/{secret}")
    if credentials:
        yield Item(kind="ConfigMap", name=f"{space}/{REPOSITORIES_CONFIG_MAP}")


def secrets(credential: Credential) -> Iterator[str]:
    """Names of the Secrets that we write for *credential*."""
    if credential.secret.managed:
        yield credential.secret.name
    if credential.ca_secret is not None:
        yield credential.ca_secret


def _stores(plan: AccessPlan) -> Iterator[Item]:
    for store in plan.stores:
        if store.managed:
            yield Item(kind="Bucket", name=store.bucket)
    for credential in plan.credentials:
        if credential.policy is None:
            continue
        yield Item(kind="Policy", name=credential.policy)
        for _, user in credential.users:
            yield Item(kind="User", name=user)
            yield Item(kind="Attachment", name=user)
