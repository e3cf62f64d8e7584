"""Outputs: names, endpoints and how to use them in a Workflow; never a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argo_artifacts.access import names
from argo_artifacts.access.grants import in_words
from argo_artifacts.access.servers import installed_servers
from argo_artifacts.repository import entries

if TYPE_CHECKING:
    from argo_artifacts.access import AccessPlan
    from argo_artifacts.access.servers import InstalledServer
    from argo_artifacts.config.settings import Settings


def outputs(settings: Settings, plan: AccessPlan) -> dict[str, object]:
    """What `pulumi stack output` shows, as plain values."""
    servers = {server.place: _server(server) for server in installed_servers(settings)}
    return {
        "cluster": settings.cluster.name,
        "owner": settings.owner,
        "stores": {
            store.repository: {
                "backend": store.backend,
                "bucket": store.bucket,
                "endpoint": _endpoint(settings, store.repository),
            }
            for store in plan.stores
        },
        "tenants": {name: _tenant(settings, plan, name) for name in settings.tenants},
        **({"servers": servers} if servers else {}),
    }


def _server(server: InstalledServer) -> dict[str, object]:
    return {
        "service": server.minio.endpoint,
        "rootSecret": f"{server.namespace}/{server.root_secret}",
        "image": server.helm.image,
        "repositories": list(server.repositories),
        "reachedFrom": list(server.allowed),
    }


def _endpoint(settings: Settings, repository: str) -> str | None:
    minio = settings.repositories[repository].minio
    return None if minio is None else minio.endpoint


def _tenant(settings: Settings, plan: AccessPlan, name: str) -> dict[str, object]:
    tenant = settings.tenants[name]
    default = entries.default_repository(plan, name)
    return {
        "configMap": names.REPOSITORIES_CONFIG_MAP,
        "defaultRepository": default,
        "repositories": [c.repository for c in plan.credentials_of(name)],
        "serviceAccounts": [] if tenant.retired else list(tenant.service_accounts),
        "grants": in_words(plan.grants_of(name)),
        "workflow": {
            "namespace": name,
            "serviceAccountName": None if tenant.retired else tenant.service_accounts[0],
            "artifactRepositoryRef": {"key": default},
        },
    }
