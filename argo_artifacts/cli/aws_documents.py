"""``documents`` of AWS: roles with their trust, users, buckets, keys, and the deployer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argo_artifacts.cli.document import Document
from argo_artifacts.documents.aws import bucket, deployer, identity, kms, trust

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argo_artifacts.access import AccessPlan
    from argo_artifacts.access.aws import AwsPlan, AwsRole
    from argo_artifacts.config import Settings


def aws_documents(settings: Settings, access: AccessPlan, tenant: str | None) -> Iterator[Document]:
    """Every document of AWS of all tenants, or those that reach one *tenant*'s artifacts."""
    aws = access.aws
    if aws is None or settings.aws is None:
        return
    for role in aws.roles:
        if tenant is None or tenant in role.tenants:
            yield from _of_role(settings, aws, role)
    for user in aws.users:
        if tenant in (None, user.tenant):
            yield Document(
                kind="IAM user policy",
                name=user.name,
                goes=f"account {aws.account}, user {user.name}, inline",
                content=identity.user_policy(settings, user),
            )
    if tenant is None:
        yield from _stores(settings, access)
        for account in deployer.accounts(settings, access):
            yield Document(
                kind="Deployer's IAM policy",
                name=account,
                goes=f"whoever runs pulumi up in account {account}",
                content=deployer.policy(settings, access, account),
            )


def _of_role(settings: Settings, aws: AwsPlan, role: AwsRole) -> Iterator[Document]:
    by = ", handed over to whoever keeps it" if role.handed_over else ""
    bound = ", ".join(
        f"{a.namespace}/{a.service_account}" for a in aws.associations if a.role == role.arn
    )
    yield Document(
        kind="IAM trust policy",
        name=role.name,
        goes=f"account {role.account}{by}, role {role.name}"
        + (f", associated with {bound}" if bound else ""),
        content=trust.trust(settings, role),
    )
    found = identity.policies(settings, role)
    for number, content in enumerate(found, start=1):
        of = f", {number} of {len(found)}" if len(found) > 1 else ""
        yield Document(
            kind="IAM policy",
            name=role.name,
            goes=f"account {role.account}{by}, role {role.name}"
            f", {'managed' if of else 'inline'}{of}",
            content=content,
        )


def _stores(settings: Settings, access: AccessPlan) -> Iterator[Document]:
    if settings.aws is None:
        return
    keys: set[tuple[str, str]] = set()
    for store in access.stores:
        s3 = settings.repositories[store.repository].s3
        if s3 is None or not store.managed:
            continue
        yield Document(
            kind="Bucket policy",
            name=store.bucket,
            goes=f"bucket {store.bucket}, beside others' statements",
            content=bucket.policy(settings.aws.in_partition, store.bucket, s3.minimum_tls),
        )
        key = s3.encryption.kms
        if key is not None and key.ownership == "create" and (key.key, s3.region) not in keys:
            keys.add((key.key, s3.region))
            yield Document(
                kind="KMS key policy",
                name=key.key,
                goes=f"the new key {key.key} in {s3.region}",
                content=kms.key_policy(settings.aws, s3.region),
            )
