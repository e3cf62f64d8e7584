"""Stacks: which files a command means, and reading them as Pulumi would."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from argo_artifacts.cli.console import complain
from argo_artifacts.config import ConfigError, Settings, read_stack_file
from argo_artifacts.config.base import NAMESPACE
from argo_artifacts.config.read import stack_text
from argo_artifacts.config.reader import as_mapping
from argo_artifacts.config.template import STACK, placeholders
from argo_artifacts.config.yaml_file import load_yaml

PROJECT_FILE: Final = "Pulumi.yaml"
RENDERED: Final = Path(".local")
"""Where ``make up`` puts the stack file that it fills in."""

StackName = Annotated[str, typer.Option("--stack", "-s", help="Name of the stack.")]
"""The option ``--stack`` of the commands about one stack."""


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


def read_stack(stack: str) -> Settings:
    """Read the settings of *stack*; sample values in a template are said on standard error.

    Raises:
        ConfigError: all faults, one line each.
    """
    within = project()
    file = stack_file(stack, within)
    names = placeholders(stack_text(file)) if stack == STACK else ()
    settings = read_stack_file(file, project=within.name, folder=within.folder, samples=True)
    if names:
        complain([f"{file}: a template, sample values stand for {', '.join(names)}"])
    return settings


def here() -> Project:
    """The project of the current folder, or what one of ours is like where there is none."""
    return project() if Path(PROJECT_FILE).is_file() else Project(NAMESPACE, Path("stacks"))
