"""The linters and the type checker: ``python -m tools.lint``."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict

from rich.markup import escape

from tools.errors import ToolError
from tools.progress import console

ROOT: Final = Path(__file__).parents[1]
_BIN: Final = Path(sys.prefix) / "bin"


@dataclass(frozen=True, slots=True)
class Project:
    """Settings of one run of pyright."""

    name: str
    file: Path

    def folders(self) -> list[Path]:
        """What the settings include."""
        if self.file.suffix == ".toml":
            settings = tomllib.loads(self.file.read_text())["tool"]["pyright"]
        else:
            settings = json.loads(self.file.read_text())
        return [(self.file.parent / place).resolve() for place in settings["include"]]


PROJECTS: Final = (
    Project("strict", ROOT / "pyproject.toml"),
    # of tests, tools and the plugin only that what they name is there: a constant that has
    # moved, an argument that is gone
    Project("names", ROOT / "tools" / "pyright.json"),
)


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
    """Run ruff's linter and formatter and pyright twice, all of them, then judge.

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
    with ThreadPoolExecutor() as pool:
        runs = [(project, pool.submit(check_types, project)) for project in PROJECTS]
    for project, run in runs:
        try:
            out.print(f"pyright {project.name}: {run.result()}", markup=False)
        except ToolError as error:
            out.print(escape(str(error)))
            failed.append(f"pyright {project.name}")
    if failed:
        msg = f"lint: {', '.join(failed)} found something, a clean tree is accepted; see above"
        raise ToolError(msg)


def check_types(project: Project) -> str:
    """Run pyright over what *project* includes, and count what it looked at.

    A settings file in another folder could win over ours, and "0 errors" would then mean
    "0 files": so the number of files is compared with what lies in the folders.

    Raises:
        ToolError: What it has found, one line each, or that it looked elsewhere.
    """
    command = [_BIN / "pyright", "--outputjson", "--project", project.file]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - from the locked environment
    try:
        answer = json.loads(run.stdout)
    except ValueError:
        msg = f"pyright: no answer, JSON is needed\n{run.stdout}{run.stderr}"
        raise ToolError(msg) from None
    diagnostics: list[_Diagnostic] = answer["generalDiagnostics"]
    if diagnostics:
        raise ToolError("\n".join(_line(one) for one in diagnostics))
    files = sum(
        1 if place.is_file() else len(list(place.rglob("*.py"))) for place in project.folders()
    )
    analyzed = int(answer["summary"]["filesAnalyzed"])
    if analyzed != files:
        msg = f"pyright: {analyzed} files analysed, {files} are there; is its include complete?"
        raise ToolError(msg)
    return f"0 errors in {analyzed} files, all that are there"


def _line(one: _Diagnostic) -> str:
    path = Path(one.get("file", "")).relative_to(ROOT)
    line = one["range"]["start"]["line"] + 1 if "range" in one else 0
    message = " ".join(one.get("message", "").split())
    return f"{path}:{line}: {message} ({one.get('rule', one.get('severity', ''))})"


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
