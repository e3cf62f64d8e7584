"""The store contract: what the rest may know of a store on any cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pulumi

    from argo_artifacts.access import AccessPlan, Credential
    from argo_artifacts.config.settings import Settings
    from components.providers import Providers


class ArtifactStore(Protocol):
    """A bucket and the credentials that entries carry."""

    @property
    def bucket_name(self) -> pulumi.Output[str]:
        """Physical name of the bucket or container; known once it exists."""
        ...

    def secret_data(self, credential: Credential) -> Mapping[str, pulumi.Input[str]] | None:
        """What the Secret of *credential* holds, by key; None where no Secret is ours."""
        ...

    def access(self, credential: Credential) -> list[pulumi.Resource]:
        """The resources that must stand before *credential* is of use."""
        ...


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
