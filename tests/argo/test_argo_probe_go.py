"""The probe's own Go tests, compiled with it, as one row for each."""

import re
import subprocess

import pytest

from tools.programs import TOOLS, find_or_build

NAMES = [
    name
    for path in sorted((TOOLS / "argo-probe").glob("*_test.go"))
    for name in re.findall(r"^func (Test\w+)\(", path.read_text(), re.MULTILINE)
]


@pytest.fixture(scope="module")
def words():
    """What the tests say, each with its result."""
    probe = find_or_build(["argo-probe"])["argo-probe"]
    run = subprocess.run(
        [probe.with_name("argo-probe.test"), "-test.v"],
        cwd=TOOLS / "argo-probe",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return run.stdout


@pytest.mark.parametrize("name", NAMES)
def test_a_go_test_passes(words, name):
    assert re.search(rf"^--- PASS: {name} ", words, re.MULTILINE), words
