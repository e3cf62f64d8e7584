"""A pytest plugin that counts what ran in each layer, and what did not.

``python -m tools.run_tests`` loads it; the file that it writes is named by
``ARGO_ARTIFACTS_TEST_REPORT``. Tests note the versions that running programs reported with
:func:`note_version`.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypedDict, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

REPORT: Final = "ARGO_ARTIFACTS_TEST_REPORT"
LAYERS: Final = ("unit", "components", "engine", "argo", "cluster")
_DESELECTED: Final = "argo_artifacts_deselected"


class Report(TypedDict):
    """What a test run writes."""

    passed: dict[str, int]
    """Tests by layer."""
    unproved: list[str]
    """Tests that were skipped, deselected or expected to fail, and how."""


class _Worker(Protocol):
    workeroutput: dict[str, object]


def read(path: Path) -> Report:
    """Read a report; a run that wrote none has passed nothing."""
    return json.loads(path.read_text()) if path.exists() else {"passed": {}, "unproved": []}


def note_version(program: str, version: str) -> None:
    """Note the version that a running program reported; does nothing outside a test run."""
    report = os.environ.get(REPORT)
    if report and version:
        with Path(f"{report}.versions").open("a") as handle:  # one short line: written at once
            handle.write(f"{json.dumps([program, version])}\n")


class Counting:
    """Counts passed tests by layer and gathers every test that did not really run."""

    def __init__(self) -> None:
        self.passed: Counter[str] = Counter()
        self.unproved: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note one phase of one test; under xdist the controller hears of all."""
        expected_to_fail = hasattr(report, "wasxfail")
        if report.skipped or expected_to_fail:
            how = "expected to fail" if expected_to_fail else "skipped"
            self.unproved.append(f"{report.nodeid}: {how}")
        elif report.when == "call" and report.passed:
            self.passed[layer(report.nodeid)] += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a whole file that was skipped while it was read."""
        if report.skipped:
            self.unproved.append(f"{report.nodeid}: skipped")

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Note what a mark or an expression left out."""
        self.unproved.extend(f"{item.nodeid}: deselected" for item in items)

    def pytest_testnodedown(self, node: object) -> None:
        """Take over what an xdist worker noted."""
        output = cast("_Worker", node).workeroutput
        self.unproved.extend(cast("list[str]", output.get(_DESELECTED, [])))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand over to the controller, or write the report."""
        if hasattr(session.config, "workeroutput"):
            output = cast("_Worker", session.config).workeroutput
            output[_DESELECTED] = [line for line in self.unproved if line.endswith("deselected")]
        elif report := os.environ.get(REPORT):
            facts = {"passed": dict(self.passed), "unproved": sorted(set(self.unproved))}
            Path(report).write_text(json.dumps(facts))


def layer(nodeid: str) -> str:
    """Return the folder under ``tests/`` that a test lies in, or ``tests`` itself."""
    folder, slash, _ = nodeid.partition("::")[0].removeprefix("tests/").partition("/")
    return folder if slash else "tests"


def pytest_configure(config: pytest.Config) -> None:
    """Register the counting."""
    config.pluginmanager.register(Counting(), "argo-artifacts-counting")
