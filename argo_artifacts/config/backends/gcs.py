"""``gcs``: Google Cloud Storage."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from argo_artifacts.config.backends.common import Bucket, ExistingSecret, Isolation, Keys, Lifecycle
from argo_artifacts.config.base import Matching, Model, Text

ProjectId = Annotated[
    str,
    Matching(
        "[a-z][-a-z0-9]{4,28}[a-z0-9]",
        "a project id of 6 to 30 lower-case letters, digits and '-' is accepted",
    ),
]


class Gcs(Model):
    """A bucket on Google Cloud Storage."""

    project: ProjectId
    """Id (not number) of the Google Cloud project."""

    location: Text
    """Region, dual region or multi region of the bucket: ``europe-west1``, ``EU``."""

    bucket: Bucket
    """The bucket that holds the artifacts."""

    lifecycle: Lifecycle = Field(default_factory=Lifecycle)
    """When objects expire."""

    isolation: Isolation = "prefix"
    """A prefix for each tenant in one bucket, or a bucket for each."""

    identity: Literal["workloadIdentity", "serviceAccountKey", "hmac", "node"]
    """By what pods reach the bucket."""

    keys: Keys = Field(default_factory=Keys)
    """Rotation of the credentials, where the identity has some."""

    existing_secret: ExistingSecret | None = None
    """A Secret that somebody else keeps in every tenant's namespace (HMAC keys)."""
