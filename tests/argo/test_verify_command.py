"""The command on a stack that ``pulumi up`` made: real engine, API server and store."""

from __future__ import annotations

import base64
import json
import os
import pty
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import boto3
import pytest
import yaml
from lightkube import Client, KubeConfig
from lightkube.resources.core_v1 import ConfigMap, Secret

from argo_artifacts.access.names import DEFAULT_ANNOTATION, REPOSITORIES_CONFIG_MAP
from tests.harness import ROOT
from tests.unit.command import Project
from tools.local_platform.runner import PulumiRunner

if TYPE_CHECKING:
    from pathlib import Path

    from tools.local_platform.platform import LocalPlatform

STACK = "verified"
A, B = "verified-a", "verified-b"
GUARD = "https://10.1.2.3"
GONE = "No such file or directory"


@dataclass
class Scene:
    """A provisioned stack and the command line that looks at it."""

    platform: LocalPlatform
    runner: PulumiRunner
    client: Client

    def run(self, *arguments, file: Path | None = None, **environment):
        """Run ``verify``; variables that are None are taken away."""
        given = self.runner.environment() | environment
        return subprocess.run(
            [
                *(sys.executable, "-m", "argo_artifacts.cli", "verify", "--stack", STACK),
                *("--config-file", file or self.runner.config_file, *arguments),
            ],
            cwd=ROOT,
            env={key: value for key, value in given.items() if value is not None},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def objects(self, prefix: str = "") -> list[str]:
        s3 = boto3.client(
            "s3",
            endpoint_url=f"http://{self.platform.minio_endpoint}",
            region_name="us-east-1",
            aws_access_key_id=self.platform.minio_access_key,
            aws_secret_access_key=self.platform.minio_secret_key,
        )
        listed = s3.list_objects_v2(Bucket=STACK, Prefix=prefix)
        return [entry["Key"] for entry in listed.get("Contents", [])]

    def secrets(self) -> list[str]:
        """Every secret that the command meets."""
        values = [self.platform.minio_secret_key]
        for tenant in (A, B):
            data = self.client.get(Secret, "argo-artifacts-default", namespace=tenant).data
            values.append(base64.b64decode(data["secretKey"]).decode())
        return values

    def changed(self, folder: Path, **cluster: object) -> Path:
        """A copy of the stack's file with another cluster."""
        document = yaml.safe_load(self.runner.config_file.read_text())
        document["config"]["argo-artifacts:cluster"] |= cluster
        file = folder / f"Pulumi.{STACK}.yaml"
        file.write_text(yaml.safe_dump(document))
        return file


@pytest.fixture(scope="module")
def scene(platform, tmp_path_factory):
    folder = tmp_path_factory.mktemp("verified")
    runner = PulumiRunner(folder, ROOT, platform.programs, stack=STACK)
    config = {
        "cluster": {"name": STACK, "kubeconfig": str(platform.kubeconfig)},
        "argo": {"version": "4.0.5", "namespace": "verified-argo"},
        "repositories": {
            "default": {
                "minio": {
                    "endpoint": platform.minio_endpoint,
                    "tls": {"enabled": False},
                    "bucket": {"name": STACK, "forceDestroy": True},
                }
            }
        },
        "tenants": {A: {}, B: {"artifactGC": False, "serviceAccounts": ["etl", "ml"]}},
        "tenantDefaults": {"namespace": {"deleteNamespace": True}},
    }
    named = {f"argo-artifacts:{key}": value for key, value in config.items()}
    runner.make_stack()
    runner.config_file.write_text(yaml.safe_dump({"config": named}))
    runner.set_secret("argo-artifacts:minioAccessKey", platform.minio_access_key)
    runner.set_secret("argo-artifacts:minioSecretKey", platform.minio_secret_key)
    runner.on_stack("up", "--yes", "--skip-preview", capture=True)
    yield Scene(platform, runner, Client(KubeConfig.from_file(platform.kubeconfig).get()))
    runner.on_stack("destroy", "--yes", "--skip-preview", capture=True)


@dataclass
class Run:
    """What one run of the command gave, and what it left in the bucket."""

    done: subprocess.CompletedProcess[str]
    left: list[str]
    junit: str = ""


@pytest.fixture(scope="module")
def sound(scene, tmp_path_factory) -> Run:
    """Everything is as it was provisioned."""
    file = tmp_path_factory.mktemp("junit") / "junit.xml"
    done = scene.run("--json", "--junit", str(file))
    return Run(done, scene.objects(), file.read_text())


@pytest.fixture(scope="module")
def table(scene, sound) -> Run:  # noqa: ARG001 - what comes before it
    """The same, for people."""
    return Run(scene.run(), scene.objects())


@pytest.fixture(scope="module")
def alone(scene, table) -> Run:  # noqa: ARG001 - what comes before it
    """Without pulumi on PATH."""
    return Run(scene.run("--json", PATH="/usr/bin:/bin"), scene.objects())


def test_a_stack_that_was_just_provisioned_is_as_expected(sound):
    done = sound.done
    assert done.returncode == 0, done.stdout + done.stderr
    value = json.loads(done.stdout)
    assert value["good"]
    assert value["stack"] == f"argo-artifacts/{STACK}"
    assert value["notes"] == []
    assert value["leftBehind"] == []
    assert value["counts"]["ok"] > 55
    assert {row["tenant"] for row in value["rows"]} == {A, B}
    suites = ET.fromstring(sound.junit)  # noqa: S314 - our own file
    assert sum(int(suite.get("tests")) for suite in suites) == len(value["rows"])
    assert sound.left == []
    assert "looking up the credentials of 2 tenants" in done.stderr


def test_the_table_is_for_people(table):
    done = table.done
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split() == [
        *("TENANT", "REPOSITORY", "CHECK", "TARGET", "EXPECTED", "FOUND", "RESULT")
    ]
    assert any(line.startswith(A) and "list, get, put, delete" in line for line in lines)
    assert lines[-1].startswith(f"verify argo-artifacts/{STACK}: all as expected; ")
    assert len(lines) < 30  # of more than 60 rows


def test_on_a_terminal_there_is_a_bar_and_a_table(scene):
    command = [
        *(sys.executable, "-m", "argo_artifacts.cli", "verify", "--stack", STACK),
        *("--config-file", scene.runner.config_file, "--tenant", A),
    ]
    leader, follower = pty.openpty()
    environment = scene.runner.environment() | {"TERM": "xterm", "COLUMNS": "140"}
    environment.pop("NO_COLOR", None)
    environment.pop("CI", None)
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=follower, stdout=follower, stderr=follower
    ) as child:
        os.close(follower)
        shown = b""
        while True:
            try:
                shown += os.read(leader, 65536)
            except OSError:  # the other side is closed
                break
    os.close(leader)
    assert child.returncode == 0, shown.decode()
    text = shown.decode()
    assert "\x1b[" in text
    assert "trying" in text
    assert "put, get, head, list" in text
    assert "all as expected" in text


