"""Table: a report for a person; rows that say the same stand in one line, bad ones alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich import box
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from argo_artifacts.verify.report import Report, Result, Row

HEAD: Final = ("tenant", "repository", "check", "target", "expected", "found", "result")

STYLES: Final[dict[Result, str]] = {
    "ok": "green",
    "failed": "bold red",
    "not checked": "yellow",
    "shared": "cyan",
    "not applicable": "dim",
}

_SHORT: Final = {"not applicable": "n/a"}


def cells(report: Report) -> list[tuple[str, ...]]:
    """The table as text: failures first, then what was not checked, then the rest."""
    return [_cells(line) for line in _lines(report)]


def table(report: Report) -> Table:
    """The table for a terminal: a section for each credential, which is named once in it."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
    ratios = {"check": 4, "target": 4, "found": 3}
    for name in HEAD:
        folds = name not in ("expected", "result")
        made.add_column(name, overflow="fold", no_wrap=not folds, ratio=ratios.get(name))
    last = None
    for line in _lines(report):
        section = (line[0].expectation.holder, line[0].good)
        if last is not None and section != last:
            made.add_section()
        texts = [Text(cell) for cell in _cells(line)]
        if section == last:
            texts[:2] = [Text(), Text()]
        texts[-1].stylize(STYLES[line[0].result])
        made.add_row(*texts)
        last = section
    return made


def closing(report: Report) -> str:
    """The last line: whether all is as expected, and the counts."""
    counts = [f"{n} {result}" for result, n in report.counts().items() if n or result == "failed"]
    verdict = "all as expected" if report.good else "not all as expected"
    return (
        f"verify {report.stack}: {verdict}; {len(report.rows)} checks in {report.seconds:.1f} s:"
        f" {', '.join(counts)}"
    )


def _lines(report: Report) -> Iterator[list[Row]]:
    for result in ("failed", "not checked"):
        yield from _gathered(row for row in report.rows if row.result == result)
    yield from _gathered(row for row in report.rows if row.good)


def _gathered(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Put rows that follow each other and differ in the check alone into one line."""
    line: list[Row] = []
    for row in rows:
        if line and (row.result == "failed" or _same(line[0]) != _same(row)):
            yield line
            line = []
        line.append(row)
    if line:
        yield line


def _same(row: Row) -> tuple[object, ...]:
    own = row.expectation
    return (own.holder, own.group, own.target, own.expected, row.found, row.result)


def _cells(line: list[Row]) -> tuple[str, ...]:
    row, own = line[0], line[0].expectation
    # the server's word is of interest only where it is not the one that was expected
    found = row.found.split(" (", 1)[0] if row.result == "ok" else row.found
    count = f" ({len(line)})" if len(line) > 1 else ""
    return (
        own.holder.tenant,
        own.holder.repository + (f" as {own.holder.account}" if own.holder.account else ""),
        _checks(line),
        own.target,
        _SHORT.get(own.expected, own.expected),
        found,
        _SHORT.get(row.result, row.result) + count,
    )


def _checks(line: list[Row]) -> str:
    """The names of the checks; of settings the common word once."""
    names = [row.expectation.check for row in line]
    if len(names) > 1 and all(name.startswith("read ") for name in names):
        return f"read {', '.join(name.removeprefix('read ') for name in names)}"
    return ", ".join(names)
