"""Ownership: our mark on every object, and the hook that refuses what stands without it.

Server-side apply takes over what it finds without a word, and a destroy then deletes it. So the
live object is read before each create, in the preview too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import httpx
import pulumi
from lightkube.core.exceptions import ApiError
from lightkube.resources import core_v1, rbac_authorization_v1
from pulumi_kubernetes import meta

from argo_artifacts.access.names import OWNER_MARK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lightkube import Client
    from pulumi.resource_hooks import ResourceHookArgs

    from argo_artifacts.config.tenants import Ownership

_KINDS: Final = {
    "kubernetes:core/v1:ServiceAccount": core_v1.ServiceAccount,
    "kubernetes:core/v1:Secret": core_v1.Secret,
    "kubernetes:core/v1:ConfigMap": core_v1.ConfigMap,
    "kubernetes:rbac.authorization.k8s.io/v1:Role": rbac_authorization_v1.Role,
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": rbac_authorization_v1.RoleBinding,
}
_NOT_FOUND: Final = 404


class OwnerGuard:
    """Marks what this stack creates and refuses what others made."""

    def __init__(self, owner: str, live: Client) -> None:
        self.owner = owner
        self._live = live
        self._hook = pulumi.ResourceHook(
            "owner", self._refuse_foreign, pulumi.ResourceHookOptions(on_dry_run=True)
        )

    def metadata(
        self, name: str, namespace: str | None = None, annotations: Mapping[str, str] | None = None
    ) -> meta.v1.ObjectMetaArgs:
        """Metadata with our mark."""
        marked = {OWNER_MARK: self.owner, **(annotations or {})}
        return meta.v1.ObjectMetaArgs(name=name, namespace=namespace, annotations=marked)

    def hooks(self, ownership: Ownership = "create") -> pulumi.ResourceHookBinding | None:
        """The hooks of an object with *ownership*: an adopted one may stand already."""
        return (
            None if ownership == "adopt" else pulumi.ResourceHookBinding(before_create=[self._hook])
        )

    def _refuse_foreign(self, args: ResourceHookArgs) -> None:
        metadata = (args.new_inputs or {})["metadata"]
        name, namespace = metadata["name"], metadata.get("namespace")
        place = f"{namespace}/{name}" if namespace else name
        where = f"{args.type.rpartition(':')[2]} {place}"
        annotations = self._annotations(where, args.type, name, namespace)
        if annotations is None or annotations.get(OWNER_MARK) == self.owner:
            return
        owner = annotations.get(OWNER_MARK)
        by = f"belongs to {owner}" if owner else "stands already and is not ours"
        msg = (
            f"{where}: {by}, none or one of {self.owner} is accepted; remove it, or take it over"
            " with ownership: adopt, or leave it alone with ownership: use"
        )
        raise pulumi.RunError(msg)

    def _annotations(
        self, where: str, kind: str, name: str, namespace: str | None
    ) -> Mapping[str, str] | None:
        """The live object's annotations; None: there is no such object."""
        try:
            if namespace is None:
                found = self._live.get(core_v1.Namespace, name)
            else:
                found = self._live.get(_KINDS[kind], name, namespace=namespace)
        except ApiError as error:
            if error.status.code == _NOT_FOUND:
                return None
            msg = (
                f"{where}: cannot be read ({error.status.reason}), the right to get it is required"
            )
            raise pulumi.RunError(msg) from None
        except httpx.HTTPError:
            msg = f"{where}: the API server cannot be reached, a reachable one is required"
            raise pulumi.RunError(msg) from None
        live = found.metadata
        if live is None:
            return {}
        annotations = live.annotations  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        return cast("dict[str, str] | None", annotations) or {}
