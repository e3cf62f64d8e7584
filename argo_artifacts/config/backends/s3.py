"""``s3``: AWS S3."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from argo_artifacts.config.backends.common import Bucket, Isolation, Keys, Lifecycle
from argo_artifacts.config.base import Matching, Model, Text

Region = Annotated[
    str, Matching("[a-z]{2,5}(-[a-z]+)+-[0-9]+", "a region as in eu-west-1 is accepted (R2)")
]


class KmsEncryption(Model):
    """SSE-KMS with an existing key."""

    key: Text
    """Alias, key id or ARN."""


class S3Encryption(Model):
    """Default encryption of the bucket; absent: SSE-S3."""

    kms: KmsEncryption | None = None
    """SSE-KMS; absent: SSE-S3."""


class S3(Model):
    """A bucket on AWS S3."""

    bucket: Bucket
    """The bucket that holds the artifacts."""

    region: Region
    """Region of the bucket: ``eu-west-1``."""

    encryption: S3Encryption = Field(default_factory=S3Encryption)
    """Default encryption of the bucket."""

    lifecycle: Lifecycle = Field(default_factory=Lifecycle)
    """When objects expire."""

    isolation: Isolation = "prefix"
    """A prefix for each tenant in one bucket, or a bucket for each."""

    identity: Literal["irsa", "podIdentity", "accessKeys", "assumeRole", "accessGrants", "node"]
    """By what pods reach the bucket."""

    keys: Keys = Field(default_factory=Keys)
    """Rotation of the credentials, where the identity has some."""
