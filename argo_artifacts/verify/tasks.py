"""Tasks: what a pod is asked to do, and what it answers, as text between here and there.

An answer is a termination message, which Kubernetes cuts at 4096 bytes: words stand in it once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, cast

from pydantic import TypeAdapter

from argo_artifacts.verify.answers import Answer
from argo_artifacts.verify.checks import Expectation, Seed  # noqa: TC001 - read by pydantic
from argo_artifacts.verify.report import Row
from argo_artifacts.verify.trial import Stand, Tried

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from argo_artifacts.verify.ledger import Written
    from argo_artifacts.verify.report import Result

LIMIT: Final = 4096
"""Bytes of a termination message."""

Ambient = Literal["podIdentity", "node"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer without its value, but for the version that a put made."""

    kind: Literal["done", "denied", "absent", "unclear"]
    said: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a pod does: write objects, then try checks, then delete objects."""

    run: str
    region: str
    host: str
    """Host of S3; empty: the region's usual one."""

    ambient: Ambient
    """Where the pod finds its session."""

    entry_role: str = ""
    """ARN of the role to go on to; empty: none."""

    writes: tuple[Seed, ...] = ()
    rows: tuple[Expectation, ...] = ()
    stands: tuple[tuple[Seed, Said, Said], ...] = ()
    """What came of writing and reading each object that the rows need."""

    deletes: tuple[tuple[str, str], ...] = ()
    """Bucket and key of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a pod answers, in the order of its task."""

    writes: tuple[tuple[Said, Said], ...] = ()
    rows: tuple[tuple[str, str, Said | None, bool], ...] = ()
    """Result and text of each row, the answer that explains it, and whether that is the answer to
    who should have written its object."""

    standing: tuple[tuple[bool, bool], ...] = ()
    """Of all that it may have written: whether that stands, and whether versions of it do."""

    deletes: tuple[Said, ...] = ()


_TASK: Final = TypeAdapter(Task)
_OUTCOME: Final = TypeAdapter(Outcome)


def text_of(task: Task) -> str:
    """*task* for the pod's command."""
    return _TASK.dump_json(task, exclude_defaults=True).decode()


def task_of(text: str) -> Task:
    """The task that a pod was given."""
    return _TASK.validate_json(text)


def message_of(outcome: Outcome) -> str:
    """*outcome* as a termination message; each text stands in it once."""
    words: dict[str, int] = {}

    def short(value: object) -> object:
        if isinstance(value, str):
            return words.setdefault(value, len(words))
        if isinstance(value, dict):
            return [short(v) for v in cast("dict[str, object]", value).values()]
        if isinstance(value, bool):
            return int(value)
        return [short(v) for v in cast("list[object]", value)] if isinstance(value, list) else value

    whole = _OUTCOME.dump_python(outcome, mode="json")
    parts = [short(whole[name]) for name in ("writes", "rows", "standing", "deletes")]
    return json.dumps([list(words), *parts], separators=(",", ":"), ensure_ascii=False)


def outcome_of(message: str) -> Outcome:
    """The outcome that a pod's termination message tells.

    Raises:
        ValueError: it tells none.
    """
    try:
        words, *parts = json.loads(message)
        writes, rows, standing, deletes = parts

        def said(part: Sequence[int]) -> Said:
            kind, text, version = (words[number] for number in part)
            return Said(kind=kind, said=text, version=version)

        return Outcome(
            writes=tuple((said(put), said(read)) for put, read in writes),
            rows=tuple(
                (words[result], words[text], None if one is None else said(one), bool(whose))
                for result, text, one, whose in rows
            ),
            standing=tuple((bool(one), bool(other)) for one, other in standing),
            deletes=tuple(said(one) for one in deletes),
        )
    except (ValueError, TypeError, LookupError) as error:
        msg = "the pod's message is none of verify"
        raise ValueError(msg) from error


def said_of(answer: Answer[object]) -> Said:
    """An answer, for the way."""
    version = answer.value if isinstance(answer.value, str) else ""
    return Said(kind=answer.kind, said=answer.said, version=version)


def answer_of(said: Said) -> Answer[str]:
    """An answer, from the way."""
    return Answer(said.kind, said.said, said.version or None)


def stand_of(put: Said, read: Said) -> Stand:
    """What came of an object, from the way; what was read is not told, only that it was right."""
    return Stand(answer_of(put), Answer(read.kind, read.said))


def tried_of(task: Task, outcome: Outcome) -> dict[Expectation, Tried]:
    """The rows of *outcome*."""
    found: dict[Expectation, Tried] = {}
    for row, (result, text, said, by_writer) in zip(task.rows, outcome.rows, strict=True):
        by = row.seed.by if by_writer and row.seed is not None else row.holder
        answer = None if said is None else answer_of(said)
        found[row] = Tried(Row(row, text, cast("Result", result)), answer, by)
    return found


def may_write(task: Task) -> list[tuple[Expectation | Seed, str]]:
    """What the pod may leave, whatever it answers: the keys of objects and uploads, in order."""
    found: list[tuple[Expectation | Seed, str]] = [(seed, seed.key) for seed in task.writes]
    for row in task.rows:
        own = row.check == "put" and row.seed is not None and row.seed.by == row.holder
        if row.check in ("put", "multipart upload") and row.key and not own:
            found.append((row, row.key))
    return found


def standing_of(task: Task, entries: Iterable[Written]) -> tuple[tuple[bool, bool], ...]:
    """Of all that the pod may have written, what stands."""
    by_key = {(entry.place, entry.key): entry for entry in entries}
    found: list[tuple[bool, bool]] = []
    for one, key in may_write(task):
        entry = by_key.get((one.place, key))
        found.append((False, False) if entry is None else (entry.standing, entry.versions))
    return tuple(found)
