"""``oss``: Alibaba Cloud Object Storage Service."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from argo_artifacts.config.backends.common import Bucket, Isolation, Keys, Lifecycle
from argo_artifacts.config.base import HttpsUrl, Model


class Oss(Model):
    """A bucket on Alibaba OSS."""

    endpoint: HttpsUrl
    """With its scheme: without one Argo's driver speaks plain http (argo.md 1.4)."""

    region: Annotated[str, Field(pattern=r"^[a-z]{2}-[-a-z0-9]+$")]
    bucket: Bucket
    lifecycle: Lifecycle = Field(default_factory=Lifecycle)
    isolation: Isolation = "prefix"
    identity: Literal["rrsa", "accessKeys", "node"]
    driver: Literal["oss", "s3"] = "oss"
    """``s3``: through OSS's S3-compatible endpoint, with signature V4 and keys only."""

    keys: Keys = Field(default_factory=Keys)
