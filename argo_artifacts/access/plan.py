"""The access plan: the only place that decides who may do what.

Pure, total and deterministic: equal settings give an equal plan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from argo_artifacts.access import names
from argo_artifacts.access.grants import (
    Access,
    AccessPlan,
    Actor,
    Credential,
    Grant,
    Note,
    SecretReference,
    Store,
    Subject,
    Verb,
    in_order,
)

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
    for tenant in settings.tenants.values():
        for use in tenant.repositories:
            own = list(_grants(settings, tenant, use))
            grants += own
            credential = _credential(settings, tenant, use, own)
            if credential is not None:
                credentials.append(credential)
    return AccessPlan(
        cluster=settings.cluster.name,
        owner=settings.owner,
        grants=tuple(grants),
        credentials=tuple(credentials),
        stores=tuple(_stores(settings)),
        notes=tuple(_notes(settings, credentials)),
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

    uploads = names.uploads_prefix(tenant.name) if _uploads(settings, repository) else None
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
        return names.shared_prefix(settings.cluster.name, use.name)
    return names.tenant_prefix(settings.cluster.name, tenant.name)


def _identity(repository: Repository, name: str) -> str:
    if repository.minio is None:
        return repository.backend
    existing = repository.minio.existing_secret
    return f"Secret {existing.name if existing else names.credential_secret(name)}"


def _credential(
    settings: Settings, tenant: EffectiveTenant, use: RepositoryUse, grants: list[Grant]
) -> Credential | None:
    """The credential that the entry carries, if it carries one: the union of its grants."""
    minio = settings.repositories[use.name].minio
    if minio is None or not grants:
        return None
    actors: list[Actor] = [a for a in ("executor", "collector", "server") if _acts(grants, a)]
    credential = Credential(
        tenant=tenant.name,
        repository=use.name,
        bucket=minio.bucket.name,
        actors=tuple(actors),
        accesses=_union(grants),
        secret=_secret(tenant.name, use.name, minio),
    )
    match minio.server:
        case "external" | "helm":
            return _with_users(settings, credential, minio)
        case "credentials":
            return credential
        case _:
            assert_never(minio.server)


def _acts(grants: list[Grant], actor: Actor) -> bool:
    return any(grant.actor == actor for grant in grants)


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
        name=names.credential_secret(repository),
        access_key="accessKey",
        secret_key="secretKey",  # noqa: S106 - the name of the key inside the Secret
        managed=True,
    )


def _with_users(settings: Settings, credential: Credential, minio: Minio) -> Credential:
    cluster, owner = settings.cluster.name, settings.owner
    tenant, repository = credential.tenant, credential.repository
    return Credential(
        tenant=tenant,
        repository=repository,
        bucket=credential.bucket,
        actors=credential.actors,
        accesses=credential.accesses,
        secret=credential.secret,
        policy=names.minio_policy(cluster, tenant, repository, owner),
        users=tuple(
            (key, names.minio_user(cluster, tenant, repository, key, owner))
            for key in sorted(minio.keys.live)
        ),
        publish=minio.keys.publish,
    )


def _stores(settings: Settings) -> Iterator[Store]:
    for name, repository in sorted(settings.repositories.items()):
        minio = repository.minio
        if minio is None:
            continue
        yield Store(
            repository=name,
            backend=repository.backend,
            bucket=minio.bucket.name,
            managed=minio.server != "credentials" and minio.bucket.ownership != "use",
            tenants=tuple(
                tenant.name
                for tenant in settings.tenants.values()
                if any(use.name == name for use in tenant.repositories)
            ),
        )


def _notes(settings: Settings, credentials: list[Credential]) -> Iterator[Note]:
    """What a reader must know, most general first."""
    yield Note(
        topic="boundary",
        about="namespace",
        text="the boundary that holds is the namespace: whoever may create a Workflow there can"
        " use each of its service accounts and mount each of its Secrets",
    )
    if settings.argo.server.access == "shared":
        yield Note(
            topic="boundary",
            about="argo-server",
            text="argo-server opens whatever location a Workflow names: whoever may write"
            " Workflows in one namespace can make it show what its identity reads;"
            " server.access: none closes this",
        )
    for credential in credentials:
        if len(credential.actors) > 1:
            yield Note(
                topic="union",
                about=f"{credential.tenant}/{credential.repository}",
                text=f"one Secret serves {', '.join(credential.actors)}: each may do what any of"
                " them may (Argo knows one credential for an entry)",
            )
    yield from _repository_notes(settings)
    for tenant in settings.tenants.values():
        yield from _tenant_notes(settings, tenant)


def _repository_notes(settings: Settings) -> Iterator[Note]:
    for name, repository in sorted(settings.repositories.items()):
        if repository.shared_with:
            yield Note(
                topic="shared",
                about=name,
                text=f"{', '.join(repository.shared_with)} meet under one prefix",
            )
        minio = repository.minio
        if minio is None or minio.server != "credentials":
            continue
        yield Note(
            topic="keys",
            about=name,
            text="the rights of these keys are kept by whoever made them; verify shows what they"
            " really allow",
        )
        if minio.credentials is None:
            yield Note(
                topic="shared",
                about=name,
                text="one key may serve every tenant: then nothing isolates the tenants here",
            )


def _tenant_notes(settings: Settings, tenant: EffectiveTenant) -> Iterator[Note]:
    if tenant.retired:
        yield Note(
            topic="retired",
            about=tenant.name,
            text="no executor any more; the UI still reads and garbage collection still deletes",
        )
    if not tenant.artifact_gc:
        removal = (
            "its workflows can be deleted all the same (forceFinalizerRemoval)"
            if settings.argo.release >= (3, 5, 0)
            else "such a workflow stays until its finalizer is removed by hand (Argo < 3.5)"
        )
        yield Note(
            topic="collection",
            about=tenant.name,
            text="artifactGC is off: a workflow that asks for garbage collection is refused the"
            f" deletion and its objects stay; {removal}",
        )
    if not (tenant.namespace.ownership == "create" and tenant.namespace.delete_namespace):
        yield Note(
            topic="kept",
            about=tenant.name,
            text="removing the tenant ends its access and keeps its namespace and its objects",
        )
