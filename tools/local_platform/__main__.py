"""Command line of the local platform: ``python -m tools.local_platform``."""

from __future__ import annotations

import shlex
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.markup import escape

from tools.errors import ToolError
from tools.local_platform.platform import LocalPlatform
from tools.local_platform.up import FOLDER, ROOT, Checkout
from tools.programs import exit_on_terminate
from tools.progress import console

if TYPE_CHECKING:
    from collections.abc import Generator

app: Final = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, help="The local platform of a checkout."
)
Folder = Annotated[Path, typer.Option(help="Where everything of the platform is kept.")]
Project = Annotated[Path, typer.Option(help="Folder with Pulumi.yaml and stacks/.")]


@contextmanager
def _for_people(after_interruption: str) -> Generator[None]:
    """Turn what a person can put right into its line and an exit code."""
    exit_on_terminate()
    errors = console(stderr=True)
    try:
        yield
    except ToolError as error:
        errors.print(f"[red]{escape(str(error))}[/red]")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        errors.print(f"interrupted; {after_interruption}", markup=False)
        raise typer.Exit(130) from None


@app.command()
def up(
    folder: Folder = FOLDER,
    project: Project = ROOT,
    *,
    verify: Annotated[bool, typer.Option(help="Check every identity afterwards.")] = True,
) -> None:
    """Start the platform, run pulumi up of the stack local, check it."""
    with _for_people("`make up` goes on from here, `make down` removes everything"):
        code = Checkout(folder.absolute(), project.absolute(), console()).up(verify=verify)
    raise typer.Exit(code)


@app.command()
def down(folder: Folder = FOLDER) -> None:
    """End everything and remove cluster, data, state and secrets."""
    with _for_people("`make down` again finishes it"):
        Checkout(folder.absolute(), ROOT, console()).down()
        console().print("nothing of the local platform runs or is left", markup=False)


@app.command()
def status(folder: Folder = FOLDER) -> None:
    """Say what runs; exit code 1 when the platform is not whole."""
    with _for_people("nothing was changed"):
        if not folder.exists():
            msg = f"{folder}: not there, a started platform is needed; `make up`"
            raise ToolError(msg)
        platform = LocalPlatform(folder.absolute(), {})
        now = platform.status()
        out = console()
        for process in sorted(now.processes, key=lambda one: one.name):
            out.print(f"{process.name}  process {process.pid}", markup=False)
        out.print(f"Kubernetes API {platform.api_server}: {_word(ok=now.cluster)}", markup=False)
        out.print(f"MinIO {platform.minio_endpoint}: {_word(ok=now.minio)}", markup=False)
    raise typer.Exit(0 if now.cluster and now.minio else 1)


@app.command()
def env(folder: Folder = FOLDER, project: Project = ROOT) -> None:
    """Print export lines for pulumi, kubectl and argo-artifacts by hand."""
    with _for_people("nothing was changed"):
        variables = Checkout(folder.absolute(), project.absolute(), console()).variables()
        for name, value in variables.items():
            console().print(f"export {name}={shlex.quote(value)}", markup=False)


def _word(*, ok: bool) -> str:
    return "ready" if ok else "not running"


if __name__ == "__main__":
    app()
