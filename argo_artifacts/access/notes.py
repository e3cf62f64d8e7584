"""Notes: what a reader of the plan must know, in one sentence each, most general first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argo_artifacts.access.aws_notes import aws_notes
from argo_artifacts.access.grants import Credential, Grant, Note
from argo_artifacts.config.argo import FORCE_FINALIZER_REMOVAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from argo_artifacts.access.aws import AwsPlan
    from argo_artifacts.config.backends.minio import Minio
    from argo_artifacts.config.settings import Settings
    from argo_artifacts.config.tenants import EffectiveTenant


def notes(
    settings: Settings,
    grants: Sequence[Grant],
    credentials: Sequence[Credential],
    aws: AwsPlan | None,
) -> Iterator[Note]:
    """Say what the grants alone do not show."""
    yield from _boundaries(settings)
    yield from _unions(credentials)
    yield from _repositories(settings)
    yield from aws_notes(settings, aws)
    writers = {(g.tenant, g.repository) for g in grants if "write" in g.verbs}
    for tenant in settings.tenants.values():
        yield from _tenant(settings, tenant)
        default = tenant.repositories[0].name
        if not tenant.retired and (tenant.name, default) not in writers:
            yield Note(
                topic="shared",
                about=tenant.name,
                text=f"its default repository {default} is read only: a workflow that names no"
                " other repository cannot save artifacts",
            )


def _boundaries(settings: Settings) -> Iterator[Note]:
    yield Note(
        topic="boundary",
        about="namespace",
        text="the boundary that holds is the namespace: whoever may create a Workflow there can"
        " use each of its service accounts and mount each of its Secrets",
    )
    server = settings.argo.server
    secrets = any(r.s3 is None or not r.s3.ambient for r in settings.repositories.values())
    if server.access == "shared" and secrets:
        yield Note(
            topic="boundary",
            about="argo-server",
            text="the UI opens a namespace's artifacts with that namespace's own Secret, and"
            + (
                " whoever reaches argo-server acts as it in all of them (authMode server)"
                if server.auth_mode == "server"
                else " reads the Secret as the user who asks"
            ),
        )
    if settings.argo.controller_config == "none":
        yield Note(
            topic="collection",
            about="controller",
            text="controllerConfig is none: unless you set workflowDefaults yourself, garbage"
            " collection runs as the service account default, which has no rights",
        )


def _unions(credentials: Sequence[Credential]) -> Iterator[Note]:
    for credential in credentials:
        if len(credential.actors) > 1:
            yield Note(
                topic="union",
                about=f"{credential.tenant}/{credential.repository}",
                text=f"one Secret serves {', '.join(credential.actors)}: each may do what any of"
                " them may (Argo knows one credential for an entry)",
            )


def _repositories(settings: Settings) -> Iterator[Note]:
    for name, repository in sorted(settings.repositories.items()):
        if repository.shared_with:
            yield Note(
                topic="shared",
                about=name,
                text=f"{', '.join(sorted(repository.shared_with))} meet here under the prefix that"
                " the table shows",
            )
        minio = repository.minio
        if minio is not None and minio.provisioner is not None:
            yield _job(settings, name, minio)
        if minio is not None and minio.server == "helm":
            yield Note(
                topic="server",
                about=name,
                text="upstream no longer maintains MinIO's chart and images, the last ones have"
                " known vulnerabilities: helm.image takes a fork's",
            )
            if minio.helm.distributed is None:
                yield Note(
                    topic="server",
                    about=name,
                    text="the server is one pod with one drive: nothing is redundant, and an update"
                    " of the chart stops it for a while",
                )
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


def _job(settings: Settings, repository: str, minio: Minio) -> Note:
    space = minio.helm.namespace.name if minio.server == "helm" else settings.argo.namespace
    return Note(
        topic="server",
        about=repository,
        text=f"a Job in {space} makes its bucket, policies and users: whoever may create pods there"
        " can mount the admin's key of the server",
    )


def _tenant(settings: Settings, tenant: EffectiveTenant) -> Iterator[Note]:
    if tenant.retired:
        still = [
            "the UI still reads" if settings.argo.server.access == "shared" else "",
            "garbage collection still deletes" if tenant.artifact_gc else "",
        ]
        yield Note(
            topic="retired",
            about=tenant.name,
            text="no executor any more; "
            + (" and ".join(s for s in still if s) or "nobody else has access either"),
        )
    if not tenant.artifact_gc:
        removal = (
            "its workflows can be deleted all the same (forceFinalizerRemoval)"
            if settings.argo.has(FORCE_FINALIZER_REMOVAL)
            else "such a workflow stays until its finalizer is removed by hand (Argo < 3.5)"
        )
        yield Note(
            topic="collection",
            about=tenant.name,
            text="artifactGC is off: a workflow that asks for garbage collection is refused the"
            f" deletion and its objects stay; {removal}",
        )
    whole = tenant.namespace.ownership == "create" and tenant.namespace.delete_namespace
    yield Note(
        topic="kept",
        about=tenant.name,
        text="removing the tenant ends its access, deletes its namespace with all its contents"
        " and keeps its objects in the bucket"
        if whole
        else "removing the tenant ends its access and keeps its namespace and its objects",
    )
