"""The store contract: what the rest may know of a store on any cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pulumi

    from argo_artifacts.access import Credential


class ArtifactStore(Protocol):
    """What stands behind a repository's entries, and the credentials that they carry."""

    def secret_data(self, credential: Credential) -> Mapping[str, pulumi.Input[str]] | None:
        """What the Secret of *credential* holds, by key; None where no Secret is ours.

        Empty where we make the Secret and somebody else keeps its data fresh.
        """
        ...

    def access(self, tenant: str) -> list[pulumi.Resource]:
        """The resources that must stand before *tenant*'s entry is of use."""
        ...


class Keeper(Protocol):
    """What keeps the data of one Secret fresh."""

    def __call__(self, after: Sequence[pulumi.Resource]) -> pulumi.Resource:
        """Make it, once all of *after* stands; return what has ended when the data are there."""
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
