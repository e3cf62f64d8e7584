import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import run_tests, test_report

ROOT = Path(__file__).parents[2]

SAMPLE = """
import pytest

def test_fine(): pass
def test_left_out(): pass
@pytest.mark.skip
def test_skipped(): pass
@pytest.mark.xfail
def test_expected(): assert False
@pytest.mark.xfail
def test_surprising(): pass
@pytest.mark.parametrize("n", range(3))
def test_many(n): pass
def test_fails(): assert False
def test_skips_inside(): pytest.skip("no")
@pytest.fixture
def broken(): raise ValueError
def test_never_called(broken): pass
"""


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "workers"])
def test_the_report_counts_what_passed_and_names_what_did_not_run(tmp_path, workers):
    for layer in ("unit", "engine"):
        (tmp_path / "tests" / layer).mkdir(parents=True)
    (tmp_path / "tests" / "unit" / "test_a.py").write_text(SAMPLE)
    (tmp_path / "tests" / "engine" / "test_b.py").write_text("def test_one(): pass\n")
    (tmp_path / "tests" / "engine" / "test_c.py").write_text(
        "import pytest\npytest.skip('all', allow_module_level=True)\n"
    )
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "pytest", "-p", "tools.test_report", "-q", *workers]
    run = subprocess.run(
        [*command, "--rootdir", tmp_path, "--deselect", "tests/unit/test_a.py::test_left_out"],
        cwd=tmp_path,
        env=os.environ | {test_report.REPORT: str(report), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    facts = json.loads(report.read_text())
    assert facts["passed"] == {"unit": 4, "engine": 1}
    assert facts["unproved"] == [
        "tests/engine/test_c.py: skipped",
        "tests/unit/test_a.py::test_expected: expected to fail",
        "tests/unit/test_a.py::test_left_out: deselected",
        "tests/unit/test_a.py::test_skipped: skipped",
        "tests/unit/test_a.py::test_skips_inside: skipped",
        "tests/unit/test_a.py::test_surprising: expected to fail",
    ]


PASSED = dict.fromkeys(test_report.LAYERS, 1)
VERSIONS = dict.fromkeys(run_tests.VERSIONS, "1")


def test_a_whole_run_has_no_fault():
    assert run_tests._faults(0, {"passed": PASSED, "unproved": []}, VERSIONS) == []


@pytest.mark.parametrize("layer", test_report.LAYERS)
def test_a_layer_without_a_test_is_a_fault(layer):
    facts = {"passed": {**PASSED, layer: 0}, "unproved": []}
    assert run_tests._faults(0, facts, VERSIONS) == [
        f"tests/{layer}: no test passed, a layer that did not run is no proof"
    ]


@pytest.mark.parametrize("program", run_tests.VERSIONS)
def test_a_program_that_told_no_version_is_a_fault(program):
    versions = {name: "1" for name in VERSIONS if name != program}
    assert run_tests._faults(0, {"passed": PASSED, "unproved": []}, versions) == [
        f"{program}: no running copy told its version to a test"
    ]


def test_failed_and_skipped_tests_are_faults():
    facts = {"passed": PASSED, "unproved": ["tests/unit/test_a.py::test_b: skipped"]}
    assert run_tests._faults(1, facts, VERSIONS) == [
        "pytest: ended with 1, 0 is accepted; see above",
        "tests/unit/test_a.py::test_b: skipped, every test must run",
    ]


def test_versions_are_noted_in_a_test_run_only(tmp_path, monkeypatch):
    report = tmp_path / "report.json"
    monkeypatch.delenv(test_report.REPORT, raising=False)
    test_report.note_version("MinIO", "1")
    monkeypatch.setenv(test_report.REPORT, str(report))
    test_report.note_version("MinIO", "2")
    test_report.note_version("MinIO", "")
    assert Path(f"{report}.versions").read_text() == '["MinIO", "2"]\n'
