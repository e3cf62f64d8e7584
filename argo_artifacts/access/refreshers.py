"""Refreshers: the CronJobs that keep the entries' temporary credentials fresh.

One for each tenant and repository, with a service account of its own: whoever holds one of them
reaches one Secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from argo_artifacts.access.names import refresher, short_id
from argo_artifacts.refresher.task import Data, Place, Task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argo_artifacts.access.aws import AwsPlan
    from argo_artifacts.access.grants import AccessPlan, Credential
    from argo_artifacts.config.aws import Refresher as Chosen
    from argo_artifacts.config.settings import Settings

EVERY_MINUTES: Final = 20
"""Minutes between two runs: of a session of an hour, two runs may fail before it ends."""

_MOUNT_MINUTES: Final = 2
"""Minutes until a pod's volume shows what is new in its Secret, at most (the kubelet)."""

_HEXADECIMAL: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresher:
    """One CronJob, its first Job, and what both run."""

    namespace: str
    tenant: str
    repository: str
    image: str
    task: Task

    @property
    def name(self) -> str:
        """Name of CronJob and service account; the first Job's begins with it."""
        return refresher(self.tenant, self.repository)

    @property
    def schedule(self) -> str:
        """When it runs, in cron's words; the minutes differ, so that not all ask at once."""
        first = int(short_id(self.name), _HEXADECIMAL) % EVERY_MINUTES
        return f"{','.join(str(minute) for minute in range(first, 60, EVERY_MINUTES))} * * * *"


def transfer_minutes(chosen: Chosen) -> int:
    """Minutes that one transfer may last at least: Argo takes the credentials once for it."""
    return chosen.seconds // 60 - EVERY_MINUTES - _MOUNT_MINUTES


def refreshers(settings: Settings, plan: AccessPlan) -> tuple[Refresher, ...]:
    """The refreshers of a stack, in the order of the plan's credentials."""
    return tuple(_refreshers(settings, plan))


def _refreshers(settings: Settings, plan: AccessPlan) -> Iterator[Refresher]:
    if settings.aws is None or settings.aws.refresher is None or plan.aws is None:
        return
    for credential in plan.credentials:
        if credential.secret.session_token is not None:
            yield Refresher(
                namespace=settings.argo.namespace,
                tenant=credential.tenant,
                repository=credential.repository,
                image=settings.aws.refresher.image,
                task=_task(settings, plan.aws, credential, credential.secret.session_token),
            )


def _task(settings: Settings, aws: AwsPlan, credential: Credential, session_token: str) -> Task:
    """What keeps *credential* fresh.

    Raises:
        KeyError: its repository is not on S3, or its identity is no role's.
    """
    tenant, repository = credential.tenant, credential.repository
    store, account = settings.repositories[repository].s3, settings.aws
    if store is None or account is None or account.refresher is None:
        raise KeyError(repository)
    data = _data(aws, tenant, repository) if store.identity == "accessGrants" else None
    return Task(
        role=_role(aws, tenant, repository),
        region=store.region,
        session=refresher(tenant, repository),
        seconds=account.refresher.seconds,
        secret=Place(
            namespace=credential.secret.namespace,
            name=credential.secret.name,
            access_key=credential.secret.access_key,
            secret_key=credential.secret.secret_key,
            session_token=session_token,
        ),
        data=data,
    )


def _role(aws: AwsPlan, tenant: str, repository: str) -> str:
    """ARN of the role that the refresher assumes with its token."""
    for grant in aws.data_grants:
        if (grant.tenant, grant.repository) == (tenant, repository):
            return grant.grantee
    role = aws.entry_role(tenant, repository)
    if role is None:
        raise KeyError(repository)
    return role.arn


def _data(aws: AwsPlan, tenant: str, repository: str) -> Data:
    """The one grant: a Secret holds the credentials of one, settings refuse a second prefix."""
    (grant,) = (g for g in aws.data_grants if (g.tenant, g.repository) == (tenant, repository))
    return Data(
        target=f"{grant.scope.removesuffix('*')}{grant.sub_prefix}", permission=grant.permission
    )
