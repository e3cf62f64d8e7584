"""What stores on several clouds share: bucket, lifecycle, keys, TLS, Secrets kept by others."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from argo_artifacts.config.base import (
    BucketName,
    ConfigKey,
    Days,
    Label,
    Model,
    SecretKey,
)
from argo_artifacts.config.tenants import Ownership


class Lifecycle(Model):
    """When objects leave the bucket by themselves."""

    expire_days: Days | None = None
    """Days after which an artifact expires; a tenant may say otherwise for its own prefix."""

    noncurrent_expire_days: Days | None = None
    """Days after which a version that was overwritten or deleted goes (versioned buckets)."""

    expire_delete_markers: bool = False
    """Remove delete markers that hide no version any more."""


class Bucket(Model):
    """A bucket and its hardening."""

    name: BucketName
    ownership: Ownership = "create"
    versioning: bool = False
    force_destroy: bool = False
    """Delete the bucket with all its objects and versions; off: a bucket with objects stays."""


class ExistingSecret(Model):
    """A Secret of the tenant's namespace that somebody else keeps (External Secrets, Vault)."""

    name: Label
    access_key: SecretKey = "accessKey"
    secret_key: SecretKey = "secretKey"
    """Keys inside the Secret, not values."""


class ConfigKeys(Model):
    """Names of two configuration keys that hold an access key and its secret."""

    access_key_config: ConfigKey
    secret_key_config: ConfigKey


KeyNumber = Annotated[int, Field(ge=1, le=9999)]


def _live(value: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(value)) != len(value):
        msg = f"{list(value)} names a key twice, one or two different numbers are accepted"
        raise ValueError(msg)
    return value


class Keys(Model):
    """Credentials in rotation: numbered keys that live, and the one that Secrets publish."""

    live: Annotated[
        tuple[KeyNumber, ...], Field(min_length=1, max_length=2), AfterValidator(_live)
    ] = (1,)
    publish: KeyNumber = 1


class Tls(Model):
    """Transport security towards a server."""

    enabled: bool = True
    ca: str | None = None
    """PEM file with the CA, relative to the stack file; it replaces the system's trust."""


Isolation = Literal["prefix", "bucket"]
"""A prefix for each tenant in one bucket, or a bucket for each tenant."""
