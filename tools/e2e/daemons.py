"""Starts the programs of the cluster inside the enclosure; nobody has to end them."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING, Final

from tools.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

READY_SECONDS: Final = 120.0
_PAUSE_SECONDS: Final = 0.2
_LOG_TAIL_LINES: Final = 12


class Daemons:
    """The running programs, each with a log of its own.

    Args:
        logs: Folder of the logs; they are what a failed run leaves to read.
    """

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(
        self,
        program: Path,
        arguments: Sequence[str | Path],
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """Start *program* in a session of its own, its words into ``<name>.log``."""
        environment = {"PATH": os.defpath, "HOME": "/nonexistent"} | dict(variables or {})
        with self._log(program.name).open("wb") as words:
            self._running[program.name] = subprocess.Popen(  # noqa: S603 - our own table
                [program, *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                start_new_session=True,
            )

    def wait(self, name: str, is_ready: Callable[[], bool], what: str) -> None:
        """Wait until *is_ready*, watching the program *name*.

        Args:
            name: Program that does it.
            is_ready: Asked five times a second.
            what: What is waited for, for the message.

        Raises:
            ToolError: The program has ended or the time is up; with its last words.
        """
        deadline = time.monotonic() + READY_SECONDS
        while not is_ready():
            code = self._running[name].poll()
            if code is not None:
                raise self._failure(name, f"ended with {code}, {what} is needed")
            if time.monotonic() > deadline:
                seconds = f"{READY_SECONDS:.0f} s"
                raise self._failure(name, f"not there after {seconds}, {what} is needed")
            time.sleep(_PAUSE_SECONDS)

    def _failure(self, name: str, found: str) -> ToolError:
        log = self._log(name)
        tail = log.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:]
        head = f"{log}: {name}: {found}; its last lines follow"
        return ToolError("\n".join([head, *(f"  | {line}" for line in tail)]))

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.log"
