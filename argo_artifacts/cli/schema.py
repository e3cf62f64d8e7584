"""``schema``: the JSON schemas of stack and tenant files, and the reference of their keys."""

from __future__ import annotations

import json as json_text
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from argo_artifacts.cli.console import AsJson, say
from argo_artifacts.config import ConfigError
from argo_artifacts.config.reference import reference
from argo_artifacts.config.schema import stack_schema, tenants_schema

FOLDER: Final = Path("schemas")
"""Where the committed schemas stand, below the current folder."""

PAGE: Final = Path("docs/stack-file.md")
"""The page that holds the reference of all keys, where there is one."""

_BLOCK: Final = re.compile(r"(<!-- keys: .*? -->\n).*?(<!-- end of keys -->)", re.DOTALL)


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
    write: Annotated[
        bool, typer.Option("--write", help=f"Write both to {FOLDER}/, and the keys to {PAGE}.")
    ] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the reference of all keys instead.")
    ] = False,
    json: AsJson = False,  # noqa: ARG001 - a schema is JSON either way
) -> None:
    """Print the JSON schema of stack or tenant files, for editors."""
    if not write:
        say((reference() if markdown else text(which)).rstrip())
        return
    texts = {FOLDER / f"{kind}.schema.json": text(kind) for kind in Which}
    if PAGE.is_file():
        texts[PAGE] = page(PAGE.read_text(encoding="utf-8"))
    for file, content in texts.items():
        try:
            file.write_text(content, encoding="utf-8")
        except OSError as error:
            msg = f"{file}: cannot be written ({error.strerror}), a folder {FOLDER}/ is accepted"
            raise ConfigError([msg]) from None
        say(f"{file}: written")


def page(before: str) -> str:
    """The page *before* with the reference of today."""
    return _BLOCK.sub(lambda found: f"{found[1]}\n{reference()}\n{found[2]}", before)
