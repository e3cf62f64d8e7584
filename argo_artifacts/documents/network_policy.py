"""NetworkPolicy of a MinIO server that the stack installs: who reaches its pods, at which port.

It needs a network plugin that enforces NetworkPolicies. A plugin lets the node itself through
always: that is the way of `kubectl port-forward` and of the kubelet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from argo_artifacts.access.names import PROVISIONER_LABEL
from argo_artifacts.config.backends.minio_helm import PORT
from argo_artifacts.documents.minio_chart import APP

if TYPE_CHECKING:
    from argo_artifacts.access.servers import InstalledServer

_NAMESPACE: Final = "kubernetes.io/metadata.name"
"""Label that the API server itself sets on every namespace, and nobody can change."""


def spec(server: InstalledServer) -> dict[str, object]:
    """What the pods of *server* take in; nobody reaches the console's port."""
    pods = {"matchLabels": {"app": APP, "release": server.helm.release}}
    peers: list[dict[str, object]] = [{"podSelector": pods}]
    if server.allowed:
        named = {"key": _NAMESPACE, "operator": "In", "values": list(server.allowed)}
        peers.append({"namespaceSelector": {"matchExpressions": [named]}})
    if server.minio.provisioner is not None:
        labels = {PROVISIONER_LABEL: server.helm.release}
        peers.append({"podSelector": {"matchLabels": labels}})
    return {
        "podSelector": pods,
        "policyTypes": ["Ingress"],
        "ingress": [{"from": peers, "ports": [{"protocol": "TCP", "port": PORT}]}],
    }
