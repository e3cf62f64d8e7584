"""The admin's keys come out of ``pulumi config get`` and go nowhere else."""

import json

import pytest

from argo_artifacts.config.backends.common import ConfigKeys
from argo_artifacts.config.backends.minio_helm import HelmServer
from argo_artifacts.verify.lookup import ClusterError
from argo_artifacts.verify.provisioning import (
    NoSettingError,
    PulumiStack,
    admin_keys,
    generated_keys,
    secret_setting,
)

SCRIPT = """#!/bin/sh
{ echo "$PWD"; echo "$PULUMI_SKIP_UPDATE_CHECK"; for a in "$@"; do echo "$a"; done; } > "$0.log"
%s
"""
NAMES = ConfigKeys.model_validate(
    {"accessKeyConfig": "minioAccessKey", "secretKeyConfig": "minioSecretKey"}
)


@pytest.fixture
def pulumi(tmp_path, monkeypatch):
    """A program ``pulumi`` that does what it is told; gives the stack."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def install(body):
        program = folder / "pulumi"
        program.write_text(SCRIPT % body)
        program.chmod(0o755)
        return PulumiStack(name="prod", config_file=tmp_path / "P.yaml", folder=tmp_path)

    return install


def test_a_setting_is_read_with_the_stack_and_its_file(pulumi, tmp_path):
    stack = pulumi("echo canary-value")
    assert secret_setting(stack, "minioSecretKey") == "canary-value"
    assert (tmp_path / "bin/pulumi.log").read_text().splitlines() == [
        str(tmp_path),
        "true",
        *("config", "get", "argo-artifacts:minioSecretKey", "--stack", "prod"),
        *("--config-file", str(tmp_path / "P.yaml"), "--non-interactive"),
    ]


def test_a_value_is_taken_as_it_is(pulumi):
    assert secret_setting(pulumi("printf ' with blanks \\n\\n'"), "x") == " with blanks \n"


def test_both_keys_of_the_admin_are_read_and_not_shown(pulumi):
    keys = admin_keys(pulumi("echo canary-$3"), NAMES)
    assert keys.access_key == "canary-argo-artifacts:minioAccessKey"
    assert keys.secret_key == "canary-argo-artifacts:minioSecretKey"
    assert "canary" not in repr(keys)


@pytest.mark.parametrize(
    "body", ["echo canary-out; echo canary-error >&2; exit 1", "true", "printf '\\377\\376'"],
    ids=["an error", "nothing", "no text"],
)  # fmt: skip
def test_a_setting_that_cannot_be_had_is_one_line_without_the_programs_words(pulumi, body):
    with pytest.raises(NoSettingError) as raised:
        secret_setting(pulumi(body), "minioSecretKey")
    assert str(raised.value) == "`pulumi config get minioSecretKey` gives nothing"
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_without_pulumi_there_is_no_provisioner(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    stack = PulumiStack(name="prod", config_file=tmp_path / "P.yaml", folder=tmp_path)
    with pytest.raises(NoSettingError, match="pulumi is not on PATH"):
        secret_setting(stack, "minioSecretKey")
    assert json.dumps(str(stack))


class Secrets:
    """A cluster with one Secret, or with a reason not to show it."""

    def __init__(self, data):
        self._data = data

    def config_map(self, _namespace, _name):
        return None

    def secret(self, namespace, name):
        assert (namespace, name) == ("minio", "minio-root")
        if isinstance(self._data, Exception):
            raise self._data
        return self._data


def test_the_generated_admin_is_read_from_its_secret_and_not_shown():
    data = {"rootUser": b"root.1", "rootPassword": b"canary-password"}
    keys = generated_keys(Secrets(data), HelmServer())
    assert (keys.access_key, keys.secret_key) == ("root.1", "canary-password")
    assert "canary" not in repr(keys)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (None, "Secret minio/minio-root holds no keys"),
        ({"rootUser": b"root.1"}, "Secret minio/minio-root holds no keys"),
        ({"rootUser": b"root.1", "rootPassword": b"\xff"}, "Secret minio/minio-root holds no keys"),
        (ClusterError("the API server cannot be reached"), "the API server cannot be reached"),
    ],
    ids=["gone", "half", "no text", "unreachable"],
)
def test_a_generated_admin_that_cannot_be_had_is_one_line(data, says):
    with pytest.raises(NoSettingError) as raised:
        generated_keys(Secrets(data), HelmServer())
    assert str(raised.value) == says
