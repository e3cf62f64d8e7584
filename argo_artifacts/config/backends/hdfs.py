"""``hdfs``: the Hadoop file system."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from argo_artifacts.config.base import Endpoint, Label, Model, ObjectName, SecretKey


class SecretSelector(Model):
    """One key of a Secret."""

    name: Label
    key: SecretKey


class ConfigMapSelector(Model):
    """One key of a ConfigMap."""

    name: ObjectName
    key: SecretKey


class Kerberos(Model):
    """Kerberos: either a credential cache or a keytab with its user and realm."""

    config: ConfigMapSelector
    service_principal_name: Annotated[str, Field(min_length=1)]
    credential_cache: SecretSelector | None = None
    keytab: SecretSelector | None = None
    username: Annotated[str, Field(min_length=1)] | None = None
    realm: Annotated[str, Field(min_length=1)] | None = None


class Hdfs(Model):
    """A path of an HDFS cluster, as one user or by Kerberos."""

    addresses: Annotated[tuple[Endpoint, ...], Field(min_length=1)]
    user: Annotated[str, Field(min_length=1)] | None = None
    kerberos: Kerberos | None = None
    data_transfer_protection: Literal["authentication", "integrity", "privacy"] | None = None
    force: bool = False
