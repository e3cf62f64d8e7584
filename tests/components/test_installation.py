"""The installation's own objects, by choice of who writes the controller's configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from tests.components.small import stack
from tests.harness import deploy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness import Run

PLACE = "argo/workflow-controller-configmap"


def argo(**changes: object) -> dict[str, object]:
    return {"version": "4.0.5", **changes}


def defaults(run: Run, kind: str) -> dict[str, object]:
    """What the one key of the controller's ConfigMap says."""
    data = run.one(kind, PLACE).inputs["data"]
    assert set(data) == {"workflowDefaults"}
    return yaml.safe_load(data["workflowDefaults"])["spec"]["artifactGC"]


def test_own_writes_the_whole_config_map_with_our_mark(kubeconfig: Path):
    run = deploy(stack(kubeconfig, argo=argo(controllerConfig="own")))
    assert defaults(run, "ConfigMap") == {
        "serviceAccountName": "artifact-gc",
        "forceFinalizerRemoval": True,
    }
    assert run.one("ConfigMap", PLACE).hooks == {"before_create": ["owner"]}


def test_patch_writes_only_our_keys_and_looks_at_the_live_object_each_time(kubeconfig: Path):
    run = deploy(stack(kubeconfig, argo=argo(controllerConfig="patch")))
    patch = run.one("ConfigMapPatch", PLACE)
    assert defaults(run, "ConfigMapPatch")["serviceAccountName"] == "artifact-gc"
    assert patch.hooks == {
        "before_create": ["controller-config"],
        "before_update": ["controller-config"],
    }
    assert "annotations" not in patch.metadata


@pytest.mark.parametrize("choice", ["values", "none"])
def test_otherwise_the_controllers_config_map_is_left_alone(kubeconfig: Path, choice):
    run = deploy(stack(kubeconfig, argo=argo(controllerConfig=choice)))
    assert run.places("ConfigMap") == ["team-a/artifact-repositories"]
    assert run.all("ConfigMapPatch") == []


def test_before_argo_3_5_nothing_forces_a_finalizer_away(kubeconfig: Path):
    run = deploy(stack(kubeconfig, argo=argo(version="3.4.17", controllerConfig="own")))
    assert defaults(run, "ConfigMap") == {"serviceAccountName": "artifact-gc"}


def test_a_default_strategy_is_never_written(kubeconfig: Path):
    for choice, kind in (("own", "ConfigMap"), ("patch", "ConfigMapPatch")):
        run = deploy(stack(kubeconfig, argo=argo(controllerConfig=choice)))
        assert "strategy" not in defaults(run, kind)


KEPT = True
NAMESPACES = {
    "use": [],
    "create": [({"before_create": ["owner"]}, KEPT)],
    "adopt": [({}, KEPT)],
}


@pytest.mark.parametrize(("ownership", "expected"), NAMESPACES.items(), ids=NAMESPACES)
def test_the_installations_namespace_by_ownership(kubeconfig: Path, ownership, expected):
    settings = {"ownership": ownership}
    run = deploy(stack(kubeconfig, argo=argo(namespaceSettings=settings, controllerConfig="own")))
    found = [r for r in run.all("Namespace") if r.place == "argo"]
    assert [(r.hooks, r.retain_on_delete) for r in found] == expected
    assert {r.urn for r in found} <= run.one("ConfigMap", PLACE).depends_on


def test_the_installations_namespace_goes_only_where_the_file_says_so(kubeconfig: Path):
    settings = {"ownership": "create", "deleteNamespace": True}
    run = deploy(stack(kubeconfig, argo=argo(namespaceSettings=settings)))
    assert not run.one("Namespace", "argo").retain_on_delete
