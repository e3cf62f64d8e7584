"""Rules of tenants: their service accounts, and the repositories and prefixes they may use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argo_artifacts.config.faults import Fault, nearest, one_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argo_artifacts.config.repositories import Repository
    from argo_artifacts.config.rules.draft import Draft
    from argo_artifacts.config.tenants import RepositoryUse


def faults(draft: Draft) -> Iterator[Fault]:
    """Each tenant by itself, then the shared prefixes of one bucket.

    A list that stands in the defaults is judged there, once for all tenants.
    """
    for tenant in draft.tenants:
        yield from _service_accounts(draft, tenant)
        yield from _repositories(draft, tenant)
    yield from _overlaps(draft)


def _service_accounts(draft: Draft, tenant: str) -> Iterator[Fault]:
    names = draft.service_accounts(tenant)
    collector = draft.argo.collector_service_account if draft.argo else None
    unwritten = f"{draft.root}argo.collectorServiceAccount"
    path = draft.written(tenant, "service_accounts", unwritten)
    for index, name in enumerate(names):
        where = path if path == unwritten else f"{path}[{index}]"
        if name == collector:
            yield Fault(
                where,
                f"{name!r} is the collector and runs workflows, different names are accepted; it"
                " would let workflows delete artifacts (R19)",
            )
        if name in names[:index]:
            yield Fault(where, f"{name!r} stands twice, once is accepted")


def _repositories(draft: Draft, tenant: str) -> Iterator[Fault]:
    uses = draft.uses(tenant)
    names = [use.name for use in uses]
    unwritten = f"{draft.root}repositories.{names[0]}" if names else ""
    path = draft.written(tenant, "repositories", unwritten)
    for index, use in enumerate(uses):
        where = path if path == unwritten else f"{path}[{index}]"
        if use.name in names[:index]:
            yield Fault(where, f"{use.name!r} stands twice, once is accepted")
        elif draft.repository_names is not None and use.name not in draft.repository_names:
            if path == unwritten:
                cure = "tenants that name no repositories use this one"
                yield Fault(where, f"missing, a repository is required; {cure} (R12)")
            else:
                accepted = one_of(draft.repository_names, use.name)
                yield Fault(where, f"{use.name!r} is no repository, {accepted} (R12)")
        elif use.name in draft.repositories:
            yield from _use(draft, tenant, where, use, draft.repositories[use.name])


def _use(
    draft: Draft, tenant: str, where: str, use: RepositoryUse, repository: Repository
) -> Iterator[Fault]:
    if repository.shared_with and not _shares(draft, tenant, repository.shared_with):
        yield Fault(
            where,
            f"{use.name!r} is not shared with this tenant,"
            f" {one_of(repository.shared_with, tenant)}; add {tenant} to its sharedWith",
        )
    if use.prefix is not None and not repository.shared_with:
        yield Fault(
            f"{where}.prefix",
            f"{use.prefix!r} in a repository that is not shared, no prefix is accepted; the"
            " tenant's own one is <cluster>/<namespace>/",
        )
    if use.expire_days is not None and repository.shared_with:
        yield Fault(
            f"{where}.expireDays",
            "in a shared repository, the repository's lifecycle is accepted",
        )
    if use.prefix is not None and draft.cluster and use.prefix.startswith(f"{draft.cluster.name}/"):
        yield Fault(
            f"{where}.prefix",
            f"{use.prefix!r} begins with the cluster's name, another first segment is accepted;"
            " the tenants' own prefixes stand there",
        )


def _shares(draft: Draft, tenant: str, shared_with: tuple[str, ...]) -> bool:
    """Whether *tenant* is among *shared_with*, be it misspelt there, which is said there."""
    known = draft.tenant_names or shared_with
    return tenant in shared_with or tenant in {
        nearest(name, known) for name in shared_with if name not in known
    }


def _overlaps(draft: Draft) -> Iterator[Fault]:
    """Two shared repositories on one bucket do not reach into each other's prefixes."""
    seen: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for tenant in draft.tenants:
        path = draft.written(tenant, "repositories", "")
        for index, use in enumerate(draft.uses(tenant)):
            repository = draft.repositories.get(use.name)
            place = None if repository is None else repository.place
            if use.prefix is None or place is None:
                continue
            others = seen.setdefault(place, [])
            for name, prefix in others:
                longer, shorter = sorted((prefix, use.prefix), key=len, reverse=True)
                if name != use.name and longer.startswith(shorter):
                    yield Fault(
                        f"{path}[{index}].prefix",
                        f"{use.prefix!r} overlaps {prefix!r} of repositories.{name} on the same"
                        " bucket, a prefix apart is accepted",
                    )
                    break
            if (use.name, use.prefix) not in others:
                others.append((use.name, use.prefix))
