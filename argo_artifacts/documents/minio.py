"""MinIO policies: the grants of a credential as the statements that the server reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from argo_artifacts.access.grants import Access, Credential, Verb

GET: Final = "s3:GetObject"
PUT: Final = "s3:PutObject"
ABORT: Final = "s3:AbortMultipartUpload"
DELETE: Final = "s3:DeleteObject"
LIST: Final = "s3:ListBucket"

DELETE_VERSION: Final = "s3:DeleteObjectVersion"
"""A MinIO server lets whoever may delete an object remove its versions for good, unless this is
denied (measured): versioning would protect nothing from the collector's keys."""

OBJECT_ACTIONS: Final[Mapping[Verb, tuple[str, ...]]] = {
    "list": (),
    "read": (GET,),
    "write": (ABORT, PUT),
    "delete": (DELETE,),
}
"""Actions on objects that each verb needs; ``list`` is an action on the bucket."""

WHY: Final[Mapping[str, str]] = {
    LIST: "lists directories; a missing optional input answers not found instead of forbidden",
    GET: "loads, stats and streams an object",
    PUT: "saves an object; creates, uploads and completes multipart uploads too",
    ABORT: "ends a multipart upload (above 16 MiB) that failed",
    DELETE: "removes an object in garbage collection",
}
"""The call of Argo's driver that needs each action (``workflow/artifacts/s3/s3.go``)."""

MAX_POLICY_BYTES: Final = 20480
"""Largest policy document that a MinIO server takes (measured: docs/minio-admin-provider.md)."""

MAX_USER_NAME: Final = 250
"""Longest user name to which a MinIO server attaches a policy (measured, as above)."""

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
    if any("delete" in access.verbs for access in credential.accesses):
        statements.append(
            {
                "Sid": "KeepVersions",
                "Effect": "Deny",
                "Action": [DELETE_VERSION],
                "Resource": [f"{bucket}/*"],
            }
        )
    return {"Version": "2012-10-17", "Statement": [*statements, dict(_NO_ADMIN)]}


def _objects(bucket: str, accesses: Iterable[Access]) -> Iterator[dict[str, object]]:
    """One statement for each set of verbs, named by them, with all the prefixes that have it."""
    prefixes: dict[tuple[Verb, ...], list[str]] = {}
    for access in accesses:
        verbs: tuple[Verb, ...] = tuple(v for v in access.verbs if OBJECT_ACTIONS[v])
        if verbs:
            prefixes.setdefault(verbs, []).append(access.prefix)
    for verbs, under in sorted(prefixes.items()):
        yield {
            "Sid": "".join(verb.title() for verb in verbs),
            "Effect": "Allow",
            "Action": sorted(action for verb in verbs for action in OBJECT_ACTIONS[verb]),
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
