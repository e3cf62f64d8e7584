"""Notices: what others wrote on a bucket, said where it concerns the artifacts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argo_artifacts.documents.aws import bucket as documents
from argo_artifacts.documents.aws import lifecycle

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from argo_artifacts.config.backends.s3 import S3
    from argo_artifacts.documents.lifecycle import LifecycleRule
    from components.aws.live import LiveBucket


class Notices:
    """One line each about a bucket that stands."""

    def __init__(self, live: LiveBucket, s3: S3, path: str) -> None:
        """Look at what of others' stays.

        Args:
            live: the bucket as it stands.
            s3: the store's settings.
            path: path of the bucket's settings in the file.
        """
        drop = s3.bucket.drop
        self._live = live
        self._s3 = s3
        self._adopted = s3.bucket.ownership == "adopt"
        self._path = path
        self._statements = [
            one
            for one in documents.foreign(live.policy)
            if documents.name_of(one) not in drop.statements
        ]
        self._rules = [
            one
            for one in lifecycle.foreign(live.lifecycle)
            if lifecycle.name_of(one) not in drop.lifecycle_rules
        ]

    def taken_over(self) -> str:
        """What a bucket that the state did not know brings with it."""
        adopted = self._s3.bucket.ownership == "adopt"
        how = (
            "is taken over, and no destroy deletes it" if adopted else "is ours, and is taken back"
        )
        kept = [f"statement {documents.name_of(one)}" for one in self._statements]
        kept += [f"lifecycle rule {lifecycle.name_of(one)}" for one in self._rules]
        return (
            f"bucket {self._live.name}: {how}; of others stays {', '.join(kept) or 'nothing'};"
            f" {self._path}.drop names what shall go"
        )

    def warnings(self, ours: Collection[LifecycleRule], prefixes: Collection[str]) -> Iterator[str]:
        """What opens the bucket, shuts tenants out, or ends artifacts before the file says.

        Args:
            ours: our lifecycle rules.
            prefixes: where the tenants' artifacts lie.
        """
        silent = self._adopted and "encryption" not in self._s3.model_fields_set
        if self._live.key is not None and silent:
            yield (
                f"bucket {self._live.name}: is encrypted with {self._live.key}, which the file"
                " does not name, so nobody gets rights on it; set"
                f" {self._path.removesuffix('.bucket')}.encryption.kms.key"
            )
        for one in self._statements:
            if documents.opens(one):
                name = documents.name_of(one)
                yield (
                    f"bucket {self._live.name}: statement {name} of others lets everyone in, none"
                    f" is needed; list it in {self._path}.drop.statements to remove it"
                )
        for rule in self._rules:
            ended = lifecycle.ends_early(rule, ours, prefixes)
            if ended:
                name = lifecycle.name_of(rule)
                yield (
                    f"bucket {self._live.name}: lifecycle rule {name} of others expires"
                    f" {', '.join(ended)} earlier than the file says; list it in"
                    f" {self._path}.drop.lifecycleRules to remove it"
                )
