"""``azure``: Azure Blob Storage."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from argo_artifacts.config.backends.common import Isolation, Keys, Lifecycle
from argo_artifacts.config.base import HttpsUrl, Matching, Model
from argo_artifacts.config.tenants import Ownership

ContainerName = Annotated[
    str,
    Matching(
        "[a-z0-9](-?[a-z0-9]){2,62}",
        "3 to 63 lower-case letters, digits and single '-' are accepted",
        limit=63,
    ),
]
"""A container's name by Azure's rules."""


class Container(Model):
    """A container and who owns it."""

    name: ContainerName
    """Name of the container; with ``isolation: bucket`` the tenant's name follows it."""

    ownership: Ownership = "create"
    """``create`` makes it, ``adopt`` takes over what stands, ``use`` leaves it alone."""

    force_destroy: bool = False
    """Delete the container with all its blobs; off: a container with blobs stays."""


class Azure(Model):
    """A container of an Azure storage account."""

    endpoint: HttpsUrl
    """``https://<account>.blob.core.windows.net``."""

    container: Container
    """The container that holds the artifacts."""

    lifecycle: Lifecycle = Field(default_factory=Lifecycle)
    """When blobs expire."""

    isolation: Isolation = "prefix"
    """A prefix for each tenant in one container, or a container for each."""

    identity: Literal["workloadIdentity", "accountKey", "sas", "node"]
    """By what pods reach the container."""

    keys: Keys = Field(default_factory=Keys)
    """Rotation of the credentials, where the identity has some."""
