"""Limits of AWS: what a stack uses of each, counted as IAM and S3 count it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from argo_artifacts.access.aws import ByServiceAccounts
from argo_artifacts.access.grants import Quota
from argo_artifacts.config.base import MAX_LABEL, NAMESPACE
from argo_artifacts.documents import canonical
from argo_artifacts.documents.aws import bucket, identity, sizes, trust

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argo_artifacts.access.aws import AwsPlan, AwsRole
    from argo_artifacts.access.grants import AccessPlan
    from argo_artifacts.config.settings import Settings

_TENANTS: Final = f"{NAMESPACE}:tenants"
_FEWER: Final = "put tenants into another stack with an account of its own"


def quotas(settings: Settings, plan: AccessPlan) -> Iterator[Quota]:
    """Every quota of every role, user and bucket on AWS."""
    if plan.aws is None or settings.aws is None:
        return
    for role in plan.aws.roles:
        yield from _of_role(settings, role)
    for user in plan.aws.users:
        yield Quota(
            what="inline policy of an IAM user",
            item=user.name,
            used=sizes.characters(identity.user_policy(settings, user)),
            limit=sizes.MAX_USER_POLICY,
            unit="characters",
            where=f"{NAMESPACE}:repositories.{user.reach.repository}",
            cure="shorten the names of bucket and shared prefix",
        )
    yield from _of_buckets(settings, plan)
    yield from _numbers(plan.aws)


def _of_role(settings: Settings, role: AwsRole) -> Iterator[Quota]:
    found = identity.policies(settings, role)
    if len(found) > 1:
        yield Quota(
            what="managed policies of an IAM role",
            item=role.name,
            used=len(found),
            limit=sizes.MAX_ATTACHED,
            unit="policies",
            where=f"{NAMESPACE}:argo.server.access",
            cure="use Pod Identity with shared roles, access none, or put tenants into another"
            " stack",
        )
    elif found:
        yield Quota(
            what="inline policy of an IAM role",
            item=role.name,
            used=sizes.characters(found[0]),
            limit=sizes.MAX_ROLE_POLICY,
            unit="characters",
            where=_TENANTS,
            cure="give its tenants fewer repositories",
        )
    yield Quota(
        what="trust policy of an IAM role",
        item=role.name,
        used=sizes.characters(trust.trust(settings, role)),
        limit=sizes.MAX_TRUST_POLICY,
        unit="characters",
        where=f"{_TENANTS}.{role.tenants[0]}.serviceAccounts"
        if isinstance(role.trust, ByServiceAccounts) and role.purpose == "executor"
        else _TENANTS,
        cure="give the tenant fewer service accounts, or namespaces of their own to some of them",
    )


def _of_buckets(settings: Settings, plan: AccessPlan) -> Iterator[Quota]:
    for store in plan.stores:
        s3 = settings.repositories[store.repository].s3
        if s3 is None or settings.aws is None:
            continue
        where = f"{NAMESPACE}:repositories.{store.repository}.s3"
        yield Quota(
            what="name of a bucket on S3",
            item=store.bucket,
            used=len(store.bucket),
            limit=MAX_LABEL,
            unit="characters",
            where=f"{where}.bucket.name",
            cure="shorten it, since the tenant's name follows it",
        )
        document = bucket.policy(settings.aws.in_partition, store.bucket, s3.minimum_tls)
        yield Quota(
            what="bucket policy, without others' statements",
            item=store.bucket,
            used=len(canonical.document(document).encode()),
            limit=sizes.MAX_BUCKET_POLICY,
            unit="bytes",
            where=f"{where}.bucket",
            cure="shorten the bucket's name",
        )


def _numbers(aws: AwsPlan) -> Iterator[Quota]:
    for what, used, limit, unit in (
        (
            f"IAM roles ({sizes.USUAL_ROLES:,} unless AWS was asked for more)",
            len(aws.roles),
            sizes.MAX_ROLES,
            "roles",
        ),
        ("IAM users", len(aws.users), sizes.MAX_USERS, "users"),
        (
            "Pod Identity associations of the cluster",
            len(aws.associations),
            sizes.MAX_ASSOCIATIONS,
            "associations",
        ),
        ("locations of S3 Access Grants", len(aws.locations), sizes.MAX_LOCATIONS, "locations"),
        ("grants of S3 Access Grants", len(aws.data_grants), sizes.MAX_GRANTS, "grants"),
    ):
        if used:
            yield Quota(what=what, used=used, limit=limit, unit=unit, where=_TENANTS, cure=_FEWER)
