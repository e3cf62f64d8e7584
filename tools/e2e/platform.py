"""The whole platform in an enclosure: control plane, node, MinIO, our own stack, Argo."""

from __future__ import annotations

import json
import platform
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tools.e2e import enclosure, images, layout
from tools.e2e.argo import Argo
from tools.e2e.control_plane import URL, ControlPlane
from tools.e2e.daemons import Daemons
from tools.e2e.node import Node
from tools.e2e.services import Services
from tools.errors import ToolError
from tools.local_platform import files
from tools.local_platform.minio import Minio
from tools.local_platform.runner import PulumiRunner
from tools.test_report import note_version

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from lightkube import Client

STACK: Final = "local"
SECRETS: Final = ("argo-artifacts:minioAccessKey", "argo-artifacts:minioSecretKey")


class RealPods:
    """A cluster that runs pods, a MinIO server, our stack on both, and Argo.

    Attributes:
        seconds: How long each part of the start took, by its name.

    Raises:
        ToolError: We are not in an enclosure.
    """

    def __init__(self) -> None:
        inside = enclosure.settings()
        if inside is None:
            msg = "tests/e2e: not in an enclosure, `make e2e` runs these tests"
            raise ToolError(msg)
        name, programs = inside
        self.programs: Mapping[str, Path] = {key: Path(path) for key, path in programs.items()}
        self.seconds: dict[str, float] = {}
        self.daemons = Daemons(layout.LOGS)
        self.plane = ControlPlane(self.programs, self.daemons)
        self.node = Node(self.programs, self.daemons, name)
        self.services = Services(self.programs, self.daemons, self.plane)
        self.argo = Argo(self.programs, self.daemons, self.plane)
        self.minio = Minio(layout.RUN, {"minio": layout.MINIO_PORT})
        self.minio.endpoint = f"{layout.MINIO}:{layout.MINIO_PORT}"  # where pods reach it
        self.runner = PulumiRunner(
            layout.RUN / "pulumi",
            layout.ROOT,
            self.programs,
            stack=STACK,
            variables={"NO_PROXY": "*", "no_proxy": "*"},  # nothing of ours is outside
        )

    def start(self) -> None:
        """Bring everything up, our stack included.

        Raises:
            ToolError: Something did not start; its log's last lines are in the message.
        """
        with self._timed("cluster"):
            self._start_cluster()
        with self._timed("pulumi up"):
            self._provision()
        with self._timed("controller"):
            self.argo.start()
        self._note_versions()

    @property
    def client(self) -> Client:
        """A Kubernetes client with all rights."""
        return self.plane.client()

    def _start_cluster(self) -> None:
        self.plane.start()
        self.minio.start(self.programs)
        self.node.start_containerd()
        self.node.load([image.write(layout.RUN, platform.machine()) for image in self._images()])
        self.plane.finish()
        self.node.start_kubelet(self.plane.kubeconfig)
        self.services.start()
        self.argo.define()
        self.services.wait()
        self.node.wait(self.client)
        while not self.minio.answers():
            if not self.minio.running():
                raise self.minio.failure()
            time.sleep(0.1)

    def _images(self) -> list[images.Image]:
        shell = self.programs["busybox"]
        listing = subprocess.run([shell, "--list"], capture_output=True, text=True, check=True)  # noqa: S603 - found by needs
        return [
            images.pause(self.programs["pause"]),
            images.executor(self.programs["argoexec"]),
            images.busybox(shell, listing.stdout.split()),
        ]

    def _provision(self) -> None:
        """Run ``pulumi up`` of the stack that ``make up`` runs, on this platform."""
        runner = self.runner
        runner.make_stack()
        text = (layout.ROOT / "stacks" / f"Pulumi.{STACK}.yaml").read_text()
        values = {
            "${KUBECONFIG}": str(self.plane.kubeconfig),
            "${API_SERVER}": URL,
            "${MINIO_ENDPOINT}": self.minio.endpoint,
        }
        for name, value in values.items():
            text = text.replace(name, json.dumps(value))
        files.write(runner.config_file, text, mode=files.SECRET_MODE)
        root = self.minio.credentials()
        for key, value in zip(SECRETS, (root.access_key, root.secret_key), strict=True):
            runner.set_secret(key, value)
        done = runner.on_stack("up", "--yes", "--skip-preview", capture=True, check=False)
        log = layout.LOGS / "pulumi-up.log"
        log.write_text(done.stdout + done.stderr)
        if done.returncode:
            msg = f"{log}: pulumi up ended with {done.returncode}, see there\n{done.stdout}"
            raise ToolError(msg)

    def _note_versions(self) -> None:
        for name, version in self.node.version(self.client).items():
            note_version(name, version)

    @contextmanager
    def _timed(self, part: str) -> Generator[None]:
        begin = time.monotonic()
        yield
        self.seconds[part] = time.monotonic() - begin
