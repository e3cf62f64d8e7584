"""Repositories on one MinIO server: what describes it for one of them does so for the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argo_artifacts.config.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from argo_artifacts.config.backends.minio import Minio
    from argo_artifacts.config.rules.draft import Draft


def differences(
    draft: Draft,
    server: Callable[[Minio], str | None],
    settings: Sequence[str],
    says: Callable[[str, Minio], str],
) -> Iterator[Fault]:
    """Compare each repository with the first one on its server.

    Args:
        draft: what the stack file says.
        server: what tells servers apart; None: the repository is not asked.
        settings: names of the settings that must be equal.
        says: the fault, from the name of the first repository and the one that differs.
    """
    first: dict[str, tuple[str, Minio]] = {}
    for name, repository in draft.repositories.items():
        minio = repository.minio
        place = None if minio is None else server(minio)
        if minio is None or place is None:
            continue
        other, described = first.setdefault(place, (name, minio))
        for key in settings:
            if getattr(minio, key) != getattr(described, key):
                path = (
                    f"{draft.repository(name)}.minio.{type(minio).model_fields[key].alias or key}"
                )
                yield Fault(path, says(other, minio))
