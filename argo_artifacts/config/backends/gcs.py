"""``gcs``: Google Cloud Storage."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from argo_artifacts.config.backends.common import Bucket, ExistingSecret, Isolation, Keys, Lifecycle
from argo_artifacts.config.base import Model


class Gcs(Model):
    """A bucket on Google Cloud Storage."""

    project: Annotated[str, Field(pattern=r"^[a-z][-a-z0-9]{4,28}[a-z0-9]$")]
    location: Annotated[str, Field(min_length=1)]
    bucket: Bucket
    lifecycle: Lifecycle = Field(default_factory=Lifecycle)
    isolation: Isolation = "prefix"
    identity: Literal["workloadIdentity", "serviceAccountKey", "hmac", "node"]
    keys: Keys = Field(default_factory=Keys)
    existing_secret: ExistingSecret | None = None
