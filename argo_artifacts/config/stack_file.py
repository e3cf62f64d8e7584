"""Stack files: what ``Pulumi.<stack>.yaml`` says to this project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from argo_artifacts.config.base import NAMESPACE, ConfigError, found_kind
from argo_artifacts.config.faults import Fault, nearest, unknown_key
from argo_artifacts.config.read import ROOT, parse
from argo_artifacts.config.reader import as_mapping
from argo_artifacts.config.template import STACK, filled
from argo_artifacts.config.yaml_file import parse_yaml, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from argo_artifacts.config.settings import Settings

STACK_FILE_KEYS: Final = (
    "config",
    "encryptedkey",
    "encryptionsalt",
    "environment",
    "secretsprovider",
)
"""What Pulumi knows in a stack file."""


@dataclass(frozen=True, slots=True)
class StackValues:
    """What a stack file says to this project."""

    values: Mapping[str, object]
    """Value of each key, without the namespace."""

    secrets: frozenset[str]
    """Keys whose values are encrypted."""


def stack_values(document: object, name: str, *, project: str = NAMESPACE) -> StackValues:
    """Take this project's configuration out of the *document* in the stack file *name*.

    Raises:
        ConfigError: it is no stack file; one line for each fault.
    """
    keys = as_mapping(document)
    if keys is None:
        found = f"{found_kind(document)}, a stack file with the key config is accepted"
        raise ConfigError([str(Fault(name, found))])
    unknown = sorted(set(keys) - set(STACK_FILE_KEYS))
    faults = [Fault(f"{name}:{key}", unknown_key(STACK_FILE_KEYS, key)) for key in unknown]
    config = as_mapping(keys.get("config"))
    if config is None and "config" not in {nearest(key, STACK_FILE_KEYS) for key in unknown}:
        found = found_kind(keys["config"]) if "config" in keys else "missing"
        faults.append(Fault(f"{name}:config", f"{found}, a mapping is required"))
    values: dict[str, object] = {}
    for key, value in (config or {}).items():
        namespace, _, own = key.rpartition(":") if ":" not in key else key.partition(":")
        if namespace != NAMESPACE and (namespace or project != NAMESPACE):
            continue
        if own in values:
            faults.append(Fault(f"{ROOT}{own}", "stands twice, once is accepted"))
        values[own] = value
    if faults:
        raise ConfigError(map(str, faults))
    return StackValues(values, frozenset(k for k, v in values.items() if _is_secret(v)))


def _is_secret(value: object) -> bool:
    entries = as_mapping(value)
    return entries is not None and list(entries) == ["secure"]


def stack_name(file: Path) -> str:
    """The stack whose file *file* is: ``Pulumi.<stack>.yaml``."""
    return file.name.removeprefix("Pulumi.").removesuffix(".yaml")


def stack_text(file: Path, *, samples: bool = False) -> str:
    """Read the text of a stack file; *samples* fills the template's placeholders.

    Raises:
        ConfigError: the file cannot be read; one line.
    """
    text = read_text(file, file.name)
    return filled(text) if samples and stack_name(file) == STACK else text


def read_stack_file(
    file: Path, *, project: str = NAMESPACE, folder: Path | None = None, samples: bool = False
) -> Settings:
    """Read the stack file *file* (``Pulumi.<stack>.yaml``) and the files it names.

    Args:
        file: the stack file.
        project: name of the Pulumi project.
        folder: where relative paths start; None: the file's own folder.
        samples: fill the template's placeholders with sample values.

    Raises:
        ConfigError: all faults, one line each.
    """
    document = parse_yaml(stack_text(file, samples=samples), file.name)
    given = stack_values(document, file.name, project=project)
    return parse(
        given.values,
        project=project,
        stack=stack_name(file),
        folder=file.parent if folder is None else folder,
        secrets=given.secrets,
    )