def test_no_secret_is_in_any_output(scene, sound, table, alone):
    text = "".join(run.done.stdout + run.done.stderr + run.junit for run in (sound, table, alone))
    assert A in text
    secrets = scene.secrets()
    assert len(set(secrets)) == 3
    for secret in secrets:
        for form in (secret, base64.b64encode(secret.encode()).decode()):
            assert form not in text


def test_without_pulumi_the_tenants_clean_up_alone_and_what_stays_is_listed(alone):
    value = json.loads(alone.done.stdout)
    assert alone.done.returncode == 0
    assert "no provisioning credential (pulumi is not on PATH)" in value["notes"][0]
    assert len(value["leftBehind"]) == 1
    assert f"{STACK}/{B}/.argo-artifacts-verify/{value['run']}/" in value["leftBehind"][0]
    assert {key.split("/")[1] for key in alone.left} == {B}


def test_with_another_passphrase_there_is_no_provisioner_and_no_word_of_pulumi(scene):
    done = scene.run("--tenant", A, PULUMI_CONFIG_PASSPHRASE="another")
    assert done.returncode == 0
    assert "no provisioning credential (`pulumi config get minioAccessKey` gives nothing)" in (
        done.stdout
    )
    assert "passphrase" not in done.stdout + done.stderr


def test_a_secret_that_is_gone_from_the_cluster_is_a_failure(scene):
    kept = scene.client.get(Secret, "argo-artifacts-default", namespace=A)
    scene.client.delete(Secret, "argo-artifacts-default", namespace=A)
    try:
        done = scene.run("--json", "--tenant", A)
    finally:
        kept.metadata.resourceVersion = kept.metadata.uid = None
        kept.metadata.managedFields = None
        scene.client.create(kept)
    assert done.returncode == 1
    value = json.loads(done.stdout)
    bad = [row for row in value["rows"] if row["result"] == "failed"]
    assert [(row["check"], row["found"]) for row in bad] == [
        ("secret", f"Secret {A}/argo-artifacts-default is missing")
    ]
    assert value["counts"]["not checked"] > 25


