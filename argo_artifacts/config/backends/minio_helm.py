"""``minio.helm``: a MinIO server that the stack installs by its Helm chart.

Upstream is no longer maintained: the chart 5.4.0 is the last one, the images on Docker Hub are
deleted, those on Quay are frozen with known vulnerabilities. Chart and images are therefore pinned
here and can be replaced; forks keep the same interface.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import ConfigDict, Field

from argo_artifacts.config.base import (
    FilePath,
    HttpsUrl,
    Label,
    Matching,
    Model,
    ObjectName,
    Text,
)
from argo_artifacts.config.tenants import NamespaceSettings

CHART_VERSION: Final = "5.4.0"
CHART_REPOSITORY: Final = "https://charts.min.io/"
IMAGE: Final = "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z"
"""The last image of the server that was published."""

MC_IMAGE: Final = "quay.io/minio/mc:RELEASE.2025-08-13T08-35-41Z"
"""The last image of the client; no Job of the chart runs it, as nothing is left to them."""

PORT: Final = 9000
"""Port of the server's Service."""

MIN_DRIVES: Final = 4
"""Drives from which a MinIO server can lose one; below it refuses to store redundantly."""

ReleaseName = Annotated[
    str,
    Matching(
        "[a-z]([-a-z0-9]*[a-z0-9])?",
        "a DNS label (lower-case letters, digits, '-', a letter first) is accepted",
        53,
    ),
]
"""Name of a Helm release, and of the Service behind it."""

_TAG: Final = ":[A-Za-z0-9_][-A-Za-z0-9_.]*"

Image = Annotated[
    str,
    Matching(
        rf"[a-z0-9][-a-z0-9._:/]*?({_TAG}|({_TAG})?@sha256:[0-9a-f]{{64}})",
        "an image with its tag or digest is accepted, as in quay.io/minio/minio:TAG",
        512,
    ),
]
"""An image, pinned by tag or digest."""

Quantity = Annotated[
    str,
    Matching(
        "[1-9][0-9]*(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)", "a size with its unit is accepted, as in 10Gi"
    ),
]
"""An amount of bytes in Kubernetes' words."""

OciUrl = Annotated[str, Matching(r"oci://[^\s@]+/[^\s@]+", "an oci:// URL is accepted")]


class HelmNamespace(NamespaceSettings):
    """The namespace of the server, which no tenant shares."""

    name: Label = "minio"
    """Its name."""

    delete_namespace: bool = False
    """Delete a created namespace when the server goes, with its volumes and all artifacts."""


class HelmChart(Model):
    """Where the chart comes from: exactly one of repository, path and oci."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["repository", "version"]},
                {"required": ["oci", "version"]},
                {"required": ["path"], "not": {"required": ["version"]}},
            ]
        }
    )

    version: Text | None = None
    """Version of the chart in a repository or registry."""

    repository: HttpsUrl | None = None
    """Helm repository that holds the chart ``minio``."""

    path: FilePath | None = None
    """Folder or archive of the chart, relative to the stack file."""

    oci: OciUrl | None = None
    """Chart in an OCI registry, without its version."""


class Distributed(Model):
    """Several servers over several drives; neither number can be changed later."""

    replicas: Annotated[int, Field(ge=2, le=32)] = 4
    """Number of servers, each a pod."""

    drives_per_node: Annotated[int, Field(ge=1, le=16)] = 1
    """Drives of each server, each a volume."""


class Storage(Model):
    """The volumes of the server, one for each drive; they are kept when the server goes."""

    size: Quantity = "10Gi"
    """Size of each."""

    storage_class: Text | None = None
    """Their StorageClass; absent: the cluster's default one."""


class HelmServer(Model):
    """A MinIO server by the chart ``minio``, which upstream no longer maintains."""

    release: ReleaseName = "minio"
    """Name of the release and of its Service."""

    namespace: HelmNamespace = Field(default_factory=HelmNamespace)
    """The server's namespace, a tenant's never."""

    chart: HelmChart = HelmChart(version=CHART_VERSION, repository=CHART_REPOSITORY)
    """The chart; 5.4.0 is the last one."""

    image: Image = IMAGE
    """Image of the server, frozen with known vulnerabilities; a fork's can take its place."""

    mc_image: Image = MC_IMAGE
    """Image of the client that the chart names; nothing here runs it."""

    distributed: Distributed | None = None
    """Several servers; absent: one server with one drive, which nothing makes redundant."""

    storage: Storage = Field(default_factory=Storage)
    """The volumes."""

    memory: Quantity = "512Mi"
    """Memory that each pod requests."""

    certificate_secret: ObjectName | None = None
    """Secret in the server's namespace with ``public.crt`` and ``private.key``; TLS needs it."""

    allow_from: tuple[Label, ...] = ()
    """Namespaces that may reach the server beside the tenants' and Argo's."""

    wait_for_pods: bool = True
    """Whether `pulumi up` waits until the pods run."""


class Provisioner(Model):
    """A Job in the cluster that makes buckets, policies and users."""

    image: Image
    """Image with Python and this program's package ``providers``."""
