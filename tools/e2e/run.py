"""Runs the tests of real pods and closes with what they have shown, tenant by tenant."""

from __future__ import annotations

import fcntl
import shutil
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

from rich.markup import escape
from rich.table import Table

from tools.e2e import enclosure, layout, needs
from tools.e2e.notes import NOTES, Column, read
from tools.errors import ToolError
from tools.programs import PLATFORM, PODS, find_or_build
from tools.progress import Progress, duration

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from rich.console import Console

    from tools.e2e.notes import Shown, Text

PROGRAMS: Final = tuple(name for name in (*PLATFORM, *PODS, "minio-chart") if name != "kwok")
"""Names of what is needed here; kwok's pods are no pods."""
_TEST_SECONDS: Final = 900
"""Most time of one test; the first one's has the 600 s in it that the chart's pods may take."""
_LOG_WIDTH: Final = 120
"""Columns of the table where no terminal says how many it has."""
NOTHING_CHECKED: Final = 77
"""Exit code when the machine cannot run pods, as test programs have it by custom."""


def run(arguments: Sequence[str], out: Console) -> int:
    """Run the tests of ``tests/e2e`` where this machine can, else say what is missing.

    Args:
        arguments: Further arguments for pytest.
        out: Where a person reads along.

    Returns:
        pytest's exit code, or that of a machine that cannot.

    Raises:
        ToolError: A program is missing and cannot be built, or another run is going on.
    """
    if lines := needs.missing():
        for line in lines:
            out.print(f"[yellow]{escape(line)}[/yellow]")
        out.print("[bold]nothing was checked:[/bold] this machine cannot run real pods")
        return NOTHING_CHECKED
    return check(arguments, out)


def check(arguments: Sequence[str], out: Console, **variables: str) -> int:
    """Run the tests of ``tests/e2e`` in an enclosure; return pytest's exit code.

    Args:
        arguments: Further arguments for pytest.
        out: Where a person reads along.
        variables: Further variables for pytest.

    Raises:
        ToolError: A program is missing and cannot be built, or another run is going on.
    """
    begin = time.monotonic()
    with _alone():
        notes = layout.LEFT / "notes"
        command = [sys.executable, "-m", "pytest", "-p", "tools.test_report", "tests/e2e"]
        command.append(f"--timeout={_TEST_SECONDS}")
        code = enclosure.run(
            [*command, "-p", "no:cacheprovider", *arguments],
            _programs(),
            layout.ROOT,
            {NOTES: str(notes), **variables},
        )
        if code < 0:
            msg = f"enclosure: killed by signal {-code}, its own end is needed; run it again"
            raise ToolError(msg)
        _close(out, *read(notes))
    out.print(f"all in {duration(time.monotonic() - begin)}; logs: {layout.LOGS}")
    return code


@contextmanager
def _alone() -> Generator[None]:
    """Let one run at a time work in this checkout, and remove what the last one left."""
    layout.LEFT.mkdir(parents=True, exist_ok=True)
    lock = layout.LEFT / "lock"
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            msg = f"{lock}: held by another run, one at a time in a checkout is accepted; wait"
            raise ToolError(msg) from None
        shutil.rmtree(layout.LOGS, ignore_errors=True)
        (layout.LEFT / "notes").unlink(missing_ok=True)
        yield


def _programs() -> Mapping[str, Path]:
    programs = find_or_build(PROGRAMS, progress=Progress(len(PROGRAMS)))
    return programs | {"busybox": Path(shutil.which("busybox") or "busybox")}


def _close(out: Console, cells: Sequence[Shown], texts: Sequence[Text]) -> None:
    for text in texts:
        out.print(f"\n[bold]{escape(text.title)}[/bold]\n{escape(text.text)}")
    columns: tuple[str, ...] = get_args(Column)
    table = Table("tenant", *columns, box=None, padding=(0, 2, 0, 0))
    shown = {(cell.tenant, cell.column): cell.text for cell in cells}
    for tenant in dict.fromkeys(cell.tenant for cell in cells):
        row = [shown.get((tenant, column), "not shown") for column in columns]  # pyright: ignore[reportArgumentType]
        table.add_row(tenant, *map(escape, row))
    out.print()
    if not out.is_terminal:
        out.width = _LOG_WIDTH
    out.print(table)
