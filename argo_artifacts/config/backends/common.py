"""What stores on several clouds share: bucket, lifecycle, keys, TLS, Secrets kept by others."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from argo_artifacts.config.base import (
    AccessKeyConfig,
    BucketName,
    Days,
    FilePath,
    Label,
    Model,
    SecretKey,
    SecretKeyConfig,
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
    """Physical name of the bucket, the same on every run."""

    ownership: Ownership = "create"
    """``create`` makes it, ``adopt`` takes over what stands, ``use`` leaves it alone."""

    versioning: bool = False
    """Keep what is overwritten or deleted as a noncurrent version."""

    force_destroy: bool = False
    """Delete the bucket with all its objects and versions; off: a bucket with objects stays."""


_VOLUMES_OF_ARGO: Final = (
    "argo-env-config",
    "argo-staging",
    "exec-sa-token",
    "input-artifacts",
    "kubeconfig",
    "tmp-dir-argo",
    "var-run-argo",
)
"""Volumes of a workflow pod: Argo mounts a Secret as a volume of the Secret's own name."""


def _mountable(value: str) -> str:
    if value in _VOLUMES_OF_ARGO:
        msg = f"{value!r} is a volume of every workflow pod, another name is accepted (R11)"
        raise ValueError(msg)
    return value


SecretName = Annotated[Label, AfterValidator(_mountable)]
"""Name of a Secret that Argo mounts."""


class ExistingSecret(Model):
    """A Secret of the tenant's namespace that somebody else keeps (External Secrets, Vault)."""

    name: SecretName
    """Name of the Secret, the same in every tenant's namespace."""

    access_key: SecretKey = "accessKey"
    """Key inside the Secret that holds the access key; not the value."""

    secret_key: SecretKey = "secretKey"  # noqa: S105 - a key's name
    """Key inside the Secret that holds the secret of the access key; not the value."""


class ConfigKeys(Model):
    """Names of two configuration keys that hold an access key and its secret."""

    access_key_config: AccessKeyConfig
    """Name of the configuration key with the access key; ends in ``AccessKey``."""

    secret_key_config: SecretKeyConfig
    """Name of the configuration key with its secret; ends in ``SecretKey``."""


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
    """Numbers of the one or two keys that work; a key dies when it leaves this list."""

    publish: KeyNumber = 1
    """Number of the live key that the Secrets hold."""


class Tls(Model):
    """Transport security towards a server."""

    enabled: bool = True
    """Whether the server speaks TLS."""

    ca: FilePath | None = None
    """PEM file with the CA, relative to the stack file; it replaces the system's trust."""


Isolation = Literal["prefix", "bucket"]
"""A prefix for each tenant in one bucket, or a bucket for each tenant."""
