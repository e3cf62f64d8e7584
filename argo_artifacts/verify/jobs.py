"""Jobs: runs a task in a pod of a service account and reads what it answers."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx
from lightkube.core.exceptions import ApiError
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import Pod
from lightkube.types import CascadeType

from argo_artifacts.documents.verify_job import LABEL, MESSAGE, SECONDS, job
from argo_artifacts.verify.causes import of_pod
from argo_artifacts.verify.in_pods import PodError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lightkube import Client
    from lightkube.models.core_v1 import ContainerStateTerminated, ContainerStatus

    from argo_artifacts.access.words import Subject

_LOOK_SECONDS: Final = 1.0
_STUCK_SECONDS: Final = 30
"""After which an image that cannot be pulled, or a pod that never came, is believed."""

_NO_POD: Final = "no pod came (quota, admission or service account)"
_NO_MACHINE: Final = "no machine takes the pod"
_STUCK: Final = frozenset(
    {
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
    }
)


@dataclass(frozen=True, slots=True)
class LivePods:
    """Runs pods in the stack's cluster."""

    client: Client
    image: str

    def run(self, subject: Subject, text: str) -> str:
        """Run the task *text* as *subject*; return the pod's message. The Job is removed.

        Raises:
            PodError: no pod answered.
        """
        name = f"argo-artifacts-verify-{secrets.token_hex(4)}"
        made = Job.from_dict(job(name, subject, self.image, text))  # pyright: ignore[reportUnknownMemberType]
        try:
            self.client.create(made)
        except ApiError as error:
            raise _failed(subject, f"the Job is refused ({error.status.reason})") from None
        except httpx.HTTPError:
            raise _failed(subject, "the API server cannot be reached") from None
        try:
            return self._message(subject, name)
        except (ApiError, httpx.HTTPError) as error:
            raise _failed(subject, f"the pod cannot be read ({type(error).__name__})") from None
        finally:
            self._remove(subject, name)

    def _message(self, subject: Subject, name: str) -> str:
        begun, seen = time.monotonic(), _NO_POD
        while time.monotonic() - begun < SECONDS + _STUCK_SECONDS:
            late = time.monotonic() - begun > _STUCK_SECONDS
            pod = next(iter(self._pods(subject, name)), None)
            if pod is not None:
                container = next(iter(_containers(pod)), None)
                ended = _ended(container)
                if ended is not None:
                    if ended.exitCode == 0 and ended.message:
                        return ended.message
                    raise _failed(subject, f"the pod failed ({_last_line(ended.message)})")
                waits = _waits(container)
                seen = _NO_MACHINE if container is None else "the pod did not end in time"
                if waits in _STUCK:
                    seen = f"the pod does not start ({waits})"
            if late and (seen == _NO_POD or "start (" in seen):
                break
            time.sleep(_LOOK_SECONDS)
        raise _failed(subject, seen)

    def _pods(self, subject: Subject, name: str) -> Iterable[Pod]:
        return self.client.list(Pod, namespace=subject.namespace, labels={LABEL: name})  # pyright: ignore[reportUnknownMemberType]

    def _remove(self, subject: Subject, name: str) -> None:
        try:
            self.client.delete(
                Job, name, namespace=subject.namespace, cascade=CascadeType.BACKGROUND
            )
        except (ApiError, httpx.HTTPError):
            return  # it goes by itself, an hour after its end


def _containers(pod: Pod) -> list[ContainerStatus]:
    return [] if pod.status is None else list(pod.status.containerStatuses or [])


def _ended(container: ContainerStatus | None) -> ContainerStateTerminated | None:
    return None if container is None or container.state is None else container.state.terminated


def _waits(container: ContainerStatus | None) -> str:
    """Why a container does not run yet."""
    state = None if container is None else container.state
    waiting = None if state is None else state.waiting
    return "" if waiting is None else waiting.reason or ""


def _last_line(message: str | None) -> str:
    lines = (message or "").strip().splitlines()
    return lines[-1][:120] if lines else f"no message in {MESSAGE}"


def _failed(subject: Subject, found: str) -> PodError:
    return PodError(found, of_pod(str(subject), found))
