"""The access plan: the only place that decides who may do what.

Pure, total and deterministic: equal settings give an equal plan.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, assert_never

from argo_artifacts.access.aws_plan import aws_plan, bucket_of, s3_user
from argo_artifacts.access.grants import AccessPlan, Credential, Grant, SecretReference, Store
from argo_artifacts.access.names import (
    ca_secret,
    credential_secret,
    minio_policy,
    minio_user,
    shared_prefix,
    tenant_prefix,
    uploads_prefix,
)
from argo_artifacts.access.notes import notes
from argo_artifacts.access.roles import roles
from argo_artifacts.access.words import Access, Actor, Subject, Verb, in_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argo_artifacts.config.backends.minio import Minio
    from argo_artifacts.config.repositories import Repository
    from argo_artifacts.config.settings import Settings
    from argo_artifacts.config.tenants import EffectiveTenant, RepositoryUse


def plan(settings: Settings) -> AccessPlan:
    """Decide all access of a stack."""
    grants: list[Grant] = []
    credentials: list[Credential] = []
    prefixes: dict[tuple[str, str], str] = {}
    for tenant in settings.tenants.values():
        for use in tenant.repositories:
            prefixes[tenant.name, use.name] = _prefix(settings, tenant, use)
            own = list(_grants(settings, tenant, use))
            grants += own
            credential = _credential(settings, tenant, use, own)
            if credential is not None:
                credentials.append(credential)
    on_aws = aws_plan(settings, grants)
    return AccessPlan(
        cluster=settings.cluster.name,
        owner=settings.owner,
        grants=tuple(grants),
        credentials=tuple(credentials),
        stores=tuple(_stores(settings)),
        notes=tuple(notes(settings, grants, credentials, on_aws)),
        aws=on_aws,
        roles=tuple(roles(settings, credentials)),
        prefixes=MappingProxyType(prefixes),
    )


def _grants(settings: Settings, tenant: EffectiveTenant, use: RepositoryUse) -> Iterator[Grant]:
    """The grants on one tenant's artifacts in one repository."""
    repository = settings.repositories[use.name]
    access = use.access or ("read" if repository.shared_with else "write")
    prefix = _prefix(settings, tenant, use)
    identity = _identity(repository, use.name)

    def grant(actor: Actor, subject: Subject, verbs: set[Verb], where: str = prefix) -> Grant:
        return Grant(
            tenant=tenant.name,
            actor=actor,
            subject=subject,
            repository=use.name,
            prefix=where,
            verbs=in_order(verbs),
            identity=identity,
        )

    uploads = uploads_prefix(tenant.name) if _uploads(settings, repository) else None
    if not tenant.retired:
        for name in tenant.service_accounts:
            subject = _subject(settings, tenant.name, name)
            verbs: set[Verb] = {"list", "read", "write"} if access == "write" else {"list", "read"}
            yield grant("executor", subject, verbs)
            if uploads is not None:
                yield grant("executor", subject, {"list", "read"}, uploads)
    if tenant.artifact_gc and access == "write":
        collector = _subject(settings, tenant.name, settings.argo.collector_service_account)
        yield grant("collector", collector, {"list", "delete"})
    if settings.argo.server.access == "shared":
        server = _subject(settings, settings.argo.namespace, settings.argo.server.service_account)
        yield grant("server", server, {"list", "read"})
        if uploads is not None:
            yield grant("server", server, {"list", "read", "write"}, uploads)


def _subject(settings: Settings, namespace: str, name: str) -> Subject:
    return Subject(cluster=settings.cluster.name, namespace=namespace, name=name)


def _uploads(settings: Settings, repository: Repository) -> bool:
    return settings.argo.server.uploads and not repository.shared_with


def _prefix(settings: Settings, tenant: EffectiveTenant, use: RepositoryUse) -> str:
    if use.prefix is not None:
        return use.prefix
    if settings.repositories[use.name].shared_with:
        return shared_prefix(settings.cluster.name, use.name)
    return tenant_prefix(settings.cluster.name, tenant.name)


def _identity(repository: Repository, name: str) -> str:
    if repository.s3 is not None:
        return repository.s3.identity
    if repository.minio is None:
        return repository.backend
    existing = repository.minio.existing_secret
    return f"Secret {existing.name if existing else credential_secret(name)}"


