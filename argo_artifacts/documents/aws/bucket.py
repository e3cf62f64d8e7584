"""Bucket policy: what a bucket refuses whoever asks, beside what others wrote there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from argo_artifacts.access.names import short_id
from argo_artifacts.documents import canonical, s3

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

OURS: Final = ("DenyInsecureTransport", "DenyOldTLS")
"""Sids of the statements that we own in every bucket's policy."""

Statement = dict[str, object]


def policy(partition: str, bucket: str, minimum_tls: str) -> dict[str, object]:
    """The statements that we own in *bucket*'s policy: TLS only, and no old version of it."""
    arn = f"arn:{partition}:s3:::{bucket}"
    transport, version = OURS
    return {
        "Version": s3.VERSION,
        "Statement": [
            _denied(transport, arn, {"Bool": {"aws:SecureTransport": ["false"]}}),
            _denied(version, arn, {"NumericLessThan": {"s3:TlsVersion": [minimum_tls]}}),
        ],
    }


def merged(
    live: Mapping[str, object] | None, ours: Mapping[str, object], drop: Collection[str] = ()
) -> dict[str, object]:
    """The policy that shall stand: others' statements in their order, then ours.

    The version is others', where a statement of theirs stays: it decides whether a ``${…}`` of
    theirs is a variable, and ours have none.

    Args:
        live: the bucket's policy as it stands; None: it has none.
        ours: what :func:`policy` says.
        drop: names of others' statements that go, see :func:`name_of`.
    """
    kept = [one for one in foreign(live) if name_of(one) not in drop]
    whole = dict(live or {}) if kept else {}
    return {"Version": s3.VERSION, **whole, "Statement": [*kept, *statements(ours)]}


def foreign(live: Mapping[str, object] | None) -> list[Statement]:
    """The statements of a policy that are not ours."""
    return [one for one in statements(live) if one.get("Sid") not in OURS]


def statements(live: Mapping[str, object] | None) -> list[Statement]:
    """All statements of a policy; one alone may stand without a list."""
    found = (live or {}).get("Statement", [])
    return cast("list[Statement]", found if isinstance(found, list) else [found])


def name_of(statement: Statement) -> str:
    """By what the file names a statement: its Sid, or 8 hex digits of what it says."""
    sid = statement.get("Sid")
    return str(sid) if sid else f"statement-{short_id(canonical.document(statement))}"


def clashes(
    live: Mapping[str, object] | None, ours: Mapping[str, object], drop: Collection[str] = ()
) -> list[str]:
    """Sids of ours under which a policy that nobody of ours wrote says something else."""
    own = {one["Sid"]: one for one in cast("list[Statement]", ours["Statement"])}
    return [
        str(one["Sid"])
        for one in statements(live)
        if one.get("Sid") in own
        and _spelt(one) != _spelt(own[one["Sid"]])
        and one["Sid"] not in drop
    ]


def opens(statement: Statement) -> bool:
    """Whether *statement* allows something to everyone, without any condition."""
    whom = statement.get("Principal")
    names: object = cast("dict[str, object]", whom).get("AWS") if isinstance(whom, dict) else whom
    every = cast("list[object]", names) if isinstance(names, list) else [names]
    return statement.get("Effect") == "Allow" and "*" in every and not statement.get("Condition")


def _spelt(value: object) -> object:
    """*value* in one spelling: one word for a list of one word, lists in order."""
    if isinstance(value, dict):
        return {k: _spelt(v) for k, v in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        found = sorted(str(one) for one in cast("list[object]", value))
        return found[0] if len(found) == 1 else found
    return str(value)


def _denied(sid: str, arn: str, condition: dict[str, dict[str, list[str]]]) -> Statement:
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:*"],
        "Resource": [arn, f"{arn}/*"],
        "Condition": condition,
    }
