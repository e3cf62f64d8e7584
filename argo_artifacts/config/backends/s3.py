"""``s3``: AWS S3."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from argo_artifacts.config.backends.common import Bucket, Isolation, Keys, Lifecycle
from argo_artifacts.config.base import Model

Region = Annotated[str, Field(pattern=r"^[a-z]{2,5}(-[a-z]+)+-\d+$")]


class KmsEncryption(Model):
    """SSE-KMS with an existing key."""

    key: Annotated[str, Field(min_length=1)]
    """Alias, key id or ARN."""


class S3Encryption(Model):
    """Default encryption of the bucket; absent: SSE-S3."""

    kms: KmsEncryption | None = None


class S3(Model):
    """A bucket on AWS S3."""

    bucket: Bucket
    region: Region
    encryption: S3Encryption = Field(default_factory=S3Encryption)
    lifecycle: Lifecycle = Field(default_factory=Lifecycle)
    isolation: Isolation = "prefix"
    identity: Literal["irsa", "podIdentity", "accessKeys", "assumeRole", "accessGrants", "node"]
    keys: Keys = Field(default_factory=Keys)
