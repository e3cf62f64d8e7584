"""Plays the kubelet and the volume provisioner for the pods of a MinIO server.

The platform has no machine: controllers make pods and claims, and nobody runs them. Here a volume
is made for each claim, and what a pod asks for is run as a process: the container's command with
its paths and ports changed, its environment, its values out of Secrets.
"""

from __future__ import annotations

import base64
import os
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from lightkube.core.exceptions import ApiError
from lightkube.resources.core_v1 import PersistentVolume, PersistentVolumeClaim, Pod, Secret
from lightkube.types import PatchType

from tests.engine.minio_server import program

if TYPE_CHECKING:
    from pathlib import Path

    from lightkube import Client

_PROBES: Final = {"/bin/sh", "-ce"}
_ENTRY_POINT: Final = "/usr/bin/docker-entrypoint.sh minio server "
_LOOK_SECONDS: Final = 0.3


@dataclass
class _Running:
    """The process of one pod."""

    pod: str
    process: subprocess.Popen[bytes]


class ServerPod:
    """Runs the one pod of a standalone server, as a context manager.

    Args:
        client: The cluster's admin.
        namespace: Of the server.
        folder: For volumes and logs.
        port: On loopback, where the server is to be reached.
        idle_seconds: How long the server takes to answer when Helm has called it ready.
    """

    def __init__(
        self, client: Client, namespace: str, folder: Path, port: int, idle_seconds: float = 0
    ) -> None:
        self._client = client
        self._space = namespace
        self._folder = folder
        self._port = port
        self._idle_seconds = idle_seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._running: _Running | None = None
        self.started: list[str] = []
        """Uids of the pods that were run, in their order."""

        self.faults: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._stop()
        assert self.faults == []

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            try:
                self._provision()
                self._run()
            except ApiError as error:
                self.faults.append(str(error))
            except Exception as error:  # noqa: BLE001 - of a thread, told by the test
                self.faults.append(repr(error))
                return

    def _provision(self) -> None:
        for claim in self._client.list(PersistentVolumeClaim, namespace=self._space):
            name = f"{self._space}-{claim.metadata.name}"
            if claim.status.phase != "Pending" or self._stands(name):
                continue
            volume = {
                "metadata": {"name": name},
                "spec": {
                    "capacity": claim.spec.resources.requests,
                    "accessModes": claim.spec.accessModes,
                    "claimRef": {"namespace": self._space, "name": claim.metadata.name},
                    "hostPath": {"path": str(self._folder / name)},
                    "persistentVolumeReclaimPolicy": "Retain",
                },
            }
            self._client.create(PersistentVolume.from_dict(volume))

    def _stands(self, volume: str) -> bool:
        return any(v.metadata.name == volume for v in self._client.list(PersistentVolume))

    def _run(self) -> None:
        pods = [
            pod
            for pod in self._client.list(Pod, namespace=self._space)
            if pod.metadata.deletionTimestamp is None
        ]
        uids = [pod.metadata.uid for pod in pods]
        if self._running is not None and self._running.pod not in uids:
            self._stop()
        for pod in pods:
            if self._running is None:
                self._start(pod)

    def _start(self, pod: Pod) -> None:
        self._report(pod, "Running")
        # The chart has no probe: Helm takes a container that runs for one that is ready.
        while not self._is_deployed() and not self._over.wait(_LOOK_SECONDS):
            self._provision()
        self._over.wait(self._idle_seconds)
        (container,) = pod.spec.containers
        with (self._folder / "minio.log").open("ab") as log:
            process = subprocess.Popen(
                [program("minio"), "server", *self._arguments(container.command)],
                env=self._environment(container),
                stdout=log,
                stderr=log,
            )
        self._running = _Running(pod.metadata.uid, process)
        self.started.append(pod.metadata.uid)

    def _is_deployed(self) -> bool:
        labels = {"owner": "helm", "status": "deployed"}
        return any(self._client.list(Secret, namespace=self._space, labels=labels))

    def _arguments(self, command: list[str]) -> list[str]:
        """The arguments of `minio server`, of this machine instead of a container's."""
        shell, flags, script = command
        assert {shell, flags} == _PROBES
        assert script.startswith(_ENTRY_POINT)
        places = {
            "/export": str(self._folder / "data"),
            "/etc/minio/certs/": str(self._folder / "certs"),
            ":9000": f"127.0.0.1:{self._port}",
            ":9001": "127.0.0.1:0",
        }
        given = script.removeprefix(_ENTRY_POINT).split()
        assert set(places) <= set(given)
        return [places.get(argument, argument) for argument in given]

    def _environment(self, container) -> dict[str, str]:
        found = {"HOME": str(self._folder), "PATH": os.environ["PATH"], "MINIO_UPDATE": "off"}
        for variable in container.env:
            if variable.valueFrom is None:
                found[variable.name] = variable.value
            else:
                source = variable.valueFrom.secretKeyRef
                secret = self._client.get(Secret, source.name, namespace=self._space)
                found[variable.name] = base64.b64decode(secret.data[source.key]).decode()
        return found

    def _report(self, pod: Pod, phase: str) -> None:
        """Say of *pod* what the kubelet would."""
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        condition = {"type": "Ready", "status": "True", "lastTransitionTime": now}
        status = {"phase": phase, "conditions": [condition]}
        self._client.patch(
            Pod.Status,
            pod.metadata.name,
            {"status": status},
            namespace=self._space,
            patch_type=PatchType.STRATEGIC,
        )

    def _stop(self) -> None:
        if self._running is not None:
            self._running.process.terminate()
            self._running.process.wait(30)
            self._running = None
