"""Where everything is inside the enclosure: folders, addresses, names.

Network, processes and these folders are the enclosure's own, so nothing here can meet anything
of the machine, or another enclosure.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
LEFT: Final = ROOT / ".local" / "e2e"
"""Logs and notes: all that a run leaves behind; the next one replaces them."""
LOGS: Final = LEFT / "logs"
STACK_FILE: Final = ROOT / "tests" / "e2e" / "Pulumi.e2e.yaml"

PRIVATE: Final = Path("/run")
"""Replaced by an empty file system in memory: containerd and runc keep sockets here."""
COVERED: Final = (Path("/etc"), Path("/var/lib"), Path("/var/log"))
"""What is written here goes to memory: programs have fixed places below."""

RUN: Final = PRIVATE / "argo-e2e"
"""Data of all programs."""

SERVICES: Final = "10.0.0.0/24"
NODE: Final = "10.1.0.1"
"""The API server and the names of Services are here too."""
PODS: Final = "10.2.0.0/24"

DOMAIN: Final = "cluster.local"
"""Last part of the whole name of a Service."""
NODE_NAME: Final = "node"

CNI_FOLDERS: Final = (Path("/usr/lib/cni"), Path("/opt/cni/bin"), Path("/usr/libexec/cni"))
"""Where Debian, upstream and Fedora put the CNI plugins."""
CNI_PLUGINS: Final = ("bridge", "host-local", "loopback")

CGROUPS: Final = Path("/sys/fs/cgroup")
CGROUP_PREFIX: Final = "argo-e2e-"
"""Begin of the name of each enclosure's control group: the one thing outside of it."""


def cni_folder() -> Path | None:
    """Return the folder that has all CNI plugins."""
    for folder in CNI_FOLDERS:
        if all((folder / plugin).is_file() for plugin in CNI_PLUGINS):
            return folder
    return None
