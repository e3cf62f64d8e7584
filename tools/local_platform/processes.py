"""Looks at processes and ends them, on Linux, through ``/proc``.

A process is ours when its name is one of a few and an argument of it lies below our own
folder: that outlives stale process-id files and cannot hit a stranger.
"""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

_PROC: Final = Path("/proc")
_LISTEN: Final = "0A"
"""State of a listening socket in ``/proc/net/tcp``."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process as it was when it was looked at."""

    pid: int
    started: int
    """Start time in clock ticks since boot: with the id it names one process for ever."""
    arguments: tuple[str, ...]

    @property
    def name(self) -> str:
        """File name of the program."""
        return Path(self.arguments[0]).name


@dataclass(frozen=True, slots=True)
class Listener:
    """A listening TCP socket of a process."""

    address: str
    """Hexadecimal, as the kernel spells it."""
    port: int
    process: Process

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return self.address in {
            "0100007F",  # 127.0.0.1, least significant byte first
            "00000000000000000000000001000000",  # ::1
            "0000000000000000FFFF00000100007F",  # ::ffff:127.0.0.1
        }


def processes() -> Iterator[Process]:
    """Yield every running process that may be looked at, zombies left out."""
    for folder in _PROC.iterdir():
        if folder.name.isdecimal() and (process := look(int(folder.name))):
            yield process


def look(pid: int) -> Process | None:
    """Return the process *pid*, or None when there is none or it is a zombie."""
    try:
        arguments = (_PROC / str(pid) / "cmdline").read_text(errors="replace")
    except OSError:
        return None
    started = _started(pid)
    if not arguments or started is None:
        return None
    return Process(pid, started, tuple(arguments.rstrip("\0").split("\0")))


def _started(pid: int) -> int | None:
    try:
        # The name in parentheses may hold anything, so count from its end.
        fields = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[19])


def owned(folder: Path, names: Collection[str]) -> list[Process]:
    """Return the running programs *names* that work below *folder*."""
    mark = f"{folder}/"
    return [
        process
        for process in processes()
        if process.name in names and any(mark in argument for argument in process.arguments[1:])
    ]


def marked(variable: str, value: str) -> list[Process]:
    """Return the processes that were started with an environment variable of this value."""
    entry = f"{variable}={value}".encode()
    found: list[Process] = []
    for process in processes():
        with suppress(OSError):
            variables = (_PROC / str(process.pid) / "environ").read_bytes().split(b"\0")
            if entry in variables:
                found.append(process)
    return found


def is_alive(process: Process) -> bool:
    """Whether this very process still runs, not another one under its id."""
    now = look(process.pid)
    return now is not None and now.started == process.started


def end(some: Iterable[Process], *, polite_seconds: float = 5.0) -> None:
    """Ask processes to end, then end them; return when all are gone.

    Args:
        some: The processes; those already gone are passed over.
        polite_seconds: Time between SIGTERM and SIGKILL; 0 means SIGKILL at once.
    """
    running = list(some)
    if polite_seconds:
        for process in running:
            send(process, signal.SIGTERM)
        running = wait(running, polite_seconds)
    for process in running:
        send(process, signal.SIGKILL)
    wait(running, 10.0)


def send(process: Process, number: signal.Signals) -> None:
    """Send a signal to this very process, or to nobody when it is gone."""
    with suppress(OSError):
        handle = os.pidfd_open(process.pid)
        try:
            # The handle is open, so the id cannot change hands any more.
            if _started(process.pid) == process.started:
                signal.pidfd_send_signal(handle, number)
        finally:
            os.close(handle)


def wait(some: Iterable[Process], seconds: float) -> list[Process]:
    """Wait until all are gone or the time is up; return those still there.

    Gone means all threads, with all files and ports that they held: a process whose memory
    is gone already may still listen.
    """
    deadline = time.monotonic() + seconds
    left: list[Process] = []
    for process in some:
        with suppress(OSError):
            handle = os.pidfd_open(process.pid)
            poll = select.poll()
            poll.register(handle, select.POLLIN)
            patience = max(0.0, deadline - time.monotonic()) * 1000
            if _started(process.pid) == process.started and not poll.poll(patience):
                left.append(process)
            os.close(handle)
        with suppress(ChildProcessError):
            os.waitpid(process.pid, os.WNOHANG)  # a child of ours must not stay a zombie
    return left


def listeners(some: Iterable[Process] | None = None) -> list[Listener]:
    """Return the listening TCP sockets of processes (default: of all)."""
    sockets = {
        inode: (address, port)
        for table in ("tcp", "tcp6")
        for inode, address, port in _sockets(_PROC / "net" / table)
    }
    found: list[Listener] = []
    for process in processes() if some is None else some:
        for inode in _inodes(process.pid):
            if inode in sockets:
                address, port = sockets[inode]
                found.append(Listener(address, port, process))
    return found


def _sockets(table: Path) -> Iterator[tuple[str, str, int]]:
    with suppress(OSError):
        for line in table.read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTEN:
                address, _, port = fields[1].rpartition(":")
                yield fields[9], address, int(port, 16)


def _inodes(pid: int) -> Iterator[str]:
    with suppress(OSError):
        for link in (_PROC / str(pid) / "fd").iterdir():
            with suppress(OSError):
                target = str(link.readlink())
                if target.startswith("socket:["):
                    yield target[8:-1]
