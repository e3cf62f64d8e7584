"""Identity policies: what a role or user may do, as IAM reads it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from argo_artifacts.access.aws import ByPods
from argo_artifacts.access.words import Access, in_order
from argo_artifacts.documents import s3
from argo_artifacts.documents.aws import kms
from argo_artifacts.documents.aws.sizes import MAX_MANAGED_POLICY, MAX_ROLE_POLICY, characters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from argo_artifacts.access.aws import AwsRole, AwsUser, InStore
    from argo_artifacts.access.words import Verb
    from argo_artifacts.config.settings import Settings

T = TypeVar("T")

ASSUME: Final = "sts:AssumeRole"
TAG: Final = "sts:TagSession"
LOCATE: Final = "s3:GetBucketLocation"
GET_DATA_ACCESS: Final = "s3:GetDataAccess"

WHY: Final[Mapping[str, str]] = {
    **s3.WHY,
    **kms.WHY,
    ASSUME: "becomes the role that the entry names (`roleARN`)",
    TAG: "carries the session tags of Pod Identity on to that role",
    LOCATE: "asks for the bucket's region, only with `regionDiscovery: true`",
    GET_DATA_ACCESS: "asks S3 Access Grants for credentials, by the refresher",
}
"""The call that needs each action."""

Document = dict[str, object]
Statement = dict[str, object]


def policies(settings: Settings, role: AwsRole) -> tuple[Document, ...]:
    """The policies of *role*: one where it fits inline, else managed ones of their size."""
    keys = [*_key_statements(settings, role.reach), *_asking(role)]
    actions = [ASSUME, TAG] if isinstance(role.trust, ByPods) else [ASSUME]
    whole = _document(settings, role.reach, [*keys, *_assuming(role.assumes, actions)])
    if not whole["Statement"]:
        return ()
    if characters(whole) <= MAX_ROLE_POLICY:
        return (whole,)
    pieces = [
        replace(one, accesses=(access,))
        for one in _by_bucket(role.reach)
        for access in one.accesses
    ]
    found = [
        *_filled(pieces, lambda some: _document(settings, some, [])),
        *_filled(keys, lambda some: _document(settings, [], some)),
        *_filled(role.assumes, lambda some: _document(settings, [], [*_assuming(some, actions)])),
    ]
    return tuple(found)


def user_policy(settings: Settings, user: AwsUser) -> Document:
    """The one inline policy of *user*."""
    return _document(settings, [user.reach], [*_key_statements(settings, [user.reach])])


def _assuming(roles: Sequence[str], actions: Sequence[str]) -> Iterator[Statement]:
    if roles:
        yield {
            "Sid": "Assume",
            "Effect": "Allow",
            "Action": list(actions),
            "Resource": list(roles),
        }


def _asking(role: AwsRole) -> Iterator[Statement]:
    if role.asks is not None:
        yield {
            "Sid": "AskForGrant",
            "Effect": "Allow",
            "Action": [GET_DATA_ACCESS],
            "Resource": [role.asks],
        }


def _key_statements(settings: Settings, reach: Sequence[InStore]) -> Iterator[Statement]:
    yield from kms.statements(settings, reach)
    asked = {
        _arn(settings, one.bucket)
        for one in reach
        if (store := settings.repositories[one.repository].s3) and store.region_discovery
    }
    if asked:
        yield {"Sid": "Region", "Effect": "Allow", "Action": [LOCATE], "Resource": sorted(asked)}


def _arn(settings: Settings, bucket: str) -> str:
    partition = settings.aws.in_partition if settings.aws else "aws"
    return f"arn:{partition}:s3:::{bucket}"


def _document(settings: Settings, reach: Iterable[InStore], more: Sequence[Statement]) -> Document:
    where = [
        s3.InBucket(bucket=_arn(settings, i.bucket), accesses=i.accesses) for i in _by_bucket(reach)
    ]
    return {"Version": s3.VERSION, "Statement": [*s3.statements(where), *more]}


def _by_bucket(reach: Iterable[InStore]) -> Iterator[InStore]:
    """*reach* with each bucket and prefix once, though several repositories lie there."""
    first: dict[str, InStore] = {}
    verbs: dict[str, dict[str, set[Verb]]] = {}
    for one in reach:
        first.setdefault(one.bucket, one)
        for access in one.accesses:
            verbs.setdefault(one.bucket, {}).setdefault(access.prefix, set()).update(access.verbs)
    for bucket, prefixes in verbs.items():
        accesses = (Access(prefix=p, verbs=in_order(v)) for p, v in sorted(prefixes.items()))
        yield replace(first[bucket], accesses=tuple(accesses))


def _filled(items: Sequence[T], build: Callable[[Sequence[T]], Document]) -> Iterator[Document]:
    """Documents of the size of managed policies, each with as many *items* as it holds."""
    rest = items
    while rest:
        fits, beyond = 1, len(rest)
        while fits < beyond:
            middle = (fits + beyond + 1) // 2
            if characters(build(rest[:middle])) <= MAX_MANAGED_POLICY:
                fits = middle
            else:
                beyond = middle - 1
        yield build(rest[:fits])
        rest = rest[fits:]
