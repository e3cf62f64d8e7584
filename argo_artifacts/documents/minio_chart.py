"""Values of the Helm chart ``minio``: the server alone.

The chart's own Job that makes buckets, policies and users is never rendered: it removes nothing,
changes no secret, and its default makes an admin ``console`` with a well-known password.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from argo_artifacts.access.servers import InstalledServer
    from argo_artifacts.config.backends.minio import Minio
    from argo_artifacts.config.backends.minio_helm import HelmServer

APP: Final = "minio"
"""Label ``app`` of everything in the release; beside it stands ``release``."""

CERTIFICATE: Final = "public.crt"
PRIVATE_KEY: Final = "private.key"
"""Keys of the certificate's Secret, as MinIO's own pages name them."""

FIXED: Final = ("mode", "replicas", "drivesPerNode")
"""Values that say on which drives everything lies: MinIO cannot change them later."""

_KEEP: Final = {"helm.sh/resource-policy": "keep"}
"""Helm leaves the volumes when the release goes."""

_POD: Final[Mapping[str, object]] = {
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
_CONTAINER: Final[Mapping[str, object]] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
}
"""Beside the chart's user 1000, what Kubernetes' restricted Pod Security asks for."""


def values(server: InstalledServer) -> dict[str, object]:
    """The values of *server*'s release; what they leave out is the chart's default."""
    helm, minio = server.helm, server.minio
    return {
        "nameOverride": APP,
        "fullnameOverride": helm.release,
        "image": image(helm.image),
        "mcImage": image(helm.mc_image),
        **_size(helm),
        "existingSecret": server.root_secret,
        "users": [],
        "policies": [],
        "buckets": [],
        "svcaccts": [],
        "customCommands": [],
        "environment": {"MINIO_BROWSER": "off", "MINIO_SITE_REGION": minio.region},
        "service": {"type": "ClusterIP"},
        "consoleService": {"type": "ClusterIP"},
        "networkPolicy": {"enabled": False},
        "metrics": {"serviceMonitor": {"public": False}},
        "tls": _tls(minio),
        "serviceAccount": {"create": True, "name": helm.release},
        "securityContext": dict(_POD),
        "containerSecurityContext": dict(_CONTAINER),
        "deploymentUpdate": {"type": "Recreate"},
        "podAnnotations": {"argo-artifacts/root-user": server.root_user},
    }


def image(reference: str) -> dict[str, str]:
    """Split an image as the chart joins it again: ``<repository>:<tag>``, a digest as well."""
    repository, _, tag = reference.rpartition(":")
    return {"repository": repository, "tag": tag}


def _size(helm: HelmServer) -> dict[str, object]:
    distributed = helm.distributed
    persistence: dict[str, object] = {"size": helm.storage.size, "annotations": dict(_KEEP)}
    if helm.storage.storage_class is not None:
        persistence["storageClass"] = helm.storage.storage_class
    return {
        "mode": "standalone" if distributed is None else "distributed",
        "replicas": 1 if distributed is None else distributed.replicas,
        "drivesPerNode": 1 if distributed is None else distributed.drives_per_node,
        "persistence": persistence,
        "resources": {"requests": {"memory": helm.memory}},
    }


def _tls(minio: Minio) -> dict[str, object]:
    if not minio.tls.enabled:
        return {"enabled": False}
    return {
        "enabled": True,
        "certSecret": minio.helm.certificate_secret,
        "publicCrt": CERTIFICATE,
        "privateKey": PRIVATE_KEY,
    }
