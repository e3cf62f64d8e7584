"""Providers: every one explicit, made here from the stack's own settings, nothing ambient."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from argo_artifacts import cluster
from argo_artifacts.access import names
from components import configuration

if TYPE_CHECKING:
    import pulumi_kubernetes as kubernetes
    from lightkube import Client

    from argo_artifacts.config.settings import Settings
    from components.minio.admin import Provider as MinioAdmin


class Providers:
    """The providers of one stack, each made when it is first needed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._minio: dict[tuple[object, ...], MinioAdmin] = {}
        # Also the guard: a kubeconfig that leads elsewhere is refused before any resource.
        self.live: Client = cluster.connect(settings.cluster, configuration.kubeconfig_text())

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

    def minio(self, repository: str) -> MinioAdmin:
        """The provider of the server behind *repository*; one for each server and admin."""
        from components.minio.admin import Provider

        minio = self._settings.repositories[repository].minio
        if minio is None:
            raise KeyError(repository)
        endpoint = minio.admin_endpoint or minio.endpoint
        key = (endpoint, minio.tls, minio.admin)
        if key not in self._minio:
            self._minio[key] = Provider(
                f"minio-{repository}",
                endpoint=endpoint,
                access_key=configuration.secret(minio.admin.access_key_config),
                secret_key=configuration.secret(minio.admin.secret_key_config),
                secure=minio.tls.enabled,
                ca_certificate=self._settings.certificates.get(minio.tls.ca or ""),
                region=minio.region,
                owner=self._settings.owner,
                owner_id=names.owner_id(self._settings.owner),
            )
        return self._minio[key]
