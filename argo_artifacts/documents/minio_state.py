"""What shall stand on a MinIO server: its buckets, policies and users, as plain values.

The one source of both ways to make it so: the provider plugin's resources, and the desired state
that a run inside the cluster reads (``providers/minio_admin/desired.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from argo_artifacts.access.names import owner_id
from argo_artifacts.documents import canonical, lifecycle, minio

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from argo_artifacts.access.grants import AccessPlan, Credential
    from argo_artifacts.config.backends.minio import Minio, MinioBucket
    from argo_artifacts.config.settings import Settings
    from argo_artifacts.documents.lifecycle import LifecycleRule

_WAIT_SECONDS: Final = 60
"""How long a run waits for a server that does not answer yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encryption:
    """Default encryption of a bucket by the server, which needs a KMS."""

    kms_key_id: str | None = None
    """Key of the server's KMS (SSE-KMS); None: SSE-S3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A bucket that we create or adopt; a setting that is None is not managed."""

    name: str
    ownership: Literal["create", "adopt"]
    versioning: bool | None
    quota_bytes: int | None
    encryption: Encryption | None
    lifecycle: tuple[LifecycleRule, ...]
    force_destroy: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A policy, and the users that have it and no other."""

    policy: str
    document: str
    """JSON text, canonical."""

    users: tuple[tuple[int, str], ...]
    """Key number and name of each."""


def bucket(settings: Settings, plan: AccessPlan, repository: str) -> Bucket | None:
    """The bucket of *repository*; None where others keep it."""
    found = _minio(settings, repository).bucket
    if found.ownership == "use":
        return None
    encryption = found.encryption
    return Bucket(
        name=found.name,
        ownership=found.ownership,
        versioning=_versioning(found),
        quota_bytes=found.quota_bytes,
        encryption=None if encryption is None else Encryption(kms_key_id=encryption.kms_key_id),
        lifecycle=lifecycle.rules(settings, plan, repository),
        force_destroy=found.force_destroy,
    )


def account(credential: Credential) -> Account | None:
    """The policy and users behind *credential*; None where the server's policies are not ours."""
    if credential.policy is None:
        return None
    return Account(
        policy=credential.policy,
        document=canonical.document(minio.policy(credential)),
        users=credential.users,
    )


def state(settings: Settings, plan: AccessPlan, repositories: Iterable[str]) -> dict[str, object]:
    """The desired state of the one server behind *repositories*, without any secret.

    Args:
        settings: The stack's.
        plan: Its access plan.
        repositories: All those on this server that are provisioned from inside.
    """
    here = sorted(repositories)
    server = _minio(settings, here[0])
    buckets = [found for name in here if (found := bucket(settings, plan, name)) is not None]
    accounts = {name: list(_accounts(plan, name)) for name in settings.repositories}
    ours = [one for name in here for one in accounts[name]]
    elsewhere = [one for name, some in accounts.items() if name not in here for one in some]
    return {
        "provider": {
            "endpoint": server.endpoint,
            "secure": server.tls.enabled,
            "region": server.region,
            "owner": settings.owner,
            "ownerId": owner_id(settings.owner),
            "waitSeconds": _WAIT_SECONDS,
        },
        "buckets": [_bucket_value(one) for one in buckets],
        "policies": [{"name": one.policy, "document": one.document} for one in ours],
        "users": [
            {"name": user, "policies": [one.policy]} for one in ours for _, user in one.users
        ],
        "others": sorted(name for one in elsewhere for name in _names(one)),
    }


def _accounts(plan: AccessPlan, repository: str) -> Iterator[Account]:
    for credential in plan.credentials:
        found = account(credential)
        if credential.repository == repository and found is not None:
            yield found


def _names(one: Account) -> Iterator[str]:
    yield one.policy
    yield from (user for _, user in one.users)


def _bucket_value(one: Bucket) -> dict[str, object]:
    """The words of the resource; ``forceDestroy`` is left out, since a run removes no bucket."""
    encryption = None if one.encryption is None else _present(kmsKeyId=one.encryption.kms_key_id)
    return _present(
        bucket=one.name,
        ownership=one.ownership,
        versioning=one.versioning,
        quotaBytes=one.quota_bytes,
        encryption=encryption,
        lifecycle=[
            _present(
                id=rule.id,
                prefix=rule.prefix,
                expireDays=rule.expire_days,
                noncurrentExpireDays=rule.noncurrent_expire_days,
                expireDeleteMarkers=rule.expire_delete_markers,
            )
            for rule in one.lifecycle
        ],
    )


def _present(**values: object) -> dict[str, object]:
    return {key: value for key, value in values.items() if value is not None}


def _versioning(found: MinioBucket) -> bool | None:
    """What the file says of versioning; an adopted bucket keeps its own where it says nothing."""
    silent = "versioning" not in found.model_fields_set
    return None if silent and found.ownership == "adopt" else found.versioning


def _minio(settings: Settings, repository: str) -> Minio:
    found = settings.repositories[repository].minio
    if found is None:
        raise KeyError(repository)
    return found
