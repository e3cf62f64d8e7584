"""docs/stack-file.md: its reference, its examples and its mistakes are those of today."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, cast

import pytest
import yaml

from argo_artifacts.cli.schema import PAGE, page
from argo_artifacts.config import read_stack_file
from argo_artifacts.config.schema import models_schema
from tests.unit.config_files import ROOT, faults_in, faults_of
from tests.unit.test_check_console import run

if TYPE_CHECKING:
    from pathlib import Path

TEXT = (ROOT / PAGE).read_text()
MISTAKES = sorted((ROOT / "docs/examples/mistakes").glob("Pulumi.*.yaml"))


def test_the_reference_is_the_printed_one():
    assert page(TEXT) == TEXT
    assert run("schema", "--markdown").stdout.strip() in TEXT


def test_the_reference_holds_every_key_of_every_model():
    models = cast("dict[str, dict]", models_schema()["$defs"])
    assert len(models) > 20
    missing = [
        f"{name}.{key}"
        for name, model in models.items()
        for key in model["properties"]
        if not re.search(rf"\| `[^`|]*[.]{key}` \|", TEXT)
    ]
    assert missing == []


def test_the_first_example_is_a_valid_stack_file(stacks: Path):
    [example] = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    assert faults_in(yaml.safe_load(example), stacks) == []


def test_there_are_ten_mistakes():
    assert len(MISTAKES) == 10


@pytest.mark.parametrize("file", MISTAKES, ids=lambda file: file.stem)
def test_a_mistake_is_on_the_page_with_what_check_prints(file: Path):
    name = str(file.relative_to(ROOT))
    said = run("check", "--json", name)
    faults = json.loads(said.stdout)["faults"]
    assert said.returncode == 1
    assert faults
    for fault in faults:
        assert fault["file"] == name
        assert f"   {fault['line']}: {fault['path']}: {fault['message']}\n" in TEXT
        assert file.read_text().splitlines()[fault["line"] - 1].strip() in TEXT
    assert len(faults) == len(faults_of(file))


def test_the_rules_on_the_page_are_all_24():
    assert re.findall(r"^\| (R\d+) \|", TEXT, re.MULTILINE) == [f"R{n}" for n in range(1, 25)]


def test_every_stack_and_folder_that_the_page_links_to_stands():
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (ROOT / "docs" / target).exists(), target
    assert read_stack_file(ROOT / "stacks/Pulumi.minio-external.yaml").stack == "minio-external"
