"""Argo Workflows: definitions, rights and the real controller as a process.

The controller has a service account with the rights that Argo's manifests give it, and no more.
Its ConfigMap is not written here: that is what our own ``pulumi up`` does.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Final

import httpx
import yaml

from tools.e2e import images, layout
from tools.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tools.e2e.control_plane import ControlPlane
    from tools.e2e.daemons import Daemons

NAMESPACE: Final = "argo"
ACCOUNT: Final = "argo"

_HEALTH: Final = "http://127.0.0.1:6060/healthz"
_DEFINITIONS: Final = "CustomResourceDefinition"


class Argo:
    """One installation of Argo Workflows."""

    def __init__(self, programs: Mapping[str, Path], daemons: Daemons, plane: ControlPlane) -> None:
        self._programs = programs
        self._daemons = daemons
        self._plane = plane

    def define(self) -> None:
        """Create the kinds of Argo; needs no namespace."""
        self._apply(one for one in self._manifests() if one["kind"] == _DEFINITIONS)

    def start(self) -> None:
        """Create account and rights in the namespace, start the controller and wait for it."""
        self._apply(one for one in self._manifests() if one["kind"] != _DEFINITIONS)
        token = self._kubectl("create", "token", ACCOUNT, f"--namespace={NAMESPACE}").strip()
        kubeconfig = layout.RUN / "argo" / "kubeconfig"
        self._plane.write_kubeconfig(kubeconfig, token)
        self._daemons.start(
            self._programs["workflow-controller"],
            [
                f"--kubeconfig={kubeconfig}",
                f"--namespace={NAMESPACE}",
                f"--executor-image={images.EXECUTOR}",
                "--executor-image-pull-policy=Never",
            ],
            {"LEADER_ELECTION_DISABLE": "true"},
        )
        self._daemons.wait("workflow-controller", _is_healthy, "a healthy controller")

    def pods(self) -> str:
        """Return what ``kubectl get pods -A`` says."""
        return self._kubectl("get", "pods", "--all-namespaces")

    def _manifests(self) -> Iterator[dict[str, object]]:
        folder = self._programs["workflow-controller"].parent / "manifests"
        for path in sorted(folder.glob("*.yaml")):
            for one in yaml.safe_load_all(path.read_text()):
                # What kustomize does upstream: the manifests leave the namespace open.
                for subject in one.get("subjects", []):
                    subject["namespace"] = NAMESPACE
                yield one

    def _apply(self, manifests: Iterator[dict[str, object]]) -> None:
        text = yaml.safe_dump_all(manifests)
        arguments = ("apply", "--server-side", f"--namespace={NAMESPACE}", "--filename=-")
        self._kubectl(*arguments, stdin=text)

    def _kubectl(self, *arguments: str, stdin: str = "") -> str:
        run = subprocess.run(  # noqa: S603 - a program of our own table
            [self._programs["kubectl"], f"--kubeconfig={self._plane.kubeconfig}", *arguments],
            input=stdin,
            env={"PATH": os.defpath, "HOME": str(layout.RUN)},
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode:
            msg = f"kubectl {arguments[0]}: ended with {run.returncode}: {run.stderr.strip()}"
            raise ToolError(msg)
        return run.stdout


def _is_healthy() -> bool:
    try:
        return httpx.get(_HEALTH, trust_env=False).is_success
    except httpx.HTTPError:
        return False
