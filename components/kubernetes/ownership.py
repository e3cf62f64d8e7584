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
from typing_extensions import override

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


_FORCE: Final = "pulumi.com/patchForce"
"""Makes the provider take back a field of ours that somebody else has edited; without it an
`up` fails on what a refresh found."""

_SETTINGS: Final = {"Namespace": "its ownership", "ServiceAccount": "serviceAccountOwnership"}
"""The setting that decides on an object that stands already; other kinds have none."""


class OwnerGuard:
    """Marks what this stack creates and refuses what others made."""

    def __init__(self, owner: str, live: Client) -> None:
        self.owner = owner
        self._live = live
        options = pulumi.ResourceHookOptions(on_dry_run=True)
        self._unowned = pulumi.ResourceHook("owner", self._refuse_foreign, options)
        self._adopted = pulumi.ResourceHook("adopted", self._refuse_others, options)

    def metadata(
        self, name: str, namespace: str | None = None, annotations: Mapping[str, str] | None = None
    ) -> meta.v1.ObjectMetaArgs:
        """Metadata with our mark."""
        marked = {OWNER_MARK: self.owner, _FORCE: "true", **(annotations or {})}
        return meta.v1.ObjectMetaArgs(name=name, namespace=namespace, annotations=marked)

    def hooks(self, ownership: Ownership = "create") -> pulumi.ResourceHookBinding:
        """The hooks of an object with *ownership*."""
        hook = self._adopted if ownership == "adopt" else self._unowned
        return pulumi.ResourceHookBinding(before_create=[hook])

    def _refuse_foreign(self, args: ResourceHookArgs) -> None:
        """Refuse what stands and is not ours."""
        found = _Found(args)
        annotations = self._annotations(found)
        if annotations is None or annotations.get(OWNER_MARK) == self.owner:
            return
        if OWNER_MARK in annotations:
            raise pulumi.RunError(self._belongs(found, annotations[OWNER_MARK]))
        msg = (
            f"{found}: exists without a mark, none or one marked {self.owner} is accepted;"
            f" {self._cure(found)}"
        )
        raise pulumi.RunError(msg)

    def _refuse_others(self, args: ResourceHookArgs) -> None:
        """Refuse what another stack of ours owns, which adopting would tear in two."""
        found = _Found(args)
        owner = (self._annotations(found) or {}).get(OWNER_MARK, self.owner)
        if owner != self.owner:
            raise pulumi.RunError(self._belongs(found, owner))

    def _belongs(self, found: _Found, owner: str) -> str:
        return (
            f"{found}: belongs to {owner}, none or one marked {self.owner} is accepted; remove it"
            f" from that stack, or where that is gone `{found.mark(self.owner)} --overwrite`"
        )

    def _cure(self, found: _Found) -> str:
        setting = _SETTINGS.get(found.kind)
        if setting is None:
            return f"remove it, or hand it over with `{found.mark(self.owner)}`"
        return f"set {setting} to adopt to take it over, or to use to leave it alone"

    def _annotations(self, found: _Found) -> Mapping[str, str] | None:
        """The live object's annotations; None: there is no such object."""
        try:
            if found.namespace is None:
                live = self._live.get(core_v1.Namespace, found.name)
            else:
                live = self._live.get(_KINDS[found.type], found.name, namespace=found.namespace)
        except ApiError as error:
            if error.status.code == _NOT_FOUND:
                return None
            msg = (
                f"{found}: cannot be read ({error.status.reason}), the right to get it is required"
            )
            raise pulumi.RunError(msg) from None
        except httpx.HTTPError as error:
            asked = error.request.url
            msg = (
                f"{found}: the API server {asked.scheme}://{asked.netloc.decode()} cannot be"
                f" reached ({error}), a running one is required"
            )
            raise pulumi.RunError(msg) from None
        if live.metadata is None:
            return {}
        untyped = live.metadata.annotations  # pyright: ignore - an untyped dict there
        return cast("dict[str, str]", untyped or {})


class _Found:
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

    def mark(self, owner: str) -> str:
        """The command that puts *owner*'s mark on it."""
        place = f" -n {self.namespace}" if self.namespace else ""
        return f"kubectl annotate {self.kind.lower()} {self.name}{place} {OWNER_MARK}={owner}"
