"""Stack files as text: what is no plain YAML, or is something else to Pulumi, is one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from argo_artifacts.config.yaml_file import line_numbers, parse_yaml
from tests.unit.config_files import faults_of

if TYPE_CHECKING:
    from pathlib import Path

STACK = """
config:
  argo-artifacts:cluster: {{name: prod, kubeconfig: ~/.kube/prod}}
  argo-artifacts:argo: {{version: {version}}}
  argo-artifacts:repositories:
    default: {{minio: {{endpoint: "minio:9000", bucket: {{name: artifacts}}}}}}
{more}
"""


def stack(folder: Path, *, version: str = "4.0.5", more: str = "") -> list[str]:
    file = folder / "Pulumi.prod.yaml"
    file.write_text(STACK.format(version=version, more=more))
    return faults_of(file)


def test_a_sound_file_has_no_fault(tmp_path: Path):
    assert stack(tmp_path) == []


def test_what_pulumi_itself_keeps_in_the_file_is_left_alone(tmp_path: Path):
    more = (
        "  aws:region: eu-west-1\n"
        "  other:cluster: 7\n"
        "  argo-artifacts:minioAccessKey: {secure: v1:abc}\n"
        "encryptionsalt: v1:abc\nsecretsprovider: passphrase\nencryptedkey: abc\n"
        "environment: [a/b]\n"
    )
    assert stack(tmp_path, more=more) == []


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ("  other: &a {}\n  that: *a\n", "an alias in line 8, plain YAML is accepted"),
        (
            "  other: !!binary aGVsbG8=\n",
            "the tag 'tag:yaml.org,2002:binary' in line 7, plain YAML is accepted",
        ),
        (
            "  other: !!python/object:os.system {}\n",
            "the tag 'tag:yaml.org,2002:python/object:os.system' in line 7, plain YAML is accepted",
        ),
        ("  ? [a]\n  : b\n", "a key that is no text in line 7, plain YAML is accepted"),
        ("  a: 1\n  a: 2\n", "key 'a' twice in line 8, plain YAML is accepted"),
        (
            "  account: 012345678901\n",
            "a number that begins with 0 in line 7, plain YAML is accepted",
        ),
        ("---\na: 1\n", "but found another document in line 7, plain YAML is accepted"),
        ("  \x07: 1\n", "no YAML document, plain YAML is accepted"),
    ],
)
def test_what_is_not_plain_yaml_is_one_line_with_its_line(tmp_path: Path, more: str, line: str):
    assert stack(tmp_path, more=more) == [f"Pulumi.prod.yaml: {line}"]


def test_a_version_that_reads_as_a_number_is_told_to_be_quoted(tmp_path: Path):
    assert stack(tmp_path, version="4.1") == [
        "argo-artifacts:argo.version: a number, text is accepted; put it in quotes"
    ]


def test_yes_and_dates_are_text_as_they_are_to_pulumi():
    assert parse_yaml("{a: yes, b: 2026-01-01, c: 0x10, d: 1.5, e: -7, f: ~}", "f") == {
        "a": "yes",
        "b": "2026-01-01",
        "c": "0x10",
        "d": 1.5,
        "e": -7,
        "f": None,
    }


def test_a_section_twice_with_and_without_namespace_is_refused(tmp_path: Path):
    more = "  argo-artifacts:tenants: {team-a: {}}\n  tenants: {}\n"
    assert stack(tmp_path, more=more) == ["argo-artifacts:tenants: stands twice, once is accepted"]


def test_keys_without_a_namespace_are_the_projects(tmp_path: Path):
    assert stack(tmp_path, more="  tenants: {team-a: 7}\n") == [
        "argo-artifacts:tenants.team-a: a number, a mapping is accepted"
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "Pulumi.prod.yaml: null, a stack file with the key config is accepted"),
        ("[]", "Pulumi.prod.yaml: a list, a stack file with the key config is accepted"),
        ("{}", "Pulumi.prod.yaml:config: missing, a mapping is required"),
        ("config: x", "Pulumi.prod.yaml:config: text, a mapping is required"),
        (
            "confg: {}",
            (
                "Pulumi.prod.yaml:confg: unknown key, config, encryptedkey, encryptionsalt,"
                " environment, secretsprovider are accepted; did you mean config"
            ),
        ),
    ],
)
def test_a_file_without_configuration_is_one_line(tmp_path: Path, text: str, line: str):
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text(text)
    assert faults_of(file) == [line]


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path):
    assert faults_of(tmp_path / "Pulumi.none.yaml") == [
        "Pulumi.none.yaml: cannot be read (No such file or directory), a YAML file is accepted"
    ]
    (tmp_path / "Pulumi.folder.yaml").mkdir()
    assert faults_of(tmp_path / "Pulumi.folder.yaml") == [
        "Pulumi.folder.yaml: cannot be read (Is a directory), a YAML file is accepted"
    ]


def test_a_secret_inside_a_section_is_refused_at_its_place(tmp_path: Path):
    more = "  argo-artifacts:tenants: {team-a: {retired: {secure: v1:abc}}}\n"
    assert stack(tmp_path, more=more) == [
        (
            "argo-artifacts:tenants.team-a.retired: a secret, a plain value is accepted; secrets"
            " stand in keys of their own"
        )
    ]


def test_a_whole_section_as_a_secret_is_refused(tmp_path: Path):
    assert stack(tmp_path, more="  argo-artifacts:tenants: {secure: v1:abc}\n") == [
        "argo-artifacts:tenants: a secret, a plain value is accepted"
    ]


def test_a_secret_that_nothing_reads_is_refused_with_what_was_meant(tmp_path: Path):
    assert stack(tmp_path, more="  argo-artifacts:minioAcessKey: {secure: v1:abc}\n") == [
        (
            "argo-artifacts:minioAcessKey: a secret that no repository reads, none is accepted;"
            " did you mean minioAccessKey"
        )
    ]


def test_the_secrets_of_a_faulty_repository_are_no_faults_of_their_own(tmp_path: Path):
    more = (
        "    other: {minio: {endpoint: m, bucket: {name: x},"
        " admin: {accessKeyConfig: otherAccessKey, secretKeyConfig: otherSecretKey}}}\n"
        "  argo-artifacts:otherAccessKey: {secure: v1:abc}\n"
        "  argo-artifacts:otherSecretKey: plain\n"
    )
    assert [line.split(", ")[0] for line in stack(tmp_path, more=more)] == [
        "argo-artifacts:repositories.other.minio.bucket.name: 'x'",
        "argo-artifacts:otherSecretKey: plain text",
    ]


def test_lines_are_counted_as_editors_do():
    text = "# comment\na:\n  b: [1,\n    2]\n\n  c: {d: 1}\n"
    assert line_numbers(text) == {
        "a": 2,
        "a.b": 3,
        "a.b[0]": 3,
        "a.b[1]": 4,
        "a.c": 6,
        "a.c.d": 6,
    }
