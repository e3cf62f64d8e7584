"""``plan`` as a user meets it."""

from __future__ import annotations

import pytest

from argo_artifacts.access import plan
from argo_artifacts.access.inventory import count, inventory
from tests.unit import command
from tests.unit.stacks import MINIO, settings


@pytest.fixture
def project(tmp_path, capsys, monkeypatch) -> command.Project:
    return command.project(tmp_path, capsys, monkeypatch)


def rows(text: str, head: str) -> list[list[str]]:
    """The rows of the table below the line *head*, cell by cell."""
    lines = text.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(head)) + 2
    table: list[list[str]] = []
    for line in lines[start:]:
        if not line:
            break
        table.append([cell.strip() for cell in line.split("  ") if cell.strip()])
    return table


def test_the_table_says_who_may_do_what_by_which_identity(project):
    said = project.run("plan", "--stack", "test")
    assert (said.code, said.err) == (0, "")
    assert rows(said.out, "Who may do what") == [
        ["team-a", "executor", "workflow", "default", "prod/team-a/", "list read write", "Secret"],
        ["team-a", "collector", "artifact-gc", "default", "prod/team-a/", "list delete", "Secret"],
        ["team-a", "server", "argo/argo-server", "default", "prod/team-a/", "list read", "Secret"],
        ["team-b", "executor", "workflow", "default", "prod/team-b/", "list read write", "Secret"],
        ["team-b", "server", "argo/argo-server", "default", "prod/team-b/", "list read", "Secret"],
    ]
    identities = rows(said.out, "By which identity")
    assert [row[:3] for row in identities] == [
        ["team-a", "default", "Secret argo-artifacts-default"],
        ["team-b", "default", "Secret argo-artifacts-default"],
    ]
    assert identities[0][3].startswith("prod.team-a.default.1.")


def test_the_published_one_of_two_keys_is_marked(project):
    keys = {"live": [5, 6], "publish": 6}
    project.stack(repositories={"default": {"minio": MINIO | {"keys": keys}}})
    (row, _) = rows(project.run("plan", "--stack", "test").out, "By which identity")
    users = row[3].split()
    assert [user.split(".")[3] for user in users if "." in user] == ["5", "6"]
    assert users[-1] == "(published)"
    assert users.count("(published)") == 1


def test_what_a_reader_must_know_is_said_once_for_all_that_it_is_about(project):
    project.stack(tenants={"a": {}, "b": {}, "c": {"retired": True}})
    known = rows(project.run("plan", "--stack", "test").out, "To know")
    assert [row[:2] for row in known if row[0] == "kept"] == [["kept", "a, b, c"]]
    assert {row[0] for row in known} == {"boundary", "union", "kept", "retired"}


def test_the_numbers_are_those_of_the_inventory(project):
    found = rows(project.run("plan", "--stack", "test").out, "What is created: 29 objects")
    made = settings()
    numbers = count(inventory(made, plan(made)))
    assert {kind: int(number) for _, kind, number in found} == numbers
    assert sum(numbers.values()) == 29
    assert {kind: where for where, kind, _ in found if where == "MinIO"} == dict.fromkeys(
        ("Bucket", "Policy", "User", "Attachment"), "MinIO"
    )


def test_what_is_adopted_is_said_beside_the_number(project):
    project.stack(tenants={"a": {"namespace": {"ownership": "adopt"}}, "b": {}})
    found = rows(project.run("plan", "--stack", "test").out, "What is created")
    assert ["Kubernetes", "Namespace", "2, 1 of them adopted"] in found


def test_the_headroom_to_every_quota_is_shown(project):
    found = rows(project.run("plan", "--stack", "test").out, "Headroom")
    assert [row[0] for row in found] == [
        "lifecycle rules of bucket artifacts",
        "object key in default, without the artifact's name",
        "MinIO policy on default",
        "live keys of default",
        "access key of default",
        "ConfigMap artifact-repositories",
        "configuration in the stack file",
    ]
    assert found[3] == ["live keys of default", "-", "1", "2", "keys", "50%"]


def test_json_holds_the_same(project):
    said = project.run("plan", "--stack", "test", "--json").json
    assert (said["stack"], said["cluster"], said["argo"]["version"]) == ("test", "prod", "4.0.5")
    assert said["grants"][0] == {
        "tenant": "team-a",
        "actor": "executor",
        "serviceAccount": "team-a/workflow",
        "repository": "default",
        "prefix": "prod/team-a/",
        "verbs": ["list", "read", "write"],
        "identity": "Secret argo-artifacts-default",
    }
    assert said["credentials"][0]["actors"] == ["executor", "collector", "server"]
    assert sum(said["numbers"].values()) == len(said["creates"]) == 29
    assert all(q["headroom"] == q["limit"] - q["used"] for q in said["quotas"])
    assert {note["topic"] for note in said["notes"]} == {"boundary", "union", "kept", "collection"}


def test_one_tenant_is_shown_alone(project):
    said = project.run("plan", "--stack", "test", "--tenant", "team-b", "--json").json
    assert {grant["tenant"] for grant in said["grants"]} == {"team-b"}
    assert {credential["tenant"] for credential in said["credentials"]} == {"team-b"}
    assert all("team-b" in item["name"] for item in said["creates"])
    assert len(said["creates"]) == 14
    assert not [note for note in said["notes"] if "team-a" in note["about"]]
    assert [note["about"] for note in said["notes"] if note["topic"] == "collection"] == ["team-b"]


def test_a_file_of_another_name_is_read_as_that_stack(project, tmp_path):
    project.stack("other", tenants={"only": {}})
    file = tmp_path / "stacks" / "Pulumi.other.yaml"
    moved = file.rename(tmp_path / "stacks" / "elsewhere.yaml")
    said = project.run("plan", "--stack", "prod", "--config-file", str(moved), "--json").json
    assert said["stack"] == "prod"
    assert {grant["tenant"] for grant in said["grants"]} == {"only"}


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["--stack", "test", "-t", "x"],
            "--tenant: 'x' is no tenant, one of team-a, team-b is accepted",
        ),
        (
            ["--stack", "none"],
            "Pulumi.none.yaml: cannot be read (No such file or directory), a YAML file is accepted",
        ),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(project, arguments, line):
    said = project.run("plan", *arguments)
    assert (said.code, said.out, said.err) == (2, "", f"{line}\n")


def test_what_is_too_large_is_refused(project):
    prefix = "/".join(["p" * 200] * 60) + "/"
    project.stack(
        repositories={"default": {"minio": MINIO, "sharedWith": ["a"]}},
        tenants={"a": {"repositories": [{"name": "default", "prefix": prefix}]}},
    )
    for name in ("plan", "documents"):
        said = project.run(name, "--stack", "test")
        assert (said.code, said.out) == (2, "")
        assert len(said.err.splitlines()) == 2
