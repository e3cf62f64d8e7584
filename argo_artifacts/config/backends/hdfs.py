"""``hdfs``: the Hadoop file system."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from argo_artifacts.config.backends.common import SecretName
from argo_artifacts.config.base import Endpoint, Model, ObjectName, SecretKey, Text


class SecretSelector(Model):
    """One key of a Secret."""

    name: SecretName
    """Name of the Secret in every tenant's namespace."""

    key: SecretKey
    """Key inside it."""


class ConfigMapSelector(Model):
    """One key of a ConfigMap."""

    name: ObjectName
    """Name of the ConfigMap in every tenant's namespace."""

    key: SecretKey
    """Key inside it."""


class Kerberos(Model):
    """Kerberos: either a credential cache or a keytab with its user and realm."""

    config: ConfigMapSelector
    """The ``krb5.conf``."""

    service_principal_name: Text
    """Principal of the name nodes."""

    credential_cache: SecretSelector | None = None
    """The credential cache, instead of a keytab."""

    keytab: SecretSelector | None = None
    """The keytab, instead of a credential cache."""

    username: Text | None = None
    """User in the keytab."""

    realm: Text | None = None
    """Realm of the user in the keytab."""


class Hdfs(Model):
    """A path of an HDFS cluster, as one user or by Kerberos."""

    addresses: Annotated[tuple[Endpoint, ...], Field(min_length=1)]
    """Name nodes, each host:port."""

    user: Text | None = None
    """User without Kerberos."""

    kerberos: Kerberos | None = None
    """Kerberos, instead of a plain user."""

    data_transfer_protection: Literal["authentication", "integrity", "privacy"] | None = None
    """Protection of the data on its way."""

    force: bool = False
    """Overwrite what exists under the same path."""
