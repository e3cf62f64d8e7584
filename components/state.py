"""State: which resources the running stack has already.

Asked only where something that stands may be adopted: what the state knows is not imported again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import pulumi
from pulumi.runtime import invoke

if TYPE_CHECKING:
    from collections.abc import Mapping

READ: Final = "pulumi:pulumi:readStackResourceOutputs"
"""The engine's own function that tells a stack's resources."""


def known() -> frozenset[tuple[str, str]]:
    """Type and logical name of every resource in the state, as the last run left it."""
    stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    answer = cast("Mapping[str, Mapping[str, object]]", invoke(READ, {"stackName": stack}).value)
    return frozenset(_place(urn) for urn in answer["outputs"])


def _place(urn: str) -> tuple[str, str]:
    """The own type, after those of the parents, and the name, in which ``::`` may stand."""
    _, _, kinds, name = urn.removeprefix("urn:pulumi:").split("::", 3)
    return kinds.rpartition("$")[2], name
