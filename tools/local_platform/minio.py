"""A MinIO server as a process: data below a folder, loopback only, no console."""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import urllib.request
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from tools.errors import ToolError
from tools.local_platform import files, processes
from tools.local_platform.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from minio import MinioAdmin

PROGRAM: Final = "minio"
_LOG_TAIL_LINES: Final = 12


@dataclass(frozen=True, slots=True)
class Credentials:
    """Secrets of one server, made once and kept with its data."""

    access_key: str
    """Name of the root user."""
    secret_key: str
    """Password of the root user."""
    kms_key: str
    """Key with which the server encrypts buckets that ask for it, base64 of 32 bytes."""


class Minio:
    """One server below a folder."""

    def __init__(self, folder: Path, ports: Mapping[str, int]) -> None:
        self.folder = folder / "minio"
        self.endpoint = f"{LOOPBACK}:{ports['minio']}"
        self.log = self.folder / "minio.log"
        self._credentials = self.folder / "credentials.json"

    def running(self) -> list[processes.Process]:
        """Return the server's process."""
        return processes.owned(self.folder, (PROGRAM,))

    def is_ready(self) -> bool:
        """Whether our own server answers on its port."""
        return (
            any(self.endpoint in process.arguments for process in self.running()) and self.answers()
        )

    def credentials(self) -> Credentials:
        """Return the server's secrets; made on first use, readable by the owner only."""
        if not self._credentials.exists():
            made = Credentials(
                access_key=f"admin-{secrets.token_hex(4)}",
                secret_key=secrets.token_urlsafe(24),
                kms_key=base64.b64encode(secrets.token_bytes(32)).decode(),
            )
            text = json.dumps(asdict(made), indent=1) + "\n"
            files.write(self._credentials, text, mode=files.SECRET_MODE)
        try:
            return Credentials(**json.loads(self._credentials.read_text()))
        except (ValueError, TypeError):
            msg = f"{self._credentials}: damaged, the file as first written is needed; `make down`"
            raise ToolError(msg) from None

    def start(self, programs: Mapping[str, Path]) -> None:
        """Start the server in a session of its own; it outlives this process."""
        self.end()
        secret = self.credentials()
        data, home = self.folder / "data", self.folder / "home"
        for folder in (data, home):
            folder.mkdir(parents=True, exist_ok=True)
        environment = {
            "HOME": str(home),
            "PATH": os.defpath,
            "MINIO_ROOT_USER": secret.access_key,
            "MINIO_ROOT_PASSWORD": secret.secret_key,
            "MINIO_KMS_SECRET_KEY": f"local:{secret.kms_key}",
            "MINIO_BROWSER": "off",
            "MINIO_UPDATE": "off",
        }
        words = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            os.posix_spawn(
                programs[PROGRAM],
                [PROGRAM, "server", str(data), "--address", self.endpoint],
                environment,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, words, 1),
                    (os.POSIX_SPAWN_DUP2, words, 2),
                ],
                setsid=True,
            )
        finally:
            os.close(words)

    def end(self, *, polite_seconds: float = 5.0) -> None:
        """End the server."""
        processes.end(self.running(), polite_seconds=polite_seconds)

    def remove(self) -> None:
        """Remove data and secrets; the process must have ended."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def answers(self) -> bool:
        """Whether a ready MinIO server answers at the endpoint."""
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(f"http://{self.endpoint}/minio/health/ready", timeout=5) as answer:
                return answer.status == 200  # noqa: PLR2004 - HTTP: OK
        except OSError:
            return False

    def admin(self) -> MinioAdmin:
        """Return a client with the root user's rights."""
        from minio import MinioAdmin  # noqa: PLC0415 - half a second that a start need not pay
        from minio.credentials.providers import StaticProvider  # noqa: PLC0415 - the same

        secret = self.credentials()
        credentials = StaticProvider(secret.access_key, secret.secret_key)
        return MinioAdmin(endpoint=self.endpoint, credentials=credentials, secure=False)

    def version(self) -> str:
        """Return the version that the running server reports to its admin."""
        return str(json.loads(self.admin().info())["servers"][0]["version"])

    def failure(self) -> ToolError:
        """Say why the server does not run, with the end of its words."""
        tail = self.log.read_text().splitlines()[-_LOG_TAIL_LINES:] if self.log.exists() else []
        head = f"{self.log}: MinIO did not start, its last lines follow"
        return ToolError("\n".join([head, *(f"  | {line}" for line in tail)]))
