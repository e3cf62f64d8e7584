"""Every stack file of the repository, run by the program under mocks."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from typing import TYPE_CHECKING

import pytest

from argo_artifacts.access import plan
from argo_artifacts.access.inventory import TYPES, Item, inventory
from argo_artifacts.access.names import OWNER_MARK
from tests.components.golden import EXPECTED, stack_files, tree
from tests.harness import (
    AWS,
    AWS_PARTS,
    COMPONENTS,
    KUBERNETES,
    PROVIDERS,
    ROOT,
    clear_text,
    deploy,
    generated_secret,
    read_stack,
    revealed,
    write_kubeconfig,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from tests.harness import Registered, Run, Stack

_KINDS = {kind_type: kind for kind, kind_type in TYPES.items()}


@pytest.fixture(
    scope="module", params=stack_files(), ids=lambda file: file.stem.removeprefix("Pulumi.")
)
def deployed(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    _loop: asyncio.AbstractEventLoop,
) -> tuple[Stack, Run]:
    """A stack and its run, once for all that is asked of it."""
    asyncio.set_event_loop(_loop)
    stack = read_stack(request.param, write_kubeconfig(tmp_path_factory.mktemp("kubeconfig")))
    with contextlib.chdir(ROOT):
        return stack, deploy(stack)


def test_each_stack_file_has_its_reviewed_list():
    names = {file.stem.removeprefix("Pulumi.") for file in stack_files()}
    assert {"local", "aws-irsa"} <= names
    assert {path.stem for path in EXPECTED.glob("*.txt")} == names


def test_the_program_registers_the_reviewed_resources(deployed):
    stack, run = deployed
    assert tree(run) == (EXPECTED / f"{stack.name}.txt").read_text()


def test_what_is_registered_is_the_inventory_object_by_object(deployed):
    stack, run = deployed
    settings = stack.settings()
    objects = [
        Item(kind=_KINDS[r.type], name=r.place, adopted=_adopted(r, _kept(stack)))
        for r in run.resources.values()
        if r.type not in COMPONENTS | PROVIDERS | AWS_PARTS
    ]
    assert sorted(objects) == list(inventory(settings, plan(settings)))


def _adopted(resource: Registered, kept: Collection[str] = ()) -> bool:
    if resource.type in KUBERNETES:
        return resource.hooks == {"before_create": ["adopted"]}
    if resource.type in AWS:
        return resource.retain_on_delete and resource.name not in kept
    return resource.inputs.get("ownership") == "adopt"


def _kept(stack: Stack) -> set[str]:
    """The buckets of one tenant each, which stay when the tenant goes."""
    settings = stack.settings()
    return {
        store.bucket
        for store in plan(settings).stores
        if (s3 := settings.repositories[store.repository].s3) and s3.isolation == "bucket"
    }


def test_every_kubernetes_object_carries_the_mark_and_is_guarded_before_it_is_created(deployed):
    stack, run = deployed
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
    stack, run = deployed
    kept = _kept(stack)
    for resource in run.resources.values():
        assert resource.foreign_options == set(), resource.urn
        if resource.type in COMPONENTS | PROVIDERS:
            continue
        if resource.type not in SHARED:
            assert run.resources[resource.parent].type in COMPONENTS, resource.urn
        package = resource.type.partition(":")[0]
        assert resource.provider in {r.name for r in run.all(package)}, resource.urn
        protected = resource.type in PROTECTED and resource.name not in kept
        assert resource.protect == protected, resource.urn
        assert resource.import_id == "", resource.urn


SHARED = {"aws:kms/alias:Alias", "aws:kms/key:Key"}
"""What several stores of a stack use."""

PROTECTED = {"aws:kms/key:Key", "aws:s3/bucket:Bucket"}


def test_the_config_map_comes_after_everything_in_its_namespace_and_its_store(deployed):
    _, run = deployed
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
            if (r.type in _MINIO and r.name.startswith(f"{space}/"))
            or (r.kind == "Job" and not _of_another(r, space))
        }
        assert access <= config_map.depends_on, config_map.urn


def _of_another(job: Registered, space: str) -> bool:
    """Whether a Job keeps another tenant's credentials fresh."""
    kind, _, name = job.parent.rpartition("::")
    return kind.endswith(":AwsRefresher") and not name.startswith(f"{space}/")


_MINIO = {f"minio-admin:index:{kind}" for kind in ("Attachment", "Policy", "User")}


def test_no_secret_stands_outside_its_wrapper(deployed):
    stack, run = deployed
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
    stack, run = deployed
    everything = json.dumps([revealed(r.inputs) for r in run.resources.values()])
    credentials = plan(stack.settings()).credentials
    published = [user for c in credentials for key, user in c.users if key == c.publish]
    published += [r.place for r in run.all("Credentials")]
    generated = [generated_secret(user) for user in published]
    for value in [*stack.secrets.values(), *generated]:
        assert json.dumps(value)[1:-1] in everything or _base64(value) in everything


def _generated(run: Run) -> list[Registered]:
    made = ("AccessKey", "Credentials", "User")
    return [r for kind in made for r in run.all(kind) if not r.type.startswith("aws:iam/user")]


def _base64(value: str) -> str:
    return base64.b64encode(value.encode()).decode()
