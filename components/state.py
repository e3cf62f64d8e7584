"""State: which resources the running stack has already.

Asked only where something that stands may be adopted: what the state knows is not imported again.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, cast

import pulumi
from pulumi.runtime import invoke

if TYPE_CHECKING:
    from collections.abc import Mapping

READ: Final = "pulumi:pulumi:readStackResourceOutputs"
"""The engine's own function that tells a stack's resources."""


_TORN: Final = "failed to load checkpoint"
"""What a backend of files says while the engine is writing what this run has made so far."""

_PAUSES: Final = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
"""Seconds between two tries; nothing new is written meanwhile, since the program waits."""


def known() -> frozenset[tuple[str, str]]:
    """Type and logical name of every resource in the state.

    What this run has made so far may be among them, so it is asked before what it decides on.
    """
    for pause in _PAUSES:
        try:
            return _read()
        except Exception as error:
            if _TORN not in str(error):
                raise
            time.sleep(pause)
    return _read()


def _read() -> frozenset[tuple[str, str]]:
    stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    answer = cast("Mapping[str, Mapping[str, object]]", invoke(READ, {"stackName": stack}).value)
    return frozenset(_place(urn) for urn in answer["outputs"])


def _place(urn: str) -> tuple[str, str]:
    """The own type, after those of the parents, and the name, in which ``::`` may stand."""
    _, _, kinds, name = urn.removeprefix("urn:pulumi:").split("::", 3)
    return kinds.rpartition("$")[2], name
