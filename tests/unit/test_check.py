"""``check`` as a user meets it: what it prints, where, and with which exit code."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from argo_artifacts.cli import main
from tests.unit.config_files import PLANNED, ROOT, STACKS
from tests.unit.test_config_rules import CASES, document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., "Said"]


class Said(NamedTuple):
    """What a run of the command line said."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str, folder: Path = ROOT) -> Said:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["argo-artifacts", *arguments])
        with pytest.raises(SystemExit) as exit_:
            main()
        out, err = capsys.readouterr()
        return Said(exit_.value.code or 0, out, err)

    return run


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project file and of ``stacks/``."""
    shutil.copytree(STACKS, tmp_path / "stacks")
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    return tmp_path


def test_without_arguments_all_of_stacks_is_checked_and_fine(run: Run):
    said = run("check")
    assert said.code == 0
    assert said.err == ""
    lines = said.out.splitlines()
    stacks, tenants = (len(list(STACKS.glob(f))) for f in ("Pulumi.*.yaml", "tenants/*.yaml"))
    assert lines[-1] == f"{stacks} stack files and {tenants} tenant files checked: 0 faults"
    for file in STACKS.rglob("*.yaml"):
        assert any(line.startswith(f"{file.relative_to(ROOT)}: fine, ") for line in lines)


def test_a_template_is_called_one_and_needs_no_secret_of_the_user(run: Run):
    said = run("check", "stacks/Pulumi.local.yaml")
    assert said.out.splitlines() == [
        (
            "stacks/Pulumi.local.yaml: a template that `make up` fills in; samples stand for"
            " API_SERVER, KUBECONFIG, MINIO_ENDPOINT"
        ),
        "stacks/Pulumi.local.yaml: fine, 1 repository, 2 tenants",
        "1 stack file and 0 tenant files checked: 0 faults",
    ]


def test_secrets_to_be_set_before_the_first_up_are_named_until_they_are(run: Run, project: Path):
    file = project / "stacks/Pulumi.minio-external.yaml"
    before = "stacks/Pulumi.minio-external.yaml: before `pulumi up`: `pulumi config set --secret"
    assert run("check", folder=project).out.count(before) == 2
    file.write_text(file.read_text() + "  argo-artifacts:minioAccessKey: {secure: v1:abc}\n")
    said = run("check", folder=project)
    assert said.out.count(before) == 1
    assert f"{before} minioSecretKey`" in said.out


def test_a_fault_is_one_line_with_file_line_and_path(run: Run, project: Path):
    file = project / "stacks/Pulumi.minio-credentials.yaml"
    file.write_text(file.read_text().replace("endpoint: s3", "endpoint: https://s3"))
    said = run("check", "stacks/Pulumi.minio-credentials.yaml", folder=project)
    assert said == Said(
        1,
        "stacks/Pulumi.minio-credentials.yaml:16: argo-artifacts:repositories.default.minio"
        ".endpoint: 'https://s3.storage.example.com' has a scheme, host or host:port is accepted;"
        " TLS is on unless tls.enabled is false (R2)\n"
        "1 stack file and 0 tenant files checked: 1 fault\n",
        "",
    )


def test_a_fault_in_a_tenant_file_stands_there_and_once(run: Run, project: Path):
    file = project / "stacks/tenants/team-b.yaml"
    file.write_text(file.read_text().replace("artifactGC", "artifactGc"))
    said = run("check", folder=project)
    faults = [line for line in said.out.splitlines() if "unknown key" in line]
    assert said.code == 1
    assert [line.split(": ")[:2] for line in faults] == [
        ["stacks/tenants/team-b.yaml:4", "tenants.team-b.artifactGc"]
    ]
    assert run("check", "stacks/tenants/team-b.yaml", folder=project).out.splitlines() == [
        faults[0],
        "0 stack files and 1 tenant file checked: 1 fault",
    ]


def test_what_is_missing_is_told_at_the_line_of_what_lacks_it(run: Run, project: Path):
    file = project / "stacks/Pulumi.prod.yaml"
    file.write_text("# comment\nconfig:\n  argo-artifacts:cluster:\n    name: prod\n")
    said = run("check", "stacks/Pulumi.prod.yaml", folder=project)
    assert [line.split(": ")[0] for line in said.out.splitlines()[:-1]] == [
        "stacks/Pulumi.prod.yaml:3",
        "stacks/Pulumi.prod.yaml:2",
        "stacks/Pulumi.prod.yaml:2",
    ]


def test_what_a_store_or_the_cluster_would_refuse_is_a_fault_too(run: Run, project: Path):
    file = project / "stacks/Pulumi.minio-existing-secret.yaml"
    file.write_text(file.read_text().replace("name: artifact-store", "name: argo-artifacts-onprem"))
    said = run("check", str(file.relative_to(project)), folder=project)
    assert said.code == 1
    assert "existingSecret.name: 'argo-artifacts-onprem' is a Secret that this stack" in said.out


def test_a_file_by_another_name_is_a_stack_file_if_it_holds_configuration(run: Run, tmp_path: Path):
    (tmp_path / "prod.yaml").write_text(json.dumps(document({"tenants": {"team-a": 7}})))
    said = run("check", "prod.yaml", folder=tmp_path)
    assert said.out.startswith("prod.yaml:1: argo-artifacts:tenants.team-a: a number, ")


def test_a_folder_stands_for_all_files_in_it(run: Run):
    said = run("check", str(PLANNED.relative_to(ROOT)))
    assert said.code == 1
    lines = said.out.splitlines()
    assert lines[-1] == "6 stack files and 0 tenant files checked: 6 faults"
    assert sum("not built yet" in line for line in lines) == len(lines) - 1 == 6


def test_an_argument_that_is_no_file_is_wrong_input_and_the_others_are_checked(run: Run):
    said = run("check", "stacks/Pulumi.none.yaml", "stacks/Pulumi.local.yaml")
    assert said.code == 2
    assert said.err == (
        "stacks/Pulumi.none.yaml: no such file, a stack or tenant file is accepted\n"
    )
    assert "stacks/Pulumi.local.yaml: fine" in said.out


@pytest.mark.parametrize("argument", ["Pulumi.yaml", "docs/decisions", "stacks/certs"])
def test_what_holds_no_stack_file_is_wrong_input(run: Run, argument: str):
    assert run("check", argument) == Said(
        2,
        "0 stack files and 0 tenant files checked: 0 faults\n",
        f"{argument}: no stack or tenant file, Pulumi.<stack>.yaml is accepted\n",
    )


def test_a_folder_without_a_project_is_one_line(run: Run, tmp_path: Path):
    said = run("check", folder=tmp_path)
    assert said.code == 2
    assert said.err == "stacks: no such file, a stack or tenant file is accepted\n"


@pytest.mark.parametrize(
    "content", [b"", b"\x00\x01", b"\xff\xfe", b"a: [", b"[]", b"7", b"\x89PNG\r\n", b"a: *b"]
)
@pytest.mark.parametrize("name", ["Pulumi.x.yaml", "tenants.yaml"])
def test_a_file_that_is_no_stack_file_is_one_line(
    run: Run, tmp_path: Path, content: bytes, name: str
):
    (tmp_path / name).write_bytes(content)
    said = run("check", name, folder=tmp_path)
    assert (said.code, said.err) == (1, "")
    assert len(said.out.splitlines()) == 2
    assert said.out.startswith(name)


def test_an_endless_file_is_one_line(run: Run, tmp_path: Path):
    (tmp_path / "Pulumi.x.yaml").symlink_to("/dev/zero")
    said = run("check", "Pulumi.x.yaml", folder=tmp_path)
    assert said.code == 1
    assert said.out.startswith("Pulumi.x.yaml: more than 16777216 bytes, a smaller file is ")


def test_json_says_the_same(run: Run, project: Path):
    file = project / "stacks/tenants/team-b.yaml"
    file.write_text(file.read_text().replace("artifactGC: false", "artifactGC: 7"))
    said = run("check", "--json", folder=project)
    value = json.loads(said.out)
    assert said.code == 1
    assert value["faults"] == [
        {
            "file": "stacks/tenants/team-b.yaml",
            "line": 4,
            "path": "tenants.team-b.artifactGC",
            "message": "a number, true or false is accepted",
        }
    ]
    files = {entry["file"]: entry for entry in value["files"]}
    assert files["stacks/Pulumi.local.yaml"] == {
        "file": "stacks/Pulumi.local.yaml",
        "kind": "stack",
        "fine": True,
        "repositories": 1,
        "tenants": 2,
        "placeholders": ["API_SERVER", "KUBECONFIG", "MINIO_ENDPOINT"],
        "secretKeys": [],
    }
    assert not files["stacks/Pulumi.minio-external.yaml"]["fine"]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_broken_file_of_every_rule_is_told_by_its_lines(run: Run, project: Path, case):
    file = project / "stacks/Pulumi.broken.yaml"
    file.write_text(json.dumps(document(case.broken), indent=1))
    said = run("check", "stacks/Pulumi.broken.yaml", folder=project)
    *faults, closing = said.out.splitlines()
    expected = [line.removeprefix("tenants/team-a.yaml:") for line in case.lines.splitlines()]
    assert [line.split(": ", maxsplit=1)[1] for line in faults] == expected
    assert closing.startswith("1 stack file and 0 tenant files checked: ")
    assert said.code == 1


def test_the_console_script_runs_without_pulumi_network_or_cluster():
    script = ROOT / ".venv/bin/argo-artifacts"
    done = subprocess.run(
        [sys.executable, script, "check"],
        cwd=ROOT,
        env={"PATH": "/nowhere", "HOME": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("checked: 0 faults\n")
