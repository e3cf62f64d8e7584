"""Ownership: our mark on every object, and the hook that refuses what stands without it.

Server-side apply takes over what it finds without a word, and a destroy then deletes it. So the
live object is read before each create, in the preview too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pulumi
from pulumi_kubernetes import meta

from argo_artifacts.access.names import OWNER_MARK
from components.kubernetes.live import Target, annotations_of, find

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lightkube import Client
    from pulumi.resource_hooks import ResourceHookArgs

    from argo_artifacts.config.tenants import Ownership

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
        found = Target(args)
        standing = self._annotations(found)
        if standing is None or standing.get(OWNER_MARK) == self.owner:
            return
        if OWNER_MARK in standing:
            raise pulumi.RunError(self._belongs(found, standing[OWNER_MARK]))
        msg = (
            f"{found}: exists without a mark, none or one marked {self.owner} is accepted;"
            f" {self._cure(found)}"
        )
        raise pulumi.RunError(msg)

    def _refuse_others(self, args: ResourceHookArgs) -> None:
        """Refuse what another stack of ours owns, which adopting would tear in two."""
        found = Target(args)
        owner = (self._annotations(found) or {}).get(OWNER_MARK, self.owner)
        if owner != self.owner:
            raise pulumi.RunError(self._belongs(found, owner))

    def _belongs(self, found: Target, owner: str) -> str:
        return (
            f"{found}: belongs to {owner}, none or one marked {self.owner} is accepted; remove it"
            f" from that stack, or where that is gone `{self._mark(found)} --overwrite`"
        )

    def _cure(self, found: Target) -> str:
        setting = _SETTINGS.get(found.kind)
        if setting is None:
            return f"remove it, or hand it over with `{self._mark(found)}`"
        return f"set {setting} to adopt to take it over, or to use to leave it alone"

    def _mark(self, found: Target) -> str:
        return found.annotate(f"{OWNER_MARK}={self.owner}")

    def _annotations(self, found: Target) -> Mapping[str, str] | None:
        """The live object's annotations; None: there is no such object."""
        live = find(self._live, found)
        return None if live is None else annotations_of(live)
