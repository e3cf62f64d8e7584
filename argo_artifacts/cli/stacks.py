"""Stacks: which files a command means, and reading them as Pulumi would."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from argo_artifacts.cli.console import complain
from argo_artifacts.config import ConfigError, Settings, read_stack_file
from argo_artifacts.config.base import NAMESPACE
from argo_artifacts.config.read import STRUCTURED
from argo_artifacts.config.reader import as_mapping
from argo_artifacts.config.stack_file import stack_text, stack_values
from argo_artifacts.config.template import STACK, placeholders
from argo_artifacts.config.yaml_file import load_yaml, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT_FILE: Final = "Pulumi.yaml"
RENDERED: Final = Path(".local")
"""Where ``make up`` puts the stack file that it fills in."""

StackName = Annotated[str, typer.Option("--stack", "-s", help="Name of the stack.")]
"""The option ``--stack`` of the commands about one stack."""

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config-file", help="The stack's file, if not Pulumi.<stack>.yaml."),
]
"""The option ``--config-file`` of the commands about one stack."""


@dataclass(frozen=True, slots=True)
class Project:
    """The Pulumi project in the current folder."""

    name: str
    folder: Path
    """Folder of the stack files."""


def project() -> Project:
    """Read the project file of the current folder.

    Raises:
        ConfigError: there is none, or it names no project.
    """
    keys = as_mapping(load_yaml(Path(PROJECT_FILE))) or {}
    name, folder = keys.get("name"), keys.get("stackConfigDir", ".")
    if not isinstance(name, str) or not isinstance(folder, str):
        msg = f"{PROJECT_FILE}: no project, a file with name and stackConfigDir is accepted"
        raise ConfigError([msg])
    return Project(name, Path(folder))


def stack_file(stack: str, within: Project) -> Path:
    """The file of *stack*: for the template the one that ``make up`` filled in, if it did."""
    name = f"Pulumi.{stack}.yaml"
    rendered = RENDERED / name
    return rendered if stack == STACK and rendered.is_file() else within.folder / name


def read_stack(stack: str, config_file: Path | None = None) -> Settings:
    """Read the settings of *stack*; sample values in a template are said on standard error.

    Args:
        stack: name of the stack.
        config_file: its file, if it is not the usual one.

    Raises:
        ConfigError: all faults, one line each.
    """
    within = project()
    file = config_file or stack_file(stack, within)
    names = placeholders(stack_text(file)) if stack == STACK else ()
    settings = read_stack_file(file, project=within.name, folder=within.folder, samples=True)
    if names:
        complain([f"{file}: a template, sample values stand for {', '.join(names)}"])
    return replace(settings, stack=stack)


def inline_values(stack: str, config_file: Path | None = None) -> Mapping[str, object]:
    """The structured values that the file of *stack* itself holds, by key."""
    within = project()
    file = config_file or stack_file(stack, within)
    document = parse_yaml(stack_text(file, samples=True), file.name)
    values = stack_values(document, file.name, project=within.name).values
    return {key: value for key, value in values.items() if key in STRUCTURED}


def here() -> Project:
    """The project of the current folder, or what one of ours is like where there is none."""
    return project() if Path(PROJECT_FILE).is_file() else Project(NAMESPACE, Path("stacks"))
