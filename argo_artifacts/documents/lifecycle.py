"""Lifecycle: when objects leave a bucket, for each repository and tenant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from argo_artifacts.access.names import short_id, uploads_prefix

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from argo_artifacts.access.grants import AccessPlan
    from argo_artifacts.config.settings import Settings

MAX_RULES: Final = 1000
"""Rules of one bucket (S3 and MinIO)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleRule:
    """One rule of a bucket; absent days mean that nothing of that kind expires."""

    id: str
    prefix: str
    """Empty: the whole bucket."""

    expire_days: int | None = None
    noncurrent_expire_days: int | None = None
    expire_delete_markers: bool = False


def rules(settings: Settings, plan: AccessPlan, repository: str) -> tuple[LifecycleRule, ...]:
    """The rules of *repository*'s bucket, sorted by id; none where the bucket is not ours.

    Expiry of artifacts is one rule over the cluster's prefix; where a tenant says otherwise, one
    rule a tenant, since of two rules on one object the earlier expiry wins.
    """
    minio = settings.repositories[repository].minio
    if minio is None or minio.server == "credentials" or minio.bucket.ownership == "use":
        return ()
    lifecycle = minio.lifecycle
    found = [*_artifacts(settings, plan, repository, lifecycle.expire_days)]
    if settings.argo.server.uploads and lifecycle.expire_days is not None:
        # Argo ties no upload to a workflow, so nothing else ever removes it.
        prefix = uploads_prefix("").rstrip("/") + "/"
        found.append(LifecycleRule(id="uploads", prefix=prefix, expire_days=lifecycle.expire_days))
    if lifecycle.noncurrent_expire_days is not None or lifecycle.expire_delete_markers:
        found.append(
            LifecycleRule(
                id="versions",
                prefix="",
                noncurrent_expire_days=lifecycle.noncurrent_expire_days,
                expire_delete_markers=lifecycle.expire_delete_markers,
            )
        )
    return tuple(sorted(found, key=lambda rule: rule.id))


def on_server(found: Iterable[LifecycleRule]) -> int:
    """How many rules of the server *found* become.

    Expiry after days and the removal of delete markers exclude each other in one rule there.
    """
    return sum(
        (rule.expire_days is not None or rule.noncurrent_expire_days is not None)
        + rule.expire_delete_markers
        for rule in found
    )


def _artifacts(
    settings: Settings, plan: AccessPlan, repository: str, expire_days: int | None
) -> Iterator[LifecycleRule]:
    own = {
        tenant.name: use.expire_days
        for tenant in settings.tenants.values()
        for use in tenant.repositories
        if use.name == repository
    }
    if any(own.values()):
        for tenant, days in own.items():
            expire = days or expire_days
            if expire is not None:
                prefix = plan.prefix(tenant, repository)
                yield LifecycleRule(id=f"expire.{tenant}", prefix=prefix, expire_days=expire)
    elif expire_days is not None:
        cluster = f"{plan.cluster}/"
        yield LifecycleRule(id="expire", prefix=cluster, expire_days=expire_days)
        # A shared prefix may be spelt in the file, outside the cluster's own.
        elsewhere = {plan.prefix(tenant, repository) for tenant in own}
        for prefix in sorted(p for p in elsewhere if not p.startswith(cluster)):
            name = f"shared.{short_id(prefix)}"
            yield LifecycleRule(id=name, prefix=prefix, expire_days=expire_days)
