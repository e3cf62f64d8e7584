"""``schema``: the JSON schemas of stack and tenant files, and the reference of their keys."""

from __future__ import annotations

import json as json_text
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from argo_artifacts.cli.console import AsJson, say
from argo_artifacts.config import ConfigError
from argo_artifacts.config.schema import stack_schema, tenants_schema

FOLDER: Final = Path("schemas")
"""Where the committed schemas stand, below the current folder."""


class Which(StrEnum):
    """A kind of file."""

    STACK = "stack"
    TENANTS = "tenants"


def text(which: Which) -> str:
    """The schema of one kind of file, as it is committed."""
    value = stack_schema() if which is Which.STACK else tenants_schema()
    return json_text.dumps(value, indent=2) + "\n"


def schema(
    which: Annotated[Which, typer.Argument(help="Kind of file.")] = Which.STACK,
    *,
    write: Annotated[bool, typer.Option("--write", help=f"Write both to {FOLDER}/.")] = False,
    json: AsJson = False,  # noqa: ARG001 - a schema is JSON either way
) -> None:
    """Print the JSON schema of stack or tenant files, for editors."""
    if not write:
        say(text(which).rstrip())
        return
    for kind in Which:
        file = FOLDER / f"{kind}.schema.json"
        try:
            file.write_text(text(kind), encoding="utf-8")
        except OSError as error:
            reason = error.strerror
            raise ConfigError(
                [f"{file}: cannot be written ({reason}), a folder {FOLDER}/ is accepted"]
            ) from None
        say(f"{file}: written")
