"""Tenants in files: found by pattern, each namespace once, any number of them."""

from __future__ import annotations

import errno
import json
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from argo_artifacts.config.read import MAX_INLINE_BYTES, inline_bytes
from tests.unit.config_files import faults_in
from tests.unit.test_config_rules import document

if TYPE_CHECKING:
    from pathlib import Path


def tenants(names: list[str]) -> str:
    return json.dumps({"tenants": {name: {} for name in names}})


def test_a_tenant_in_two_files_is_refused_with_both_places(tmp_path: Path):
    (tmp_path / "core.yaml").write_text(tenants(["team-c", "team-d"]))
    (tmp_path / "payments.yaml").write_text(tenants(["team-c"]))
    assert faults_in(document({"tenantFiles": ["*.yaml"]}), tmp_path) == [
        "payments.yaml:tenants.team-c: already stands in core.yaml:tenants.team-c; remove one"
    ]


def test_a_tenant_in_the_stack_file_and_in_a_file_is_refused(tmp_path: Path):
    (tmp_path / "core.yaml").write_text(tenants(["team-a"]))
    assert faults_in(document({"tenantFiles": ["core.yaml"]}), tmp_path) == [
        "core.yaml:tenants.team-a: already stands in argo-artifacts:tenants.team-a; remove one"
    ]


def test_a_file_that_two_patterns_match_is_read_once(tmp_path: Path):
    (tmp_path / "core.yaml").write_text(tenants(["team-c"]))
    assert faults_in(document({"tenantFiles": ["core.yaml", "*.yaml"]}), tmp_path) == []


@pytest.mark.parametrize("pattern", ["none/*.yaml", "/etc/passwd", "..", "", "\0", "**/"])
def test_a_pattern_without_a_file_is_one_line(tmp_path: Path, pattern: str):
    [line] = faults_in(document({"tenantFiles": [pattern]}), tmp_path)
    assert line.startswith("argo-artifacts:tenantFiles[0]: ")
    assert line.endswith(
        " matches no file, a path relative to the stack file is accepted; * and ** are wildcards"
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "t.yaml: null, a mapping with the one key tenants is accepted"),
        ("- team-c", "t.yaml: a list, a mapping with the one key tenants is accepted"),
        ("tenant: {}", "t.yaml:tenant: unknown key, tenants is accepted; did you mean tenants"),
        ("{}", "t.yaml:tenants: missing, a mapping is required"),
        ("tenants:", "t.yaml:tenants: null, a mapping is accepted"),
        ("tenants: {a: {}, a: {}}", "t.yaml: key 'a' twice in line 1, plain YAML is accepted"),
        (
            "a: [",
            (
                "t.yaml: expected the node content, but found '<stream end>' in line 1, plain"
                " YAML is accepted"
            ),
        ),
        (
            "tenants: {team-c: }",
            "t.yaml:tenants.team-c: null, a mapping is accepted; write {} where the defaults serve",
        ),
        (
            "tenants: {Team_C: {}}",
            (
                "t.yaml:tenants.Team_C: 'Team_C', a DNS label (lower-case letters, digits, '-') is"
                " accepted"
            ),
        ),
    ],
)
def test_a_file_that_holds_no_tenants_is_one_line(tmp_path: Path, text: str, line: str):
    (tmp_path / "t.yaml").write_text(text)
    assert faults_in(document({"tenantFiles": ["t.yaml"]}), tmp_path) == [line]


def test_a_binary_file_is_one_line(tmp_path: Path):
    (tmp_path / "t.yaml").write_bytes(b"\x89PNG\xff\xfe")
    assert faults_in(document({"tenantFiles": ["t.yaml"]}), tmp_path) == [
        "t.yaml: cannot be read (no UTF-8 text), a YAML file is accepted"
    ]


def test_configuration_beyond_one_environment_variable_is_refused_with_the_cure(tmp_path: Path):
    many = {f"team-{n:04}": {"serviceAccounts": ["workflow"]} for n in range(3000)}
    [line] = faults_in(document({"tenants": many}), tmp_path)
    assert line.startswith("argo-artifacts:tenants: ")
    assert line.endswith(
        " bytes of configuration, at most 131072 are accepted; move tenants into files and name"
        " them in tenantFiles"
    )
    (tmp_path / "many.yaml").write_text(json.dumps({"tenants": many}))
    assert faults_in(document({"tenants": {}, "tenantFiles": ["many.yaml"]}), tmp_path) == []


def test_the_limit_is_where_the_kernel_refuses_the_variable():
    def configured(padding: int) -> dict[str, object]:
        return {"tenants": {"team-é": {"x": "&" * padding}}}

    def runs(values: dict[str, object]) -> bool:
        texts = {
            f"argo-artifacts:{key}": json.dumps(value, separators=(",", ":"), ensure_ascii=False)
            for key, value in values.items()
        }
        text = json.dumps(texts, separators=(",", ":"), ensure_ascii=False)
        environment = {"PATH": "/usr/bin:/bin", "PULUMI_CONFIG": text}
        try:
            subprocess.run(["true"], env=environment, check=True)
        except OSError as error:
            return error.errno != errno.E2BIG
        return True

    largest = MAX_INLINE_BYTES - inline_bytes(configured(0))
    assert inline_bytes(configured(largest)) == MAX_INLINE_BYTES
    assert runs(configured(largest))
    assert not runs(configured(largest + 1))


def test_a_thousand_tenants_in_files_are_read_in_seconds(tmp_path: Path):
    for file in range(100):
        names = [f"team-{file:02}-{n}" for n in range(10)]
        lines = [f"  {name}: {{serviceAccounts: [workflow, etl]}}" for name in names]
        (tmp_path / f"{file:02}.yaml").write_text("tenants:\n" + "\n".join(lines))
    before = time.process_time()
    assert faults_in(document({"tenantFiles": ["*.yaml"]}), tmp_path) == []
    assert time.process_time() - before < 10
