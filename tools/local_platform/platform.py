"""The local platform: a Kubernetes API and a MinIO server below one folder."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from tools.errors import ToolError
from tools.local_platform import ports
from tools.local_platform.cluster import Cluster
from tools.local_platform.minio import Minio
from tools.programs import PLATFORM, find_or_build, with_programs
from tools.test_report import note_version

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from tools.local_platform.processes import Process

_READY_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class Status:
    """What runs of the platform."""

    processes: tuple[Process, ...]
    cluster: bool
    """Whether the Kubernetes API is whole and answers."""
    minio: bool
    """Whether the MinIO server answers."""


class LocalPlatform:
    """A platform of its own below *folder*; as a context manager it is removed at the end.

    Ports are chosen when the folder has none yet. Starting twice is quick and changes
    nothing; whatever an interrupted or killed run left below the folder is healed.
    """

    def __init__(self, folder: Path, programs: Mapping[str, Path] | None = None) -> None:
        self.folder = folder.absolute()
        self.ports_file = self.folder / "ports.json"
        self._programs = programs
        self._ports: dict[str, int] | None = None

    @property
    def programs(self) -> Mapping[str, Path]:
        """The programs' paths, found or built on first use."""
        if self._programs is None:
            self._programs = find_or_build(PLATFORM)
        return self._programs

    @property
    def ports(self) -> dict[str, int]:
        """The platform's ports by name, see :data:`tools.local_platform.ports.NAMES`."""
        if self._ports is None:
            self._ports = ports.load(self.ports_file)
        return self._ports

    @property
    def cluster(self) -> Cluster:
        """The Kubernetes side."""
        return Cluster(self.folder, self.ports)

    @property
    def minio(self) -> Minio:
        """The MinIO side."""
        return Minio(self.folder, self.ports)

    @property
    def kubeconfig(self) -> Path:
        """Admin's kubeconfig."""
        return self.cluster.kubeconfig

    @property
    def api_server(self) -> str:
        """URL of the API server."""
        return self.cluster.server

    @property
    def minio_endpoint(self) -> str:
        """``host:port`` of MinIO, without TLS."""
        return self.minio.endpoint

    @property
    def minio_access_key(self) -> str:
        """MinIO's root user."""
        return self.minio.credentials().access_key

    @property
    def minio_secret_key(self) -> str:
        """Password of MinIO's root user."""
        return self.minio.credentials().secret_key

    def environment(self) -> dict[str, str]:
        """Return the variables with which kubectl reaches this platform and no other."""
        own = {"kubectl": self.programs["kubectl"]}
        path = with_programs(own, os.environ.get("PATH", os.defpath))
        return {"KUBECONFIG": str(self.kubeconfig), "PATH": path}

    def start(self) -> bool:
        """Bring everything up; return whether anything had to be started.

        Raises:
            ToolError: A port is held by somebody else, or a program did not start.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # keys of the cluster lie in it
        cluster, minio = self.cluster, self.minio
        wanted = {"cluster": not cluster.is_ready(), "minio": not minio.is_ready()}
        if wanted["minio"]:
            minio.end()
        if wanted["cluster"]:
            cluster.end()
        running = {process.name for process in (*cluster.running(), *minio.running())}
        ports.check(self.ports_file, self.ports, running)
        if wanted["minio"]:
            minio.start(self.programs)
        if wanted["cluster"]:
            cluster.start(self.programs)
        self._wait()
        cluster.note_made()
        return any(wanted.values())

    def stop(self) -> None:
        """End every process and keep the data."""
        self._end(polite_seconds=5.0)

    def remove(self) -> None:
        """End every process and remove cluster, data and secrets; the ports are kept."""
        self._end(polite_seconds=0.0)  # nothing is kept, so nothing need be written out
        self.cluster.remove()
        self.minio.remove()

    def status(self) -> Status:
        """Look at what runs."""
        cluster, minio = self.cluster, self.minio
        running = (*cluster.running(), *minio.running())
        return Status(running, cluster.is_ready(), minio.is_ready())

    def move(self) -> None:
        """Stop, choose other ports and start again: the same objects at another address."""
        self.stop()
        self.ports_file.unlink(missing_ok=True)
        self._ports = None
        self.start()

    def _end(self, *, polite_seconds: float) -> None:
        self.cluster.end(polite_seconds=polite_seconds)
        self.minio.end(polite_seconds=polite_seconds)

    def _wait(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not (self.minio.answers() and self.cluster.ask("/readyz") == "ok"):
            if not self.minio.running():
                raise self.minio.failure()
            if time.monotonic() > deadline:
                logs = self.cluster.logs()
                msg = f"{logs}: the API server is not ready after {_READY_SECONDS:.0f} s; see there"
                raise ToolError(msg)
            time.sleep(0.1)

    def __enter__(self) -> Self:
        try:
            self.start()
            note_version("Kubernetes API server", self.cluster.version())
            note_version("MinIO", self.minio.version())
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.remove()
