"""Releases: the hook that refuses a Helm release which stands already.

Helm itself refuses it as well, but not in a preview. It keeps each revision in a Secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pulumi
from lightkube.core.exceptions import ApiError
from lightkube.resources import core_v1

if TYPE_CHECKING:
    from lightkube import Client
    from pulumi.resource_hooks import ResourceHookArgs


class ReleaseGuard:
    """Looks for Helm's Secrets before a release is created."""

    def __init__(self, live: Client) -> None:
        self._live = live
        self._hook = pulumi.ResourceHook(
            "release", self._refuse_standing, pulumi.ResourceHookOptions(on_dry_run=True)
        )

    def hooks(self) -> pulumi.ResourceHookBinding:
        """The hooks of a release."""
        return pulumi.ResourceHookBinding(before_create=[self._hook])

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
