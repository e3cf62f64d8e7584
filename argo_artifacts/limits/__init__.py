"""Limits: what a stack uses of each quota, and what is refused before any call.

Sizes are those of the documents that will be written; nothing is estimated that can be counted.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from argo_artifacts.access.grants import Quota
from argo_artifacts.access.names import ca_secret, credential_secret
from argo_artifacts.access.provisioners import provisioners
from argo_artifacts.config.base import MAX_LABEL, NAMESPACE
from argo_artifacts.config.read import MAX_INLINE_BYTES, inline_bytes
from argo_artifacts.documents import canonical, lifecycle, minio, minio_state
from argo_artifacts.limits import aws
from argo_artifacts.repository import entries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from argo_artifacts.access.grants import AccessPlan
    from argo_artifacts.config.settings import Settings

MAX_CONFIG_MAP_BYTES: Final = 1024 * 1024
"""Data of one ConfigMap (Kubernetes)."""

MAX_KEY_BYTES: Final = 1024
"""One object key (S3 and MinIO)."""

MAX_LIVE_KEYS: Final = 2
"""Live keys of a credential: the one that is published and the one that comes or goes."""

_LONGEST: Final[Mapping[str, int]] = {
    "pod.name": 253,
    "workflow.name": MAX_LABEL,  # Argo puts it into a label
    "workflow.serviceAccountName": MAX_LABEL,
    "workflow.uid": 36,
}
"""Characters of the longest value of each variable; any other one is a moment in time."""

_LONGEST_TIME: Final = 40


def check(settings: Settings, plan: AccessPlan) -> list[str]:
    """Refuse what would fail on the server, or overwrite: one line for each fault."""
    return [*_too_large(settings, plan), *_clashes(settings)]


def quotas(settings: Settings, plan: AccessPlan) -> tuple[Quota, ...]:
    """What is used of each limit; of several things of a kind, the largest."""
    largest: dict[str, Quota] = {}
    for quota in _all(settings, plan):
        known = largest.get(quota.what)
        if known is None or quota.used > known.used:
            largest[quota.what] = quota
    return tuple(largest.values())


def inline(values: Mapping[str, object]) -> Quota:
    """What the configuration in the stack file itself uses, without the files it names.

    Args:
        values: the structured values by key, as the stack file holds them.
    """
    return Quota(
        what="configuration in the stack file",
        used=inline_bytes(values),
        limit=MAX_INLINE_BYTES,
        unit="bytes",
        where=f"{NAMESPACE}:tenants",
        cure="move tenants into files and name them in tenantFiles",
    )


def _too_large(settings: Settings, plan: AccessPlan) -> Iterator[str]:
    for quota in _all(settings, plan):
        if quota.headroom < 0:
            of = f" ({quota.item})" if quota.item else ""
            yield (
                f"{quota.where}: {quota.used} {quota.unit} of {quota.what}{of},"
                f" at most {quota.limit} are accepted; {quota.cure}"
            )


def _all(settings: Settings, plan: AccessPlan) -> Iterator[Quota]:
    """Every quota of every item."""
    yield from _of_stores(settings, plan)
    yield from _of_keys(settings, plan)
    yield from _of_credentials(plan)
    yield from aws.quotas(settings, plan)
    yield from _of_provisioners(settings, plan)
    for tenant in settings.tenants:
        data = entries.config_map_data(settings, plan, tenant)
        yield Quota(
            what="ConfigMap artifact-repositories",
            item=tenant,
            used=sum(len(key.encode()) + len(text.encode()) for key, text in data.items()),
            limit=MAX_CONFIG_MAP_BYTES,
            unit="bytes",
            where=f"{NAMESPACE}:tenants.{tenant}.repositories",
            cure="give the tenant fewer repositories",
        )


def _of_stores(settings: Settings, plan: AccessPlan) -> Iterator[Quota]:
    for store in plan.stores:
        where = f"{NAMESPACE}:repositories.{store.repository}.{store.backend}"
        if store.managed:
            rules = lifecycle.rules(settings, plan, store.repository, store.tenants)
            yield Quota(
                what=f"lifecycle rules of bucket {store.bucket}",
                used=lifecycle.on_server(rules),
                limit=lifecycle.MAX_RULES,
                unit="rules",
                where=f"{where}.lifecycle",
                cure="give all tenants the repository's expireDays",
            )


def _of_keys(settings: Settings, plan: AccessPlan) -> Iterator[Quota]:
    for tenant in settings.tenants:
        for repository in plan.repositories_of(tenant):
            yield Quota(
                what=f"object key in {repository}, without the artifact's name",
                item=tenant,
                used=_longest_key(plan.prefix(tenant, repository), settings, tenant, repository),
                limit=MAX_KEY_BYTES,
                unit="bytes",
                where=f"{NAMESPACE}:repositories.{repository}.keyFormat",
                cure="shorten the key format or the shared prefix",
            )


def _of_credentials(plan: AccessPlan) -> Iterator[Quota]:
    for credential in plan.credentials:
        repository = credential.repository
        where = f"{NAMESPACE}:repositories.{repository}"
        if credential.policy is None:
            continue
        yield Quota(
            what=f"MinIO policy on {repository}",
            item=credential.policy,
            used=len(canonical.document(minio.policy(credential)).encode()),
            limit=minio.MAX_POLICY_BYTES,
            unit="bytes",
            where=where,
            cure="shorten the shared prefix",
        )
        yield Quota(
            what=f"live keys of {repository}",
            used=len(credential.users),
            limit=MAX_LIVE_KEYS,
            unit="keys",
            where=f"{where}.minio.keys.live",
            cure="retire a key",
        )
        for _, user in credential.users:
            yield Quota(
                what=f"access key of {repository}",
                item=user,
                used=len(user),
                limit=minio.MAX_USER_NAME,
                unit="characters",
                where=where,
                cure="shorten the names of cluster, tenant or repository",
            )


def _of_provisioners(settings: Settings, plan: AccessPlan) -> Iterator[Quota]:
    for job in provisioners(settings, plan):
        state = minio_state.state(settings, plan, job.repositories)
        yield Quota(
            what="ConfigMap of a provisioning Job",
            item=job.minio.endpoint,
            used=len(canonical.document(state).encode()),
            limit=MAX_CONFIG_MAP_BYTES,
            unit="bytes",
            where=f"{NAMESPACE}:repositories.{job.repositories[0]}.minio.provisioner",
            cure="provision by adminEndpoint, or divide the tenants between two stacks",
        )


def _longest_key(prefix: str, settings: Settings, tenant: str, repository: str) -> int:
    def longest(match: re.Match[str]) -> str:
        name = match[1].strip()
        known = len(tenant) if name == "workflow.namespace" else _LONGEST.get(name)
        return "x" * (known or _LONGEST_TIME)

    key_format = settings.repositories[repository].key_format
    return len((prefix + re.sub(r"\{\{(.*?)\}\}", longest, key_format)).encode())


def _clashes(settings: Settings) -> Iterator[str]:
    """Two things of one name, or two writers of one key."""
    argo = settings.argo
    tenant = settings.tenants.get(argo.namespace)
    if tenant is not None and "use" not in (
        tenant.namespace.ownership,
        argo.namespace_settings.ownership,
    ):
        yield (
            f"{NAMESPACE}:argo.namespaceSettings.ownership: {argo.namespace} is a tenant too, use"
            " is accepted; its Namespace is then the tenant's"
        )
    ours = {
        name for key in settings.repositories for name in (credential_secret(key), ca_secret(key))
    }
    for name, repository in sorted(settings.repositories.items()):
        where = f"{NAMESPACE}:repositories.{name}"
        existing = None if repository.minio is None else repository.minio.existing_secret
        if existing is not None and existing.name in ours:
            yield (
                f"{where}.minio.existingSecret.name: {existing.name!r} is a Secret that this stack"
                " may write, another name is accepted"
            )
        writers = sum(
            use.name == name and use.access == "write"
            for other in settings.tenants.values()
            for use in other.repositories
        )
        apart = ("{{workflow.uid}}", "{{workflow.namespace}}")
        spelt = re.sub(r"\s", "", repository.key_format)
        if repository.shared_with and writers > 1 and not any(v in spelt for v in apart):
            yield (
                f"{where}.keyFormat: {repository.key_format!r} where {writers} tenants write, a"
                f" format with {apart[0]} or {apart[1]} is accepted; workflows of one name in two"
                " namespaces would overwrite each other's artifacts"
            )
