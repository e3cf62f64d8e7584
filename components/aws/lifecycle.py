"""Lifecycle: rules in the words of S3's API, ours or others', as the provider takes them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, cast

from pulumi_aws import s3

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Words = Mapping[str, object]


def rule_args(rule: Words) -> s3.BucketLifecycleConfigurationRuleArgs:
    """*rule* as S3 answers it, to be written as it stands."""
    expiration = _part(rule, "Expiration")
    noncurrent = _part(rule, "NoncurrentVersionExpiration")
    incomplete = _part(rule, "AbortIncompleteMultipartUpload")
    return s3.BucketLifecycleConfigurationRuleArgs(
        id=str(rule["ID"]),
        status=str(rule["Status"]),
        filter=_filter(_part(rule, "Filter") or {}),
        expiration=None
        if expiration is None
        else s3.BucketLifecycleConfigurationRuleExpirationArgs(
            date=_date(expiration),
            days=_number(expiration, "Days"),
            expired_object_delete_marker=True
            if expiration.get("ExpiredObjectDeleteMarker")
            else None,
        ),
        noncurrent_version_expiration=None
        if noncurrent is None
        else s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
            noncurrent_days=_number(noncurrent, "NoncurrentDays") or 0,
            newer_noncurrent_versions=_number(noncurrent, "NewerNoncurrentVersions"),
        ),
        abort_incomplete_multipart_upload=None
        if incomplete is None
        else s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
            days_after_initiation=_number(incomplete, "DaysAfterInitiation")
        ),
        transitions=[
            s3.BucketLifecycleConfigurationRuleTransitionArgs(
                storage_class=str(one["StorageClass"]),
                date=_date(one),
                days=_number(one, "Days"),
            )
            for one in _parts(rule, "Transitions")
        ]
        or None,
        noncurrent_version_transitions=[
            s3.BucketLifecycleConfigurationRuleNoncurrentVersionTransitionArgs(
                storage_class=str(one["StorageClass"]),
                noncurrent_days=_number(one, "NoncurrentDays") or 0,
                newer_noncurrent_versions=_number(one, "NewerNoncurrentVersions"),
            )
            for one in _parts(rule, "NoncurrentVersionTransitions")
        ]
        or None,
    )


def _filter(found: Words) -> s3.BucketLifecycleConfigurationRuleFilterArgs:
    """A filter; an empty one is spelt as the empty prefix, which means the same."""
    both = _part(found, "And")
    if both is not None:
        return s3.BucketLifecycleConfigurationRuleFilterArgs(
            and_=s3.BucketLifecycleConfigurationRuleFilterAndArgs(
                prefix=_text(both, "Prefix"),
                tags={str(tag["Key"]): str(tag["Value"]) for tag in _parts(both, "Tags")} or None,
                object_size_greater_than=_number(both, "ObjectSizeGreaterThan"),
                object_size_less_than=_number(both, "ObjectSizeLessThan"),
            )
        )
    tag = _part(found, "Tag")
    return s3.BucketLifecycleConfigurationRuleFilterArgs(
        prefix=_text(found, "Prefix") if found else "",
        tag=None
        if tag is None
        else s3.BucketLifecycleConfigurationRuleFilterTagArgs(
            key=str(tag["Key"]), value=str(tag["Value"])
        ),
        object_size_greater_than=_number(found, "ObjectSizeGreaterThan"),
        object_size_less_than=_number(found, "ObjectSizeLessThan"),
    )


def _part(found: Words, key: str) -> Words | None:
    return cast("Words | None", found.get(key))


def _parts(found: Words, key: str) -> Iterator[Words]:
    yield from cast("list[Words]", found.get(key, []))


def _text(found: Words, key: str) -> str | None:
    return cast("str | None", found.get(key))


def _number(found: Words, key: str) -> int | None:
    return cast("int | None", found.get(key))


def _date(found: Words) -> str | None:
    date = found.get("Date")
    return f"{date:%Y-%m-%dT%H:%M:%SZ}" if isinstance(date, datetime) else None
