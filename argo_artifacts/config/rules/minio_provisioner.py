"""Rules of a Job that provisions a server from inside the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from argo_artifacts.config.faults import Fault
from argo_artifacts.config.rules.one_server import differences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argo_artifacts.config.backends.minio import Minio
    from argo_artifacts.config.rules.draft import Draft

_SHARED: Final = ("provisioner", "admin", "region", "tls")
"""What repositories on one server must agree on: one Job does the work of all."""


def faults(draft: Draft) -> Iterator[Fault]:
    """Each repository by itself, then those that share a server."""
    for name, repository in draft.repositories.items():
        minio = repository.minio
        if minio is None or minio.provisioner is None or minio.server == "credentials":
            continue
        path = f"{draft.repository(name)}.minio"
        if minio.bucket.force_destroy:
            yield Fault(
                f"{path}.bucket.forceDestroy",
                "has no effect with a provisioner, nothing is accepted here; its Job removes no"
                " bucket",
            )
        if minio.server == "external":
            yield from _apart(draft, path)
    yield from _shared(draft)


def _apart(draft: Draft, path: str) -> Iterator[Fault]:
    """Whoever may create pods in a namespace can mount its Secrets."""
    if draft.argo is not None and draft.argo.namespace in (draft.tenant_names or ()):
        yield Fault(
            f"{path}.provisioner",
            f"its Job runs in {draft.argo.namespace}, which is a tenant, a namespace of Argo's own"
            " is accepted; workflows there could mount the admin's Secret",
        )


def _shared(draft: Draft) -> Iterator[Fault]:
    """One Job a server: where one repository has it, all of them do, and alike."""
    inside = {
        repository.minio.endpoint
        for repository in draft.repositories.values()
        if repository.minio is not None
        and repository.minio.server == "external"
        and repository.minio.provisioner is not None
    }

    def server(minio: Minio) -> str | None:
        external = minio.server == "external" and minio.endpoint in inside
        return minio.endpoint if external else None

    return differences(
        draft,
        server,
        _SHARED,
        lambda other, _: (
            f"differs from repositories.{other} on the same server, the same is accepted;"
            " one Job provisions all of a server"
        ),
    )
