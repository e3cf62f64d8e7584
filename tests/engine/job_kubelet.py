"""A kubelet for Jobs, played by the test: it mounts, runs and reports what a pod says.

The platform's API server and Job controller are real; only the machine is not. The pod's command
runs as a process of this checkout, in place of its image.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from lightkube import operators as operator
from lightkube.core.exceptions import ApiError
from lightkube.models.authentication_v1 import BoundObjectReference, TokenRequestSpec
from lightkube.models.core_v1 import NodeSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import (
    ConfigMap,
    Node,
    Pod,
    PodStatus,
    Secret,
    ServiceAccountToken,
)

from argo_artifacts.access.names import PROVISIONER_LABEL
from tests.harness import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from lightkube import Client
    from lightkube.models.core_v1 import Volume, VolumeProjection

_LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Ran:
    """What one pod did."""

    pod: str
    code: int
    out: str
    err: str


@dataclass
class JobKubelet:
    """Runs a namespace's pods with a label as they come; a context manager.

    Args of the constructor: the cluster's client, the namespace (``*``: all), a folder for what is
    mounted, what the cluster's names lead to, which stand in the mounted text, the label, and what
    every container finds in its environment.
    """

    client: Client
    namespace: str
    folder: Path
    hosts: Mapping[str, str] = field(default_factory=dict)
    label: str = PROVISIONER_LABEL
    variables: Mapping[str, str] = field(default_factory=dict)
    own_variables: Callable[[Pod], Mapping[str, str]] = lambda _: {}
    """What one pod finds there beside."""

    ran: list[Ran] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """Of the thread that plays, told at the end."""

    def __enter__(self) -> Self:
        # On a machine of kwok's a Job's pod would succeed without having run.
        self._cordoned = [str(node.metadata.name) for node in self.client.list(Node)]
        self._cordon(on=True)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(60)
        self._cordon(on=False)
        assert self.faults == []

    def _cordon(self, *, on: bool) -> None:
        for name in self._cordoned:
            self.client.patch(Node, name, Node(spec=NodeSpec(unschedulable=on)))

    def _work(self) -> None:
        known: set[str] = set()
        while not self._ended.wait(_LOOK_SECONDS):
            try:
                self._look(known)
            except ApiError as error:
                if error.status.code != 404:  # a pod that has gone meanwhile
                    self.faults.append(str(error))
            except Exception as error:  # noqa: BLE001 - of a thread, told by the test
                self.faults.append(repr(error))
                return

    def _look(self, known: set[str]) -> None:
        jobs = {self.label: operator.exists()}
        for pod in self.client.list(Pod, namespace=self.namespace, labels=jobs):
            name = pod.metadata.name
            if name not in known and pod.status.phase == "Pending":
                known.add(name)
                self._run(pod)

    def _run(self, pod: Pod) -> None:
        place = self.folder / pod.metadata.name
        (container,) = pod.spec.containers
        volumes = {volume.name: volume for volume in pod.spec.volumes or []}
        message = place / (container.terminationMessagePath or "").lstrip("/")
        message.parent.mkdir(parents=True, exist_ok=True)
        for mount in container.volumeMounts or []:
            self._mount(pod, volumes[mount.name], place / mount.mountPath.lstrip("/"))
        words = [str(place) + word if word.startswith("/") else word for word in container.command]
        assert words[0] == "python"
        done = subprocess.run(
            [sys.executable, *words[1:]],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **self.variables, **self.own_variables(pod)},
            capture_output=True,
            text=True,
            check=False,
        )
        self.ran.append(Ran(pod.metadata.name, done.returncode, done.stdout, done.stderr))
        said = message.read_text() if message.is_file() else ""
        self._report(pod, done.returncode, said or (done.stderr if done.returncode else ""))

    def _mount(self, pod: Pod, volume: Volume, folder: Path) -> None:
        folder.mkdir(parents=True)
        if volume.projected:
            for source in volume.projected.sources:
                self._project(pod, source, folder)
            return
        if volume.configMap:
            data = self.client.get(ConfigMap, volume.configMap.name, namespace=self.namespace).data
            items = volume.configMap.items
        else:
            found = self.client.get(Secret, volume.secret.secretName, namespace=self.namespace)
            data = {k: base64.b64decode(v).decode() for k, v in (found.data or {}).items()}
            items = volume.secret.items
        paths = {item.key: item.path for item in items} if items else {k: k for k in data or {}}
        for key, path in paths.items():
            text = data[key]
            for name, address in self.hosts.items():
                text = text.replace(name, address)
            (folder / path).write_text(text)

    def _project(self, pod: Pod, source: VolumeProjection, folder: Path) -> None:
        """One source of a projected volume; tokens are the pod's own, as the kubelet asks."""
        if source.serviceAccountToken:
            wanted = source.serviceAccountToken
            audiences = [wanted.audience] if wanted.audience else []
            bound = BoundObjectReference(
                apiVersion="v1", kind="Pod", name=pod.metadata.name, uid=pod.metadata.uid
            )
            spec = TokenRequestSpec(
                audiences=audiences,
                expirationSeconds=wanted.expirationSeconds,
                boundObjectRef=bound,
            )
            asked = ServiceAccountToken(metadata=ObjectMeta(namespace=self.namespace), spec=spec)
            account = pod.spec.serviceAccountName
            token = self.client.create(asked, account, namespace=self.namespace).status.token
            files = {wanted.path: token}
        elif source.configMap:
            name = source.configMap.name
            data = self.client.get(ConfigMap, name, namespace=self.namespace).data
            files = {item.path: data[item.key] for item in source.configMap.items}
        else:
            (item,) = source.downwardAPI.items
            assert item.fieldRef.fieldPath == "metadata.namespace"
            files = {item.path: self.namespace}
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)

    def _report(self, pod: Pod, code: int, message: str) -> None:
        (container,) = pod.spec.containers
        terminated = {"exitCode": code, "reason": "Error" if code else "Completed"}
        if not code or container.terminationMessagePolicy == "FallbackToLogsOnError":
            terminated["message"] = message
        status = {
            "name": container.name,
            "image": container.image,
            "imageID": "",
            "ready": False,
            "restartCount": 0,
            "state": {"terminated": terminated},
        }
        ended = {"status": "False", "reason": "PodFailed" if code else "PodCompleted"}
        conditions = [
            {"type": "PodScheduled", "status": "True"},
            {"type": "Initialized", "status": "True"},
            {"type": "ContainersReady", **ended},
            {"type": "Ready", **ended},
        ]
        phase = "Failed" if code else "Succeeded"
        new = {"phase": phase, "conditions": conditions, "containerStatuses": [status]}
        space = pod.metadata.namespace
        self.client.patch(PodStatus, pod.metadata.name, {"status": new}, namespace=space)
