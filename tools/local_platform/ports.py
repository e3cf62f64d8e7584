"""The platform's ports: chosen once, kept, and checked before anything starts."""

from __future__ import annotations

import json
import secrets
import socket
from typing import TYPE_CHECKING, Final

from tools.errors import ToolError
from tools.local_platform import files, processes

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

LOOPBACK: Final = "127.0.0.1"

NAMES: Final = {
    "etcd": "etcd",
    "etcdPeer": "etcd",
    "apiServer": "kube-apiserver",
    "controllerManager": "kube-controller-manager",
    "scheduler": "kube-scheduler",
    "kwok": "kwok-controller",
    "minio": "minio",
}
"""Each port's name in the file, and the program that listens on it."""

_RANGE: Final = range(20_000, 32_768)
"""Below the kernel's range for outgoing connections, which would take one now and then."""


def load(path: Path) -> dict[str, int]:
    """Read the kept ports, or choose free ones and keep them.

    Raises:
        ToolError: The file is not what this module writes.
    """
    if not path.exists():
        files.write(path, json.dumps(_choose(), indent=1) + "\n")
    try:
        ports: object = json.loads(path.read_text())
    except ValueError:
        ports = None
    if not (
        isinstance(ports, dict)
        and set(ports) == set(NAMES)  # pyright: ignore[reportUnknownArgumentType]
        and all(isinstance(port, int) for port in ports.values())  # pyright: ignore[reportUnknownVariableType]
    ):
        msg = f"{path}: damaged, one port for each of {', '.join(NAMES)} is accepted; delete it"
        raise ToolError(msg)
    return {name: int(ports[name]) for name in NAMES}  # pyright: ignore[reportUnknownArgumentType]


def check(path: Path, ports: dict[str, int], running: Collection[str]) -> None:
    """Refuse to start on a port that somebody else holds.

    Args:
        path: File of the ports, for the message.
        ports: The ports.
        running: Programs of ours that run already: their ports are taken by themselves.

    Raises:
        ToolError: One line: which port, who holds it, what to do.
    """
    for name, port in ports.items():
        if NAMES[name] not in running and not is_free(port):
            msg = (
                f"{path}: port {port} ({name}) is held by {_holder(port)}, a free port is "
                f"needed; end that program, or delete {path.name} to have other ports chosen"
            )
            raise ToolError(msg)


def is_free(port: int) -> bool:
    """Whether a program could listen on *port* of the loopback address now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _choose() -> dict[str, int]:
    free: list[int] = []
    while len(free) < len(NAMES):
        port = secrets.choice(_RANGE)
        if port not in free and is_free(port):
            free.append(port)
    return dict(zip(NAMES, free, strict=True))


def _holder(port: int) -> str:
    for listener in processes.listeners():
        if listener.port == port:
            return f"{listener.process.name} (process {listener.process.pid})"
    return "a program that this user may not look at"
