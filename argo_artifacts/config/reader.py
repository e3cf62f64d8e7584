"""Reader: one part after another from plain values to models, collecting every fault."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar, cast

from pydantic import BaseModel, ValidationError

from argo_artifacts.config.base import Matching, found_kind
from argo_artifacts.config.faults import Fault, Loc, faults_of, spell

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_DEPTH: Final = 32
"""Levels of nesting; the deepest key of a stack file stands on the seventh."""

MAX_NUMBER: Final = 2**63 - 1

M = TypeVar("M", bound=BaseModel)


@dataclass(slots=True)
class Reader:
    """One reading: collects faults while it parses part after part."""

    faults: list[Fault] = field(default_factory=list[Fault])

    def say(self, where: str, what: str) -> None:
        """Note one fault."""
        self.faults.append(Fault(where, what))

    def model(self, model: type[M], where: str, value: object) -> M | None:
        """Parse one part, or note its faults."""
        if value is None:
            self.say(where, "null, a mapping is accepted; write {} where the defaults serve")
            return None
        before = len(self.faults)
        plain = self._plain(value, where, ())
        said = {fault.where for fault in self.faults[before:]}
        try:
            parsed = model.model_validate_json(json.dumps(plain))
        except ValidationError as error:
            self.faults += [f for f in faults_of(error, where, model) if f.where not in said]
            return None
        return None if said else parsed

    def mapping(self, where: str, value: object, key: Matching) -> dict[str, object] | None:
        """The entries of a mapping whose keys are *key*; None: it is no mapping at all."""
        entries = as_mapping(value)
        if entries is None:
            self.say(where, f"{found_kind(value)}, a mapping is accepted")
            return None
        sound: dict[str, object] = {}
        for name, entry in entries.items():
            try:
                sound[key(name)] = entry
            except ValueError as error:
                self.say(spell(where, (name,)), str(error))
        return sound

    def _plain(self, value: object, where: str, loc: Loc) -> object:
        """*value* with null for what is no JSON; either is a fault each.

        Absent is the only way to say nothing, so null never stands for a default.
        """
        what = _no_value(value, len(loc))
        if what is not None:
            self.say(spell(where, loc), what)
            return None
        if isinstance(value, list):
            items = enumerate(cast("list[object]", value))
            return [self._plain(entry, where, (*loc, index)) for index, entry in items]
        entries = as_mapping(value)
        if entries is None:
            return value
        return {key: self._plain(entry, where, (*loc, key)) for key, entry in entries.items()}


def as_mapping(value: object) -> Mapping[str, object] | None:
    """*value* with its keys as text, if it is a mapping."""
    if not isinstance(value, dict):
        return None
    entries = cast("dict[object, object]", value)
    return {_unicode(str(key)): entry for key, entry in entries.items()}


def _unicode(text: str) -> str:
    """*text* with halves of characters spelt out: they cannot be written anywhere."""
    return text.encode(errors="backslashreplace").decode()


def _no_value(value: object, depth: int) -> str | None:
    """What is wrong with *value* itself, whatever it stands for."""
    what: str | None = None
    if value is None:
        what = "null, a value is accepted; write one or leave it out"
    elif isinstance(value, str):
        if _unicode(value) != value:
            what = "half a character, Unicode text is accepted"
    elif isinstance(value, int | float):
        if isinstance(value, float) and not math.isfinite(value):
            what = "no finite number, a number is accepted"
        elif abs(value) > MAX_NUMBER:
            what = "a number out of range, a smaller one is accepted"
    elif not isinstance(value, list | dict):
        what = f"{found_kind(value)}, text, numbers, lists and mappings are accepted"
    elif depth >= MAX_DEPTH:
        what = "nested too deep, fewer levels are accepted"
    elif list(as_mapping(cast("object", value)) or ()) == ["secure"]:
        what = "a secret, a plain value is accepted; secrets stand in keys of their own"
    return what
