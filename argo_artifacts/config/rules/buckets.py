"""Rules of buckets: each has one repository that makes it, and room for its lifecycle rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from argo_artifacts.config.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argo_artifacts.config.rules.draft import Draft

MAX_LIFECYCLE_RULES: Final = 1000
"""Lifecycle rules of one bucket (S3 and MinIO)."""


def faults(draft: Draft) -> Iterator[Fault]:
    """One bucket has one repository that makes it."""
    makers: dict[tuple[str, str], str] = {}
    for name, repository in draft.repositories.items():
        place, model = repository.place, repository.minio or repository.s3
        if place is None or model is None or model.bucket.ownership == "use":
            continue
        path = f"{draft.repository(name)}.{repository.backend}"
        if place in makers:
            yield Fault(
                f"{path}.bucket.ownership",
                f"{model.bucket.name!r} is managed by repositories.{makers[place]} already, use is"
                " accepted",
            )
        makers.setdefault(place, name)
        rules = len(draft.tenants_of(name))
        if rules > MAX_LIFECYCLE_RULES and _expires_by_tenant(draft, name):
            yield Fault(
                f"{path}.lifecycle",
                f"{rules} rules, at most {MAX_LIFECYCLE_RULES} are accepted; give all tenants the"
                " repository's expireDays",
            )


def _expires_by_tenant(draft: Draft, repository: str) -> bool:
    return any(
        use.expire_days is not None
        for tenant in draft.tenants
        for use in draft.uses(tenant)
        if use.name == repository
    )
