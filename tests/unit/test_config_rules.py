"""Every rule that Argo does not check: a broken file, its exact lines, and the corrected file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.unit.config_files import STACKS, faults_in

FAULTY: Final = Path(__file__).with_name("faulty")

BASE: Final = {
    "cluster": {
        "name": "prod",
        "kubeconfig": "~/.kube/prod",
        "eks": {"name": "prod"},
        "oidc": {"issuer": "https://oidc.eks.eu-west-1.amazonaws.com/id/A1B2C3"},
    },
    "aws": {"account": "111122223333", "region": "eu-west-1"},
    "argo": {"version": "4.0.5"},
    "repositories": {
        "default": {"minio": {"endpoint": "minio:9000", "bucket": {"name": "artifacts"}}}
    },
    "tenants": {"team-a": {}, "team-b": {}},
}
"""A sound stack; a case replaces whole keys of it."""


@dataclass(frozen=True)
class Case:
    """One case of a rule's file."""

    rule: str
    what: str
    broken: dict[str, object]
    lines: str
    corrected: dict[str, object]
    remains: str = ""
    """What is still said of the corrected file: that its backend is not built yet."""

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}"


def document(changes: dict[str, object]) -> dict[str, object]:
    return {"config": {f"argo-artifacts:{key}": value for key, value in (BASE | changes).items()}}


CASES: Final = [
    Case(rule=file.stem, **case)
    for file in sorted(FAULTY.glob("*.yaml"))
    for case in yaml.safe_load(file.read_text())
]

cases = pytest.mark.parametrize("case", CASES, ids=str)


@cases
def test_a_broken_file_is_told_by_exactly_its_lines(case: Case):
    assert faults_in(document(case.broken), STACKS) == case.lines.splitlines()


@cases
def test_the_corrected_file_has_no_fault_but_a_backend_not_built_yet(case: Case):
    assert faults_in(document(case.corrected), STACKS) == case.remains.splitlines()
    assert all(": not built yet, " in line for line in case.remains.splitlines())


def test_every_rule_has_a_case():
    assert sorted({case.rule[:3] for case in CASES if case.rule[0] == "R"}) == [
        f"R{n:02}" for n in range(1, 25)
    ]


@cases
def test_a_line_says_what_is_accepted(case: Case):
    for line in case.lines.splitlines():
        assert any(word in line for word in ("accepted", "required", "remove one", "needs it")), (
            line
        )
