"""Lifecycle rules of a bucket on S3, in the words of its API: ours beside those of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from argo_artifacts.documents.lifecycle import LifecycleRule

OURS: Final = "argo-artifacts/"
"""Beginning of the ids of our rules; a rule of ours that the file no longer asks for goes."""

Rule = dict[str, object]


def rule(ours: LifecycleRule) -> Rule:
    """*ours* as S3 takes it, always with a filter: without one S3 answers with another rule."""
    found: Rule = {
        "ID": f"{OURS}{ours.id}",
        "Status": "Enabled",
        "Filter": {"Prefix": ours.prefix},
    }
    if ours.expire_days is not None:
        found["Expiration"] = {"Days": ours.expire_days}
    elif ours.expire_delete_markers:
        found["Expiration"] = {"ExpiredObjectDeleteMarker": True}
    if ours.noncurrent_expire_days is not None:
        found["NoncurrentVersionExpiration"] = {"NoncurrentDays": ours.noncurrent_expire_days}
    if ours.abort_incomplete_days is not None:
        found["AbortIncompleteMultipartUpload"] = {
            "DaysAfterInitiation": ours.abort_incomplete_days
        }
    if ours.transition_days is not None:
        found["Transitions"] = [{"Days": ours.transition_days, "StorageClass": ours.storage_class}]
    return found


def merged(
    live: Iterable[Mapping[str, object]], ours: Iterable[LifecycleRule], drop: Collection[str] = ()
) -> tuple[Rule, ...]:
    """The rules that shall stand: those of others in their order, then ours.

    Args:
        live: the bucket's rules as S3 answers them.
        ours: our rules.
        drop: ids of others' rules that go.
    """
    kept = [_filtered(one) for one in foreign(live) if name_of(one) not in drop]
    return (*kept, *(rule(one) for one in ours))


def foreign(live: Iterable[Mapping[str, object]]) -> list[Mapping[str, object]]:
    """The rules that are not ours."""
    return [one for one in live if not name_of(one).startswith(OURS)]


def name_of(found: Mapping[str, object]) -> str:
    """The id of a rule; S3 makes one where none is given."""
    return str(found.get("ID", ""))


def ends_early(
    found: Mapping[str, object], ours: Iterable[LifecycleRule], prefixes: Iterable[str]
) -> list[str]:
    """The *prefixes* where a rule of others expires artifacts before ours do.

    A rule for objects with a tag never meets one of Argo's, which sets none.
    """
    expiration = cast("Mapping[str, object]", found.get("Expiration", {}))
    filtered = _filtered(found)["Filter"]
    chosen = cast("Mapping[str, object]", filtered)
    chosen = cast("Mapping[str, object]", chosen.get("And", chosen))
    if found.get("Status") != "Enabled" or {"Tag", "Tags"} & set(chosen):
        return []
    days = expiration.get("Days", 0 if "Date" in expiration else None)
    if not isinstance(days, int):
        return []
    where = str(chosen.get("Prefix", ""))
    own = list(ours)
    return [
        prefix
        for prefix in prefixes
        if (prefix.startswith(where) or where.startswith(prefix)) and days < _expiry(own, prefix)
    ]


def _expiry(ours: Iterable[LifecycleRule], prefix: str) -> float:
    """Days after which our rules expire what is under *prefix*."""
    days = [
        one.expire_days
        for one in ours
        if one.expire_days is not None and prefix.startswith(one.prefix)
    ]
    return min(days, default=float("inf"))


def _filtered(found: Mapping[str, object]) -> Rule:
    """*found* with its prefix in a filter: S3 takes no rule of the old form beside a new one."""
    given = dict(found)
    prefix = given.pop("Prefix", None)
    return given if "Filter" in given else {**given, "Filter": {"Prefix": prefix or ""}}
