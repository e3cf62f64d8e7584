"""Moves: the hook that refuses to lead a repository's name to another place.

Old Workflow objects carry a copy of their repository. Under another bucket or prefix the tenant's
credential opens the old place no more, so the UI and garbage collection would lose what is there.
A renamed cluster is such a move, and it would replace every object as well.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, cast

import pulumi

from components.kubernetes.live import Target, annotations_of, find

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lightkube import Client
    from pulumi.resource_hooks import ResourceHookArgs

    from argo_artifacts.access import AccessPlan
    from argo_artifacts.config.settings import Settings

PLACES: Final = "argo-artifacts/places"
"""Annotation of a tenant's ConfigMap: where each of its repositories lies, as JSON. An entry that
somebody edits is drift and is put right; a changed place is a move and is refused."""


def places(settings: Settings, plan: AccessPlan, tenant: str) -> str:
    """Where each repository of *tenant* lies: ``backend://bucket/prefix``, by its name."""
    return json.dumps(
        {
            found.repository: f"{settings.repositories[found.repository].backend}"
            f"://{found.bucket}/{plan.prefix(tenant, found.repository)}"
            for found in plan.credentials_of(tenant)
        },
        sort_keys=True,
    )


class MoveGuard:
    """Compares the places of a tenant's repositories with those of the live ConfigMap."""

    def __init__(self, live: Client) -> None:
        self._live = live
        self._hook = pulumi.ResourceHook(
            "moved", self._refuse_moves, pulumi.ResourceHookOptions(on_dry_run=True)
        )

    def hooks(self) -> pulumi.ResourceHookBinding:
        """The hooks of a tenant's ConfigMap."""
        return pulumi.ResourceHookBinding(before_create=[self._hook], before_update=[self._hook])

    def _refuse_moves(self, args: ResourceHookArgs) -> None:
        target = Target(args)
        live = find(self._live, target)
        old = _places({} if live is None else annotations_of(live))
        new = _places((args.new_inputs or {})["metadata"]["annotations"])
        for name in sorted(set(old) & set(new)):
            if old[name] != new[name]:
                msg = (
                    f"{target} {name}: would move from {old[name]} to {new[name]}, one place under"
                    " one name is accepted (old workflows keep a copy of it); add a repository of"
                    f" another name, or where no old workflow is left `{target.annotate(PLACES)}-`"
                )
                raise pulumi.RunError(msg)


def _places(given: Mapping[str, str]) -> Mapping[str, str]:
    """The places that annotations name; none where they are not what we write."""
    try:
        found: object = json.loads(given.get(PLACES, "{}"))
    except ValueError:
        return {}
    return cast("dict[str, str]", found) if isinstance(found, dict) else {}
