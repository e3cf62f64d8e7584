"""Rules of a Job that provisions a server from inside the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from argo_artifacts.config.faults import Fault

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
    first: dict[str, tuple[str, Minio]] = {}
    for name, repository in draft.repositories.items():
        minio = repository.minio
        if minio is None or minio.server != "external":
            continue
        other, described = first.setdefault(minio.endpoint, (name, minio))
        if minio.provisioner is None and described.provisioner is None:
            continue
        for key in _SHARED:
            if getattr(minio, key) != getattr(described, key):
                yield Fault(
                    f"{draft.repository(name)}.minio.{type(minio).model_fields[key].alias or key}",
                    f"differs from repositories.{other} on the same server, the same is accepted;"
                    " one Job provisions all of a server",
                )
