"""Live buckets: what stands in S3 now, read before anything is declared.

A bucket of others is refused, and what others wrote on ours is kept.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar, cast

from botocore.exceptions import BotoCoreError, ClientError

from argo_artifacts.access.names import OWNER_MARK
from argo_artifacts.aws_account import client, code, status, unreachable
from argo_artifacts.config.base import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import boto3
    from mypy_boto3_s3 import S3Client

_T = TypeVar("_T")

_THREADS: Final = 8
_NOT_FOUND: Final = 404
_FORBIDDEN: Final = 403

_ABSENT: Final = frozenset(
    {
        "NoSuchBucketPolicy",
        "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "NoSuchTagSet",
        "ObjectLockConfigurationNotFoundError",
        "OwnershipControlsNotFoundError",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)
"""What S3 answers where a bucket has nothing of the kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A bucket that the stack manages, and where the file says so."""

    name: str
    region: str
    path: str
    """Path of its settings in the file."""

    whole: bool
    """Whether all that it has must be known: it is adopted, or the state does not know it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveBucket:
    """A bucket of our account as it stands."""

    name: str
    tags: Mapping[str, str]
    """Without those that AWS itself sets."""

    policy: Mapping[str, object] | None
    lifecycle: tuple[Mapping[str, object], ...]
    parts: frozenset[str]
    """Resource types of what it has, where that is asked."""

    key: str | None
    """The KMS key of its default encryption, where that is asked and it has one of its own."""

    @property
    def owner(self) -> str | None:
        """``<project>/<stack>`` of its mark; None: it has none."""
        return self.tags.get(OWNER_MARK)


def read(
    session: boto3.Session, account: str, wanted: Iterable[Wanted]
) -> Mapping[str, LiveBucket]:
    """Read all buckets that stand, side by side.

    Raises:
        ConfigError: one is somebody else's or lies in another region, or it cannot be read; one
            line each.
    """
    every = list(wanted)
    clients = {region: client(session, "s3", region) for region in {o.region for o in every}}
    faults: list[str] = []
    found: dict[str, LiveBucket] = {}

    def ask(one: Wanted) -> LiveBucket | str | None:
        try:
            return _bucket(clients[one.region], account, one)
        except (BotoCoreError, ClientError) as error:
            return f"bucket {one.name}: {unreachable(error)}, the right to read it is required"
        except _RefusedError as error:
            return str(error)

    with ThreadPoolExecutor(_THREADS) as pool:
        for one, answer in zip(every, pool.map(ask, every), strict=True):
            if isinstance(answer, str):
                faults.append(answer)
            elif answer is not None:
                found[one.name] = answer
    if faults:
        raise ConfigError(faults)
    return found


class _RefusedError(Exception):
    """A bucket that can never be the one of the file."""


def _bucket(s3: S3Client, account: str, wanted: Wanted) -> LiveBucket | None:
    try:
        head = s3.head_bucket(Bucket=wanted.name, ExpectedBucketOwner=account)
    except ClientError as error:
        if status(error) == _NOT_FOUND:
            return None
        if status(error) == _FORBIDDEN:
            msg = (
                f"bucket {wanted.name}: is taken by another account, or this one may not read it"
                f" (403), a free name or a bucket of account {account} is accepted; choose another"
                f" {wanted.path}.name, or accountRegional: true there, or see who may"
                " s3:ListBucket on it"
            )
            raise _RefusedError(msg) from None
        raise
    region = head.get("BucketRegion", wanted.region)
    if region != wanted.region:
        msg = (
            f"bucket {wanted.name}: lies in {region}, one in {wanted.region} is accepted; set"
            f" {wanted.path.removesuffix('.bucket')}.region to {region}, or choose another name"
        )
        raise _RefusedError(msg)
    tags = _asked(lambda: s3.get_bucket_tagging(Bucket=wanted.name)["TagSet"]) or []
    text = _asked(lambda: s3.get_bucket_policy(Bucket=wanted.name)["Policy"])
    rules = _asked(lambda: s3.get_bucket_lifecycle_configuration(Bucket=wanted.name)["Rules"])
    return LiveBucket(
        name=wanted.name,
        tags={tag["Key"]: tag["Value"] for tag in tags if not tag["Key"].startswith("aws:")},
        policy=None if text is None else cast("dict[str, object]", json.loads(text)),
        lifecycle=tuple(cast("list[dict[str, object]]", rules or [])),
        parts=frozenset(_parts(s3, wanted.name)) if wanted.whole else frozenset(),
        key=_key(s3, wanted.name) if wanted.whole else None,
    )


def _parts(s3: S3Client, bucket: str) -> Iterator[str]:
    """Resource types of the sub-resources that *bucket* has."""
    asked: Mapping[str, Callable[[], object]] = {
        "BucketOwnershipControls": lambda: s3.get_bucket_ownership_controls(Bucket=bucket),
        "BucketPublicAccessBlock": lambda: s3.get_public_access_block(Bucket=bucket),
        "BucketVersioning": lambda: s3.get_bucket_versioning(Bucket=bucket).get("Status"),
        "BucketServerSideEncryptionConfiguration": lambda: s3.get_bucket_encryption(Bucket=bucket),
        "BucketObjectLockConfiguration": lambda: s3.get_object_lock_configuration(Bucket=bucket),
        "BucketLifecycleConfiguration": lambda: s3.get_bucket_lifecycle_configuration(
            Bucket=bucket
        ),
        "BucketLogging": lambda: s3.get_bucket_logging(Bucket=bucket).get("LoggingEnabled"),
        "BucketPolicy": lambda: s3.get_bucket_policy(Bucket=bucket),
    }
    yield from (kind for kind, call in asked.items() if _asked(call) is not None)


def _key(s3: S3Client, bucket: str) -> str | None:
    """The key of *bucket*'s default encryption."""
    found = _asked(lambda: s3.get_bucket_encryption(Bucket=bucket))
    rules = [] if found is None else found["ServerSideEncryptionConfiguration"]["Rules"]
    chosen = [one.get("ApplyServerSideEncryptionByDefault", {}) for one in rules]
    return next((key for one in chosen if (key := one.get("KMSMasterKeyID"))), None)


def _asked(call: Callable[[], _T]) -> _T | None:
    """What S3 answers; None where the bucket has nothing of the kind."""
    try:
        return call()
    except ClientError as error:
        if code(error) in _ABSENT:
            return None
        raise
