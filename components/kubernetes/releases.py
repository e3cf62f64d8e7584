"""Releases: hooks that refuse one which stands already, and a change that leaves data behind.

Helm itself refuses the first as well, but not in a preview. It keeps each revision in a Secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pulumi
from lightkube.core.exceptions import ApiError
from lightkube.resources import core_v1

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightkube import Client
    from pulumi.resource_hooks import ResourceHookArgs


class ReleaseGuard:
    """Looks for Helm's Secrets before a release is created, and at its values before an update.

    Args:
        live: The cluster.
        fixed: Names of the chart's values by which the release finds what it has stored.
    """

    def __init__(self, live: Client, fixed: Sequence[str]) -> None:
        self._live = live
        self._fixed = tuple(fixed)
        options = pulumi.ResourceHookOptions(on_dry_run=True)
        self._standing = pulumi.ResourceHook("release", self._refuse_standing, options)
        self._moved = pulumi.ResourceHook("release-fixed", self._refuse_moving, options)

    def hooks(self) -> pulumi.ResourceHookBinding:
        """The hooks of a release."""
        return pulumi.ResourceHookBinding(
            before_create=[self._standing], before_update=[self._moved]
        )

    def _refuse_moving(self, args: ResourceHookArgs) -> None:
        new = args.new_inputs or {}
        was, becomes = (args.old_inputs or {}).get("values", {}), new.get("values", {})
        for key in self._fixed:
            if was.get(key) != becomes.get(key):
                msg = (
                    f"Release {new['namespace']}/{new['name']}: {key} would change from"
                    f" {was.get(key)} to {becomes.get(key)}, the same is accepted (what is stored"
                    " would stay behind); install another server in another namespace beside it"
                )
                raise pulumi.RunError(msg)

    def _refuse_standing(self, args: ResourceHookArgs) -> None:
        inputs = args.new_inputs or {}
        name, namespace = str(inputs["name"]), str(inputs["namespace"])
        try:
            revisions = list(
                self._live.list(  # pyright: ignore[reportUnknownMemberType] - their label values
                    core_v1.Secret, namespace=namespace, labels={"owner": "helm", "name": name}
                )
            )
        except (ApiError, httpx.HTTPError) as error:
            msg = (
                f"Release {namespace}/{name}: Secrets cannot be listed ({error}), the right to list"
                " them is required"
            )
            raise pulumi.RunError(msg) from None
        if revisions:
            msg = (
                f"Release {namespace}/{name}: exists already, no release of that name is accepted;"
                f" choose another one, or where it is yours `helm uninstall {name} -n {namespace}`"
            )
            raise pulumi.RunError(msg)
