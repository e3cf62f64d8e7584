"""``azure``: Azure Blob Storage."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from argo_artifacts.config.backends.common import Isolation, Keys, Lifecycle
from argo_artifacts.config.base import HttpsUrl, Model
from argo_artifacts.config.tenants import Ownership


class Container(Model):
    """A container and who owns it."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9](-?[a-z0-9]){2,62}$")]
    ownership: Ownership = "create"
    force_destroy: bool = False


class Azure(Model):
    """A container of an Azure storage account."""

    endpoint: HttpsUrl
    """``https://<account>.blob.core.windows.net``."""

    container: Container
    lifecycle: Lifecycle = Field(default_factory=Lifecycle)
    isolation: Isolation = "prefix"
    identity: Literal["workloadIdentity", "accountKey", "sas", "node"]
    keys: Keys = Field(default_factory=Keys)
