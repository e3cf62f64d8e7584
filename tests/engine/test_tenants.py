"""The life of a stack: made, unchanged, tenants come, go, retire and return, all destroyed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from argo_artifacts.access import plan
from argo_artifacts.access.inventory import TYPES, Item, count, inventory
from argo_artifacts.config import read_stack_file
from tests.engine.forwarder import forwarded

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.live import LiveCluster, LiveStore
    from tests.engine.stack import EngineStack, Outcome

NAME = "life"
TENANTS = {
    "life-kept": {},
    "life-gone": {"namespace": {"deleteNamespace": True}},
    "life-calm": {"artifactGC": False, "serviceAccounts": ["etl", "ml"]},
}
NEW = {"life-new": {}}


@dataclass
class Story:
    """What was done in this order, and what stood there afterwards."""

    items: tuple[Item, ...]
    first: Outcome
    standing: set[Item]
    """Of the inventory, after the first `up`."""

    again: Outcome
    added: Outcome
    elsewhere: Outcome
    """A preview with a kubeconfig that names the same server by another host and port."""

    renamed: Outcome
    """A preview with another name of the cluster."""

    removed: Outcome
    """Two tenants are gone, the new one is retired."""

    left: dict[str, set[str]]
    """By namespace, what stands there after that; empty: the namespace is gone."""

    keys_of_removed: bool
    """Whether the removed tenant's keys still open the store."""

    users: set[str]
    objects: set[str]
    readded: Outcome
    namespaces: list[str]
    """Identity of the kept namespace: at first, after the removal, after the return."""

    destroyed: Outcome
    state: set[str]
    """What the state holds after the destroy."""

    marked: set[str]
    """What in the cluster carries the stack's mark after the destroy."""

    left_in_store: set[str]


@pytest.fixture(scope="module")
def story(
    make_stack: Callable[[str], EngineStack],
    cluster: LiveCluster,
    store: LiveStore,
    tmp_path_factory: pytest.TempPathFactory,
) -> Story:
    stack = make_stack(NAME)
    argo = {
        "version": "4.0.5",
        "namespace": "life-argo",
        "namespaceSettings": {"ownership": "create", "deleteNamespace": True},
        "controllerConfig": "own",
    }
    bucket = {"name": stack.bucket, "forceDestroy": True}
    settings = {"argo": argo, "repositories": {"default": stack.repository(bucket=bucket)}}

    stack.configure(**settings, tenants=TENANTS)
    read = read_stack_file(stack.runner.config_file)
    items = inventory(read, plan(read))
    first = stack.up()
    standing = {item for item in items if _stands(item, cluster, store)}
    namespaces = [cluster.identity("Namespace", "life-kept")[0]]
    again = stack.up("--expect-no-changes")

    stack.configure(**settings, tenants=TENANTS | NEW)
    added = stack.up()

    with forwarded(stack.platform.kubeconfig, tmp_path_factory.mktemp("elsewhere")) as kubeconfig:
        place = {"name": NAME, "kubeconfig": str(kubeconfig)}
        stack.configure(**settings, cluster=place, tenants=TENANTS | NEW)
        elsewhere = stack.preview()

    place = {"name": "other", "kubeconfig": str(stack.platform.kubeconfig)}
    stack.configure(**settings, cluster=place, tenants=TENANTS | NEW)
    renamed = stack.preview(fails=True)

    keys = cluster.data("Secret", "life-kept/argo-artifacts-default")
    store.put(stack.bucket, "life/life-kept/artifact")
    store.put(stack.bucket, "life/life-gone/artifact")
    retired = {"life-new": {"retired": True}}
    stack.configure(**settings, tenants={"life-calm": TENANTS["life-calm"]} | retired)
    removed = stack.up()
    namespaces.append(cluster.identity("Namespace", "life-kept")[0])
    left = {
        space: cluster.inside(space) if cluster.stands("Namespace", space) else set()
        for space in TENANTS | NEW
    }
    keys_of_removed = store.may(keys, stack.bucket, "life/life-kept/")
    users, objects = store.users("life.life-"), store.keys(stack.bucket)

    stack.configure(**settings, tenants=TENANTS | NEW)
    readded = stack.up()
    namespaces.append(cluster.identity("Namespace", "life-kept")[0])

    destroyed = stack.destroy()
    return Story(
        items=items,
        first=first,
        standing=standing,
        again=again,
        added=added,
        elsewhere=elsewhere,
        renamed=renamed,
        removed=removed,
        left=left,
        keys_of_removed=keys_of_removed,
        users=users,
        objects=objects,
        readded=readded,
        namespaces=namespaces,
        destroyed=destroyed,
        state=stack.urns(),
        marked=cluster.marked(stack.owner),
        left_in_store={
            *store.users("life."),
            *store.policies("life."),
            *(b.name for b in store.objects.list_buckets() if b.name == stack.bucket),
        },
    )


