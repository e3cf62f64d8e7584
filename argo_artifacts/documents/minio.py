"""MinIO policies: the grants of a credential as the statements that the server reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from argo_artifacts.access.grants import Access, Credential, Verb

GET: Final = "s3:GetObject"  # driver: load, stat and stream an object
PUT: Final = "s3:PutObject"  # driver: save; creates, uploads and completes multipart uploads too
ABORT: Final = "s3:AbortMultipartUpload"  # driver: save, cleaning up after an error above 16 MiB
DELETE: Final = "s3:DeleteObject"  # driver: delete, in garbage collection
LIST: Final = "s3:ListBucket"  # driver: directories; a missing optional input answers not found

OBJECT_ACTIONS: Final[Mapping[Verb, tuple[str, ...]]] = {
    "list": (),
    "read": (GET,),
    "write": (ABORT, PUT),
    "delete": (DELETE,),
}
"""Actions on objects that each verb needs; ``list`` is an action on the bucket."""

MAX_POLICY_BYTES: Final = 20480
"""Largest policy document that a MinIO server takes (measured: docs/minio-admin-provider.md)."""

_NO_ADMIN: Final[Mapping[str, object]] = {
    "Sid": "NoAdmin",
    "Effect": "Deny",
    "Action": ["admin:*"],
}
"""A user may mint access keys for itself and change its own secret unless this Deny stands: the
only form that also holds when a wide policy is attached beside ours (measured on the server)."""


def policy(credential: Credential) -> dict[str, object]:
    """The policy of the users behind *credential*: its prefixes and verbs, and nothing else."""
    bucket = f"arn:aws:s3:::{credential.bucket}"
    statements = [*_objects(bucket, credential.accesses), *_listing(bucket, credential.accesses)]
    return {"Version": "2012-10-17", "Statement": [*statements, dict(_NO_ADMIN)]}


def _objects(bucket: str, accesses: Iterable[Access]) -> Iterator[dict[str, object]]:
    """One statement for each set of actions, with all the prefixes that have it."""
    prefixes: dict[tuple[str, ...], list[str]] = {}
    for access in accesses:
        actions = tuple(sorted(a for verb in access.verbs for a in OBJECT_ACTIONS[verb]))
        if actions:
            prefixes.setdefault(actions, []).append(access.prefix)
    for index, (actions, under) in enumerate(sorted(prefixes.items()), start=1):
        yield {
            "Sid": f"Objects{index}",
            "Effect": "Allow",
            "Action": list(actions),
            "Resource": [f"{bucket}/{prefix}*" for prefix in sorted(under)],
        }


def _listing(bucket: str, accesses: Iterable[Access]) -> Iterator[dict[str, object]]:
    """Listing, limited to the prefixes; a request without a prefix is refused."""
    under = sorted(f"{access.prefix}*" for access in accesses if "list" in access.verbs)
    if under:
        yield {
            "Sid": "List",
            "Effect": "Allow",
            "Action": [LIST],
            "Resource": [bucket],
            "Condition": {"StringLike": {"s3:prefix": under}},
        }
