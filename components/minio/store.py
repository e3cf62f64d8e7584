"""A repository on a MinIO or S3-compatible server: bucket, and the users behind its entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from argo_artifacts.documents import minio_state
from components import configuration
from components.minio import admin
from components.minio.provisioning import ProvisionedStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from argo_artifacts.access import AccessPlan, Credential
    from argo_artifacts.config.backends.minio import Minio
    from argo_artifacts.config.settings import Settings
    from components.providers import Providers
    from components.store import ArtifactStore


def minio_store(
    settings: Settings, plan: AccessPlan, providers: Providers, repository: str
) -> ArtifactStore:
    """Create what *repository*'s server lacks: all of it, or nothing where keys exist already."""
    minio = settings.repositories[repository].minio
    if minio is None:
        raise KeyError(repository)
    if minio.server == "credentials":
        return GivenStore(minio)
    if repository in providers.jobs:
        return ProvisionedStore(providers.jobs[repository])
    return MinioStore(repository, settings, plan, providers, minio)


class GivenStore:
    """A bucket with keys that exist already: nothing is created on the server."""

    def __init__(self, minio: Minio) -> None:
        self._minio = minio

    def secret_data(self, credential: Credential) -> Mapping[str, pulumi.Input[str]] | None:
        """The keys that the stack's secrets hold for the credential's tenant."""
        if not credential.secret.managed:
            return None
        source = (self._minio.credentials or {}).get(
            credential.tenant, self._minio.shared_credentials
        )
        if source is None:
            raise KeyError(credential.tenant)
        return {
            credential.secret.access_key: configuration.secret(source.access_key_config),
            credential.secret.secret_key: configuration.secret(source.secret_key_config),
        }

    def access(self, tenant: str) -> list[pulumi.Resource]:
        """Nothing of ours has to stand first."""
        del tenant
        return []


class MinioStore(pulumi.ComponentResource):
    """A bucket on a MinIO server and one user for each tenant, repository and live key."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        plan: AccessPlan,
        providers: Providers,
        minio: Minio,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("argo-artifacts:index:MinioStore", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self, provider=providers.minio(name))
        self._bucket = self._create_bucket(name, minio_state.bucket(settings, plan, name))
        self._users: dict[str, admin.User] = {}
        self._access: dict[str, list[pulumi.Resource]] = {}
        for credential in plan.credentials:
            if credential.repository == name:
                self._create_credential(credential)
        self.register_outputs({"bucketName": minio.bucket.name})

    def _create_bucket(self, name: str, bucket: minio_state.Bucket | None) -> admin.Bucket | None:
        if bucket is None:
            return None
        return admin.Bucket(
            name,
            bucket=bucket.name,
            ownership=bucket.ownership,
            versioning=bucket.versioning,
            quota_bytes=bucket.quota_bytes,
            encryption=bucket.encryption,
            lifecycle=bucket.lifecycle,
            force_destroy=bucket.force_destroy,
            opts=self._child,
        )

    def _create_credential(self, credential: Credential) -> None:
        """One policy, and for each live key a user that has it and nothing else."""
        account = minio_state.account(credential)
        if account is None:
            return
        place = f"{credential.tenant}/{credential.repository}"
        policy = admin.Policy(
            place, name=account.policy, document=account.document, opts=self._child
        )
        made: list[pulumi.Resource] = [policy] if self._bucket is None else [self._bucket, policy]
        for key, name in account.users:
            user = admin.User(f"{place}/{key}", name=name, opts=self._child)
            attachment = admin.Attachment(
                f"{place}/{key}", user=user.name, policies=[policy.name], opts=self._child
            )
            made += [user, attachment]
            if key == credential.publish:
                self._users[credential.tenant] = user
        self._access[credential.tenant] = made

    def secret_data(self, credential: Credential) -> Mapping[str, pulumi.Input[str]] | None:
        """The published user's name and generated secret."""
        user = self._users[credential.tenant]
        return {
            credential.secret.access_key: user.name,
            credential.secret.secret_key: user.secret_key,
        }

    def access(self, tenant: str) -> list[pulumi.Resource]:
        """Bucket, policy, users and attachments of *tenant*."""
        return self._access[tenant]
