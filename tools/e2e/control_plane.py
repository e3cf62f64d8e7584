"""etcd, API server, controllers and scheduler: a Kubernetes control plane that pods can reach.

Unlike kwok's it listens on the node's address, where kube-proxy leads what pods send to the
Service of the API server.
"""

from __future__ import annotations

import secrets
import ssl
from typing import TYPE_CHECKING, Final

import httpx
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from lightkube import Client, KubeConfig

from tools.e2e import layout
from tools.local_platform import files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tools.e2e.daemons import Daemons

_PORT: Final = 6443
URL: Final = f"https://{layout.NODE}:{_PORT}"
_ETCD: Final = "http://127.0.0.1:2379"
_ETCD_PEER: Final = "http://127.0.0.1:2380"
_KEY_BITS: Final = 2048


class ControlPlane:
    """One control plane below :data:`tools.e2e.layout.RUN`."""

    def __init__(self, programs: Mapping[str, Path], daemons: Daemons) -> None:
        self.folder = layout.RUN / "control-plane"
        self.kubeconfig = self.folder / "kubeconfig"
        self._programs = programs
        self._daemons = daemons
        self._admin = secrets.token_urlsafe(24)
        self.authority = self.folder / "pki" / "apiserver.crt"
        """Self-signed by the API server at its start, its authority included."""

    def start(self) -> None:
        """Start etcd and the API server, without waiting."""
        self._start_etcd()
        self._start_api_server()

    def finish(self) -> None:
        """Wait for the API server and start those that work through it."""
        ready = f"a ready API server at {URL}"
        self._daemons.wait("kube-apiserver", self._is_ready, ready)
        self.write_kubeconfig(self.kubeconfig, self._admin)
        kubeconfig = f"--kubeconfig={self.kubeconfig}"
        self._daemons.start(self._programs["kube-scheduler"], [kubeconfig, "--leader-elect=false"])
        self._daemons.start(
            self._programs["kube-controller-manager"],
            [
                kubeconfig,
                "--leader-elect=false",
                f"--root-ca-file={self.authority}",
                f"--service-account-private-key-file={self._accounts_key}",
                "--use-service-account-credentials",
                f"--cert-dir={self.folder / 'controller-manager'}",
            ],
        )

    def write_kubeconfig(self, path: Path, token: str) -> None:
        """Write a kubeconfig for whoever holds *token*."""
        cluster = {"server": URL, "certificate-authority": str(self.authority)}
        context = {"cluster": "e2e", "user": "e2e", "namespace": "argo"}
        text = yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "e2e", "cluster": cluster}],
                "users": [{"name": "e2e", "user": {"token": token}}],
                "contexts": [{"name": "e2e", "context": context}],
                "current-context": "e2e",
            }
        )
        files.write(path, text, mode=files.SECRET_MODE)

    def client(self) -> Client:
        """Return a client with all rights."""
        config = KubeConfig.from_file(str(self.kubeconfig))
        return Client(config=config, trust_env=False, field_manager="argo-e2e")

    @property
    def _accounts_key(self) -> Path:
        return self.folder / "service-accounts.pem"

    def _start_etcd(self) -> None:
        self._daemons.start(
            self._programs["etcd"],
            [
                f"--data-dir={self.folder / 'etcd'}",
                f"--listen-client-urls={_ETCD}",
                f"--advertise-client-urls={_ETCD}",
                f"--listen-peer-urls={_ETCD_PEER}",
                f"--initial-advertise-peer-urls={_ETCD_PEER}",
                f"--initial-cluster=default={_ETCD_PEER}",
                "--unsafe-no-fsync",
            ],
        )

    def _start_api_server(self) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
        text = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        ).decode()
        files.write(self._accounts_key, text, mode=files.SECRET_MODE)
        tokens = self.folder / "tokens.csv"
        line = f'{self._admin},admin,admin,"system:masters"\n'
        files.write(tokens, line, mode=files.SECRET_MODE)
        self._daemons.start(
            self._programs["kube-apiserver"],
            [
                f"--etcd-servers={_ETCD}",
                f"--bind-address={layout.NODE}",
                f"--secure-port={_PORT}",
                f"--advertise-address={layout.NODE}",
                f"--cert-dir={self.folder / 'pki'}",
                f"--service-cluster-ip-range={layout.SERVICES}",
                "--authorization-mode=Node,RBAC",
                f"--token-auth-file={tokens}",
                "--service-account-issuer=https://kubernetes.default.svc",
                f"--service-account-key-file={self._accounts_key}",
                f"--service-account-signing-key-file={self._accounts_key}",
                "--allow-privileged",
                "--kubelet-preferred-address-types=InternalIP",
            ],
        )

    def _is_ready(self) -> bool:
        if not self.authority.exists():
            return False
        try:
            answer = httpx.get(
                f"{URL}/readyz",
                headers={"Authorization": f"Bearer {self._admin}"},
                verify=ssl.create_default_context(cafile=str(self.authority)),
                trust_env=False,
            )
        except (httpx.HTTPError, OSError):
            return False
        return answer.text == "ok"
