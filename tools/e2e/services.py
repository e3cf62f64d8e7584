"""kube-proxy and CoreDNS: addresses of Services and their names, for pods and for us.

Both are processes of the enclosure, so that a pod of theirs is not needed before any other.
"""

from __future__ import annotations

import os
import socket
import ssl
from typing import TYPE_CHECKING, Final

import httpx
import yaml

from tools.e2e import layout

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tools.e2e.control_plane import ControlPlane
    from tools.e2e.daemons import Daemons

FOLDER: Final = layout.RUN / "services"

_API_SERVER: Final = "kubernetes.default.svc"
"""The one Service that every cluster has."""


class Services:
    """The Services of one control plane."""

    def __init__(self, programs: Mapping[str, Path], daemons: Daemons, plane: ControlPlane) -> None:
        self._programs = programs
        self._daemons = daemons
        self._plane = plane

    def start(self) -> None:
        """Start both, without waiting; kube-proxy itself waits for the node."""
        FOLDER.mkdir()
        names = FOLDER / "Corefile"
        names.write_text(_corefile(self._plane.kubeconfig))
        self._daemons.start(self._programs["coredns"], ["-conf", names])
        addresses = FOLDER / "kube-proxy.yaml"
        addresses.write_text(yaml.safe_dump(_kube_proxy(self._plane.kubeconfig)))
        # kube-proxy looks for nft on PATH.
        path = {"PATH": os.environ["PATH"]}
        self._daemons.start(self._programs["kube-proxy"], [f"--config={addresses}"], path)

    def wait(self) -> None:
        """Wait until a Service answers by its name."""
        self._daemons.wait("coredns", _has_name, f"an address for {_API_SERVER}")
        self._daemons.wait("kube-proxy", self._answers, f"an answer of {_API_SERVER}")

    def _answers(self) -> bool:
        trusted = ssl.create_default_context(cafile=str(self._plane.authority))
        try:
            httpx.get(f"https://{_API_SERVER}/readyz", verify=trusted, trust_env=False, timeout=2)
        except httpx.HTTPError:
            return False
        return True


def _has_name() -> bool:
    try:
        return bool(socket.getaddrinfo(_API_SERVER, None, socket.AF_INET))
    except OSError:
        return False


def _corefile(kubeconfig: Path) -> str:
    return f"""\
{layout.DOMAIN} {{
    bind {layout.NODE}
    kubernetes {{
        kubeconfig {kubeconfig}
    }}
    errors
}}
"""


def _kube_proxy(kubeconfig: Path) -> dict[str, object]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(kubeconfig)},
        "clusterCIDR": layout.PODS,
        "conntrack": {"maxPerCore": 0},  # a limit of the whole machine
        "healthzBindAddress": "127.0.0.1:10256",
        "hostnameOverride": layout.NODE_NAME,
        "mode": "nftables",
        # Pods are neighbours on one bridge: an answer that went there directly would not pass
        # the rules that have sent the question elsewhere.
        "nftables": {"masqueradeAll": True},
        "oomScoreAdj": 0,  # machines without CAP_SYS_RESOURCE
    }
