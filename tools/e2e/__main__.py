"""``python -m tools.e2e``: real workflows on real pods, then everything is gone again."""

from __future__ import annotations

import sys
from typing import Final

from rich.markup import escape

from tools.e2e.run import run
from tools.errors import ToolError
from tools.programs import exit_on_terminate
from tools.progress import console

INTERRUPTED: Final = 130


def main() -> int:
    """Run as a program; arguments go to pytest."""
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
