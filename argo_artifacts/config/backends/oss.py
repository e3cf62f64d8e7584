"""``oss``: Alibaba Cloud Object Storage Service."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from argo_artifacts.config.backends.common import Bucket, Isolation, Keys, Lifecycle
from argo_artifacts.config.base import HttpsUrl, Matching, Model

Region = Annotated[str, Matching("[a-z]{2}-[-a-z0-9]+", "a region as in eu-central-1 is accepted")]


class Oss(Model):
    """A bucket on Alibaba OSS."""

    endpoint: HttpsUrl
    """With its scheme: without one Argo's driver speaks plain http."""

    region: Region
    """Region of the bucket: ``eu-central-1``."""

    bucket: Bucket
    """The bucket that holds the artifacts."""

    lifecycle: Lifecycle = Field(default_factory=Lifecycle)
    """When objects expire."""

    isolation: Isolation = "prefix"
    """A prefix for each tenant in one bucket, or a bucket for each."""

    identity: Literal["rrsa", "accessKeys", "node"]
    """By what pods reach the bucket."""

    driver: Literal["oss", "s3"] = "oss"
    """``s3``: through OSS's S3-compatible endpoint, with signature V4 and keys only."""

    keys: Keys = Field(default_factory=Keys)
    """Rotation of the credentials, where the identity has some."""
