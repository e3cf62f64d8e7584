"""containerd and kubelet: one node that runs real pods."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Final, cast

import yaml
from lightkube.core.exceptions import ApiError
from lightkube.resources.core_v1 import Node as NodeObject

from tools.e2e import images, layout
from tools.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from lightkube import Client

    from tools.e2e.daemons import Daemons

FOLDER: Final = layout.RUN / "node"
SOCKET: Final = FOLDER / "containerd.sock"
POD_LOGS: Final = FOLDER / "pod-logs"

_NETWORK: Final = {
    "cniVersion": "1.0.0",
    "name": "e2e",
    "plugins": [
        {
            "type": "bridge",
            "bridge": "pods",
            "isGateway": True,
            "ipam": {
                "type": "host-local",
                "ranges": [[{"subnet": layout.PODS}]],
                "routes": [{"dst": "0.0.0.0/0"}],
                "dataDir": str(FOLDER / "addresses"),
            },
        }
    ],
}
"""Pods on one bridge, whose gateway is the node; it answers on all its addresses."""


class Node:
    """One node; its kubelet reports to the control plane."""

    def __init__(self, programs: Mapping[str, Path], daemons: Daemons, cgroup: str) -> None:
        self._programs = programs
        self._daemons = daemons
        self._cgroup = cgroup

    def start_containerd(self) -> None:
        """Start containerd and wait until it answers."""
        network = FOLDER / "network" / "e2e.conflist"
        network.parent.mkdir(parents=True)
        network.write_text(json.dumps(_NETWORK))
        settings = FOLDER / "containerd.toml"
        settings.write_text(_containerd(network.parent))
        program = self._programs["containerd"]
        # containerd looks for its shim, and that for runc, on PATH.
        shim = self._programs["containerd-shim-runc-v2"].parent
        path = os.pathsep.join([str(shim), os.environ["PATH"]])
        self._daemons.start(program, ["--config", str(settings)], {"PATH": path})
        self._daemons.wait("containerd", self._containerd_answers, "containerd's answer")

    def load(self, archives: Sequence[Path]) -> None:
        """Load image archives.

        Raises:
            ToolError: containerd refuses one.
        """
        for archive in archives:
            run = self._ctr("images", "import", str(archive))
            if run.returncode:
                reason = run.stderr.strip().splitlines()[-1:]
                msg = f"{archive}: refused by containerd, a loadable image is needed: {reason}"
                raise ToolError(msg)
            archive.unlink()

    def start_kubelet(self, kubeconfig: Path) -> None:
        """Start the kubelet."""
        settings = FOLDER / "kubelet.yaml"
        settings.write_text(yaml.safe_dump(_kubelet(self._cgroup)))
        self._daemons.start(
            self._programs["kubelet"],
            [
                f"--config={settings}",
                f"--kubeconfig={kubeconfig}",
                f"--hostname-override={layout.NODE_NAME}",
                f"--node-ip={layout.NODE}",
                f"--root-dir={FOLDER / 'kubelet'}",
                f"--cert-dir={FOLDER / 'kubelet-pki'}",
            ],
            {"PATH": os.environ["PATH"]},
        )

    def wait(self, client: Client) -> None:
        """Wait until the node takes pods."""

        def is_ready() -> bool:
            try:
                node = client.get(NodeObject, layout.NODE_NAME)
            except ApiError:
                return False
            status = node.status
            conditions = status.conditions if status else None
            ready = [one for one in conditions or () if one.type == "Ready"]
            return bool(ready) and ready[0].status == "True"

        self._daemons.wait("kubelet", is_ready, "a ready node")

    def version(self, client: Client) -> dict[str, str]:
        """Return what the node says of the programs that run it."""
        status = client.get(NodeObject, layout.NODE_NAME).status
        info = status.nodeInfo if status else None
        if info is None:
            return {}
        containerd = info.containerRuntimeVersion.rpartition("/")[2]
        return {"kubelet": info.kubeletVersion, "containerd": containerd}

    def _ctr(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        place = ("--address", str(SOCKET), "--namespace", "k8s.io")
        return subprocess.run(  # noqa: S603 - a program of our own table
            [self._programs["ctr"], *place, *arguments],
            capture_output=True,
            text=True,
            check=False,
        )

    def _containerd_answers(self) -> bool:
        return SOCKET.exists() and self._ctr("version").returncode == 0


def _containerd(networks: Path) -> str:
    plugins = cast("Path", layout.cni_folder())  # looked for before anything starts
    return f"""\
version = 3
root = "{FOLDER / "containerd"}"
state = "{FOLDER / "containerd-state"}"

[grpc]
address = "{SOCKET}"

[plugins."io.containerd.cri.v1.images"]
snapshotter = "overlayfs"

[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "{images.PAUSE}"

[plugins."io.containerd.cri.v1.runtime"]
disable_apparmor = true # its profile would stay in the machine's kernel
netns_mounts_under_state_dir = true
restrict_oom_score_adj = true # machines without CAP_SYS_RESOURCE

[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["{plugins}"]
conf_dir = "{networks}"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
BinaryName = "{shutil.which("runc")}"
SystemdCgroup = false
"""


def _kubelet(cgroup: str) -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
        "authorization": {"mode": "AlwaysAllow"},  # nobody from outside reaches it
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cgroup}",
        "cgroupsPerQOS": True,
        "clusterDNS": [layout.NODE],
        "clusterDomain": layout.DOMAIN,
        "containerRuntimeEndpoint": f"unix://{SOCKET}",
        "enforceNodeAllocatable": ["pods"],
        "evictionHard": {"memory.available": "10Mi"},  # a machine's full disk is not our affair
        "failCgroupV1": False,
        "failSwapOn": False,
        "makeIPTablesUtilChains": False,
        "podLogsDir": str(POD_LOGS),
        "resolvConf": "",
        "volumePluginDir": str(FOLDER / "volume-plugins"),
    }
