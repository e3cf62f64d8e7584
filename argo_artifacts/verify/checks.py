"""Checks: one row of a run as a value, before it is tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from argo_artifacts.access.names import REPOSITORIES_CONFIG_MAP
from argo_artifacts.verify.places import Holder, Place  # noqa: TC001 - read by pydantic

Group = Literal[
    "entry",
    "identity",
    "own prefix",
    "bucket",
    "neighbour",
    "other bucket",
    "bucket settings",
    "admin calls",
    "own account",
    "aws account",
]

Setting = Literal[
    "policy",
    "versioning",
    "lifecycle",
    "encryption",
    "tagging",
    "object lock",
    "replication",
    "notification",
]
SETTINGS: Final[tuple[Setting, ...]] = (
    "policy",
    "versioning",
    "lifecycle",
    "encryption",
    "tagging",
    "object lock",
    "replication",
    "notification",
)
"""Settings of a bucket that have an action of their own, so that each is found out by itself."""

Expected = Literal["as planned", "allowed", "not found", "refused", "shared", "not applicable"]
"""``shared``: one access key serves both sides, nothing can be refused. ``not applicable``: the
plan and the server have nothing here that could be tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """An object that must stand before its checks count."""

    place: Place
    key: str
    by: Holder | None
    """Who writes it and reads it back: the owner of the prefix; None: the provisioner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One row: who does what, where, and what must come of it."""

    holder: Holder
    group: Group
    check: str
    place: Place
    expected: Expected
    key: str = ""
    """Object that the check reads or writes."""

    seed: Seed | None = None
    rests_on: tuple[str, ...] = ()
    """Checks of the same holder and place without which this one says nothing of its own. A
    refusal rests on all that its holder is allowed, see :mod:`argo_artifacts.verify.judge`."""

    why: str = ""
    """Reason, where nothing is tried."""

    about: str = ""
    """ARN of what an AWS check aims at; or ``namespace/name`` of a service account."""

    @property
    def target(self) -> str:
        """Where it aims, in words."""
        if self.about:
            return in_words(self.about)
        if self.group == "entry":
            return f"ConfigMap {REPOSITORIES_CONFIG_MAP}"
        return str(self.place)


def in_words(arn: str) -> str:
    """An ARN as a reader knows it: ``role name``, ``alias/name``; other text as it is."""
    if not arn.startswith("arn:"):
        return f"ServiceAccount {arn}"
    kind, _, path = arn.split(":", 5)[5].partition("/")
    return f"{kind}/{path}" if kind in ("alias", "key") else f"{kind} {path.rsplit('/', 1)[-1]}"
