"""``python -m tools.e2e``: real workflows on real pods, then everything is gone again."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

from rich.markup import escape
from rich.table import Table

from tools.e2e import enclosure, needs
from tools.e2e.notes import NOTES, Column, read
from tools.errors import ToolError
from tools.programs import PLATFORM, PODS, exit_on_terminate, find_or_build
from tools.progress import Progress, console, duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from tools.e2e.notes import Shown, Text

ROOT: Final = Path(__file__).parents[2]
NOTHING_CHECKED: Final = 77
"""Exit code when the machine cannot run pods, as test programs have it by custom."""
INTERRUPTED: Final = 130


def run(arguments: Sequence[str], out: Console) -> int:
    """Run the tests of ``tests/e2e`` in an enclosure; return pytest's exit code.

    Args:
        arguments: Further arguments for pytest.
        out: Where a person reads along.

    Raises:
        ToolError: A program is missing and cannot be built.
    """
    if lines := needs.missing():
        for line in lines:
            out.print(f"[yellow]{escape(line)}[/yellow]")
        out.print("[bold]nothing was checked:[/bold] this machine cannot run real pods")
        return NOTHING_CHECKED
    begin = time.monotonic()
    programs = _programs()
    command = [sys.executable, "-m", "pytest", "-p", "tools.test_report", "-p", "no:cacheprovider"]
    with tempfile.TemporaryDirectory() as scratch:
        notes = Path(scratch) / "notes"
        os.environ[NOTES] = str(notes)
        code = enclosure.run([*command, "tests/e2e", *arguments], programs, ROOT)
        cells, texts = read(notes)
    _close(out, cells, texts)
    out.print(f"all in {duration(time.monotonic() - begin)}; logs: {ROOT / '.local/e2e/logs'}")
    return code


def _programs() -> Mapping[str, Path]:
    names = (*PLATFORM, *PODS)
    programs = find_or_build(names, progress=Progress(len(names)))
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
    out.print(table)


def main() -> int:
    """Run as a program."""
    exit_on_terminate()
    out = console()
    try:
        return run(sys.argv[1:], out)
    except ToolError as error:
        console(stderr=True).print(f"[red]{escape(str(error))}[/red]")
        return 1
    except KeyboardInterrupt:
        out.print("interrupted; everything is gone but the logs", markup=False)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
