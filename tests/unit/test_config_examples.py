"""The examples: those in stacks/ are valid, the planned ones lack nothing but their backend."""

from __future__ import annotations

import pytest
import yaml

from argo_artifacts.config.repositories import BACKENDS, BUILT
from argo_artifacts.config.template import SAMPLES, placeholders
from tests.unit.config_files import PLANNED, STACKS, VALID, faults_of, settings_of

PLANNED_FILES = sorted(PLANNED.glob("Pulumi.*.yaml"))


@pytest.mark.parametrize("file", [f for f in VALID if f.is_stack], ids=str)
def test_an_example_is_valid(file):
    assert faults_of(STACKS / file.name) == []


@pytest.mark.parametrize("file", PLANNED_FILES, ids=lambda file: file.stem)
def test_a_planned_example_has_one_fault_and_that_is_its_backend(file):
    faults = faults_of(file)
    where = f"argo-artifacts:repositories.default.{_backend(file)}"
    assert faults == [f"{where}: not built yet, minio or s3 is accepted"]


def _backend(file):
    return file.stem.removeprefix("Pulumi.")


def test_every_backend_that_is_not_built_has_a_planned_example():
    names = {_backend(file) for file in PLANNED_FILES}
    assert names == set(BACKENDS) - BUILT


def test_the_template_holds_every_sample_and_pulumi_would_refuse_it_unfilled():
    text = (STACKS / "Pulumi.local.yaml").read_text()
    assert placeholders(text) == tuple(sorted(SAMPLES))


def test_placeholders_stand_for_nothing_outside_the_template(tmp_path):
    for name in ("Pulumi.local.yaml", "Pulumi.prod.yaml"):
        (tmp_path / name).write_text((STACKS / "Pulumi.local.yaml").read_text())
    assert faults_of(tmp_path / "Pulumi.local.yaml") == []
    assert [line.split(": ")[0] for line in faults_of(tmp_path / "Pulumi.prod.yaml")] == [
        "argo-artifacts:cluster.kubeconfig",
        "argo-artifacts:cluster.server",
        "argo-artifacts:repositories.default.minio.endpoint",
    ]


def test_the_example_ca_is_a_certificate_alone():
    text = (STACKS / "certs/minio-ca.pem").read_text()
    assert text.count("-----BEGIN ") == text.count("-----BEGIN CERTIFICATE-----") == 1


def test_a_stack_names_the_secrets_that_it_reads():
    settings = settings_of(STACKS / "Pulumi.minio-credentials.yaml")
    assert settings.secret_keys() == (
        "teamAAccessKey",
        "teamASecretKey",
        "teamBAccessKey",
        "teamBSecretKey",
    )
    assert settings_of(STACKS / "Pulumi.minio-helm.yaml").secret_keys() == ()
    assert settings_of(STACKS / "Pulumi.minio-existing-secret.yaml").secret_keys() == ()


def test_a_tenant_has_the_defaults_that_it_does_not_override():
    settings = settings_of(STACKS / "Pulumi.minio-external.yaml")
    archive, team_a = settings.tenants["team-a-archive"], settings.tenants["team-a"]
    assert archive.service_accounts == ("workflow",)
    assert archive.retired
    assert team_a.service_accounts == ("etl", "training")
    assert team_a.artifact_gc is True
    assert [use.name for use in archive.repositories] == ["default"]
    assert list(settings.certificates) == ["certs/minio-ca.pem"]


EXAMPLES = [f for f in (*STACKS.rglob("*.yaml"), *PLANNED_FILES) if f.name != "Pulumi.local.yaml"]


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_an_example_names_its_schema_for_editors(file):
    first = file.read_text().splitlines()[0]
    prefix = "# yaml-language-server: $schema="
    assert first.startswith(prefix)
    assert (file.parent / first.removeprefix(prefix)).resolve().is_file()
    assert isinstance(yaml.safe_load(file.read_text()), dict)
