"""A real MinIO server for tests, on loopback and a free port."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import urllib3
from minio import Minio, MinioAdmin
from minio.credentials.providers import StaticProvider
from minio.error import MinioAdminException, MinioException
from urllib3.exceptions import HTTPError

from tools.programs import find_or_build

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ROOT_USER = "root-of-the-test"
ROOT_SECRET = "canary-root-secret"
KMS_KEY = "test-key"
_KMS = f"{KMS_KEY}:OSMM+vkKUTCvQs9YL/CVMIMt43HFhkUpqJxTmGl6rYw="


def program(name: str) -> Path:
    """Find the program, or build it; the one place that knows how."""
    return find_or_build([name])[name]


@dataclass(frozen=True)
class MinioServer:
    """A running server."""

    endpoint: str
    ca: Path | None = None
    """What a server that speaks TLS is trusted by."""

    def store(self, user: str = ROOT_USER, secret: str = ROOT_SECRET, token: str = "") -> Minio:
        """Act as *user* on buckets and objects."""
        return Minio(
            endpoint=self.endpoint,
            credentials=StaticProvider(user, secret, token or None),
            region="us-east-1",
            secure=self.ca is not None,
            http_client=self._pool(),
        )

    def admin(
        self, user: str = ROOT_USER, secret: str = ROOT_SECRET, token: str = ""
    ) -> MinioAdmin:
        """Act as *user* on users and policies."""
        return MinioAdmin(
            endpoint=self.endpoint,
            credentials=StaticProvider(user, secret, token or None),
            region="us-east-1",
            secure=self.ca is not None,
            http_client=self._pool(),
        )

    def _pool(self) -> urllib3.PoolManager:
        trusted = {} if self.ca is None else {"ca_certs": str(self.ca)}
        return urllib3.PoolManager(retries=False, timeout=60, **trusted)


@contextmanager
def running(
    folder: Path,
    *,
    certificates: Path | None = None,
    kms: bool = False,
    port: int = 0,
    settings: Mapping[str, str] | None = None,
) -> Iterator[MinioServer]:
    """Run a server with its data in *folder* and end it.

    Args:
        folder: Of this server alone.
        certificates: Folder with `public.crt` and `private.key`, and with `CAs/ca.crt` where that
            signed the former; None: plain HTTP.
        kms: Whether the server can encrypt.
        port: To listen on; 0: a free one.
        settings: Further environment.
    """
    folder.mkdir(parents=True, exist_ok=True)
    endpoint = f"127.0.0.1:{port or free_port()}"
    command = [program("minio"), "server", "--quiet", "--address", endpoint]
    if certificates:
        command += ["--certs-dir", certificates]
    environment = {
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
        "MINIO_ROOT_USER": ROOT_USER,
        "MINIO_ROOT_PASSWORD": ROOT_SECRET,
        "MINIO_BROWSER": "off",
        "MINIO_UPDATE": "off",
        **({"MINIO_KMS_SECRET_KEY": _KMS} if kms else {}),
        **(settings or {}),
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, folder / "data"], env=environment, stdout=log, stderr=log
        )
    try:
        server = MinioServer(endpoint, _authority(certificates) if certificates else None)
        _wait(server, process, folder / "log")
        yield server
    finally:
        process.terminate()
        process.wait(30)


def _authority(certificates: Path) -> Path:
    signer = certificates / "CAs" / "ca.crt"
    return signer if signer.exists() else certificates / "public.crt"


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(server: MinioServer, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until buckets and users can be asked for: the health check answers before that.

    Groups are known when users are, and are answered in clear: that costs no key of Argon2id.
    """
    end = time.monotonic() + 60
    while True:
        try:
            server.store().list_buckets()
            server.admin().group_list()
        except (MinioException, MinioAdminException, HTTPError):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(log.read_text()) from None
            time.sleep(0.05)
        else:
            return
