"""The store contract: what the rest may know of a store on any cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pulumi

    from argo_artifacts.access import Credential


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


class Provisioned(Protocol):
    """A server that a Job in the cluster provisions, as the stores on it know it."""

    @property
    def job(self) -> pulumi.Resource:
        """The Job: when it has ended, bucket, policies and users stand."""
        ...

    def secret_key(self, user: str) -> pulumi.Output[str]:
        """The secret of a user that the Job makes."""
        ...
