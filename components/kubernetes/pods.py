"""Pods that do one thing and end: restricted, as Kubernetes calls it, and small."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pulumi_kubernetes import core

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REPLACE_FAILED: Final = "pulumi.com/replaceUnready"
"""Makes the next `up` replace a Job that failed, which can never run again."""

JOB_TRIES: Final = 2
"""After the first; between them pass 10 and 20 seconds."""

JOB_SECONDS: Final = 540
"""Less than the ten minutes that Pulumi waits, so that it hears why the Job failed."""

_NOBODY: Final = 65534
_MEMORY: Final = "128Mi"


def pod(
    container: core.v1.ContainerArgs,
    volumes: Sequence[core.v1.VolumeArgs],
    service_account: str | None = None,
) -> core.v1.PodSpecArgs:
    """A pod with one container; what it may do at the API server stands in its *volumes*."""
    return core.v1.PodSpecArgs(
        restart_policy="Never",
        service_account_name=service_account,
        automount_service_account_token=False,
        security_context=core.v1.PodSecurityContextArgs(
            run_as_non_root=True,
            run_as_user=_NOBODY,
            run_as_group=_NOBODY,
            fs_group=_NOBODY,
            seccomp_profile=core.v1.SeccompProfileArgs(type="RuntimeDefault"),
        ),
        containers=[container],
        volumes=list(volumes),
    )


def container(
    name: str, image: str, command: Sequence[str], mounts: Mapping[str, str]
) -> core.v1.ContainerArgs:
    """The container of such a pod.

    Args:
        name: its name.
        image: its image.
        command: what it runs.
        mounts: where each volume is mounted, by the volume's name.
    """
    return core.v1.ContainerArgs(
        name=name,
        image=image,
        command=list(command),
        termination_message_policy="FallbackToLogsOnError",
        resources=core.v1.ResourceRequirementsArgs(
            requests={"cpu": "50m", "memory": _MEMORY}, limits={"memory": _MEMORY}
        ),
        security_context=core.v1.SecurityContextArgs(
            allow_privilege_escalation=False,
            read_only_root_filesystem=True,
            capabilities=core.v1.CapabilitiesArgs(drop=["ALL"]),
        ),
        volume_mounts=[
            core.v1.VolumeMountArgs(name=volume, mount_path=path, read_only=True)
            for volume, path in mounts.items()
        ],
    )
