"""A MinIO server that the stack installs: namespace, generated admin, chart and NetworkPolicy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import pulumi
from pulumi_kubernetes import core, networking
from pulumi_kubernetes.helm.v3 import Release, RepositoryOptsArgs

from argo_artifacts.access.names import ROOT_PASSWORD, ROOT_USER
from argo_artifacts.documents import minio_chart, network_policy
from components.kubernetes.namespaces import create_namespace
from components.kubernetes.releases import ReleaseGuard
from components.kubernetes.secrets import create_secret
from components.minio import admin

if TYPE_CHECKING:
    from pulumi_kubernetes.networking.v1 import NetworkPolicySpecArgsDict

    from argo_artifacts.access.servers import InstalledServer
    from argo_artifacts.config.backends.minio_helm import HelmChart
    from argo_artifacts.config.settings import Settings
    from components.kubernetes.ownership import OwnerGuard
    from components.providers import Providers

_CHART: Final = "minio"
_READY_SECONDS: Final = 600
"""How long pods may take to run: an image to pull, a volume to make for each drive."""

_REVISIONS: Final = 5
"""Revisions that Helm keeps, each in a Secret."""


class MinioServer(pulumi.ComponentResource):
    """One server by its Helm chart; what lies on it is :class:`MinioStore`'s."""

    admin: admin.Credentials
    """The generated admin."""

    release: Release
    """The chart; whoever needs the server waits for it."""

    def __init__(
        self,
        settings: Settings,
        server: InstalledServer,
        guard: OwnerGuard,
        providers: Providers,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("argo-artifacts:index:MinioServer", server.namespace, None, opts)
        self._settings = settings
        self._server = server
        self._guard = guard
        self._stack_providers = providers
        self._namespace = create_namespace(
            server.namespace,
            server.helm.namespace,
            guard,
            parent=self,
            provider=providers.kubernetes,
        )
        self.admin = admin.Credentials(
            server.place,
            username=server.root_user,
            opts=pulumi.ResourceOptions(parent=self, provider=providers.credentials),
        )
        secret = self._create_secret()
        policy = self._create_policy()
        self.release = self._create_release(secret, policy)
        self.register_outputs({"namespace": server.namespace, "release": server.helm.release})

    def _options(
        self, hooks: pulumi.ResourceHookBinding, *depends_on: pulumi.Resource
    ) -> pulumi.ResourceOptions:
        """Options of what lies in the namespace."""
        whole = self._server.helm.namespace.delete_namespace
        namespace = [] if self._namespace is None else [self._namespace]
        return pulumi.ResourceOptions(
            parent=self,
            provider=self._stack_providers.kubernetes,
            depends_on=[*namespace, *depends_on],
            deleted_with=self._namespace if whole and self._namespace is not None else None,
            hooks=hooks,
        )

    def _create_secret(self) -> core.v1.Secret:
        return create_secret(
            self._server.root_secret,
            self._server.namespace,
            {ROOT_USER: self.admin.username, ROOT_PASSWORD: self.admin.secret_key},
            self._guard,
            self._options(self._guard.hooks()),
        )

    def _create_policy(self) -> networking.v1.NetworkPolicy:
        return networking.v1.NetworkPolicy(
            self._server.place,
            metadata=self._guard.metadata(self._server.helm.release, self._server.namespace),
            # In the API's own spelling, which the SDK lets through.
            spec=cast("NetworkPolicySpecArgsDict", network_policy.spec(self._server)),
            opts=self._options(self._guard.hooks()),
        )

    def _create_release(self, *before: pulumi.Resource) -> Release:
        helm = self._server.helm
        chart, repository = self._chart(helm.chart)
        guard = ReleaseGuard(self._stack_providers.live, minio_chart.FIXED)
        return Release(
            self._server.place,
            name=helm.release,
            namespace=self._server.namespace,
            chart=chart,
            version=helm.chart.version,
            repository_opts=repository,
            values=minio_chart.values(self._server),
            allow_null_values=True,  # else empty lists are left out, and the chart has its own
            skip_await=not helm.wait_for_pods,
            timeout=_READY_SECONDS,
            max_history=_REVISIONS,
            opts=self._options(guard.hooks(), *before),
        )

    def _chart(self, chart: HelmChart) -> tuple[str, RepositoryOptsArgs | None]:
        """The chart as the provider looks it up; a path is relative to the project, as here."""
        if chart.path is not None:
            return str(self._settings.folder / chart.path), None
        if chart.oci is not None:
            return chart.oci, None
        return _CHART, RepositoryOptsArgs(repo=chart.repository)
