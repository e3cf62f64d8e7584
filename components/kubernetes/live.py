"""Live objects: what stands in the cluster now, read for the hooks that refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import httpx
import pulumi
from lightkube.core.exceptions import ApiError
from lightkube.resources import batch_v1, core_v1, networking_v1, rbac_authorization_v1
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lightkube import Client
    from pulumi.resource_hooks import ResourceHookArgs

Object = (
    core_v1.Namespace
    | core_v1.ServiceAccount
    | core_v1.Secret
    | core_v1.ConfigMap
    | batch_v1.CronJob
    | batch_v1.Job
    | networking_v1.NetworkPolicy
    | rbac_authorization_v1.Role
    | rbac_authorization_v1.RoleBinding
)

_KINDS: Final = {
    "kubernetes:core/v1:ServiceAccount": core_v1.ServiceAccount,
    "kubernetes:core/v1:Secret": core_v1.Secret,
    "kubernetes:core/v1:ConfigMap": core_v1.ConfigMap,
    "kubernetes:batch/v1:CronJob": batch_v1.CronJob,
    "kubernetes:batch/v1:Job": batch_v1.Job,
    "kubernetes:networking.k8s.io/v1:NetworkPolicy": networking_v1.NetworkPolicy,
    "kubernetes:rbac.authorization.k8s.io/v1:Role": rbac_authorization_v1.Role,
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": rbac_authorization_v1.RoleBinding,
}
_NOT_FOUND: Final = 404


class Target:
    """The object that a hook is asked about; its text is ``Kind namespace/name``."""

    def __init__(self, args: ResourceHookArgs) -> None:
        metadata = (args.new_inputs or {})["metadata"]
        self.type = args.type
        self.kind = args.type.rpartition(":")[2]
        self.name: str = metadata["name"]
        self.namespace: str | None = metadata.get("namespace")

    @override
    def __str__(self) -> str:
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {place}"

    def annotate(self, what: str) -> str:
        """The command that sets an annotation on it."""
        place = f" -n {self.namespace}" if self.namespace else ""
        return f"kubectl annotate {self.kind.lower()} {self.name}{place} {what}"


def find(client: Client, target: Target) -> Object | None:
    """Read *target* as it stands; None: there is no such object.

    Raises:
        pulumi.RunError: it cannot be read; one line.
    """
    try:
        if target.namespace is None:
            return client.get(core_v1.Namespace, target.name)
        return client.get(_KINDS[target.type], target.name, namespace=target.namespace)
    except ApiError as error:
        if error.status.code == _NOT_FOUND:
            return None
        msg = f"{target}: cannot be read ({error.status.reason}), the right to get it is required"
        raise pulumi.RunError(msg) from None
    except httpx.HTTPError as error:
        asked = error.request.url
        msg = (
            f"{target}: the API server {asked.scheme}://{asked.netloc.decode()} cannot be reached"
            f" ({error}), a running one is required"
        )
        raise pulumi.RunError(msg) from None


def annotations_of(live: Object) -> Mapping[str, str]:
    """The annotations of a live object."""
    if live.metadata is None:
        return {}
    untyped = live.metadata.annotations  # pyright: ignore - an untyped dict there
    return cast("dict[str, str]", untyped or {})
