"""What a machine must have so that real pods run on it; says exactly what is missing."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import Final

from tools.e2e import layout
from tools.e2e.enclosure import UNSHARE

_PROGRAMS: Final = {
    "unshare": "util-linux",
    "mount": "util-linux",
    "ip": "iproute2",
    "nft": "nftables",
    "runc": "runc",
    "busybox": "busybox-static",
}
"""Programs from the distribution, and the Debian package that has each."""
_CNI_PACKAGE: Final = "containernetworking-plugins"
_CONTROLLERS: Final = ("cpu", "memory", "pids")
_PROBE: Final = """
set -e
mount -t tmpfs probe /run
mkdir /run/upper /run/work
mount -t overlay -o lowerdir=/var/lib,upperdir=/run/upper,workdir=/run/work probe /var/lib
ip link set lo up
ip link add name probe type bridge
ip link add name one type veth peer name other
nft -f - <<end
table ip probe {
  map ports { type ipv4_addr . inet_proto . inet_service : verdict; }
  chain in {
    type nat hook prerouting priority -100
    ip daddr . ip protocol . th dport vmap @ports
  }
  chain out { type nat hook postrouting priority 100; ct state new masquerade fully-random; }
  chain one { numgen random mod 2 vmap { 0: accept, 1: accept }; fib daddr type local accept; }
}
end
"""
_PROBE_SECONDS: Final = 20.0


def missing() -> list[str]:
    """Return what is missing, one line each; an empty list means that pods can run here."""
    if sys.platform != "linux":
        return [f"system: {sys.platform}, Linux is needed"]
    lines: list[str] = []
    if os.geteuid() != 0:
        lines.append(f"user: id {os.geteuid()}, root is needed (id 0)")
    packages: list[str] = []
    for program, package in _PROGRAMS.items():
        place = shutil.which(program)
        if place is None:
            lines.append(f"PATH: no {program}, the one of the package {package} is needed")
            packages.append(package)
        elif program == "busybox" and not is_static(Path(place)):
            lines.append(f"{place}: needs shared libraries, a static busybox is needed")
            packages.append(package)
    if layout.cni_folder() is None:
        plugins = ", ".join(layout.CNI_PLUGINS)
        lines.append(f"{', '.join(map(str, layout.CNI_FOLDERS))}: none has all of {plugins}")
        packages.append(_CNI_PACKAGE)
    lines += _covered()
    lines += _cgroups()
    if packages:
        lines.append(f"on Debian: apt-get install {' '.join(sorted(set(packages)))}")
    return lines or _probe()


def is_static(program: Path) -> bool:
    """Whether an ELF program runs without a dynamic linker (has no interpreter segment)."""
    with program.open("rb") as handle:
        head = handle.read(64)
        if head[:4] != b"\x7fELF" or head[4] != 2:  # noqa: PLR2004 - ELF: 64 bit
            return False
        (offset,) = struct.unpack_from("<Q", head, 32)
        size, count = struct.unpack_from("<HH", head, 54)
        handle.seek(offset)
        segments = handle.read(size * count)
    interpreter = 3
    kinds = (struct.unpack_from("<I", segments, size * index)[0] for index in range(count))
    return interpreter not in kinds


def _covered() -> list[str]:
    """Refuse what would be hidden inside: results written there would vanish."""
    covered = (layout.PRIVATE, *layout.COVERED)
    return [
        f"{place}: lies below {folder}, which is replaced while pods run; move it"
        for place in (layout.ROOT, Path(sys.prefix))
        for folder in covered
        if place.is_relative_to(folder)
    ]


def _cgroups() -> list[str]:
    unified = layout.CGROUPS / "cgroup.controllers"
    if unified.exists():
        there = set(unified.read_text().split())
    else:
        there = {path.name for path in layout.CGROUPS.glob("*") if path.is_dir()}
    lacking = sorted(set(_CONTROLLERS) - there)
    if lacking:
        return [f"{layout.CGROUPS}: no controllers {', '.join(lacking)}, all are needed"]
    if not os.access(layout.CGROUPS, os.W_OK) and unified.exists():
        return [f"{layout.CGROUPS}: read-only, a writable one is needed"]
    return []


def _probe() -> list[str]:
    """Try what containers will need of the kernel, in an enclosure of the same kind."""
    try:
        run = subprocess.run(  # noqa: S603 - words of ours
            [*UNSHARE, "sh", "-c", _PROBE],
            capture_output=True,
            text=True,
            timeout=_PROBE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return [f"kernel: a probe hung for {_PROBE_SECONDS:.0f} s, namespaces are needed"]
    if run.returncode == 0:
        return []
    reason = " ".join(run.stderr.split()) or f"ended with {run.returncode}"
    return [f"kernel: {reason}; namespaces, overlay, bridge, veth and nftables are needed"]
