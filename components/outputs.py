"""Outputs: names, endpoints and how to use them in a Workflow; never a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argo_artifacts.access import names
from argo_artifacts.access.grants import in_words
from argo_artifacts.access.servers import installed_servers
from argo_artifacts.access.words import Subject
from argo_artifacts.repository import entries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from argo_artifacts.access import AccessPlan
    from argo_artifacts.access.grants import Store
    from argo_artifacts.access.servers import InstalledServer
    from argo_artifacts.config.settings import Settings
    from argo_artifacts.config.tenants import EffectiveTenant


def outputs(settings: Settings, plan: AccessPlan) -> dict[str, object]:
    """What `pulumi stack output` shows, as plain values."""
    servers = {server.place: _server(server) for server in installed_servers(settings)}
    return {
        "cluster": settings.cluster.name,
        "owner": settings.owner,
        "stores": {
            name: _store(settings, name, [s for s in plan.stores if s.repository == name])
            for name in sorted({store.repository for store in plan.stores})
        },
        "tenants": {name: _tenant(settings, plan, name) for name in settings.tenants},
        **({"servers": servers} if servers else {}),
    }


def _store(settings: Settings, repository: str, stores: Sequence[Store]) -> dict[str, object]:
    """A repository's bucket, or the bucket of each tenant."""
    s3 = settings.repositories[repository].s3
    if s3 is not None and s3.isolation == "bucket":
        bucket: dict[str, object] = {"buckets": {s.tenants[0]: s.bucket for s in stores}}
    else:
        bucket = {"bucket": stores[0].bucket}
    region = {} if s3 is None else {"region": s3.region}
    return {
        "backend": stores[0].backend,
        **bucket,
        "endpoint": _endpoint(settings, repository),
        **region,
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
    """The host, with its port, that pods talk to."""
    model = settings.repositories[repository]
    if model.s3 is not None:
        return model.s3.host
    return None if model.minio is None else model.minio.endpoint


def _tenant(settings: Settings, plan: AccessPlan, name: str) -> dict[str, object]:
    tenant = settings.tenants[name]
    default = entries.default_repository(plan, name)
    return {
        "configMap": names.REPOSITORIES_CONFIG_MAP,
        "defaultRepository": default,
        "repositories": list(plan.repositories_of(name)),
        "serviceAccounts": [] if tenant.retired else list(tenant.service_accounts),
        **_roles(settings, plan, tenant),
        "grants": in_words(plan.grants_of(name)),
        "workflow": {
            "namespace": name,
            "serviceAccountName": None if tenant.retired else tenant.service_accounts[0],
            "artifactRepositoryRef": {"key": default},
        },
    }


def _roles(settings: Settings, plan: AccessPlan, tenant: EffectiveTenant) -> dict[str, object]:
    """The role on AWS of each service account of the tenant's namespace that has one."""
    accounts = (*tenant.service_accounts, settings.argo.collector_service_account)
    subjects = [Subject(cluster=plan.cluster, namespace=tenant.name, name=a) for a in accounts]
    found = {s.name: plan.aws.role_of(s) for s in subjects} if plan.aws else {}
    roles = {name: role.arn for name, role in found.items() if role is not None}
    return {"roles": roles} if roles else {}
