"""The JSON schemas: equal to the committed files, and of one mind with the parser."""

from __future__ import annotations

import json
from typing import Final, cast

import jsonschema
import pytest
import yaml

from argo_artifacts.cli.schema import Which, text
from argo_artifacts.config.backends.common import Bucket
from argo_artifacts.config.backends.minio import MinioBucket
from argo_artifacts.config.base import Model
from argo_artifacts.config.field_docs import field_docs
from argo_artifacts.config.schema import stack_schema, tenants_schema
from argo_artifacts.config.settings import StackFile
from argo_artifacts.config.template import filled
from tests.unit.config_files import PLANNED, ROOT, STACKS, VALID, changed, places, renamed, without
from tests.unit.test_config_rules import CASES, document

Validator = jsonschema.Draft202012Validator
STACK: Final = Validator(stack_schema())
TENANTS: Final = Validator(tenants_schema())


@pytest.mark.parametrize("which", Which)
def test_the_committed_schema_is_the_printed_one(which: Which):
    assert (ROOT / f"schemas/{which}.schema.json").read_text() == text(which)


@pytest.mark.parametrize("validator", [STACK, TENANTS], ids=["stack", "tenants"])
def test_a_schema_is_a_schema(validator: Validator):
    Validator.check_schema(validator.schema)


LOCAL: Final = next(file for file in VALID if file.name == "Pulumi.local.yaml")


def _validator(file) -> Validator:
    return STACK if file.is_stack else TENANTS


@pytest.mark.parametrize("file", VALID, ids=str)
def test_a_valid_file_is_valid_to_an_editor(file):
    assert [error.message for error in _validator(file).iter_errors(file.document())] == []


@pytest.mark.parametrize("file", sorted(PLANNED.glob("*.yaml")), ids=lambda file: file.stem)
def test_a_planned_example_is_valid_to_an_editor(file):
    assert [e.message for e in STACK.iter_errors(yaml.safe_load(file.read_text()))] == []


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_corrected_file_is_valid_to_an_editor(case):
    assert [error.message for error in STACK.iter_errors(document(case.corrected))] == []


def test_most_broken_files_are_broken_to_an_editor():
    numbered = [case for case in CASES if case.rule.startswith("R")]  # AWS's are across keys
    passed = {str(case) for case in numbered if STACK.is_valid(document(case.broken))}
    assert len(passed) < len(numbered) / 2
    assert not any(rule in what for what in passed for rule in ("R01", "R03", "R06", "R15", "R23"))


@pytest.mark.parametrize("file", VALID, ids=str)
def test_what_is_null_misspelt_or_of_the_wrong_type_is_broken_to_an_editor(file):
    validator, sound = _validator(file), file.document()
    wrong = {str: 7, int: "seven", bool: "true", list: 7, dict: 7}
    for steps, value in places(sound):
        assert not validator.is_valid(changed(sound, steps, wrong[type(value)])), steps
        assert not validator.is_valid(changed(sound, steps, None)), steps
        if isinstance(steps[-1], str) and not _chosen(steps):
            assert not validator.is_valid(renamed(sound, steps, f"{steps[-1]}x")), steps


def test_what_every_stack_needs_is_missing_to_an_editor():
    sound = LOCAL.document()
    for steps in (
        ("config",),
        ("config", "argo-artifacts:cluster"),
        ("config", "argo-artifacts:cluster", "name"),
        ("config", "argo-artifacts:argo", "version"),
        ("config", "argo-artifacts:repositories"),
        ("config", "argo-artifacts:repositories", "default", "minio"),
        ("config", "argo-artifacts:repositories", "default", "minio", "bucket", "name"),
    ):
        assert not STACK.is_valid(without(sound, steps)), steps


def _chosen(steps) -> bool:
    """Whether the last step is a name that the user chose."""
    parent = str(steps[-2]).removeprefix("argo-artifacts:") if len(steps) > 1 else ""
    return parent in {"repositories", "tenants", "credentials", "tags"}


def test_secrets_and_other_projects_keys_are_valid_to_an_editor():
    more = {
        "argo-artifacts:minioSecretKey": {"secure": "v1:abc"},
        "aws:region": "eu-west-1",
        "pulumi:disable-default-providers": ["*"],
    }
    sound = LOCAL.document()
    whole = {"config": sound["config"] | more, "encryptionsalt": "v1:abc", "environment": ["a/b"]}
    assert STACK.is_valid(whole)
    plain = {"config": sound["config"] | {"argo-artifacts:minioSecretKey": "abc"}}
    assert not STACK.is_valid(plain)


def test_every_key_says_what_it_means():
    silent = [
        f"{name}.{key}"
        for name, model in cast("dict[str, dict]", stack_schema()["$defs"]).items()
        for key, value in model["properties"].items()
        if not value.get("description")
    ]
    assert silent == []


def test_a_field_that_is_inherited_says_what_it_means():
    own, inherited = field_docs(MinioBucket), field_docs(Bucket)
    assert inherited.keys() == Bucket.model_fields.keys()
    assert own.keys() == MinioBucket.model_fields.keys() > inherited.keys()


def test_the_program_does_not_read_its_own_source_to_start():
    """pydantic would parse each model's; the schema alone needs what stands there."""
    assert not Model.model_config.get("use_attribute_docstrings")
    assert {field.description for field in StackFile.model_fields.values()} == {None}


def test_the_template_itself_is_yaml_before_it_is_filled_in():
    raw = (STACKS / "Pulumi.local.yaml").read_text()
    assert yaml.safe_load(raw)
    assert json.dumps(yaml.safe_load(filled(raw)))
