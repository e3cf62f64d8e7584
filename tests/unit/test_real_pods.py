"""What ``make test`` says of the tests on real pods, and when it runs them."""

import json
from pathlib import Path

import pytest

from tests.unit.config_files import STACKS, faults_of, settings_of
from tools import run_tests
from tools.e2e import layout, part
from tools.e2e.platform import stack_file
from tools.e2e.server import ENDPOINT
from tools.errors import ToolError
from tools.programs import PROGRAMS
from tools.test_report import REPORT

TABLE = {program.name: program for program in PROGRAMS}


@pytest.fixture
def ready(monkeypatch, tmp_path):
    """A machine that has everything; the tests themselves are replaced by `check`."""
    monkeypatch.setattr(layout, "LEFT", tmp_path / "left")
    monkeypatch.setattr(part.needs, "missing", list)
    monkeypatch.setattr(part, "missing", lambda _names: [])
    monkeypatch.setattr(part, "check", never)


def never(*_arguments, **_variables):
    pytest.fail("tests on real pods were begun")


def ends_with(code, **facts):
    def check(_arguments, _out, **variables):
        if facts:
            Path(variables[REPORT]).write_text(json.dumps(facts))
        return code

    return check


@pytest.mark.usefixtures("ready")
def test_a_machine_that_cannot_is_told_what_it_lacks_first(monkeypatch):
    line = "PATH: no runc, the one of the package runc is needed"
    monkeypatch.setattr(part.needs, "missing", lambda: [line])
    assert part.run_part(None) == part.Part(f"real pods: not run, {line}; `make e2e` says all")
    monkeypatch.setattr(part.needs, "missing", lambda: [line, "more", "and more"])
    assert part.run_part(None) == part.Part(
        f"real pods: not run, {line} (and 2 more); `make e2e` says all"
    )


@pytest.mark.usefixtures("ready")
def test_programs_are_not_built_for_it_but_named_with_the_time_that_they_take(monkeypatch):
    asked = []

    def missing(names):
        asked.extend(names)
        return [TABLE["containerd"], TABLE["pause"]]

    monkeypatch.setattr(part, "missing", missing)
    assert part.run_part(None) == part.Part(
        "real pods: not run, to be built: containerd, pause, about 2 min 05 s; "
        "`make e2e` builds and runs them"
    )
    assert {"kubelet", "kwok", "minio", "pulumi"} - set(asked) == {"kwok"}


@pytest.mark.usefixtures("ready")
def test_where_all_is_ready_they_run_and_are_counted(monkeypatch):
    monkeypatch.setattr(part, "check", ends_with(0, passed={"e2e": 41}, unproved=[]))
    ran = part.run_part(None)
    assert ran == part.Part("real pods: 41 tests passed in 0.0 s")
    assert list(layout.LEFT.iterdir()) == []


@pytest.mark.parametrize(
    ("check", "faults"),
    [
        (
            ends_with(1, passed={"e2e": 40}, unproved=[]),
            ("tests/e2e: ended with 1, 0 is accepted; see above",),
        ),
        (ends_with(1), ("tests/e2e: ended with 1, 0 is accepted; see above",)),
        (
            ends_with(0, passed={"e2e": 40}, unproved=["tests/e2e/test_a.py::test_b: skipped"]),
            ("tests/e2e/test_a.py::test_b: skipped, every test must run",),
        ),
        (
            ends_with(0),
            ("tests/e2e: no test passed, a layer that did not run is no proof",),
        ),
    ],
    ids=["failed", "no report", "skipped", "nothing ran"],
)
@pytest.mark.usefixtures("ready")
def test_what_fails_there_fails_the_whole_run(monkeypatch, check, faults):
    monkeypatch.setattr(part, "check", check)
    assert part.run_part(None).faults == faults


@pytest.mark.usefixtures("ready")
def test_what_does_not_start_fails_the_whole_run(monkeypatch):
    def check(*_arguments, **_variables):
        message = "lock: held by another run"
        raise ToolError(message)

    monkeypatch.setattr(part, "check", check)
    assert part.run_part(None) == part.Part(
        "real pods: begun, not finished", ("lock: held by another run",)
    )


def test_the_stack_of_real_pods_is_valid_and_has_the_tenants_of_make_up(tmp_path):
    written = tmp_path / "Pulumi.e2e.yaml"
    written.write_text(stack_file(tmp_path / "kubeconfig", tmp_path / "minio-5.4.0.tgz"))
    assert faults_of(written) == []
    settings = settings_of(written)
    minio = settings.repositories["default"].minio
    assert minio.server == "helm"
    assert minio.endpoint == ENDPOINT
    assert settings.tenants == settings_of(STACKS / "Pulumi.local.yaml").tenants


def test_a_look_at_a_part_of_the_tests_leaves_them_out(monkeypatch):
    monkeypatch.setattr(run_tests, "run_part", never)
    assert run_tests._real_pods(["tests/unit"]).line == (
        "real pods: not run, a part of the tests was asked for; `make e2e` runs them"
    )


@pytest.mark.parametrize("faults", [(), ("tests/e2e: ended with 1, 0 is accepted; see above",)])
def test_the_summary_has_the_line_and_the_run_its_faults(monkeypatch, capsys, faults):
    facts = {"passed": dict.fromkeys(run_tests.LAYERS, 1), "unproved": []}
    monkeypatch.setattr(run_tests, "find_or_build", lambda *_names, **_progress: {"argo-probe": ""})
    monkeypatch.setattr(run_tests, "lint", lambda: None)
    monkeypatch.setattr(run_tests, "_pytest", lambda *_arguments: 0)
    monkeypatch.setattr(run_tests, "read", lambda _path: facts)
    monkeypatch.setattr(
        run_tests, "_versions", lambda *_paths: dict.fromkeys(run_tests.VERSIONS, "1")
    )
    monkeypatch.setattr(run_tests, "run_part", lambda _out: part.Part("real pods: so", faults))
    assert run_tests.run_tests([]) == len(faults)
    lines = capsys.readouterr().out.splitlines()
    assert "real pods: so" in lines
    assert [line for line in lines if line in faults] == list(faults)
