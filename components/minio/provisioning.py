"""Provisioning from inside the cluster: a Job for a server that only the cluster reaches.

The Job runs ``providers.minio_admin.provision`` once over the desired state. Its name ends in a
hash of all that it does, so that a change is another Job.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi
from pulumi_kubernetes import batch, core, meta

from argo_artifacts.access import names
from argo_artifacts.documents import canonical, minio_state
from components import configuration
from components.kubernetes import pods
from components.kubernetes.secrets import create_secret
from components.minio import admin

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from argo_artifacts.access import AccessPlan, Credential
    from argo_artifacts.access.provisioners import Provisioner
    from argo_artifacts.config.settings import Settings
    from components.kubernetes.ownership import OwnerGuard
    from components.providers import Providers
    from components.store import Provisioned

ROOT: Final = "/provision"
"""Folder of the container below which everything is mounted."""

COMMAND: Final = ("python", "-m", "providers.minio_admin.provision", ROOT)


@dataclass(frozen=True, slots=True, kw_only=True)
class MinioProvisioningArgs:
    """Inputs of :class:`MinioProvisioning`."""

    settings: Settings
    plan: AccessPlan
    provisioner: Provisioner
    guard: OwnerGuard
    providers: Providers
    installation: pulumi.Resource
    """What stands before objects in Argo's namespace."""


class MinioProvisioning(pulumi.ComponentResource):
    """The Job that provisions one server, and the secrets of the users that it makes."""

    job: batch.v1.Job

    def __init__(
        self, name: str, args: MinioProvisioningArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("argo-artifacts:index:MinioProvisioning", name, None, opts)
        self._args = args
        self._server = args.provisioner
        self._users = {user: self._credentials(user) for user in self._server.users}
        files = self._files()
        mounted = [self._config_map(files), self._users_secret(), *self._admin_secret()]
        self.job = self._create_job(files, mounted)
        self.register_outputs({"job": self.job.metadata.name})

    def secret_key(self, user: str) -> pulumi.Output[str]:
        """The secret of a user that the Job makes."""
        return self._users[user].secret_key

    def _credentials(self, user: str) -> admin.Credentials:
        return admin.Credentials(
            user,
            username=user,
            opts=pulumi.ResourceOptions(parent=self, provider=self._args.providers.credentials),
        )

    def _files(self) -> Mapping[str, str]:
        """What the Job reads in clear, by name of the file."""
        settings, ca = self._args.settings, self._server.minio.tls.ca
        state = minio_state.state(settings, self._args.plan, self._server.repositories)
        files = {"state.json": canonical.document(state)}
        return files if ca is None else {**files, "ca.pem": settings.certificates[ca]}

    def _before(self) -> pulumi.Resource:
        """What must stand before anything in the Job's namespace, and before the Job."""
        if self._server.installed is None:
            return self._args.installation
        return self._args.providers.servers[self._server.namespace].ready

    def _options(self, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self,
            provider=self._args.providers.kubernetes,
            depends_on=[self._before(), *depends_on],
            hooks=self._args.guard.hooks(),
        )

    def _config_map(self, files: Mapping[str, str]) -> core.v1.ConfigMap:
        space, name = self._server.namespace, self._server.name
        return core.v1.ConfigMap(
            f"{space}/{name}",
            metadata=self._args.guard.metadata(name, space),
            data=files,
            opts=self._options(),
        )

    def _users_secret(self) -> core.v1.Secret:
        return self._secret(
            self._server.users_secret,
            {user: credentials.secret_key for user, credentials in self._users.items()},
        )

    def _admin_secret(self) -> list[core.v1.Secret]:
        """The admin's key; of a server that the stack installs it stands there already."""
        if self._server.installed is not None:
            return []
        admin_keys = self._server.minio.admin
        return [
            self._secret(
                self._server.admin_secret,
                {
                    "accessKey": configuration.secret(admin_keys.access_key_config),
                    "secretKey": configuration.secret(admin_keys.secret_key_config),
                },
            )
        ]

    def _secret(self, name: str, data: Mapping[str, pulumi.Input[str]]) -> core.v1.Secret:
        return create_secret(name, self._server.namespace, data, self._args.guard, self._options())

    def _create_job(
        self, files: Mapping[str, str], mounted: Sequence[pulumi.Resource]
    ) -> batch.v1.Job:
        space, name = self._server.namespace, self._server.name
        does = json.dumps([self._server.image, dict(files)], sort_keys=True)
        return batch.v1.Job(
            f"{space}/{name}",
            metadata=self._args.guard.metadata(
                f"{name}-{names.short_id(does)}", space, {pods.REPLACE_FAILED: "true"}
            ),
            spec=batch.v1.JobSpecArgs(
                backoff_limit=pods.JOB_TRIES,
                active_deadline_seconds=pods.JOB_SECONDS,
                template=core.v1.PodTemplateSpecArgs(
                    metadata=meta.v1.ObjectMetaArgs(
                        labels={names.PROVISIONER_LABEL: self._server.label},
                        annotations={names.OWNER_MARK: self._args.guard.owner},
                    ),
                    spec=self._pod(),
                ),
            ),
            opts=self._options(mounted),
        )

    def _pod(self) -> core.v1.PodSpecArgs:
        root = self._server.installed is not None
        keys = (names.ROOT_USER, names.ROOT_PASSWORD) if root else ("accessKey", "secretKey")
        return pods.pod(
            pods.container(
                "provision",
                self._server.image,
                COMMAND,
                {name: f"{ROOT}/{name}" for name in ("desired", "admin", "users")},
            ),
            [
                core.v1.VolumeArgs(
                    name="desired",
                    config_map=core.v1.ConfigMapVolumeSourceArgs(name=self._server.name),
                ),
                core.v1.VolumeArgs(
                    name="admin",
                    secret=core.v1.SecretVolumeSourceArgs(
                        secret_name=self._server.admin_secret,
                        default_mode=0o440,
                        items=[
                            core.v1.KeyToPathArgs(key=key, path=path)
                            for key, path in zip(keys, ("accessKey", "secretKey"), strict=True)
                        ],
                    ),
                ),
                core.v1.VolumeArgs(
                    name="users",
                    secret=core.v1.SecretVolumeSourceArgs(
                        secret_name=self._server.users_secret, default_mode=0o440
                    ),
                ),
            ],
        )


class ProvisionedStore:
    """A repository's share of what a Job provisions."""

    def __init__(self, server: Provisioned) -> None:
        self._server = server

    def secret_data(self, credential: Credential) -> Mapping[str, pulumi.Input[str]] | None:
        """The published user's name and generated secret."""
        user = next(name for key, name in credential.users if key == credential.publish)
        return {
            credential.secret.access_key: user,
            credential.secret.secret_key: self._server.secret_key(user),
        }

    def access(self, tenant: str) -> list[pulumi.Resource]:
        """The Job: bucket, policy and user stand once it has ended."""
        del tenant
        return [self._server.job]
