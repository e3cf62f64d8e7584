"""``minio``: a MinIO server, or any S3-compatible server with keys that exist already."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from argo_artifacts.config.backends.common import (
    Bucket,
    ConfigKeys,
    ExistingSecret,
    Keys,
    Lifecycle,
    Tls,
)
from argo_artifacts.config.backends.minio_helm import HelmServer, Provisioner
from argo_artifacts.config.base import Endpoint, Label, Model, Text


class MinioEncryption(Model):
    """Default encryption of the bucket by the server (needs a KMS configured there)."""

    kms_key_id: Text | None = None
    """Key of the server's KMS (SSE-KMS); absent: SSE-S3."""


class MinioBucket(Bucket):
    """A bucket on a MinIO server."""

    quota_bytes: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    """Hard quota in bytes; the server refuses writes beyond it."""

    encryption: MinioEncryption | None = None
    """Default encryption by the server; absent: the server's own setting."""


class Minio(Model):
    """A bucket on a MinIO or S3-compatible server, reached with keys."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"server": {"const": "helm"}}, "required": ["server"]},
            "then": {
                "not": {"required": ["admin"]},
                "oneOf": [{"required": ["adminEndpoint"]}, {"required": ["provisioner"]}],
            },
            "else": {"not": {"required": ["helm"]}},
        }
    )

    server: Literal["external", "helm", "credentials"] = "external"
    """``external``: a server whose admin we are; ``helm``: we install it by its chart, which
    upstream no longer maintains; ``credentials``: bucket and keys exist already and only Secrets
    and entries are written."""

    endpoint: Endpoint
    """What pods use: host or host:port."""

    admin_endpoint: Endpoint | None = None
    """What we use, if another."""

    provisioner: Provisioner | None = None
    """Where only the cluster reaches the server: a Job there provisions (external, helm)."""

    region: Text = "us-east-1"
    """The server's region name."""

    tls: Tls = Field(default_factory=Tls)
    """Transport security; on unless said otherwise."""

    bucket: MinioBucket
    """The bucket that holds the artifacts."""

    lifecycle: Lifecycle = Field(default_factory=Lifecycle)
    """When objects expire (servers external and helm)."""

    keys: Keys = Field(default_factory=Keys)
    """Rotation of the tenants' keys (servers external and helm)."""

    admin: ConfigKeys = ConfigKeys.model_validate(
        {"accessKeyConfig": "minioAccessKey", "secretKeyConfig": "minioSecretKey"}
    )
    """Where the admin's credentials stand (server external)."""

    credentials: dict[Label, ConfigKeys] | None = None
    """For each tenant, where its access key stands (server credentials)."""

    shared_credentials: ConfigKeys | None = None
    """One access key for all tenants (server credentials): no isolation between them."""

    helm: HelmServer = Field(default_factory=HelmServer)
    """The server that we install (server helm)."""

    existing_secret: ExistingSecret | None = None
    """A Secret that stands in every tenant's namespace (server credentials)."""
