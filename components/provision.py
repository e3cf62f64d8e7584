"""Provision: the one place that knows every cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argo_artifacts.access.refreshers import refreshers
from components.providers import ServerAccess

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pulumi

    from argo_artifacts.access import AccessPlan
    from argo_artifacts.access.provisioners import Provisioner
    from argo_artifacts.access.servers import InstalledServer
    from argo_artifacts.config.settings import Settings
    from components.kubernetes.ownership import OwnerGuard
    from components.providers import Providers
    from components.store import ArtifactStore, Keeper


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
    settings: Settings, plan: AccessPlan, providers: Providers
) -> Mapping[str, ArtifactStore]:
    """Create every store that the plan names, and the identities of its tenants.

    Raises:
        NotImplementedError: a backend is not built yet; settings refuse it before.
    """
    found: dict[str, ArtifactStore] = {}
    on_s3: list[str] = []
    for name in sorted({store.repository for store in plan.stores}):
        match settings.repositories[name].backend:
            case "minio":
                from components.minio.store import minio_store

                found[name] = minio_store(settings, plan, providers, name)
            case "s3":
                on_s3.append(name)
            case other:
                raise NotImplementedError(other)
    if on_s3:
        found.update(_on_aws(settings, plan, providers, on_s3))
    return found


def keep_fresh(
    settings: Settings,
    plan: AccessPlan,
    guard: OwnerGuard,
    providers: Providers,
    *,
    after: pulumi.Resource,
) -> Mapping[tuple[str, str], Keeper]:
    """What keeps temporary credentials fresh, by tenant and repository; nothing is made yet."""
    found = refreshers(settings, plan)
    if not found:
        return {}
    from components.aws.refresher import AwsKeeper

    return {(one.tenant, one.repository): AwsKeeper(one, guard, providers, after) for one in found}


def _on_aws(
    settings: Settings, plan: AccessPlan, providers: Providers, repositories: Sequence[str]
) -> Mapping[str, ArtifactStore]:
    """The buckets of all *repositories* on S3, then the identities that reach them."""
    from components.aws.identities import AwsIdentities, AwsIdentitiesArgs
    from components.aws.needs import Needs
    from components.aws.repository import GivenRepository, S3Repository
    from components.aws.store import S3Account, S3Store, S3StoreArgs

    if settings.aws is None or plan.aws is None:
        key = "aws"
        raise KeyError(key)
    if not providers.sessions:  # bucket and identity are others', so AWS is not even asked
        return {name: GivenRepository() for name in repositories}
    Needs(settings, settings.aws, plan.aws, providers.sessions).look()
    account = settings.aws.account
    shared = S3Account(settings, plan, providers.aws(account), providers.sessions[account])
    stores = {
        name: S3Store(name, S3StoreArgs(settings=settings, plan=plan, account=shared))
        for name in repositories
    }
    args = AwsIdentitiesArgs(
        settings=settings,
        aws=settings.aws,
        plan=plan,
        identities=plan.aws,
        stores=stores,
        providers=providers,
    )
    identities = AwsIdentities("aws", args)
    return {name: S3Repository(name, store, identities) for name, store in stores.items()}
