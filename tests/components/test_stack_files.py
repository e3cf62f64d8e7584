"""Every stack file of the repository, run by the program under mocks."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from argo_artifacts.access import plan
from argo_artifacts.access.inventory import TYPES, Item, inventory
from argo_artifacts.access.names import OWNER_MARK
from tests.components.golden import EXPECTED, read_valid, stack_files, tree
from tests.harness import (
    COMPONENTS,
    KUBERNETES,
    PROVIDERS,
    RELEASE,
    clear_text,
    deploy,
    generated_secret,
    revealed,
    write_kubeconfig,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness import Registered, Run, Stack

_KINDS = {kind_type: kind for kind, kind_type in TYPES.items()}


@pytest.fixture(params=stack_files(), ids=lambda file: file.stem.removeprefix("Pulumi."))
def file(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def deployed(file: Path, kubeconfig: Path) -> list[tuple[Stack, Run]]:
    """The stack and its run; none where the stack's backend is not built yet."""
    stack = read_valid(file, kubeconfig)
    return [] if stack is None else [(stack, deploy(stack))]


def test_there_are_valid_stack_files_and_each_has_its_reviewed_list(tmp_path: Path):
    kubeconfig = write_kubeconfig(tmp_path)
    read = [read_valid(file, kubeconfig) for file in stack_files()]
    valid = {stack.name for stack in read if stack is not None}
    assert "local" in valid
    assert {path.stem for path in EXPECTED.glob("*.txt")} == valid


def test_the_program_registers_the_reviewed_resources(deployed):
    for stack, run in deployed:
        assert tree(run) == (EXPECTED / f"{stack.name}.txt").read_text()


def test_what_is_registered_is_the_inventory_object_by_object(deployed):
    for stack, run in deployed:
        settings = stack.settings()
        objects = [
            Item(kind=_KINDS[r.type], name=r.place, adopted=_adopted(r))
            for r in run.resources.values()
            if r.type not in COMPONENTS | PROVIDERS
        ]
        assert sorted(objects) == list(inventory(settings, plan(settings)))


def _adopted(resource: Registered) -> bool:
    if resource.type in KUBERNETES:
        return resource.hooks == {"before_create": ["adopted"]}
    return resource.inputs.get("ownership") == "adopt"


def test_every_kubernetes_object_carries_the_mark_and_is_guarded_before_it_is_created(deployed):
    for stack, run in deployed:
        objects = [r for r in run.resources.values() if r.type in KUBERNETES]
        for resource in objects:
            if resource.kind == "ConfigMapPatch":  # the object stays somebody else's
                assert resource.hooks["before_create"] == ["controller-config"]
                continue
            annotations = resource.metadata["annotations"]
            assert annotations[OWNER_MARK] == f"argo-artifacts/{stack.name}", resource.urn
            assert resource.hooks["before_create"][0] in {"owner", "adopted"}
            assert resource.retain_on_delete or not _adopted(resource)
        assert objects


def test_a_child_gets_its_parent_and_nothing_that_the_caller_was_given(deployed):
    for _, run in deployed:
        for resource in run.resources.values():
            assert resource.foreign_options == set(), resource.urn
            if resource.type not in COMPONENTS | PROVIDERS:
                assert run.resources[resource.parent].type in COMPONENTS, resource.urn
                assert resource.provider == (
                    "kubernetes"
                    if resource.type in {*KUBERNETES, RELEASE}
                    else _minio_provider(run, resource)
                )


def _minio_provider(run: Run, resource) -> str:
    names = {r.name for r in run.all("minio-admin")}
    assert resource.provider in names, resource.urn
    return resource.provider


def test_the_config_map_comes_after_everything_in_its_namespace_and_its_store(deployed):
    for _, run in deployed:
        for config_map in run.all("ConfigMap"):
            if not config_map.name.endswith("/artifact-repositories"):
                continue
            siblings = {r.urn for r in run.resources.values() if r.parent == config_map.parent} - {
                config_map.urn
            }
            assert siblings <= config_map.depends_on, config_map.urn
            space = str(config_map.metadata["namespace"])
            access = {
                r.urn
                for r in run.resources.values()
                if (r.kind in {"Policy", "User", "Attachment"} and r.name.startswith(f"{space}/"))
                or r.kind == "Job"
            }
            assert access <= config_map.depends_on, config_map.urn


def test_no_secret_stands_outside_its_wrapper(deployed):
    for stack, run in deployed:
        generated = [generated_secret(r.place) for r in _generated(run)]
        values = [*stack.secrets.values(), *generated]
        forms = [form for value in values for form in (value, _base64(value))]
        for resource in run.resources.values():
            for text in clear_text({"inputs": resource.inputs, "outputs": resource.outputs}):
                assert not any(form in text for form in forms), resource.urn
        for text in clear_text(run.outputs):
            assert not any(form in text for form in forms)


def test_each_secret_arrives_where_it_is_needed(deployed):
    """Without this the test above would pass on secrets that are nowhere."""
    for stack, run in deployed:
        everything = json.dumps([revealed(r.inputs) for r in run.resources.values()])
        credentials = plan(stack.settings()).credentials
        published = [user for c in credentials for key, user in c.users if key == c.publish]
        published += [r.place for r in run.all("Credentials")]
        generated = [generated_secret(user) for user in published]
        for value in [*stack.secrets.values(), *generated]:
            assert json.dumps(value)[1:-1] in everything or _base64(value) in everything


def _generated(run: Run) -> list[Registered]:
    return [*run.all("User"), *run.all("Credentials")]


def _base64(value: str) -> str:
    return base64.b64encode(value.encode()).decode()
