"""The controller's configuration: workflowDefaults, as a ConfigMap or as Helm values."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from argo_artifacts.access import plan
from argo_artifacts.access.words import Subject
from argo_artifacts.config.argo import FORCE_FINALIZER_REMOVAL
from argo_artifacts.documents import canonical
from argo_artifacts.documents.kubernetes import role_annotations

if TYPE_CHECKING:
    from argo_artifacts.config.settings import Settings


def workflow_defaults(settings: Settings) -> dict[str, object]:
    """What every Workflow gets: the collector's name, never a strategy.

    A default strategy would put the garbage collection finalizer on every workflow;
    ``forceFinalizerRemoval`` keeps workflows deletable where the collector may not delete.
    """
    collection: dict[str, object] = {"serviceAccountName": settings.argo.collector_service_account}
    if settings.argo.has(FORCE_FINALIZER_REMOVAL):
        collection["forceFinalizerRemoval"] = True
    return {"spec": {"artifactGC": collection}}


def config_map_data(settings: Settings) -> dict[str, str]:
    """The data of ``workflow-controller-configmap``: separate keys, never ``config``."""
    return {"workflowDefaults": canonical.entry(workflow_defaults(settings))}


def helm_values(settings: Settings) -> dict[str, object]:
    """Values for the argo-workflows chart that agree with what this stack provisions.

    Service accounts and RBAC of the tenants are ours, so the chart makes none of its own. The
    chart writes one ConfigMap with the single key ``config``, which nobody else can add to: the
    ConfigMap is either ours or the chart's.
    """
    argo = settings.argo
    return {
        "controller": _controller(settings),
        "server": {
            "authModes": [argo.server.auth_mode],
            "serviceAccount": _server_account(settings),
        },
        "workflow": {"rbac": {"create": False}, "serviceAccount": {"create": False}},
    }


def _server_account(settings: Settings) -> dict[str, object]:
    """argo-server's service account, with what gives its pods their role on AWS."""
    argo = settings.argo
    name = argo.server.service_account
    subject = Subject(cluster=settings.cluster.name, namespace=argo.namespace, name=name)
    found = role_annotations(plan(settings), subject)
    account: dict[str, object] = {"create": True, "name": name}
    return account | {"annotations": found} if found else account


def _controller(settings: Settings) -> dict[str, object]:
    argo = settings.argo
    match argo.controller_config:
        case "own":
            return {"configMap": {"create": False, "name": argo.controller_config_map}}
        case "values" | "patch":
            return {"workflowDefaults": workflow_defaults(settings)}
        case "none":
            return {}
        case _:
            assert_never(argo.controller_config)
