"""Inventory: every object that a stack creates, before any cloud or cluster is called."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from argo_artifacts.access.names import REPOSITORIES_CONFIG_MAP
from argo_artifacts.access.provisioners import provisioners
from argo_artifacts.access.refreshers import refreshers
from argo_artifacts.access.servers import installed_servers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from argo_artifacts.access.aws import AwsPlan
    from argo_artifacts.access.grants import AccessPlan, Credential
    from argo_artifacts.access.provisioners import Provisioner
    from argo_artifacts.access.servers import InstalledServer
    from argo_artifacts.config.settings import Settings
    from argo_artifacts.config.tenants import EffectiveTenant, Ownership

Kind = Literal[
    "Namespace",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "Secret",
    "ConfigMap",
    "ConfigMapPatch",
    "Bucket",
    "Policy",
    "User",
    "Attachment",
    "Credentials",
    "Release",
    "NetworkPolicy",
    "Job",
    "CronJob",
    "S3 bucket",
    "Bucket policy",
    "KMS key",
    "OIDC provider",
    "IAM role",
    "IAM user",
    "Access key",
    "Pod Identity association",
    "Access Grants instance",
    "Access Grants location",
    "Access grant",
]

TYPES: Final[Mapping[Kind, str]] = {
    "Namespace": "kubernetes:core/v1:Namespace",
    "ServiceAccount": "kubernetes:core/v1:ServiceAccount",
    "Role": "kubernetes:rbac.authorization.k8s.io/v1:Role",
    "RoleBinding": "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
    "Secret": "kubernetes:core/v1:Secret",
    "ConfigMap": "kubernetes:core/v1:ConfigMap",
    "ConfigMapPatch": "kubernetes:core/v1:ConfigMapPatch",
    "NetworkPolicy": "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    "Release": "kubernetes:helm.sh/v3:Release",
    "Job": "kubernetes:batch/v1:Job",
    "CronJob": "kubernetes:batch/v1:CronJob",
    "Credentials": "minio-admin:index:Credentials",
    "Bucket": "minio-admin:index:Bucket",
    "Policy": "minio-admin:index:Policy",
    "User": "minio-admin:index:User",
    "Attachment": "minio-admin:index:Attachment",
    "S3 bucket": "aws:s3/bucket:Bucket",
    "Bucket policy": "aws:s3/bucketPolicy:BucketPolicy",
    "KMS key": "aws:kms/key:Key",
    "OIDC provider": "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    "IAM role": "aws:iam/role:Role",
    "IAM user": "aws:iam/user:User",
    "Access key": "aws:iam/accessKey:AccessKey",
    "Pod Identity association": "aws:eks/podIdentityAssociation:PodIdentityAssociation",
    "Access Grants instance": "aws:s3control/accessGrantsInstance:AccessGrantsInstance",
    "Access Grants location": "aws:s3control/accessGrantsLocation:AccessGrantsLocation",
    "Access grant": "aws:s3control/accessGrant:AccessGrant",
}
"""Pulumi type of each kind."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Item:
    """One object that the stack creates or takes over."""

    kind: Kind
    name: str
    """``namespace/name`` in Kubernetes, the physical name in a store; a Job's without its hash."""

    adopted: bool = False
    """It stands already and is taken over."""


def inventory(settings: Settings, plan: AccessPlan) -> tuple[Item, ...]:
    """List what `pulumi up` creates, sorted."""
    items = [*_installation(settings), *_stores(settings, plan), *_aws(settings, plan)]
    for server in installed_servers(settings):
        items += _server(server)
    for job in provisioners(settings, plan):
        items += _job(job)
    for refresher in refreshers(settings, plan):
        place = f"{refresher.namespace}/{refresher.name}"
        kinds: tuple[Kind, ...] = ("ServiceAccount", "CronJob", "Job")
        items += (Item(kind=kind, name=place) for kind in kinds)
    for tenant in settings.tenants.values():
        items += _tenant(settings, plan, tenant)
    return tuple(sorted(items))


def count(items: Iterable[Item]) -> dict[Kind, int]:
    """Numbers by kind, in the order of :data:`TYPES`; kinds without objects are left out."""
    numbers = Counter(item.kind for item in items)
    return {kind: numbers[kind] for kind in TYPES if numbers[kind]}


def _installation(settings: Settings) -> Iterator[Item]:
    argo = settings.argo
    yield from _owned("Namespace", argo.namespace, argo.namespace_settings.ownership)
    config_map = f"{argo.namespace}/{argo.controller_config_map}"
    if argo.controller_config == "own":
        yield Item(kind="ConfigMap", name=config_map)
    if argo.controller_config == "patch":
        yield Item(kind="ConfigMapPatch", name=config_map)


