"""Everything that CI runs: ``python -m tools.run_tests``.

Programs, linters, then all layers of tests. A layer that did not run is a failure, and so
is a test that was skipped, deselected or expected to fail.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from rich.markup import escape
from rich.table import Table

from tools import iam_simulate
from tools.e2e.part import Part, not_run, run_part
from tools.errors import ToolError
from tools.lint import ROOT, lint
from tools.programs import PLATFORM, TESTS, exit_on_terminate, find_or_build
from tools.progress import Progress, console, duration
from tools.test_report import LAYERS, REPORT, Report, read

WORKERS: Final = 3
"""Test processes, each with an API server and an engine of its own; on 2 cores a third one works
while the others wait for their programs."""
VERSIONS: Final = (
    "Pulumi engine",
    "Kubernetes API server",
    "MinIO",
    "Argo Workflows",
    "iam-simulate",
)
"""Programs whose running copy must have told its version to a test."""


_FRUGAL: Final = {
    "GOGC": "400",
    "PYTHONDONTWRITEBYTECODE": "",
    "MALLOC_MMAP_THRESHOLD_": str(256 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 30),
    "MALLOC_ARENA_MAX": "1",
}
"""Environment of the tests. Programs of Go collect their rubbish a quarter as often, for some
hundred MiB each; what Python has compiled for one process is there for the next; and the 64 MiB
that each call of MinIO's admin API is encrypted with are kept for the next one."""
_PROGRAMS: Final = (*PLATFORM, *TESTS)
_ELSEWHERE: Final = "tests/e2e"
"""Tests on real pods need root and more programs; see :mod:`tools.e2e.part`."""


def run_tests(arguments: list[str]) -> int:
    """Run programs, linters and tests; return the exit code.

    Args:
        arguments: Further arguments for pytest, for a look at a part; the rules stay.
    """
    begin = time.monotonic()
    programs = find_or_build(_PROGRAMS, progress=Progress(len(_PROGRAMS)))
    iam_simulate.install()
    lint()
    linted = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.json"
        code = _pytest(report, arguments)
        tested = time.monotonic()
        facts = read(report)
        versions = _versions(Path(f"{report}.versions"), programs["argo-probe"])
    pods = _real_pods(arguments)
    console().print(_table(facts, versions), markup=False)
    console().print(escape(pods.line))
    console().print(
        f"programs and linters {duration(linted - begin)}, tests {duration(tested - linted)}\n"
    )
    faults = [*_faults(code, facts, versions), *pods.faults]
    for fault in faults:
        console().print(f"[red]{escape(fault)}[/red]")
    return 1 if faults else 0


def _pytest(report: Path, arguments: list[str]) -> int:
    command = [sys.executable, "-m", "pytest", "-p", "tools.test_report"]
    command += ["-n", str(WORKERS), "--dist", "loadfile", "--no-loadscope-reorder"]
    command += [f"--ignore={_ELSEWHERE}", *arguments]
    return subprocess.run(  # noqa: S603 - pytest of the locked environment
        command,
        cwd=ROOT,
        env=os.environ | _FRUGAL | {REPORT: str(report)},
        stdin=subprocess.DEVNULL,
        check=False,
    ).returncode


def _real_pods(arguments: list[str]) -> Part:
    if arguments:
        return not_run("a part of the tests was asked for; `make e2e` runs them")
    return run_part(console())


def _versions(noted: Path, probe: Path) -> dict[str, str]:
    """Return what running programs said of themselves, Argo's code through our probe."""
    pairs = [json.loads(line) for line in noted.read_text().splitlines()] if noted.exists() else []
    run = subprocess.run([probe, "version"], capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    if run.returncode == 0:
        pairs.append(["Argo Workflows", json.loads(run.stdout)["argo"]])
    return dict(sorted((name, version) for name, version in pairs))


def _table(facts: Report, versions: dict[str, str]) -> Table:
    table = Table("layer", "tests passed", box=None, pad_edge=False)
    for name in sorted({*LAYERS, *facts["passed"]}, key=lambda name: (*LAYERS, name).index(name)):
        table.add_row(name, str(facts["passed"].get(name, 0)))
    table.add_section()
    table.add_row("running program", "version that it reported")
    for name, version in versions.items():
        table.add_row(name, version)
    return table


def _faults(code: int, facts: Report, versions: dict[str, str]) -> list[str]:
    faults = [f"pytest: ended with {code}, 0 is accepted; see above"] if code else []
    faults += [
        f"tests/{name}: no test passed, a layer that did not run is no proof"
        for name in LAYERS
        if not facts["passed"].get(name)
    ]
    faults += [f"{line}, every test must run" for line in facts["unproved"]]
    faults += [
        f"{name}: no running copy told its version to a test"
        for name in VERSIONS
        if not versions.get(name)
    ]
    return faults


def main() -> int:
    """Run as a program."""
    exit_on_terminate()
    errors = console(stderr=True)
    try:
        return run_tests(sys.argv[1:])
    except ToolError as error:
        errors.print(f"[red]{escape(str(error))}[/red]")
        return 1
    except KeyboardInterrupt:
        errors.print("interrupted")
        return 130


if __name__ == "__main__":
    sys.exit(main())
