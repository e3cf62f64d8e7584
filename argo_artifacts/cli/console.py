"""Console: what all commands share in the way they speak.

Plain text where nobody looks at a terminal, or where ``NO_COLOR`` is set: no colours, no frames,
no value cut to a width.
"""

from __future__ import annotations

import json
import os
import sys
from enum import IntEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Answer(IntEnum):
    """Exit codes of every command."""

    FINE = 0
    NO = 1
    WRONG_INPUT = 2


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
"""The option ``--json`` of every command."""


def is_plain() -> bool:
    """Whether output is text for logs and pipes."""
    return bool(os.environ.get("NO_COLOR")) or not sys.stdout.isatty()


def say(text: str = "", *, style: str = "") -> None:
    """Print one line; *style* (``red``, ``bold green``) on a terminal only."""
    if is_plain():
        print(text)  # noqa: T201 - the one place that prints plain text
    else:
        Console().print(Text(text, style=style), soft_wrap=True)


def say_json(value: object) -> None:
    """Print *value* as JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False))  # noqa: T201 - for other programs


def say_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table; plain: columns apart by two blanks, nothing cut."""
    lines = [list(row) for row in rows]
    if not is_plain():
        table = Table(*head, box=None, header_style="bold", pad_edge=False)
        for line in lines:
            table.add_row(*(Text(cell, overflow="fold") for cell in line))
        Console().print(table)
        return
    lines.insert(0, [name.upper() for name in head])
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        say("  ".join(cells).rstrip())


def complain(lines: Iterable[str]) -> None:
    """Print faults of the input to standard error, one line each."""
    for line in lines:
        print(line, file=sys.stderr)  # noqa: T201 - one line each, as it is
