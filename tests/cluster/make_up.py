"""What ``make up`` and ``make down`` call, for a folder of the test's own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "tools.local_platform")
"""As the Makefile's targets call it."""


def start(verb, folder, *more, **variables):
    """Start a command in a process group of its own, as a shell does for a terminal."""
    return subprocess.Popen(
        [*COMMAND, verb, "--folder", folder, *more],
        cwd=ROOT,
        env=os.environ | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )


def call(verb, folder, *more, **variables):
    """Run a command to its end; return its exit code and all its words."""
    child = start(verb, folder, *more, **variables)
    words, _ = child.communicate(timeout=300)
    return child.returncode, words
