"""A repository's name leads to one place for ever: old workflows keep a copy of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pulumi
import pytest
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources import core_v1
from pulumi.resource_hooks import ResourceHookArgs
from pulumi.runtime import mocks

from components.kubernetes.moves import PLACES, MoveGuard
from tests.components.small import minio, stack
from tests.harness import deploy

if TYPE_CHECKING:
    from pathlib import Path

OLD = "minio://old/test/team-a/"
NEW = "minio://artifacts/test/team-a/"


class Live:
    """A cluster with one ConfigMap."""

    def __init__(self, annotations: dict[str, str]) -> None:
        self._annotations = annotations

    def get(self, kind: type, name: str, namespace: str) -> core_v1.ConfigMap:
        del kind, name, namespace
        return core_v1.ConfigMap(metadata=ObjectMeta(annotations=self._annotations))


def guarded(live: dict[str, str], new: dict[str, str]) -> str | None:
    """Ask the guard about a ConfigMap with annotations; its line, or None."""
    metadata = {"name": "artifact-repositories", "namespace": "team-a", "annotations": new}
    kind = "kubernetes:core/v1:ConfigMap"
    args = ResourceHookArgs("urn", "", "x", kind, new_inputs={"metadata": metadata})
    said: list[str] = []

    @mocks.test
    def run() -> None:
        (hook,) = MoveGuard(Live(live)).hooks().before_update  # the guard calls get alone
        assert hook.opts.on_dry_run
        try:
            hook(args)
        except pulumi.RunError as error:
            said.append(str(error))

    monitor = mocks.MockMonitor(_NoResources())
    mocks.set_mocks(monitor.mocks, preview=False, monitor=monitor)
    run()
    return said[0] if said else None


class _NoResources(mocks.Mocks):
    def new_resource(self, args):
        raise NotImplementedError(args.typ)

    def call(self, args):
        raise NotImplementedError(args.token)


def at(**places: str) -> dict[str, str]:
    return {PLACES: json.dumps(places)}


def test_a_move_is_refused_with_both_places_and_the_ways_that_are_open():
    assert guarded(at(default=OLD, other=NEW), at(default=NEW)) == (
        "ConfigMap team-a/artifact-repositories default: would move from minio://old/test/team-a/"
        " to minio://artifacts/test/team-a/, one place under one name is accepted (old workflows"
        " keep a copy of it); add a repository of another name, or where no old workflow is left"
        " `kubectl annotate configmap artifact-repositories -n team-a argo-artifacts/places-`"
    )


NO_MOVES = {
    "the same": (at(default=NEW), at(default=NEW)),
    "a new name": (at(other=OLD), at(default=NEW)),
    "a name that goes": (at(default=OLD), at()),
    "never written": ({}, at(default=NEW)),
    "not ours": ({PLACES: "text"}, at(default=NEW)),
    "not a mapping": ({PLACES: "[]"}, at(default=NEW)),
}


@pytest.mark.parametrize(("live", "new"), NO_MOVES.values(), ids=NO_MOVES)
def test_a_name_that_is_new_or_stays_or_goes_is_no_move(live, new):
    assert guarded(live, new) is None


def written(kubeconfig: Path, **changes: object) -> dict[str, str]:
    """The places in the ConfigMap of team-a."""
    run = deploy(stack(kubeconfig, **changes))
    config_map = run.one("ConfigMap", "team-a/artifact-repositories")
    assert config_map.hooks == {"before_create": ["owner", "moved"], "before_update": ["moved"]}
    return json.loads(config_map.metadata["annotations"][PLACES])


def test_bucket_cluster_and_backend_make_a_place_and_nothing_else_does(kubeconfig: Path):
    assert written(kubeconfig) == {"default": NEW}
    other = minio(endpoint="minio.example.com:443", keys={"live": [2], "publish": 2})
    changed = {"default": other | {"keyFormat": "{{workflow.uid}}/{{pod.name}}"}}
    assert written(kubeconfig, repositories=changed) == {"default": NEW}
    moved = {"default": minio(bucket={"name": "old"})}
    assert written(kubeconfig, repositories=moved) == {"default": OLD}
    cluster = {"name": "prod", "kubeconfig": str(kubeconfig)}
    assert written(kubeconfig, cluster=cluster) == {"default": "minio://artifacts/prod/team-a/"}
