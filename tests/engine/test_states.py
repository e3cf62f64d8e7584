"""Upgrade safety: a state that the engine wrote once plans no replacement and no deletion."""

from __future__ import annotations

import json
from importlib.metadata import version

import pytest

from tests.engine import states
from tests.engine.states import Written, stack_name

HARMLESS = {"create", "read", "same", "update"}


@pytest.fixture(scope="module")
def judge(aws_platform, tmp_path_factory):
    """Plan our program over a state: what it would replace or delete, and what it would update."""

    def plan(name: str, state: Written) -> tuple[list[str], list[str]]:
        folder = tmp_path_factory.mktemp(name)
        stack = state.stack(aws_platform, folder, stack_name(name))
        steps = json.loads(stack.preview_json())["steps"]
        said = {op: [s["urn"] for s in steps if s["op"] == op] for op in {s["op"] for s in steps}}
        lost = [urn for op, urns in said.items() if op not in HARMLESS for urn in urns]
        return sorted(lost), sorted(said.get("update", []))

    return plan


@pytest.mark.parametrize("name", states.NAMES)
def test_a_state_of_before_is_neither_replaced_nor_deleted(judge, name):
    lost, _ = judge(name, Written.read(name))
    assert lost == []


OTHERS = {
    "a renamed component": (
        "argo-artifacts:index:AwsIdentities::aws",
        "argo-artifacts:index:AwsIdentities::identities",
        "argo-artifacts:index:AwsIdentities::identities",
    ),
    "a changed type token": (
        "argo-artifacts:index:S3Store",
        "argo-artifacts:index:S3Repository",
        "argo-artifacts:index:S3Repository$aws:s3/bucket:Bucket::",
    ),
    "a changed rule of names": (
        '"name": "artifacts"',
        '"name": "access"',
        "argo-artifacts:index:AwsIdentities$aws:iam/rolePolicy:RolePolicy::",
    ),
}
"""What another program would have written into its state, and what ours would then lose."""


@pytest.fixture(scope="module")
def lost(judge) -> list[str]:
    """What our program would lose of a state that another one wrote."""
    # a protected resource would end the plan before it names all that goes
    state = Written.read("aws-irsa").replace('"protect": true', '"protect": false')
    for old, new, _ in OTHERS.values():
        state = state.replace(old, new)
    return judge("aws-irsa", state)[0]


@pytest.mark.parametrize("mutation", OTHERS)
def test_a_state_of_a_program_with_other_names_is_seen_to_be_lost(lost, mutation):
    _, _, urn = OTHERS[mutation]
    assert [one for one in lost if urn in one]


@pytest.mark.parametrize("name", states.NAMES)
def test_a_state_holds_no_secret_in_clear_and_nothing_of_the_machine(name):
    text = Written.read(name).text
    known = json.loads(text)
    assert set(known["versions"]) == {"engine", "pulumi", "pulumi-aws", "pulumi-kubernetes"}
    assert version("pulumi-aws").split(".")[0] == known["versions"]["pulumi-aws"].split(".")[0]
    assert known["deployment"]["secrets_providers"]["type"] == "passphrase"
    assert "/tmp" not in text  # noqa: S108 - where the platform that wrote it lay
    assert "/root" not in text
    assert "127.0.0.1" not in text
