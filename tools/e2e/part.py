"""Real pods as a part of ``make test``: run where that costs no build, and always one line of them.

A build of the programs for real pods would take more time than CI has; ``make e2e`` does it once
for the machine, and from then on they are a part.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tools.e2e import layout, needs
from tools.e2e.run import PROGRAMS, check
from tools.errors import ToolError
from tools.programs import missing
from tools.progress import duration
from tools.test_report import REPORT, Report, read

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True)
class Part:
    """What came of the tests on real pods."""

    line: str
    """Whether they ran, and why not; there is always one."""
    faults: tuple[str, ...] = ()
    """What makes the whole run fail, one line each."""


def run_part(out: Console) -> Part:
    """Run the tests on real pods where machine and programs are ready for them.

    Args:
        out: Where a person reads along.
    """
    if lacking := needs.missing():
        more = f" (and {len(lacking) - 1} more)" if lacking[1:] else ""
        return not_run(f"{lacking[0]}{more}; `make e2e` says all")
    if unbuilt := missing(PROGRAMS):
        names = ", ".join(program.name for program in unbuilt)
        spent = duration(sum(program.seconds for program in unbuilt))
        return not_run(f"to be built: {names}, about {spent}; `make e2e` builds and runs them")
    begin = time.monotonic()
    layout.LEFT.mkdir(parents=True, exist_ok=True)  # a place that is seen from inside too
    with tempfile.TemporaryDirectory(dir=layout.LEFT) as scratch:
        path = Path(scratch) / "report.json"
        try:
            code = check((), out, **{REPORT: str(path)})
        except ToolError as error:
            return Part("real pods: begun, not finished", (str(error),))
        report = read(path)
    return _judge(code, report, time.monotonic() - begin)


def not_run(why: str) -> Part:
    """Return a part that did not run.

    Args:
        why: The reason, and what to do.
    """
    return Part(f"real pods: not run, {why}")


def _judge(code: int, report: Report, seconds: float) -> Part:
    passed = sum(report["passed"].values())
    faults = [f"{line}, every test must run" for line in report["unproved"]]
    if code:
        faults.append(f"tests/e2e: ended with {code}, 0 is accepted; see above")
    elif not passed:
        faults.append("tests/e2e: no test passed, a layer that did not run is no proof")
    return Part(f"real pods: {passed} tests passed in {duration(seconds)}", tuple(faults))
