"""Refresher: the CronJob that keeps one entry's temporary credentials fresh, and its first Job.

Both lie in the installation's namespace, out of the tenants' reach. The first Job's name ends in a
hash of all that it does, so that a change is another Job; what names the Secret comes after it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi
from pulumi_kubernetes import batch, core, meta

from argo_artifacts.access import names
from argo_artifacts.documents.aws.trust import AUDIENCE
from argo_artifacts.refresher.task import API, FOLDER, TOKEN, arguments
from components.kubernetes import pods

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from argo_artifacts.access.refreshers import Refresher
    from components.kubernetes.ownership import OwnerGuard
    from components.providers import Providers

COMMAND: Final = ("python", "-m", "argo_artifacts.refresher")

TOKEN_SECONDS: Final = 600
"""How long each of the pod's tokens is good: the shortest that Kubernetes gives."""

_RUN_SECONDS: Final = 300
"""A run of the CronJob ends before the next one begins."""

_LATE_SECONDS: Final = 300
"""How late a run may begin; without it, a hundred missed ones would stop the CronJob for good."""

_VOLUME: Final = "refresh"


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsRefresherArgs:
    """Inputs of :class:`AwsRefresher`."""

    refresher: Refresher
    guard: OwnerGuard
    providers: Providers
    after: Sequence[pulumi.Resource]
    """What must stand before it can do its work: role, Secret, the right to patch it."""


class AwsRefresher(pulumi.ComponentResource):
    """What keeps the Secret of one tenant's entry fresh."""

    job: batch.v1.Job

    def __init__(
        self, name: str, args: AwsRefresherArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("argo-artifacts:index:AwsRefresher", name, None, opts)
        self._args = args
        self._plan = args.refresher
        self._place = f"{self._plan.namespace}/{self._plan.name}"
        account = core.v1.ServiceAccount(
            self._place,
            metadata=self._metadata(self._plan.name),
            automount_service_account_token=False,
            opts=self._options(args.after),
        )
        after = [*args.after, account]
        self.job = self._first_job(after)
        self._cron_job(after)
        self.register_outputs({"job": self.job.metadata.name})

    def _metadata(
        self, name: str, annotations: Mapping[str, str] | None = None
    ) -> meta.v1.ObjectMetaArgs:
        return self._args.guard.metadata(name, self._plan.namespace, annotations)

    def _options(self, depends_on: Sequence[pulumi.Resource]) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self,
            provider=self._args.providers.kubernetes,
            depends_on=list(depends_on),
            hooks=self._args.guard.hooks(),
        )

    def _first_job(self, after: Sequence[pulumi.Resource]) -> batch.v1.Job:
        """The credentials are there before the first workflow."""
        does = json.dumps([self._plan.image, arguments(self._plan.task)])
        return batch.v1.Job(
            self._place,
            metadata=self._metadata(
                f"{self._plan.name}-{names.short_id(does)}", {pods.REPLACE_FAILED: "true"}
            ),
            spec=self._job(pods.JOB_TRIES, pods.JOB_SECONDS),
            opts=self._options(after),
        )

    def _cron_job(self, after: Sequence[pulumi.Resource]) -> batch.v1.CronJob:
        return batch.v1.CronJob(
            self._place,
            metadata=self._metadata(self._plan.name),
            spec=batch.v1.CronJobSpecArgs(
                schedule=self._plan.schedule,
                concurrency_policy="Forbid",
                starting_deadline_seconds=_LATE_SECONDS,
                successful_jobs_history_limit=1,
                failed_jobs_history_limit=2,
                job_template=batch.v1.JobTemplateSpecArgs(spec=self._job(1, _RUN_SECONDS)),
            ),
            opts=self._options(after),
        )

    def _job(self, tries: int, seconds: int) -> batch.v1.JobSpecArgs:
        command = [*COMMAND, *arguments(self._plan.task), "--folder", FOLDER]
        return batch.v1.JobSpecArgs(
            backoff_limit=tries,
            active_deadline_seconds=seconds,
            template=core.v1.PodTemplateSpecArgs(
                metadata=meta.v1.ObjectMetaArgs(
                    labels={names.REFRESHER_LABEL: self._plan.name},
                    annotations={names.OWNER_MARK: self._args.guard.owner},
                ),
                spec=pods.pod(
                    pods.container(_VOLUME, self._plan.image, command, {_VOLUME: FOLDER}),
                    [_volume()],
                    service_account=self._plan.name,
                ),
            ),
        )


class AwsKeeper:
    """Makes the refresher of one entry when all that it needs is declared."""

    def __init__(
        self,
        refresher: Refresher,
        guard: OwnerGuard,
        providers: Providers,
        installation: pulumi.Resource,
    ) -> None:
        self._refresher = refresher
        self._guard = guard
        self._providers = providers
        self._installation = installation

    def __call__(self, after: Sequence[pulumi.Resource]) -> pulumi.Resource:
        """Declare it; return the first Job, after which the credentials are there."""
        args = AwsRefresherArgs(
            refresher=self._refresher,
            guard=self._guard,
            providers=self._providers,
            after=[self._installation, *after],
        )
        return AwsRefresher(f"{self._refresher.tenant}/{self._refresher.repository}", args).job


def _volume() -> core.v1.VolumeArgs:
    """A token for STS, and what reaches the API server: both end after minutes."""
    source = core.v1.VolumeProjectionArgs
    return core.v1.VolumeArgs(
        name=_VOLUME,
        projected=core.v1.ProjectedVolumeSourceArgs(
            default_mode=0o440,
            sources=[
                source(
                    service_account_token=core.v1.ServiceAccountTokenProjectionArgs(
                        audience=AUDIENCE, expiration_seconds=TOKEN_SECONDS, path=TOKEN
                    )
                ),
                source(
                    service_account_token=core.v1.ServiceAccountTokenProjectionArgs(
                        expiration_seconds=TOKEN_SECONDS, path=f"{API}/token"
                    )
                ),
                source(
                    config_map=core.v1.ConfigMapProjectionArgs(
                        name="kube-root-ca.crt",
                        items=[core.v1.KeyToPathArgs(key="ca.crt", path=f"{API}/ca.crt")],
                    )
                ),
                source(
                    downward_api=core.v1.DownwardAPIProjectionArgs(
                        items=[
                            core.v1.DownwardAPIVolumeFileArgs(
                                path=f"{API}/namespace",
                                field_ref=core.v1.ObjectFieldSelectorArgs(
                                    field_path="metadata.namespace"
                                ),
                            )
                        ]
                    )
                ),
            ],
        ),
    )
