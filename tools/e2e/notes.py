"""What tests have shown, for the closing table: a cell is filled by a test that has passed."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

NOTES: Final = "ARGO_ARTIFACTS_E2E_NOTES"
"""Variable with the path of the file that notes go to."""

Column = Literal["saved", "read", "refused", "collected"]


@dataclass(frozen=True, slots=True)
class Shown:
    """A cell of the table."""

    tenant: str
    column: Column
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """Something to print: how long it took, lists of objects."""

    title: str
    text: str


def note(entry: Shown | Text) -> None:
    """Note *entry*; does nothing when nobody gathers."""
    if path := os.environ.get(NOTES):
        kind = type(entry).__name__
        with Path(path).open("a") as handle:
            handle.write(f"{json.dumps([kind, asdict(entry)])}\n")


def read(path: Path) -> tuple[list[Shown], list[Text]]:
    """Read the notes in the order in which they were written."""
    cells: list[Shown] = []
    texts: list[Text] = []
    lines = path.read_text().splitlines() if path.exists() else []
    for kind, fields in map(json.loads, lines):
        if kind == Shown.__name__:
            cells.append(Shown(**fields))
        else:
            texts.append(Text(**fields))
    return cells, texts
