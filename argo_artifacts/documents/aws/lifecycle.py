"""Lifecycle rules of a bucket on S3, in the words of its API: ours beside those of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

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
    kept = [_filtered(one) for one in foreign(live) if str(one.get("ID")) not in drop]
    return (*kept, *(rule(one) for one in ours))


def foreign(live: Iterable[Mapping[str, object]]) -> list[Mapping[str, object]]:
    """The rules that are not ours."""
    return [one for one in live if not str(one.get("ID", "")).startswith(OURS)]


def _filtered(found: Mapping[str, object]) -> Rule:
    """*found* with its prefix in a filter: S3 takes no rule of the old form beside a new one."""
    given = dict(found)
    prefix = given.pop("Prefix", None)
    return given if "Filter" in given else {**given, "Filter": {"Prefix": prefix or ""}}
