"""The controller's configuration: workflowDefaults, as a ConfigMap or as Helm values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argo_artifacts.config.argo import FORCE_FINALIZER_REMOVAL
from argo_artifacts.documents import canonical

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

    Service accounts and RBAC of the tenants are ours, so the chart makes none of its own.
    """
    namespaces = sorted(t.name for t in settings.tenants.values())
    return {
        "controller": {
            "workflowDefaults": workflow_defaults(settings),
            "workflowNamespaces": namespaces,
        },
        "server": {
            "serviceAccount": {"create": True, "name": settings.argo.server.service_account},
            "authModes": [settings.argo.server.auth_mode],
        },
        "workflow": {"rbac": {"create": False}, "serviceAccount": {"create": False}},
        "useStaticCredentials": False,
    }
