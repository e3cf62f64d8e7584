"""What was changed behind our back is found by a refresh and repaired by the next `up`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from lightkube.types import PatchType

from tests.engine.live import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.live import LiveCluster, LiveStore
    from tests.engine.stack import EngineStack, Outcome

NAME = "drift"
A, B = "drift-a", "drift-b"
WIDE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::*"]}],
}


@dataclass
class Story:
    """Damage, what a refresh said of it, and what stood after the repair."""

    found: Outcome
    repaired: Outcome
    policies: list[object]
    """The edited policy's document before the damage and after the repair."""

    config_maps: list[list[dict[str, str]]]
    rules: list[list[object]]
    secret_works: bool
    """Whether the keys in the Secret of the tenant whose user was removed open the store."""

    again: Outcome


@pytest.fixture(scope="module")
def story(
    make_stack: Callable[[str], EngineStack], cluster: LiveCluster, store: LiveStore
) -> Story:
    stack = make_stack(NAME)
    stack.configure(tenants={A: {}, B: {}})
    stack.up()
    (policy,) = store.policies(f"{NAME}.{A}.")
    (user,) = store.users(f"{NAME}.{B}.")
    before = _document(store, policy)
    config_maps = [cluster.data("ConfigMap", f"{t}/artifact-repositories") for t in (A, B)]
    rules = _rules(cluster)

    store.admin.policy_add(policy_name=policy, policy=WIDE)
    store.admin.user_remove(access_key=user)
    cluster.remove("ConfigMap", f"{B}/artifact-repositories")
    _edit(cluster, "ConfigMap", "artifact-repositories", {"data": {"default": "s3: {}"}})
    _edit(cluster, "Role", "argo-executor", {"rules": []})

    found = stack.refresh()
    repaired = stack.up()
    secret = cluster.data("Secret", f"{B}/argo-artifacts-default")
    return Story(
        found=found,
        repaired=repaired,
        policies=[before, _document(store, policy)],
        config_maps=[
            config_maps,
            [cluster.data("ConfigMap", f"{t}/artifact-repositories") for t in (A, B)],
        ],
        rules=[rules, _rules(cluster)],
        secret_works=store.may(secret, stack.bucket, f"{NAME}/{B}/"),
        again=stack.up("--expect-no-changes"),
    )


def _edit(cluster: LiveCluster, kind: str, name: str, change: dict[str, object]) -> None:
    cluster.client.patch(KINDS[kind], name, change, namespace=A, patch_type=PatchType.MERGE)


def _rules(cluster: LiveCluster) -> list[object]:
    role = cluster.get("Role", f"{A}/argo-executor")
    assert role is not None
    return list(role.rules)


def _document(store: LiveStore, policy: str) -> object:
    return _in_order(json.loads(store.admin.policy_info(policy_name=policy)))


def _in_order(value: object) -> object:
    """*value* with every list sorted: MinIO keeps actions as sets."""
    if isinstance(value, dict):
        return {key: _in_order(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return sorted((_in_order(inner) for inner in value), key=json.dumps)
    return value


def test_a_refresh_finds_each_change(story: Story):
    assert story.found.refreshed == {
        "update Policy drift-a/default",
        "delete User drift-b/default/1",
        "delete Attachment drift-b/default/1",
        "delete ConfigMap drift-b/artifact-repositories",
        "update ConfigMap drift-a/artifact-repositories",
        "update Role drift-a/argo-executor",
    }


def test_the_next_up_repairs_what_was_found_and_touches_nothing_else(story: Story):
    assert set(story.repaired.said) == {
        "update Policy drift-a/default",
        "create User drift-b/default/1",
        "create Attachment drift-b/default/1",
        "update Secret drift-b/argo-artifacts-default",
        "create ConfigMap drift-b/artifact-repositories",
        "update ConfigMap drift-a/artifact-repositories",
        "update Role drift-a/argo-executor",
    }


def test_everything_is_again_as_it_was(story: Story):
    assert story.policies[0] == story.policies[1]
    assert story.config_maps[0] == story.config_maps[1]
    assert story.rules[0] == story.rules[1]
    assert story.again.steps == []


def test_the_removed_user_returns_with_a_secret_that_works(story: Story):
    assert story.secret_works
