"""S3 statements: verbs under prefixes as the actions that Argo's driver calls.

AWS and MinIO read the same grammar; what each needs beside it stands in a module of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from argo_artifacts.access.words import Access, Verb

VERSION: Final = "2012-10-17"
"""Version of the policy language; an older one knows no variables."""

GET: Final = "s3:GetObject"
PUT: Final = "s3:PutObject"
ABORT: Final = "s3:AbortMultipartUpload"
DELETE: Final = "s3:DeleteObject"
LIST: Final = "s3:ListBucket"

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


@dataclass(frozen=True, slots=True, kw_only=True)
class InBucket:
    """What a policy allows in one bucket."""

    bucket: str
    """ARN of the bucket."""

    accesses: tuple[Access, ...]


def statements(where: Iterable[InBucket]) -> list[dict[str, object]]:
    """Statements that allow the verbs under the prefixes, and nothing else."""
    buckets = tuple(where)
    return [*_objects(buckets), *_listing(buckets)]


def _objects(buckets: Iterable[InBucket]) -> Iterator[dict[str, object]]:
    """One statement for each set of verbs, named by them, with all the prefixes that have it."""
    resources: dict[tuple[Verb, ...], list[str]] = {}
    for one in buckets:
        for access in one.accesses:
            verbs: tuple[Verb, ...] = tuple(v for v in access.verbs if OBJECT_ACTIONS[v])
            if verbs:
                resources.setdefault(verbs, []).append(f"{one.bucket}/{access.prefix}*")
    for verbs, under in sorted(resources.items()):
        yield {
            "Sid": "".join(verb.title() for verb in verbs),
            "Effect": "Allow",
            "Action": sorted(action for verb in verbs for action in OBJECT_ACTIONS[verb]),
            "Resource": sorted(under),
        }


def _listing(buckets: Iterable[InBucket]) -> Iterator[dict[str, object]]:
    """Listing, limited to the prefixes; a request without a prefix is refused.

    One statement for each set of prefixes, with all the buckets that have it.
    """
    by_prefixes: dict[tuple[str, ...], list[str]] = {}
    for one in buckets:
        under = sorted(f"{access.prefix}*" for access in one.accesses if "list" in access.verbs)
        if under:
            by_prefixes.setdefault(tuple(under), []).append(one.bucket)
    for index, (under, arns) in enumerate(sorted(by_prefixes.items()), start=1):
        yield {
            "Sid": "List" if len(by_prefixes) == 1 else f"List{index}",
            "Effect": "Allow",
            "Action": [LIST],
            "Resource": sorted(arns),
            "Condition": {"StringLike": {"s3:prefix": list(under)}},
        }
