"""A secret in the wrong place is never repeated, by no line and in no form."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import pytest

from argo_artifacts.config.argo_words import WORDS
from tests.unit.config_files import STACKS, VALID, ValidFile, changed, faults_in, places
from tests.unit.test_config_rules import document

if TYPE_CHECKING:
    from pathlib import Path

CANARIES: Final = (
    "canaryWJalrXUtnFEMI",
    "CANARY+wJalrXUtnFEMI/K7MDENG/bPxRfiCY=",
    "AKIACANARYEXAMPLE123",
    "?sv=canary&sig=canary%2Fxyz",
)

canaries = pytest.mark.parametrize("canary", CANARIES)


def told(lines: list[str], canary: str) -> list[str]:
    """The lines that repeat *canary*, plain, base64 or URL-encoded."""
    forms = (canary, b64encode(canary.encode()).decode(), quote(canary, safe=""))
    return [line for line in lines if any(form in line for form in forms)]


def test_the_search_finds_a_canary_that_a_line_repeats():
    lines = faults_in(document({"cluster": {"name": CANARIES[0], "kubeconfig": "k"}}), STACKS)
    assert told(lines, CANARIES[0]) == lines != []


@canaries
@pytest.mark.parametrize("file", VALID, ids=str)
def test_the_value_of_an_unknown_key_is_never_repeated(file: ValidFile, canary: str, stacks: Path):
    mappings = [steps for steps, value in places(file.document()) if isinstance(value, dict)]
    for steps in mappings:
        if steps[-1] == "tags":  # any key is known there, and nothing in it is a secret
            continue
        for wrong in (canary, [canary], {"a": canary}):
            lines = file.faults(changed(file.document(), (*steps, "unheardOf"), wrong), stacks)
            assert told(lines, canary) == []


@canaries
@pytest.mark.parametrize("word", sorted(WORDS))
def test_the_value_of_a_word_of_argos_is_never_repeated(word: str, canary: str):
    for where in ("minio", "s3", "gcs", "azure", "oss", "artifactory", "hdfs", "plugin"):
        repositories = {"default": {where: {word: canary}}}
        lines = faults_in(document({"repositories": repositories}), STACKS)
        assert any(f".{word}: " in line for line in lines)
        assert told(lines, canary) == []


SECRETS: Final = (
    {"admin": {"accessKeyConfig": "C", "secretKeyConfig": "C"}},
    {"credentials": {"team-a": {"accessKeyConfig": "C", "secretKeyConfig": "C"}}},
    {"sharedCredentials": {"accessKeyConfig": "C", "secretKeyConfig": "C"}},
    {"endpoint": "admin:C@minio:9000"},
    {"adminEndpoint": "https://admin:C@minio:9000"},
)
"""Known keys in which people put a secret: ``C``."""


def _with(value: object, canary: str) -> object:
    if isinstance(value, dict):
        return {key: _with(entry, canary) for key, entry in value.items()}
    return str(value).replace("C@", f"{canary}@") if value != "C" else canary


@canaries
@pytest.mark.parametrize("given", SECRETS, ids=lambda given: next(iter(given)))
def test_a_secret_where_its_name_belongs_is_refused_and_never_repeated(given: dict, canary: str):
    minio = {"endpoint": "minio:9000", "bucket": {"name": "artifacts"}} | _with(given, canary)
    lines = faults_in(document({"repositories": {"default": {"minio": minio}}}), STACKS)
    assert any(f".minio.{next(iter(given))}" in line for line in lines)
    assert told(lines, canary) == []


@pytest.mark.parametrize("canary", CANARIES[1:])
@pytest.mark.parametrize("key", ["accessKey", "secretKey"])
def test_a_key_in_place_of_its_name_in_the_secret_is_refused_and_never_repeated(
    key: str, canary: str
):
    minio = {
        "server": "credentials",
        "endpoint": "minio:9000",
        "bucket": {"name": "artifacts", "ownership": "use"},
        "existingSecret": {"name": "store", key: canary},
    }
    [line] = faults_in(document({"repositories": {"default": {"minio": minio}}}), STACKS)
    assert line.startswith(f"argo-artifacts:repositories.default.minio.existingSecret.{key}: ")
    assert told([line], canary) == []


@canaries
@pytest.mark.parametrize(
    "form", ["secretKey: {}", "  - password: {}", "token={}", '{{"secret": "{}"}}']
)
def test_a_secret_in_a_plugins_configuration_is_refused_and_never_repeated(form: str, canary: str):
    plugin = {"name": "p", "image": "i", "configuration": f"a: b\n{form.format(canary)}\n"}
    lines = faults_in(document({"repositories": {"default": {"plugin": plugin}}}), STACKS)
    assert any(".plugin.configuration: holds what looks like a secret, " in line for line in lines)
    assert told(lines, canary) == []


@canaries
def test_a_secret_in_a_url_is_never_repeated(canary: str):
    cluster = {"name": "prod", "kubeconfig": "k", "server": f"https://admin:{canary}@10.0.0.1"}
    [line] = faults_in(document({"cluster": cluster}), STACKS)
    assert line.startswith("argo-artifacts:cluster.server: holds a user, ")
    assert told([line], canary) == []


@canaries
def test_a_secret_in_plain_text_is_refused_and_never_repeated(canary: str):
    lines = faults_in(document({"minioSecretKey": canary, "otherKey": canary}), STACKS)
    assert [line.split(": ")[0] for line in lines] == [
        "argo-artifacts:minioSecretKey",
        "argo-artifacts:otherKey",
    ]
    assert told(lines, canary) == []


def test_a_private_key_beside_the_ca_is_refused(tmp_path: Path):
    pem = "-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----\n"
    (tmp_path / "ca.pem").write_text((STACKS / "certs/minio-ca.pem").read_text() + pem)
    minio = {"endpoint": "m", "tls": {"ca": "ca.pem"}, "bucket": {"name": "artifacts"}}
    [line] = faults_in(document({"repositories": {"default": {"minio": minio}}}), tmp_path)
    assert line == (
        "argo-artifacts:repositories.default.minio.tls.ca: 'ca.pem' holds a private key,"
        " certificates alone are accepted (R4)"
    )
