"""The whole platform in an enclosure: control plane, node, our own stack with MinIO, Argo."""

from __future__ import annotations

import json
import platform
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from argo_artifacts.config.backends.minio_helm import IMAGE
from tools.e2e import enclosure, images, layout, volumes
from tools.e2e.argo import Argo
from tools.e2e.control_plane import URL, ControlPlane
from tools.e2e.daemons import Daemons
from tools.e2e.node import Node
from tools.e2e.services import Services
from tools.errors import ToolError
from tools.local_platform import files
from tools.local_platform.runner import PulumiRunner
from tools.test_report import note_version

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from lightkube import Client

STACK: Final = "e2e"
CHART: Final = "minio-5.4.0.tgz"


def stack_file(kubeconfig: Path, chart: Path) -> str:
    """Return the text of our stack's file.

    Args:
        kubeconfig: Of the cluster.
        chart: Archive of MinIO's chart.
    """
    values = {"KUBECONFIG": str(kubeconfig), "API_SERVER": URL, "MINIO_CHART": str(chart)}
    text = layout.STACK_FILE.read_text()
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", json.dumps(value))
    return text


class RealPods:
    """A cluster that runs pods, our stack with its MinIO server on it, and Argo.

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
            self.provision()
        with self._timed("controller"):
            self.argo.start()
        self._note_versions()

    @property
    def client(self) -> Client:
        """A Kubernetes client with all rights."""
        return self.plane.client()

    def _start_cluster(self) -> None:
        self.plane.start()
        self.node.start_containerd()
        self.node.load([image.write(layout.RUN, platform.machine()) for image in self._images()])
        self.plane.finish()
        self.node.start_kubelet(self.plane.kubeconfig)
        self.services.start()
        self.argo.define()
        self.services.wait()
        self.node.wait(self.client)
        volumes.offer(self.client, "disk")

    def _images(self) -> list[images.Image]:
        shell = self.programs["busybox"]
        listing = subprocess.run([shell, "--list"], capture_output=True, text=True, check=True)  # noqa: S603 - found by needs
        return [
            images.pause(self.programs["pause"]),
            images.executor(self.programs["argoexec"]),
            images.busybox(shell, listing.stdout.split()),
            images.minio(IMAGE, self.programs["minio"], shell),
        ]

    def provision(self, *arguments: str) -> None:
        """Run ``pulumi up`` of our stack: it installs MinIO too, and nothing else does.

        Args:
            arguments: Further arguments of ``pulumi up``.

        Raises:
            ToolError: It failed; what it said is in its log and in the message.
        """
        runner = self.runner
        runner.make_stack()
        if not runner.config_file.exists():
            text = stack_file(self.plane.kubeconfig, self.programs[CHART])
            files.write(runner.config_file, text, mode=files.SECRET_MODE)
        up = ("up", "--yes", "--skip-preview", *arguments)
        done = runner.on_stack(*up, capture=True, check=False)
        log = layout.LOGS / "pulumi-up.log"
        with log.open("a") as handle:
            handle.write(done.stdout + done.stderr)
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