def _credential(
    settings: Settings, tenant: EffectiveTenant, use: RepositoryUse, grants: list[Grant]
) -> Credential | None:
    """The credential that the entry carries, if it carries one: the union of its grants."""
    repository = settings.repositories[use.name]
    minio = repository.minio
    if repository.s3 is not None and grants:
        return _of_s3(settings, tenant.name, use.name, grants)
    if minio is None or not grants:
        return None
    credential = Credential(
        tenant=tenant.name,
        repository=use.name,
        bucket=minio.bucket.name,
        actors=_actors(grants),
        accesses=_union(grants),
        secret=_secret(tenant.name, use.name, minio),
        ca_secret=None if minio.tls.ca is None else ca_secret(use.name),
    )
    match minio.server:
        case "external" | "helm":
            return _with_users(settings, credential, minio)
        case "credentials":
            return credential
        case _:
            assert_never(minio.server)


def _actors(grants: list[Grant]) -> tuple[Actor, ...]:
    acting = {grant.actor for grant in grants}
    order: tuple[Actor, ...] = ("executor", "collector", "server")
    return tuple(actor for actor in order if actor in acting)


def _of_s3(
    settings: Settings, tenant: str, repository: str, grants: list[Grant]
) -> Credential | None:
    """The Secret of an entry on S3, where its identity needs one: a user's key or a session."""
    s3 = settings.repositories[repository].s3
    if s3 is None or (s3.identity != "accessKeys" and not s3.refreshed):
        return None
    secret = SecretReference(
        namespace=tenant,
        name=credential_secret(repository),
        access_key="accessKey",
        secret_key="secretKey",  # noqa: S106 - the name of the key inside the Secret
        session_token="sessionToken" if s3.refreshed else None,
        managed=True,
    )
    live = () if s3.refreshed else sorted(s3.keys.live)
    return Credential(
        tenant=tenant,
        repository=repository,
        bucket=bucket_of(settings, repository, tenant),
        actors=_actors(grants),
        accesses=_union(grants),
        secret=secret,
        users=tuple((key, s3_user(settings, tenant, repository, key)) for key in live),
        publish=s3.keys.publish if live else None,
    )


def _union(grants: list[Grant]) -> tuple[Access, ...]:
    verbs: dict[str, set[Verb]] = {}
    for grant in grants:
        verbs.setdefault(grant.prefix, set()).update(grant.verbs)
    return tuple(Access(prefix=p, verbs=in_order(v)) for p, v in sorted(verbs.items()))


def _secret(namespace: str, repository: str, minio: Minio) -> SecretReference:
    existing = minio.existing_secret
    if existing is not None:
        return SecretReference(
            namespace=namespace,
            name=existing.name,
            access_key=existing.access_key,
            secret_key=existing.secret_key,
            managed=False,
        )
    return SecretReference(
        namespace=namespace,
        name=credential_secret(repository),
        access_key="accessKey",
        secret_key="secretKey",  # noqa: S106 - the name of the key inside the Secret
        managed=True,
    )


def _with_users(settings: Settings, credential: Credential, minio: Minio) -> Credential:
    """*credential* with a policy of its own and one user for each live key."""
    cluster, owner = settings.cluster.name, settings.owner
    tenant, repository = credential.tenant, credential.repository
    return replace(
        credential,
        policy=minio_policy(cluster, tenant, repository, owner),
        users=tuple(
            (key, minio_user(cluster, tenant, repository, key, owner))
            for key in sorted(minio.keys.live)
        ),
        publish=minio.keys.publish,
    )


def _stores(settings: Settings) -> Iterator[Store]:
    for name, repository in sorted(settings.repositories.items()):
        tenants = tuple(
            tenant.name
            for tenant in settings.tenants.values()
            if any(use.name == name for use in tenant.repositories)
        )
        minio, s3 = repository.minio, repository.s3
        if minio is not None:
            yield Store(
                repository=name,
                backend=repository.backend,
                bucket=minio.bucket.name,
                managed=minio.server != "credentials" and minio.bucket.ownership != "use",
                tenants=tenants,
            )
        if s3 is not None:
            whole = s3.isolation == "prefix"
            for own in [tenants] if whole else [(tenant,) for tenant in tenants]:
                yield Store(
                    repository=name,
                    backend=repository.backend,
                    bucket=bucket_of(settings, name, own[0] if own else ""),
                    managed=s3.bucket.ownership != "use",
                    tenants=own,
                )
