"""The Job in which `verify` tries what only a pod of a service account can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from argo_artifacts.access.words import Subject

LABEL: Final = "argo-artifacts/verify"
"""Label of its pods; the value is the Job's name."""

MESSAGE: Final = "/dev/termination-log"
COMMAND: Final = ("python", "-m", "argo_artifacts.verify.pod")

SECONDS: Final = 240
"""Life of the Job, the pull of its image included."""

_KEPT_SECONDS: Final = 3600
"""After its end, where nobody was left to remove it."""

_NOBODY: Final = 65534
_MEMORY: Final = "256Mi"


def job(name: str, subject: Subject, image: str, task: str) -> dict[str, object]:
    """The Job *name* that does *task* as *subject*; it needs no token of the API server."""
    pod = {
        "serviceAccountName": subject.name,
        "automountServiceAccountToken": False,
        "restartPolicy": "Never",
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _NOBODY,
            "runAsGroup": _NOBODY,
            "fsGroup": _NOBODY,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(image, task)],
    }
    return {
        "metadata": {"name": name, "namespace": subject.namespace, "labels": {LABEL: name}},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": SECONDS,
            "ttlSecondsAfterFinished": _KEPT_SECONDS,
            "template": {"metadata": {"labels": {LABEL: name}}, "spec": pod},
        },
    }


def _container(image: str, task: str) -> dict[str, object]:
    return {
        "name": "verify",
        "image": image,
        "command": [*COMMAND, task, MESSAGE],
        "terminationMessagePath": MESSAGE,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "resources": {
            "requests": {"cpu": "100m", "memory": _MEMORY},
            "limits": {"memory": _MEMORY},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
