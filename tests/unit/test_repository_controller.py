"""The controller's configuration, as a ConfigMap and as Helm values."""

from __future__ import annotations

import pytest
import yaml

from argo_artifacts.repository import controller
from tests.unit.aws_stacks import on_aws, store
from tests.unit.stacks import settings

CHART = {
    "controller.configMap.create",
    "controller.configMap.name",
    "controller.workflowDefaults",
    "server.authModes",
    "server.serviceAccount.annotations",
    "server.serviceAccount.create",
    "server.serviceAccount.name",
    "workflow.rbac.create",
    "workflow.serviceAccount.create",
}
"""Values that the chart argo-workflows 1.0.18 has."""


def argo(**changes: object):
    return settings(argo={"version": "4.0.5"} | changes)


def paths(value: dict, at: str = "") -> set[str]:
    found: set[str] = set()
    for key, inner in value.items():
        path = f"{at}.{key}".lstrip(".")
        deeper = isinstance(inner, dict) and path not in CHART
        found |= paths(inner, path) if deeper else {path}
    return found


@pytest.mark.parametrize("choice", ["own", "patch", "values", "none"])
def test_the_chart_has_every_value(choice):
    assert paths(controller.helm_values(argo(controllerConfig=choice))) <= CHART


def test_every_workflow_gets_the_collector_and_no_strategy():
    made = argo(collectorServiceAccount="sweeper")
    assert controller.workflow_defaults(made) == {
        "spec": {"artifactGC": {"serviceAccountName": "sweeper", "forceFinalizerRemoval": True}}
    }


def test_the_finalizer_is_left_alone_before_the_release_that_can_force_it():
    assert controller.workflow_defaults(argo(version="3.4.9")) == {
        "spec": {"artifactGC": {"serviceAccountName": "artifact-gc"}}
    }


def test_the_config_map_has_separate_keys_and_never_the_key_config():
    data = controller.config_map_data(argo())
    assert list(data) == ["workflowDefaults"]
    assert yaml.safe_load(data["workflowDefaults"]) == controller.workflow_defaults(argo())


def test_the_chart_makes_the_config_map_or_we_do():
    ours = controller.helm_values(argo(controllerConfig="own", controllerConfigMap="mine"))
    assert ours["controller"] == {"configMap": {"create": False, "name": "mine"}}
    for choice in ("values", "patch"):  # a patch is refused beside the chart, with these values
        theirs = controller.helm_values(argo(controllerConfig=choice))
        assert theirs["controller"] == {"workflowDefaults": controller.workflow_defaults(argo())}
    assert controller.helm_values(argo(controllerConfig="none"))["controller"] == {}


def test_the_chart_agrees_on_the_server_and_makes_nothing_for_tenants():
    server = {
        "serviceAccount": "ui",
        "authMode": "sso",
        "secretReaders": [{"namespace": "people", "name": "ada"}],
    }
    found = controller.helm_values(argo(server=server))
    assert found["server"] == {
        "authModes": ["sso"],
        "serviceAccount": {"create": True, "name": "ui"},
    }
    assert found["workflow"] == {"rbac": {"create": False}, "serviceAccount": {"create": False}}


def test_the_chart_gives_argo_server_its_role_on_aws_where_its_token_opens_it():
    made, access = on_aws({"default": store("irsa")})
    assert access.aws is not None
    (role,) = [role for role in access.aws.roles if role.purpose == "server"]
    found = controller.helm_values(made)
    assert paths(found) <= CHART
    assert found["server"]["serviceAccount"]["annotations"] == {
        "eks.amazonaws.com/role-arn": role.arn
    }
    bound, _ = on_aws({"default": store("podIdentity")})
    assert "annotations" not in controller.helm_values(bound)["server"]["serviceAccount"]
