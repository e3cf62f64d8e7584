"""The installation's own objects, by choice of who writes the controller's configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pulumi
import pytest
import yaml
from lightkube.resources import core_v1
from pulumi.resource_hooks import ResourceHookArgs

from argo_artifacts.repository import controller
from components.kubernetes.installation import ControllerConfigGuard
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
    assert run.one("ConfigMap", PLACE).hooks == {
        "before_create": ["owner", "controller-config"],
        "before_update": ["controller-config"],
    }


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
    "adopt": [({"before_create": ["adopted"]}, KEPT)],
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


class Live:
    """A cluster with one ConfigMap, or one that does not answer."""

    def __init__(self, data: dict[str, str] | None) -> None:
        self._data = data

    def get(self, kind: type, name: str, namespace: str) -> core_v1.ConfigMap:
        del kind, name, namespace
        if self._data is None:
            message = "refused"
            raise httpx.ConnectError(message)
        return core_v1.ConfigMap(data=self._data)


def guarded(
    kubeconfig: Path,
    data: dict[str, str] | None,
    old: dict[str, object] | None = None,
    choice: str = "patch",
) -> str | None:
    """Ask the guard about a live ConfigMap; its line, or None."""
    settings = stack(kubeconfig, argo=argo(controllerConfig=choice)).settings()
    guard = ControllerConfigGuard(settings, Live(data))  # the guard calls get alone
    try:
        guard(ResourceHookArgs("urn", "", "x", "ConfigMapPatch", old_inputs=old))
    except pulumi.RunError as error:
        return str(error)
    return None


def ours(kubeconfig: Path) -> dict[str, str]:
    return controller.config_map_data(stack(kubeconfig).settings())


def test_a_config_map_of_the_chart_is_not_patched_and_the_values_are_given(kubeconfig: Path):
    line = guarded(kubeconfig, {"config": "x"})
    assert line == (
        "ConfigMap argo/workflow-controller-configmap: has Helm's single key 'config', separate"
        " keys are accepted; set controllerConfig: values and give the chart {controller:"
        " {workflowDefaults: {spec: {artifactGC: {forceFinalizerRemoval: true,"
        " serviceAccountName: artifact-gc}}}}, server: {authModes: [server], serviceAccount:"
        " {create: true, name: argo-server}}, workflow: {rbac: {create: false},"
        " serviceAccount: {create: false}}}"
    )


def test_defaults_that_somebody_else_wrote_are_not_overwritten(kubeconfig: Path):
    line = guarded(kubeconfig, {"workflowDefaults": "spec: {}"})
    assert line is not None
    assert ": has workflowDefaults of its own, no such key is accepted; " in line


def test_a_patch_may_meet_other_keys_its_own_value_and_its_own_older_value(kubeconfig: Path):
    assert guarded(kubeconfig, {}) is None
    assert guarded(kubeconfig, {"parallelism": "5"}) is None
    assert guarded(kubeconfig, ours(kubeconfig)) is None
    assert guarded(kubeconfig, {"workflowDefaults": "spec: {}"}, {"data": {}}) is None


def test_a_config_map_that_cannot_be_read_is_not_patched(kubeconfig: Path):
    assert guarded(kubeconfig, None) == (
        "ConfigMap argo/workflow-controller-configmap: cannot be read (refused), a readable"
        " ConfigMap is required"
    )


def test_a_config_map_of_the_chart_is_not_owned_before_the_chart_leaves_it(kubeconfig: Path):
    line = guarded(kubeconfig, {"config": "x"}, choice="own")
    assert line is not None
    assert "; give the chart {controller: {configMap: {create: false, " in line
    assert guarded(kubeconfig, {"workflowDefaults": "spec: {}"}, choice="own") is None