def _stands(item: Item, cluster: LiveCluster, store: LiveStore) -> bool:
    match item.kind:
        case "Bucket":
            return store.objects.bucket_exists(bucket_name=item.name)
        case "Policy":
            return item.name in store.policies(item.name)
        case "User":
            return item.name in store.users(item.name)
        case "Attachment":
            return "policyName" in json.loads(store.admin.user_info(access_key=item.name))
        case kind:
            return cluster.stands(kind, item.name)


def test_the_first_up_creates_exactly_the_inventory(story: Story):
    numbers = {TYPES[kind]: number for kind, number in count(story.items).items()}
    assert story.first.numbers == numbers
    assert {step.op for step in story.first.steps} == {"create"}
    assert story.standing == set(story.items)
    assert len(story.items) > 40


def test_a_second_up_changes_nothing(story: Story):
    assert story.again.steps == []
    assert f"{len(story.items) + 8} unchanged" in story.again.text  # components, providers, stack


def test_a_new_tenant_touches_only_its_own_resources(story: Story):
    assert {step.op for step in story.added.all_steps} == {"create"}
    assert {step.name.partition("/")[0] for step in story.added.all_steps} == {"life-new"}
    assert story.added.numbers["kubernetes:core/v1:Namespace"] == 1


def test_the_same_server_at_another_address_changes_nothing_but_the_provider(story: Story):
    assert story.elsewhere.said == ["update kubernetes kubernetes"]


def test_another_name_of_the_cluster_is_refused_since_every_object_would_move(story: Story):
    moves = [line for line in story.renamed.errors if "would move from " in line]
    assert moves
    assert "minio://life-artifacts/life/life-" in moves[0]
    assert "minio://life-artifacts/other/life-" in moves[0]


def test_a_removed_tenant_loses_its_access_and_keeps_namespace_and_objects(story: Story):
    assert story.left["life-kept"] == set()
    assert story.namespaces[0] == story.namespaces[1]
    assert not story.keys_of_removed
    assert not {user for user in story.users if "life-kept" in user}
    assert "life/life-kept/artifact" in story.objects


def test_a_removed_tenant_whose_file_says_so_loses_its_namespace_and_still_no_object(story: Story):
    assert "delete Namespace life-gone" in story.removed.said
    assert story.left["life-gone"] == set()
    assert "life/life-gone/artifact" in story.objects


def test_a_retired_tenant_loses_its_executors_and_nothing_else(story: Story):
    assert story.left["life-new"] == {
        "ConfigMap artifact-repositories",
        "Role argo-artifact-gc",
        "Role argo-artifact-secrets",
        "RoleBinding argo-artifact-gc",
        "RoleBinding argo-artifact-secrets",
        "Secret argo-artifacts-default",
        "ServiceAccount artifact-gc",
    }
    assert {user for user in story.users if "life-new" in user}


def test_a_removal_touches_no_other_tenant(story: Story):
    assert not [step for step in story.removed.all_steps if step.name.startswith("life-calm")]
    assert len(story.left["life-calm"]) == 11
    assert {step.op for step in story.removed.all_steps} == {"delete", "update"}
    updates = {str(step) for step in story.removed.steps if step.op == "update"}
    assert updates == {"update Policy life-new/default"}


def test_a_tenant_that_returns_gets_its_kept_namespace_back(story: Story):
    assert story.namespaces[0] == story.namespaces[2]
    assert "create Namespace life-kept" in story.readded.said
    assert "create ServiceAccount life-new/workflow" in story.readded.said


def test_a_destroy_leaves_nothing_but_the_kept_namespaces(story: Story):
    assert story.state == set()
    assert story.marked == {"Namespace life-kept", "Namespace life-calm", "Namespace life-new"}
    assert story.left_in_store == set()
