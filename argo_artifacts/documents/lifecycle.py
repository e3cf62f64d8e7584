"""Lifecycle: when objects leave a bucket, for each repository and tenant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from argo_artifacts.access import names

if TYPE_CHECKING:
    from argo_artifacts.access.grants import AccessPlan
    from argo_artifacts.config.settings import Settings


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
    """The rules of *repository*'s bucket, sorted by id.

    Expiry of artifacts is one rule over the cluster's prefix; where a tenant says otherwise, one
    rule a tenant, since of two rules on one object the earlier expiry wins.
    """
    minio = settings.repositories[repository].minio
    if minio is None:
        return ()
    lifecycle = minio.lifecycle
    found: list[LifecycleRule] = []
    own = {
        tenant.name: use.expire_days
        for tenant in settings.tenants.values()
        for use in tenant.repositories
        if use.name == repository
    }
    if any(own.values()):
        for tenant, days in own.items():
            expire = days or lifecycle.expire_days
            if expire is not None:
                prefix = plan.prefix(tenant, repository)
                found.append(
                    LifecycleRule(id=f"expire.{tenant}", prefix=prefix, expire_days=expire)
                )
    elif lifecycle.expire_days is not None:
        prefix = f"{settings.cluster.name}/"
        found.append(LifecycleRule(id="expire", prefix=prefix, expire_days=lifecycle.expire_days))
    if settings.argo.server.uploads and lifecycle.expire_days is not None:
        # Argo ties no upload to a workflow, so nothing else ever removes it (argo.md, 4.1).
        prefix = names.uploads_prefix("").rstrip("/") + "/"
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