def test_an_annotation_that_names_no_entry_is_a_failure(scene):
    patch = {"metadata": {"annotations": {DEFAULT_ANNOTATION: "gone"}}}
    scene.client.patch(ConfigMap, REPOSITORIES_CONFIG_MAP, patch, namespace=A)
    try:
        done = scene.run("--tenant", A)
    finally:
        patch["metadata"]["annotations"][DEFAULT_ANNOTATION] = "default"
        scene.client.patch(ConfigMap, REPOSITORIES_CONFIG_MAP, patch, namespace=A)
    assert done.returncode == 1
    first = done.stdout.splitlines()[1]
    assert "default entry" in first
    assert "the annotation names 'gone', which has no entry" in first
    assert first.endswith("failed")


def test_a_cluster_that_cannot_be_reached_is_not_checked(scene, tmp_path):
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
        scene.platform.kubeconfig.read_text().replace(
            scene.platform.api_server, "https://127.0.0.1:1"
        )
    )
    done = scene.run("--json", file=scene.changed(tmp_path, kubeconfig=str(kubeconfig)))
    assert done.returncode == 1
    rows = json.loads(done.stdout)["rows"]
    results = {row["result"] for row in rows}
    assert "not checked" in results
    assert results <= {"not checked", "not applicable"}
    assert {row["found"] for row in rows if row["result"] == "not checked"} == {
        "the API server cannot be reached"
    }


def test_another_cluster_than_the_named_one_is_one_line_and_exit_code_2(scene, tmp_path):
    done = scene.run(file=scene.changed(tmp_path, server=GUARD))
    server = scene.platform.api_server
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.strip() == (
        f"argo-artifacts:cluster.server: the kubeconfig leads to {server}, {GUARD} is accepted"
    )


def test_wrong_input_is_one_line_and_exit_code_2(scene, tmp_path, capsys, monkeypatch):
    """Said before anything is asked, so in this process."""
    here = Project(ROOT, capsys, monkeypatch)
    nowhere = str(tmp_path / "nowhere" / "junit.xml")
    file = scene.runner.config_file
    cases = [
        (file, ("--tenant", "team-x"), f"--tenant: 'team-x', one of {A}, {B} is accepted"),
        (
            file,
            ("--junit", nowhere),
            f"--junit: {nowhere!r} cannot be written ({GONE}), a file is accepted",
        ),
        (
            tmp_path / "Pulumi.none.yaml",
            (),
            f"Pulumi.none.yaml: cannot be read ({GONE}), a YAML file is accepted",
        ),
    ]
    for given, options, line in cases:
        said = here.run("verify", "--stack", STACK, "--config-file", str(given), *options)
        assert (said.code, said.out, said.err.strip()) == (2, "", line)


def test_a_kubeconfig_that_is_a_secret_of_the_stack_is_read(scene, tmp_path):
    file = tmp_path / f"Pulumi.{STACK}.yaml"
    document = yaml.safe_load(scene.runner.config_file.read_text())
    del document["config"]["argo-artifacts:cluster"]["kubeconfig"]
    file.write_text(yaml.safe_dump(document))
    scene.runner.run(
        *("config", "set", "--secret", "kubeconfig", "--stack", STACK, "--config-file", str(file)),
        stdin=scene.platform.kubeconfig.read_text(),
        capture=True,
    )
    assert scene.run("--tenant", A, file=file).returncode == 0
    done = scene.run("--tenant", A, file=file, PATH="/usr/bin:/bin")
    assert done.returncode == 2
    assert done.stderr.strip() == (
        "argo-artifacts:kubeconfig: cannot be read (pulumi is not on PATH), the secret is required"
    )
