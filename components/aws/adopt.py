"""Adoption: what stands on S3 and is not in the state yet is imported, and changed in one run.

The engine reads what it imports and then updates it to what the program asks, so the first
preview already shows every difference (``docs/decisions/0004-adoption-on-aws.md``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

    from components.aws.live import LiveBucket

BUCKET: Final = "aws:s3/bucket:Bucket"
"""Type of a bucket in the state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What of one bucket is imported."""

    live: LiveBucket | None
    """The bucket as it stands; None: there is none, or it is neither adopted nor ours."""

    known: Collection[tuple[str, str]] = ()
    """Type and name of what the state has."""

    region: str = ""
    """Where the bucket lies, if the provider does not look there by itself."""

    @property
    def first(self) -> bool:
        """Whether the bucket itself is imported."""
        return self.import_id("Bucket") is not None

    def import_id(self, kind: str) -> str | None:
        """The id by which the bucket, or a sub-resource of it, is imported; None: it is not."""
        if self.live is None or kind not in {"Bucket", *self.live.parts}:
            return None
        token = f"aws:s3/{kind[0].lower()}{kind[1:]}:{kind}"
        if (token, self.live.name) in self.known:
            return None
        return f"{self.live.name}@{self.region}" if self.region else self.live.name
