"""Provision: the one place that knows every cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.providers import ServerAccess

if TYPE_CHECKING:
    import pulumi

    from argo_artifacts.access import AccessPlan
    from argo_artifacts.access.provisioners import Provisioner
    from argo_artifacts.access.servers import InstalledServer
    from argo_artifacts.config.settings import Settings
    from components.kubernetes.ownership import OwnerGuard
    from components.providers import Providers
    from components.store import ArtifactStore


def install(
    settings: Settings, server: InstalledServer, guard: OwnerGuard, providers: Providers
) -> None:
    """Install a server; from now on its provider can be had."""
    from components.minio.server import MinioServer

    made = MinioServer(settings, server, guard, providers)
    providers.servers[server.namespace] = ServerAccess(admin=made.admin, ready=made.release)


def provision_inside(
    settings: Settings,
    plan: AccessPlan,
    provisioner: Provisioner,
    guard: OwnerGuard,
    providers: Providers,
    *,
    after: pulumi.Resource,
) -> None:
    """Let a Job in the cluster provision a server; its stores refer to the Job from now on."""
    from components.minio.provisioning import MinioProvisioning, MinioProvisioningArgs

    args = MinioProvisioningArgs(
        settings=settings,
        plan=plan,
        provisioner=provisioner,
        guard=guard,
        providers=providers,
        installation=after,
    )
    made = MinioProvisioning(f"{provisioner.namespace}/{provisioner.name}", args)
    providers.jobs |= dict.fromkeys(provisioner.repositories, made)


def provision(
    settings: Settings, plan: AccessPlan, providers: Providers, repository: str
) -> ArtifactStore:
    """Create the store of *repository* and the identities of its tenants.

    Raises:
        NotImplementedError: the backend is not built yet; settings refuse it before.
    """
    backend = settings.repositories[repository].backend
    match backend:
        case "minio":
            from components.minio.store import minio_store

            return minio_store(settings, plan, providers, repository)
        case _:
            raise NotImplementedError(backend)
