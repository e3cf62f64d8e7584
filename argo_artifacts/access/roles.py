"""Roles: what each actor may do through the API server, in the tenants' namespaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argo_artifacts.access.grants import Credential, Role
from argo_artifacts.access.names import (
    COLLECTOR,
    EXECUTOR,
    SECRET_READER,
    refresher,
    refresher_role,
)
from argo_artifacts.access.words import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from argo_artifacts.config.settings import Settings
    from argo_artifacts.config.tenants import EffectiveTenant


def roles(settings: Settings, credentials: Sequence[Credential]) -> Iterator[Role]:
    """The Roles of every tenant."""
    own: dict[str, list[Credential]] = {}
    for credential in credentials:
        own.setdefault(credential.tenant, []).append(credential)
    for tenant in settings.tenants.values():
        yield from _of_tenant(settings, tenant, own.get(tenant.name, []))


def _of_tenant(
    settings: Settings, tenant: EffectiveTenant, credentials: Sequence[Credential]
) -> Iterator[Role]:
    cluster = settings.cluster.name
    if not tenant.retired:
        yield Role(
            namespace=tenant.name,
            name=EXECUTOR,
            purpose="executor",
            subjects=tuple(
                Subject(cluster=cluster, namespace=tenant.name, name=account)
                for account in tenant.service_accounts
            ),
        )
    # Also where artifactGC is off: a workflow that asks for collection gets an answer.
    collector = settings.argo.collector_service_account
    yield Role(
        namespace=tenant.name,
        name=COLLECTOR,
        purpose="collector",
        subjects=(Subject(cluster=cluster, namespace=tenant.name, name=collector),),
    )
    readers, secrets = secret_readers(settings), _secrets(credentials)
    if readers and secrets:
        yield Role(
            namespace=tenant.name,
            name=SECRET_READER,
            purpose="secrets",
            subjects=readers,
            secrets=secrets,
        )
    for credential in credentials:
        if credential.secret.session_token is not None:
            name = refresher(tenant.name, credential.repository)
            keeper = Subject(cluster=cluster, namespace=settings.argo.namespace, name=name)
            yield Role(
                namespace=tenant.name,
                name=refresher_role(credential.repository),
                purpose="refresher",
                subjects=(keeper,),
                secrets=(credential.secret.name,),
            )


def secret_readers(settings: Settings) -> tuple[Subject, ...]:
    """Who reads the entries' Secrets for the UI: argo-server itself, or its users.

    argo-server asks the API server with its own identity in authMode server, and with the
    user's otherwise (Argo, ``server/artifacts/artifact_server.go``).
    """
    cluster, argo = settings.cluster.name, settings.argo
    if argo.server.access == "none":
        return ()
    if argo.server.auth_mode == "server":
        name = argo.server.service_account
        return (Subject(cluster=cluster, namespace=argo.namespace, name=name),)
    return tuple(
        Subject(cluster=cluster, namespace=reader.namespace, name=reader.name)
        for reader in argo.server.secret_readers
    )


def _secrets(credentials: Sequence[Credential]) -> tuple[str, ...]:
    found = {c.secret.name for c in credentials}
    found |= {c.ca_secret for c in credentials if c.ca_secret is not None}
    return tuple(sorted(found))