def _server(server: InstalledServer) -> Iterator[Item]:
    """What stands before a server's pods; the chart makes those, their volumes and Services."""
    yield from _owned("Namespace", server.namespace, server.helm.namespace.ownership)
    yield Item(kind="Credentials", name=server.root_user)
    yield Item(kind="Secret", name=f"{server.namespace}/{server.root_secret}")
    yield Item(kind="NetworkPolicy", name=server.place)
    yield Item(kind="Release", name=server.place)


def _job(job: Provisioner) -> Iterator[Item]:
    """What makes a Job do the work, in place of the store's resources."""
    yield Item(kind="ConfigMap", name=f"{job.namespace}/{job.name}")
    yield Item(kind="Secret", name=f"{job.namespace}/{job.users_secret}")
    if job.installed is None:
        yield Item(kind="Secret", name=f"{job.namespace}/{job.admin_secret}")
    yield Item(kind="Job", name=f"{job.namespace}/{job.name}")
    for user in job.users:
        yield Item(kind="Credentials", name=user)


def _tenant(settings: Settings, plan: AccessPlan, tenant: EffectiveTenant) -> Iterator[Item]:
    space = tenant.name
    yield from _owned("Namespace", space, tenant.namespace.ownership)
    executors = () if tenant.retired else tenant.service_accounts
    for account in (*executors, settings.argo.collector_service_account):
        name = f"{space}/{account}"
        yield from _owned("ServiceAccount", name, tenant.service_account_ownership)
    for role in plan.roles_of(space):
        yield Item(kind="Role", name=f"{space}/{role.name}")
        yield Item(kind="RoleBinding", name=f"{space}/{role.name}")
    for credential in plan.credentials_of(space):
        for secret in secrets(credential):
            yield Item(kind="Secret", name=f"{space}/{secret}")
    if plan.repositories_of(space):
        yield Item(kind="ConfigMap", name=f"{space}/{REPOSITORIES_CONFIG_MAP}")


def secrets(credential: Credential) -> Iterator[str]:
    """Names of the Secrets that we write for *credential*."""
    if credential.secret.managed:
        yield credential.secret.name
    if credential.ca_secret is not None:
        yield credential.ca_secret


def _owned(kind: Kind, name: str, ownership: Ownership) -> Iterator[Item]:
    if ownership != "use":
        yield Item(kind=kind, name=name, adopted=ownership == "adopt")


def _stores(settings: Settings, plan: AccessPlan) -> Iterator[Item]:
    inside = {name for job in provisioners(settings, plan) for name in job.repositories}
    for store in plan.stores:
        minio = settings.repositories[store.repository].minio
        if minio is not None and store.managed and store.repository not in inside:
            yield from _owned("Bucket", store.bucket, minio.bucket.ownership)
    for credential in plan.credentials:
        if credential.policy is None or credential.repository in inside:
            continue
        yield Item(kind="Policy", name=credential.policy)
        for _, user in credential.users:
            yield Item(kind="User", name=user)
            yield Item(kind="Attachment", name=user)


def _aws(settings: Settings, plan: AccessPlan) -> Iterator[Item]:
    """What is made in AWS; others make what is handed over to them."""
    aws = plan.aws
    if settings.aws is None or aws is None:
        return
    for store in plan.stores:
        s3 = settings.repositories[store.repository].s3
        if s3 is not None and store.managed:
            yield from _owned("S3 bucket", store.bucket, s3.bucket.ownership)
            yield Item(kind="Bucket policy", name=store.bucket)
    yield from _keys_and_grants(settings, aws)
    for account in aws.provider_accounts:
        issuer = settings.cluster.oidc.host if settings.cluster.oidc else ""
        yield from _owned("OIDC provider", f"{account}/{issuer}", settings.aws.oidc_provider)
    for role in aws.roles:
        if not role.handed_over:
            yield Item(kind="IAM role", name=role.name)
    for user in aws.users:
        yield Item(kind="IAM user", name=user.name)
        yield Item(kind="Access key", name=user.name)
    for association in aws.associations:
        name = f"{association.namespace}/{association.service_account}"
        yield Item(kind="Pod Identity association", name=name)


def _keys_and_grants(settings: Settings, aws: AwsPlan) -> Iterator[Item]:
    stores = [r.s3 for r in settings.repositories.values() if r.s3 is not None]
    made = {
        f"{s3.encryption.kms.key}@{s3.region}"
        for s3 in stores
        if s3.encryption.kms is not None and s3.encryption.kms.ownership == "create"
    }
    for key in made:
        yield Item(kind="KMS key", name=key)
    instances = {s3.region for s3 in stores if s3.makes_instance}
    for region in instances:
        yield Item(kind="Access Grants instance", name=region)
    for location in aws.locations:
        yield Item(kind="Access Grants location", name=location.scope)
    for grant in aws.data_grants:
        name = f"{grant.tenant}/{grant.repository}/{grant.sub_prefix}"
        yield Item(kind="Access grant", name=name)
