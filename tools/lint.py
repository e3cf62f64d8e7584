"""The linters and the type checker: ``python -m tools.lint``."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final, TypedDict

from rich.markup import escape

from tools.errors import ToolError
from tools.progress import console

ROOT: Final = Path(__file__).parents[1]
_BIN: Final = Path(sys.prefix) / "bin"


class _Place(TypedDict):
    line: int


class _Range(TypedDict):
    start: _Place


class _Diagnostic(TypedDict, total=False):
    file: str
    range: _Range
    severity: str
    message: str
    rule: str


def lint() -> None:
    """Run ruff's linter and formatter and pyright, all of them, then judge.

    Raises:
        ToolError: One of them has found something; its words stand above.
    """
    out = console()
    failed: list[str] = []
    for arguments in (["check", "."], ["format", "--check", "."]):
        out.print(f"ruff {' '.join(arguments)}", markup=False)
        if subprocess.run([_BIN / "ruff", *arguments], cwd=ROOT, check=False).returncode:  # noqa: S603 - from the locked environment
            failed.append(f"ruff {arguments[0]}")
    out.print("pyright", markup=False)
    try:
        out.print(_check_types(), markup=False)
    except ToolError as error:
        out.print(escape(str(error)))
        failed.append("pyright")
    if failed:
        msg = f"lint: {', '.join(failed)} found something, a clean tree is accepted; see above"
        raise ToolError(msg)


def _check_types() -> str:
    """Run pyright over what pyproject.toml includes, and count what it looked at.

    A settings file in a parent folder would win over ours, and "0 errors" would then mean
    "0 files": so the number of files is compared with what lies in the folders.
    """
    run = subprocess.run(  # noqa: S603 - from the locked environment
        [_BIN / "pyright", "--outputjson"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    try:
        answer = json.loads(run.stdout)
    except ValueError:
        msg = f"pyright: no answer, JSON is needed\n{run.stdout}{run.stderr}"
        raise ToolError(msg) from None
    diagnostics: list[_Diagnostic] = answer["generalDiagnostics"]
    if diagnostics:
        raise ToolError("\n".join(_line(one) for one in diagnostics))
    files = _files()
    analyzed = int(answer["summary"]["filesAnalyzed"])
    if analyzed != files:
        msg = f"pyright: {analyzed} files analysed, {files} are there; is its include complete?"
        raise ToolError(msg)
    return f"0 errors in {analyzed} files, all that are there"


def _files() -> int:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pyright"]
    places = [ROOT / place for place in settings["include"]]
    return sum(1 if place.is_file() else len(list(place.rglob("*.py"))) for place in places)


def _line(one: _Diagnostic) -> str:
    path = Path(one.get("file", "")).relative_to(ROOT)
    line = one["range"]["start"]["line"] + 1 if "range" in one else 0
    return f"{path}:{line}: {one.get('message', '')} ({one.get('rule', one.get('severity', ''))})"


def main() -> int:
    """Run as a program."""
    try:
        lint()
    except ToolError as error:
        console(stderr=True).print(f"[red]{escape(str(error))}[/red]")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
