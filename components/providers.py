"""Providers: every one explicit, made here from the stack's own settings, nothing ambient."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import pulumi

from argo_artifacts import cluster
from argo_artifacts.access import names
from argo_artifacts.documents.aws import deployer
from components import configuration

if TYPE_CHECKING:
    from collections.abc import Mapping

    import boto3
    import pulumi_aws as aws
    import pulumi_kubernetes as kubernetes
    from lightkube import Client

    from argo_artifacts.access import AccessPlan
    from argo_artifacts.config.backends.minio import Minio
    from argo_artifacts.config.settings import Settings
    from components.minio.admin import Credentials
    from components.minio.admin import Provider as MinioAdmin
    from components.store import Provisioned


_START_SECONDS: Final = 300
"""How long a server that the stack installs may take to answer: a way to it must be made too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAccess:
    """How a server that the stack installs is reached."""

    admin: Credentials
    ready: pulumi.Resource
    """Stands when the server does."""


class Providers:
    """The providers of one stack, each made when it is first needed."""

    def __init__(self, settings: Settings, plan: AccessPlan) -> None:
        self._settings = settings
        self._aws: dict[str, aws.Provider] = {}
        self._minio: dict[tuple[object, ...], MinioAdmin] = {}
        self.servers: dict[str, ServerAccess] = {}
        """The servers that the stack installs, by namespace; declared before what lies on them."""
        self.jobs: dict[str, Provisioned] = {}
        """The Jobs that provision from inside, by repository; declared before its store."""
        # Also the guards: whatever leads elsewhere is refused before any resource.
        self.live: Client = cluster.connect(settings.cluster, configuration.kubeconfig_text())
        self.sessions: Mapping[str, boto3.Session] = _sessions(settings, plan)
        """Logged in to each account on AWS in which something is made."""

    @cached_property
    def kubernetes(self) -> kubernetes.Provider:
        """The cluster's provider."""
        import pulumi_kubernetes as kubernetes

        settings = self._settings.cluster
        path = cluster.kubeconfig_path(settings)
        return kubernetes.Provider(
            "kubernetes",
            # From the first `up` on: another address of the same cluster then replaces nothing.
            cluster_identifier=settings.name,
            kubeconfig=str(path) if path else configuration.secret(configuration.KUBECONFIG),
            context=settings.context,
            enable_config_map_mutable=True,
            enable_secret_mutable=True,
            enable_server_side_apply=True,
        )

    def aws(self, account: str) -> aws.Provider:
        """The provider of an account on AWS; one for each."""
        if account not in self._aws:
            self._aws[account] = self._aws_account(account)
        return self._aws[account]

    def _aws_account(self, account: str) -> aws.Provider:
        import pulumi_aws as aws

        settings = self._settings.aws
        if settings is None:
            raise KeyError(account)
        own = account == settings.account
        eks = self._settings.cluster.eks
        role = settings.assume_role if own else (eks.assume_role if eks else None)
        return aws.Provider(
            "aws" if own else f"aws-{account}",
            region=settings.region,
            allowed_account_ids=[account],
            assume_roles=None
            if role is None
            else [aws.ProviderAssumeRoleArgs(role_arn=role.role_arn, external_id=role.external_id)],
        )

    @cached_property
    def credentials(self) -> MinioAdmin:
        """The provider that generates credentials; it asks no server."""
        from components.minio.admin import Provider

        owner = self._settings.owner
        return Provider("credentials", owner=owner, owner_id=names.owner_id(owner))

    def minio(self, repository: str) -> MinioAdmin:
        """The provider of the server behind *repository*; one for each server and admin."""
        minio = self._settings.repositories[repository].minio
        if minio is None:
            raise KeyError(repository)
        ours = self.servers[minio.helm.namespace.name] if minio.server == "helm" else None
        key = (minio.admin_endpoint or minio.endpoint, minio.tls, minio.admin, ours)
        if key not in self._minio:
            self._minio[key] = self._minio_admin(f"minio-{repository}", minio, ours)
        return self._minio[key]

    def _minio_admin(self, name: str, minio: Minio, ours: ServerAccess | None) -> MinioAdmin:
        """The provider of a server of one's own, or of one that the stack installs."""
        from components.minio.admin import Provider

        if ours is None:
            access_key = configuration.secret(minio.admin.access_key_config)
            secret_key = configuration.secret(minio.admin.secret_key_config)
        else:
            access_key, secret_key = ours.admin.username, ours.admin.secret_key
        return Provider(
            name,
            endpoint=minio.admin_endpoint or minio.endpoint,
            access_key=access_key,
            secret_key=secret_key,
            secure=minio.tls.enabled,
            ca_certificate=self._settings.certificates.get(minio.tls.ca or ""),
            region=minio.region,
            wait_seconds=None if ours is None else _START_SECONDS,
            owner=self._settings.owner,
            owner_id=names.owner_id(self._settings.owner),
            # Whatever lies on the server comes after it, and goes before it.
            opts=pulumi.ResourceOptions(depends_on=[] if ours is None else [ours.ready]),
        )


def _sessions(settings: Settings, plan: AccessPlan) -> Mapping[str, boto3.Session]:
    """Log in to every account on AWS in which something is made.

    Raises:
        ConfigError: one cannot be reached, or the credentials lead to another one; one line.
    """
    accounts = deployer.accounts(settings, plan)
    if not accounts:
        return {}
    from argo_artifacts import aws_account

    return {account: aws_account.connect(settings, account) for account in accounts}
