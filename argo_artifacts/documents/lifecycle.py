"""Lifecycle: when objects leave a bucket, for each repository and tenant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from argo_artifacts.access.names import short_id, uploads_prefix

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from argo_artifacts.access.grants import AccessPlan
    from argo_artifacts.config.backends.s3 import S3Lifecycle
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
    abort_incomplete_days: int | None = None
    transition_days: int | None = None
    storage_class: str = ""
    """Where objects go after ``transition_days``."""


def rules(
    settings: Settings,
    plan: AccessPlan,
    repository: str,
    tenants: Collection[str] | None = None,
) -> tuple[LifecycleRule, ...]:
    """The rules of *repository*'s bucket, sorted by id; none where the bucket is not ours.

    Expiry of artifacts is one rule over the cluster's prefix; where a tenant says otherwise, one
    rule a tenant, since of two rules on one object the earlier expiry wins.

    Args:
        settings: the stack's settings.
        plan: its access plan.
        repository: the repository.
        tenants: those in the bucket, where each has its own; None: all of the repository.
    """
    model = settings.repositories[repository]
    store = model.minio or model.s3
    if store is None or store.bucket.ownership == "use":
        return ()
    if model.minio is not None and model.minio.server == "credentials":
        return ()
    lifecycle = store.lifecycle
    present = settings.tenants if tenants is None else tenants
    found = [*_artifacts(settings, plan, repository, lifecycle.expire_days, present)]
    if model.s3 is not None:
        found += _of_s3(plan, repository, model.s3.lifecycle)
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
        + (rule.abort_incomplete_days is not None or rule.transition_days is not None)
        for rule in found
    )


def _of_s3(plan: AccessPlan, repository: str, lifecycle: S3Lifecycle) -> Iterator[LifecycleRule]:
    """What S3 alone has: uploads that were never completed, and cheaper storage classes."""
    yield LifecycleRule(
        id="incomplete", prefix="", abort_incomplete_days=lifecycle.abort_incomplete_days
    )
    move = lifecycle.transition
    if move is None:
        return
    cluster = f"{plan.cluster}/"
    prefixes = {plan.prefix(t, r) for t, r in plan.prefixes if r == repository}
    for prefix in [cluster, *sorted(p for p in prefixes if not p.startswith(cluster))]:
        yield LifecycleRule(
            id="transition" if prefix == cluster else f"transition.{short_id(prefix)}",
            prefix=prefix,
            transition_days=move.days,
            storage_class=move.storage_class,
        )


def _artifacts(
    settings: Settings,
    plan: AccessPlan,
    repository: str,
    expire_days: int | None,
    tenants: Collection[str],
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
            if expire is not None and tenant in tenants:
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
