"""Acts on S3 with the credentials of each identity, and hears what moto's IAM decides.

moto judges actions and the objects that they name. It evaluates no condition of an identity's
policy, takes policy variables literally, lets every Deny with a condition of a bucket's policy
fire, and looks at no token of a web identity. So listing is not judged here, the policy of the
bucket is away meanwhile, and a role that no AWS principal assumes is assumed unasked.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.engine.aws_double.account import Client
    from tests.engine.moto_server import Keys, MotoServer

DENIED: Final = frozenset({"AccessDenied", "403"})
_SEED: Final = b"seed"


@dataclass(frozen=True)
class Place:
    """A prefix in a bucket."""

    bucket: str
    prefix: str


@contextmanager
def judged(moto: MotoServer, buckets: set[str], places: Mapping[str, Place]) -> Iterator[None]:
    """Put an object for each verb at each place, then let identities' policies decide, alone."""
    admin = moto.client("s3")
    policies = {bucket: admin.get_bucket_policy(Bucket=bucket)["Policy"] for bucket in buckets}
    for bucket in buckets:
        admin.delete_bucket_policy(Bucket=bucket)
    try:
        for place in places.values():
            for name in ("read", "delete"):
                admin.put_object(Bucket=place.bucket, Key=f"{place.prefix}{name}", Body=_SEED)
        with moto.enforcing():
            yield
    finally:
        for bucket, policy in policies.items():
            admin.put_bucket_policy(Bucket=bucket, Policy=policy)


def allowed(moto: MotoServer, keys: Keys, places: Mapping[str, Place]) -> set[str]:
    """What somebody may do: ``write own``, by verb and name of the place; and what else."""
    client = moto.client("s3", keys)
    found: set[str] = set()
    for name, place in places.items():
        at = {"Bucket": place.bucket}
        calls = {
            "read": ("get_object", {"Key": f"{place.prefix}read"}),
            "write": ("put_object", {"Key": f"{place.prefix}written", "Body": _SEED}),
            "delete": ("delete_object", {"Key": f"{place.prefix}delete"}),
            "tag": (
                "put_object_tagging",
                {"Key": f"{place.prefix}read", "Tagging": {"TagSet": []}},
            ),
            "see the policy of": ("get_bucket_policy", {}),
            "drop the policy of": ("delete_bucket_policy", {}),
            "see versions of": ("list_object_versions", {}),
        }
        for verb, (call, more) in calls.items():
            if _may(client, call, {**at, **more}):
                found.add(f"{verb} {name}")
    return found


def may_assume(moto: MotoServer, keys: Keys, role: str) -> bool:
    """Whether somebody may assume a role."""
    call = {"RoleArn": role, "RoleSessionName": "test"}
    return _may(moto.client("sts", keys), "assume_role", call)


def _may(client: Client, call: str, arguments: Mapping[str, object]) -> bool:
    try:
        getattr(client, call)(**arguments)
    except ClientError as error:
        answer = error.response["Error"]["Code"]
        if answer in DENIED:
            return False
        if answer == "NoSuchBucketPolicy":  # which one learns who may see it
            return True
        raise
    return True
