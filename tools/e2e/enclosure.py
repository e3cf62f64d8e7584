"""Runs a command in a network, a process tree and mounts of its own: the kernel cleans up.

The command's first ancestor is process 1 of that tree (:mod:`tools.e2e.first`). When it ends,
however it ends, the kernel ends all others and takes network and mounts away. It ends with the
command, or when the pipe closes that we hold open: that is how an interruption and a killed
`make` reach it. Files lie in memory and go with the mounts. What is left are empty control
groups, which process 1 removes; :func:`remove_cgroups` removes those of one that was killed.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from tools.e2e import layout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

UNSHARE: Final = (
    *("unshare", "--net", "--pid", "--mount", "--uts", "--ipc", "--propagation", "private"),
    *("--fork", "--mount-proc", "--kill-child"),
)
SETTINGS: Final = "ARGO_ARTIFACTS_E2E"
"""Variable with the enclosure's settings, as JSON: its name and the programs' paths."""


def run(
    command: Sequence[str],
    programs: Mapping[str, Path],
    project: Path,
    variables: Mapping[str, str] | None = None,
) -> int:
    """Run *command* in a new enclosure and wait; return its exit code.

    Args:
        command: What to run.
        programs: Paths of the programs by name.
        project: Folder to run in.
        variables: Further variables of its environment.

    Raises:
        KeyboardInterrupt: As usual; the enclosure and all that ran in it are gone by then.
    """
    remove_cgroups()
    name = f"{layout.CGROUP_PREFIX}{secrets.token_hex(4)}"
    settings = {"name": name, "programs": {key: str(path) for key, path in programs.items()}}
    alive, held = os.pipe()
    first = [sys.executable, "-m", "tools.e2e.first", str(alive), *command]
    try:
        child = subprocess.Popen(  # noqa: S603 - arguments are ours
            [*UNSHARE, *first],
            cwd=project,
            env=os.environ | dict(variables or {}) | {SETTINGS: json.dumps(settings)},
            stdin=subprocess.DEVNULL,
            pass_fds=[alive],
            process_group=0,  # the terminal's Ctrl-C reaches us alone
        )
        os.close(alive)
        try:
            return child.wait()
        except BaseException:
            os.close(held)
            held = -1
            child.wait()
            raise
    finally:
        if held >= 0:
            os.close(held)
        remove_cgroups()


def settings() -> tuple[str, dict[str, str]] | None:
    """Return name and programs of the enclosure that we run in, or None outside of one."""
    text = os.environ.get(SETTINGS)
    if text is None:
        return None
    read: dict[str, object] = json.loads(text)
    programs = read["programs"]
    assert isinstance(programs, dict)  # noqa: S101 - written by run()
    return str(read["name"]), programs  # pyright: ignore[reportUnknownVariableType]


def make_cgroups(name: str) -> None:
    """Make the control group *name*, under which the kubelet keeps those of its pods.

    It stays locked as long as this process lives, so that no other run takes it for a rest.
    """
    for hierarchy in _hierarchies():
        group = hierarchy / name
        group.mkdir()
        fcntl.flock(os.open(group, os.O_RDONLY), fcntl.LOCK_SH)


def remove_cgroups(own: str = "") -> None:
    """Remove the control groups of enclosures that have ended.

    Args:
        own: Name of the one that ends now, and holds its lock itself.
    """
    for hierarchy in _hierarchies():
        for group in hierarchy.glob(f"{layout.CGROUP_PREFIX}*"):
            if group.name == own or not _is_locked(group):
                _remove_group(group)


def _is_locked(group: Path) -> bool:
    try:
        handle = os.open(group, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _hierarchies() -> list[Path]:
    """Return the one of version 2, or those of version 1, one for each controller."""
    mark = "cgroup.procs"
    if (layout.CGROUPS / mark).exists():
        return [layout.CGROUPS]
    return [members.parent for members in layout.CGROUPS.glob(f"*/{mark}")]


def _remove_group(group: Path) -> None:
    """Remove a control group with those in it; one with processes stays."""
    with suppress(OSError):
        for inner in group.iterdir():
            if inner.is_dir():
                _remove_group(inner)
        group.rmdir()
