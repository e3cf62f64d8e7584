"""Repositories: named entries, each a store of exactly one backend."""

from __future__ import annotations

from typing import Final

from pydantic import ConfigDict

from argo_artifacts.config.backends.artifactory import Artifactory
from argo_artifacts.config.backends.azure import Azure
from argo_artifacts.config.backends.gcs import Gcs
from argo_artifacts.config.backends.hdfs import Hdfs
from argo_artifacts.config.backends.minio import Minio
from argo_artifacts.config.backends.oss import Oss
from argo_artifacts.config.backends.plugin import Plugin
from argo_artifacts.config.backends.s3 import S3
from argo_artifacts.config.base import Label, Model

BACKENDS: Final = ("artifactory", "azure", "gcs", "hdfs", "minio", "oss", "plugin", "s3")
"""Argo's words, and ours for an S3-compatible server; a repository has exactly one."""

BUILT: Final = frozenset({"minio", "s3"})
"""The backends that this release can provision."""

DEFAULT_KEY_FORMAT: Final = "{{workflow.name}}-{{workflow.uid}}/{{pod.name}}"
"""Below the prefix: unique for each pod of each workflow, only variables that every workflow
has."""


class Repository(Model):
    """A named entry: a store, how it is reached, key format and log archiving."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [b]} for b in BACKENDS]})

    archive_logs: bool = False
    """Archive the main container's log; a workflow cannot switch it off again."""

    key_format: str = DEFAULT_KEY_FORMAT
    """Below the tenant's prefix; must tell pods of all workflows apart."""

    shared_with: tuple[Label, ...] = ()
    """Tenants that meet under one prefix here; read only unless a tenant says ``write``."""

    artifactory: Artifactory | None = None
    """JFrog Artifactory (not built yet)."""

    azure: Azure | None = None
    """Azure Blob Storage (not built yet)."""

    gcs: Gcs | None = None
    """Google Cloud Storage (not built yet)."""

    hdfs: Hdfs | None = None
    """The Hadoop file system (not built yet)."""

    minio: Minio | None = None
    """A MinIO server, or another S3-compatible server with existing keys."""

    oss: Oss | None = None
    """Alibaba Cloud OSS (not built yet)."""

    plugin: Plugin | None = None
    """An artifact driver plugin (not built yet)."""

    s3: S3 | None = None
    """AWS S3."""

    @property
    def backend(self) -> str:
        """Name of the one backend."""
        return next(name for name in BACKENDS if getattr(self, name) is not None)

    @property
    def place(self) -> tuple[str, str] | None:
        """Server and name of its bucket; equal places are one bucket. None: it has none."""
        if self.minio is not None:
            return self.minio.admin_endpoint or self.minio.endpoint, self.minio.bucket.name
        if self.s3 is not None:
            return "S3", self.s3.bucket.name
        return None
