"""A Kubernetes API without machines: etcd, API server, controllers and kwok, by kwokctl.

RBAC and admission are on, so that access reviews answer truthfully; pods are simulated.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import ssl
import subprocess
import urllib.request
from typing import TYPE_CHECKING, Final

from tools.errors import ToolError
from tools.local_platform import files, processes
from tools.local_platform.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAME: Final = "local"
CLIENTS: Final = ("kube-controller-manager", "kube-scheduler", "kwok-controller")
PROGRAMS: Final = (*CLIENTS, "kube-apiserver", "etcd")
"""The programs of a cluster, in the order in which they are ended."""

_CREATE_SECONDS: Final = 180.0
_LOG_TAIL_LINES: Final = 12
_TUNING: Final = ("GOGC", "GOMEMLIMIT")
"""Variables of Go's collector, the only ones of the caller that reach the programs."""


class Cluster:
    """One cluster below a folder, with its own home, work folder and kubeconfig."""

    def __init__(self, folder: Path, ports: Mapping[str, int]) -> None:
        self.folder = folder
        self.kubeconfig = folder / "kubeconfig"
        self.server = f"https://{LOOPBACK}:{ports['apiServer']}"
        self._ports = ports
        self._work = folder / "kwok"
        self._place = self._work / "clusters" / NAME
        self._made = folder / "cluster.json"

    def running(self) -> list[processes.Process]:
        """Return the cluster's processes."""
        return processes.owned(self._work, PROGRAMS)

    def is_ready(self) -> bool:
        """Whether every program runs on its port and the API server answers."""
        names = {process.name for process in self.running()}
        made_for_these_ports = self._made.exists() and self._recorded_ports() == dict(self._ports)
        return made_for_these_ports and names == set(PROGRAMS) and self.ask("/readyz") == "ok"

    def start(self, programs: Mapping[str, Path]) -> None:
        """Make the cluster, or bring an earlier one back with its objects.

        Raises:
            ToolError: A program failed; with the end of the words that say why.
        """
        self.end()
        if self._made.exists():
            # kwokctl reads ports and paths from this file; without it, it writes a new one
            # over the same data, so that a moved port or a newer program is no obstacle.
            (self._place / "kwok.yaml").unlink(missing_ok=True)
        else:
            shutil.rmtree(self._work, ignore_errors=True)
        shutil.rmtree(self._place / "pids", ignore_errors=True)
        shutil.rmtree(self._place / "bin", ignore_errors=True)
        self.kubeconfig.unlink(missing_ok=True)
        settings = self.folder / "kwokctl.json"
        files.write(settings, json.dumps(self._settings(programs), indent=1) + "\n")
        self._kwokctl(programs, "--config", str(settings), "create", "cluster", "--name", NAME)
        self.kubeconfig.chmod(files.SECRET_MODE)

    def note_made(self) -> None:
        """Record that this cluster came up whole: from now on its data are kept."""
        files.write(self._made, json.dumps(dict(self._ports)) + "\n")

    def end(self, *, polite_seconds: float = 5.0) -> None:
        """End the cluster's processes: who asks first, who answers last."""
        for names in (CLIENTS, ("kube-apiserver",), ("etcd",)):
            processes.end(processes.owned(self._work, names), polite_seconds=polite_seconds)

    def remove(self) -> None:
        """Remove everything; the processes must have ended."""
        for name in ("cluster.json", "kubeconfig", "kwokctl.json", "kwokctl.log"):
            (self.folder / name).unlink(missing_ok=True)
        for folder in (self._work, self.folder / "home"):
            shutil.rmtree(folder, ignore_errors=True)

    def ask(self, path: str) -> str:
        """Return the API server's answer to a plain question, or an empty text."""
        pki = self._place / "pki"
        try:
            trust = ssl.create_default_context(cafile=str(pki / "ca.crt"))
            trust.load_cert_chain(pki / "admin.crt", pki / "admin.key")
            direct = urllib.request.ProxyHandler({})
            opener = urllib.request.build_opener(direct, urllib.request.HTTPSHandler(context=trust))
            with opener.open(f"{self.server}{path}", timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            return ""

    def version(self) -> str:
        """Return the version that the running API server reports."""
        return str(json.loads(self.ask("/version") or "{}").get("gitVersion", ""))

    def logs(self) -> Path:
        """Return the folder of the programs' logs."""
        return self._place / "logs"

    def _recorded_ports(self) -> object:
        try:
            return json.loads(self._made.read_text())
        except ValueError:
            return None

    def _settings(self, programs: Mapping[str, Path]) -> dict[str, object]:
        return {
            "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
            "kind": "KwokctlConfiguration",
            "metadata": {},
            "options": {
                "runtime": "binary",
                "bindAddress": LOOPBACK,  # the default is every address
                "securePort": True,
                "kubeAuthorization": True,
                "kubeAdmission": True,
                "kubeVersion": _version(programs["kube-apiserver"]),
                "etcdPort": self._ports["etcd"],
                "etcdPeerPort": self._ports["etcdPeer"],
                "kubeApiserverPort": self._ports["apiServer"],
                "kubeControllerManagerPort": self._ports["controllerManager"],
                "kubeSchedulerPort": self._ports["scheduler"],
                "kwokControllerPort": self._ports["kwok"],
                "etcdBinary": str(programs["etcd"]),
                "kubeApiserverBinary": str(programs["kube-apiserver"]),
                "kubeControllerManagerBinary": str(programs["kube-controller-manager"]),
                "kubeSchedulerBinary": str(programs["kube-scheduler"]),
                "kwokControllerBinary": str(programs["kwok"]),
                "kubectlBinary": str(programs["kubectl"]),
            },
        }

    def _kwokctl(self, programs: Mapping[str, Path], *arguments: str) -> None:
        home = self.folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        log = self.folder / "kwokctl.log"
        environment = {
            "HOME": str(home),
            "KWOK_WORKDIR": str(self._work),
            "PATH": f"{programs['kubectl'].parent}{os.pathsep}{os.defpath}",
            "NO_PROXY": LOOPBACK,
            **{name: os.environ[name] for name in _TUNING if name in os.environ},
        }
        command = [programs["kwokctl"], *arguments, "--kubeconfig", self.kubeconfig]
        with log.open("w") as words:
            child = subprocess.Popen(  # noqa: S603 - a program of our own table
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                process_group=0,
            )
            try:
                child.wait(_CREATE_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            except BaseException:
                child.kill()
                child.wait()
                raise
        if child.returncode:
            raise ToolError(self._failure(log))

    def _failure(self, log: Path) -> str:
        tail = [f"  | {line}" for line in log.read_text().splitlines()[-_LOG_TAIL_LINES:]]
        head = f"{log}: kwokctl did not start the cluster, its last lines follow; see {self.logs()}"
        return "\n".join([head, *tail])


def _version(apiserver: Path) -> str:
    """Ask the API server's program for its version, such as ``v1.37.2``."""
    run = subprocess.run(  # noqa: S603 - a program of our own table
        [apiserver, "--version"], capture_output=True, text=True, check=False
    )
    match = re.search(r"v\d+\.\d+\.\d+", run.stdout)
    if not match:
        msg = f"{apiserver}: says no version, a kube-apiserver is accepted"
        raise ToolError(msg)
    return match[0]
