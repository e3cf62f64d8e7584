"""Guard: the hook that refuses a bucket that stands and is not ours.

In us-east-1 S3 answers the creation of a bucket that one owns already with success, so a stack
would take it over, and a destroy delete it, without a word.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import pulumi

from argo_artifacts.access.names import OWNER_MARK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi.resource_hooks import ResourceHookArgs

    from components.aws.live import LiveBucket


class BucketGuard:
    """Refuses, before it is created, a bucket of others that the program has seen standing.

    One with our mark that the state does not know is taken back: a run that was interrupted, or a
    tenant that returns.
    """

    def __init__(
        self, owner: str, live: Mapping[str, LiveBucket], paths: Mapping[str, str]
    ) -> None:
        """Take what was seen.

        Args:
            owner: the stack's mark.
            live: the buckets that stand, by name.
            paths: path of each bucket's settings in the file.
        """
        self._owner = owner
        self._live = live
        self._paths = paths

    @cached_property
    def _hook(self) -> pulumi.ResourceHook:
        """Registered with the engine when it is first wanted."""
        options = pulumi.ResourceHookOptions(on_dry_run=True)
        return pulumi.ResourceHook("bucket", self._refuse, options)

    def hooks(self) -> pulumi.ResourceHookBinding:
        """The hooks of a bucket that we create."""
        return pulumi.ResourceHookBinding(before_create=[self._hook])

    def _refuse(self, args: ResourceHookArgs) -> None:
        found = self._live.get((args.new_inputs or {})["bucket"])
        if found is not None and found.owner != self._owner:
            raise pulumi.RunError(self.fault(found))

    def fault(self, found: LiveBucket) -> str:
        """Why a bucket that stands is not created."""
        setting = f"{self._paths[found.name]}.ownership"
        if found.owner is None:
            return (
                f"bucket {found.name}: exists without a mark, none is accepted; set {setting} to"
                " adopt to take it over, or to use to leave it alone"
            )
        return (
            f"bucket {found.name}: belongs to {found.owner}, none or one marked {self._owner} is"
            f" accepted; set {setting} to use to leave it alone, or where that stack is gone take"
            f" its tag {OWNER_MARK} away"
        )
