"""The controller's ConfigMap, patched: never one that Argo would then reject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.live import LiveCluster
    from tests.engine.stack import EngineStack

CHART = "config-chart/workflow-controller-configmap"
SEPARATE = "config-separate/workflow-controller-configmap"


def settings(stack: EngineStack, place: str, choice: str = "patch") -> dict[str, object]:
    argo = {"version": "4.0.5", "namespace": place.partition("/")[0], "controllerConfig": choice}
    return {"argo": argo, "repositories": {"default": stack.given()}, "tenants": {}}


@pytest.mark.parametrize(
    ("choice", "expected"), [("patch", "workflowDefaults"), ("own", "configMap")]
)
def test_a_config_map_of_the_chart_is_refused_in_the_preview_with_the_values(
    make_stack: Callable[[str], EngineStack], cluster: LiveCluster, choice, expected
):
    """Beside Helm's single key, a second one makes Argo reject the whole ConfigMap."""
    stack = make_stack(f"config-{choice}")
    place = CHART.replace("chart", f"chart-{choice}")
    cluster.make("Namespace", place.partition("/")[0])
    marked = {"annotations": {"argo-artifacts/owner": stack.owner}}  # handed over, for `own`
    cluster.make("ConfigMap", place, metadata=marked, data={"config": "parallelism: 5\n"})
    before = cluster.identity("ConfigMap", place)

    stack.configure(**settings(stack, place, choice))
    outcome = stack.preview(fails=True)

    (line,) = [line for line in outcome.errors if f"ConfigMap {place}" in line]
    assert "has Helm's single key 'config'" in line
    values = yaml.safe_load(line.partition("give the chart ")[2])
    assert set(values["controller"]) == {expected}
    assert cluster.identity("ConfigMap", place) == before


@dataclass
class Patch:
    """A ConfigMap with keys of its own: with our patch, and after the destroy."""

    created: list[str]
    with_ours: dict[str, str]
    annotations: dict[str, str]
    after: dict[str, str]
    same_object: bool


@pytest.fixture(scope="module")
def patch(make_stack: Callable[[str], EngineStack], cluster: LiveCluster) -> Patch:
    stack = make_stack("config")
    cluster.make("Namespace", SEPARATE.partition("/")[0])
    cluster.make("ConfigMap", SEPARATE, data={"parallelism": "5", "links": "[]"})
    identity = cluster.identity("ConfigMap", SEPARATE)[0]
    stack.configure(**settings(stack, SEPARATE))
    created = stack.up().said
    with_ours = cluster.data("ConfigMap", SEPARATE)
    annotations = cluster.annotations("ConfigMap", SEPARATE)
    stack.destroy()
    return Patch(
        created=created,
        with_ours=with_ours,
        annotations=annotations,
        after=cluster.data("ConfigMap", SEPARATE),
        same_object=cluster.identity("ConfigMap", SEPARATE)[0] == identity,
    )


def test_a_patch_adds_our_key_and_leaves_the_others(patch: Patch):
    assert f"create ConfigMapPatch {SEPARATE}" in patch.created
    assert set(patch.with_ours) == {"parallelism", "links", "workflowDefaults"}
    assert patch.with_ours["parallelism"] == "5"
    assert "artifact-gc" in patch.with_ours["workflowDefaults"]


def test_a_patched_config_map_is_not_marked_as_ours(patch: Patch):
    assert "argo-artifacts/owner" not in patch.annotations


def test_a_destroy_takes_our_key_out_and_keeps_the_rest(patch: Patch):
    assert patch.after == {"parallelism": "5", "links": "[]"}
    assert patch.same_object
