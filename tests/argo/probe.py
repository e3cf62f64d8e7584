"""Calls of argo-probe; docs/argo-probe.md describes what it answers."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True)
class Answer:
    """What one call of the probe gave."""

    code: int
    document: dict
    """The JSON document; empty when nothing was written to stdout."""
    words: str
    """What was written to stderr."""

    def __getitem__(self, key):
        return self.document[key]

    def result(self, action: str) -> dict:
        """Return what the driver said to one action."""
        return next(one for one in self["results"] if one["action"] == action)


@dataclass(frozen=True)
class Probe:
    """Calls the program about one installation."""

    program: Path
    kubeconfig: Path
    controller: str = "argo"
    """Namespace of the workflow controller."""

    def run(self, *arguments: object) -> Answer:
        """Call the probe with these arguments alone."""
        run = subprocess.run(
            [self.program, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        document = json.loads(run.stdout) if run.stdout else {}
        return Answer(run.returncode, document, run.stderr)

    def ask(self, subcommand: str, namespace: str, *arguments: object) -> Answer:
        """Ask about a namespace."""
        return self.run(subcommand, *self._where(namespace), *arguments)

    def interrupt(
        self, when: Callable[[], bool], subcommand: str, namespace: str, *arguments: object
    ) -> int:
        """Ask about a namespace, press Ctrl-C as soon as *when* holds; return the exit code."""
        command = [self.program, subcommand, *self._where(namespace), *map(str, arguments)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as run:
            while run.poll() is None and not when():
                time.sleep(0.1)
            run.send_signal(signal.SIGINT)
            return run.wait(60)

    def _where(self, namespace: str) -> tuple[str, ...]:
        cluster = ("--kubeconfig", str(self.kubeconfig))
        return (*cluster, "--namespace", namespace, "--controller-namespace", self.controller)
