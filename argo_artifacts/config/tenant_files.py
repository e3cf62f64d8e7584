"""Tenants of a stack: those in the stack file, and those in the files that it names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from argo_artifacts.config.base import A_LABEL, ConfigError, found_kind
from argo_artifacts.config.faults import spell, unknown_key
from argo_artifacts.config.reader import Reader, as_mapping
from argo_artifacts.config.tenants import Tenant
from argo_artifacts.config.yaml_file import load_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@dataclass(slots=True)
class Written:
    """The tenants of a stack, by namespace."""

    paths: dict[str, str] = field(default_factory=dict[str, str])
    """Where each stands, sound or not."""

    sound: dict[str, Tenant] = field(default_factory=dict[str, Tenant])
    complete: bool = True
    """Whether all tenants could be told, sound or not."""


def read_tenants(reader: Reader, root: str, given: Mapping[str, object], folder: Path) -> Written:
    """Read the tenants of the keys ``tenants`` and ``tenantFiles`` of *given*."""
    written = Written()
    if "tenants" in given:
        _add(reader, written, f"{root}tenants", given["tenants"])
    if "tenantFiles" in given:
        for file in _files(reader, written, f"{root}tenantFiles", given["tenantFiles"], folder):
            name = str(file.relative_to(folder)) if file.is_relative_to(folder) else str(file)
            read_tenant_file(reader, written, file, name)
    return written


def read_tenant_file(reader: Reader, written: Written, file: Path, name: str) -> None:
    """Read one tenant file, which *name* stands for in faults."""
    try:
        document = load_yaml(file, name)
    except ConfigError as error:
        for line in error.faults:
            reader.say(*line.split(": ", maxsplit=1))
        written.complete = False
        return
    keys = as_mapping(document)
    if keys is None:
        found = f"{found_kind(document)}, a mapping with the one key tenants is accepted"
        reader.say(name, found)
        written.complete = False
        return
    unknown = sorted(set(keys) - {"tenants"})
    for key in unknown:
        reader.say(f"{name}:{key}", unknown_key(["tenants"], key))
    if "tenants" in keys:
        _add(reader, written, f"{name}:tenants", keys["tenants"])
    else:
        written.complete = False
        if not unknown:
            reader.say(f"{name}:tenants", "missing, a mapping is required")


def _add(reader: Reader, written: Written, where: str, value: object) -> None:
    entries = reader.mapping(where, value, A_LABEL)
    written.complete = written.complete and entries is not None
    for name, entry in (entries or {}).items():
        path = spell(where, (name,))
        if name in written.paths:
            reader.say(path, f"already stands in {written.paths[name]}; remove one")
            continue
        written.paths[name] = path
        tenant = reader.model(Tenant, path, entry)
        if tenant is not None:
            written.sound[name] = tenant


def _files(
    reader: Reader, written: Written, where: str, value: object, folder: Path
) -> Iterator[Path]:
    """The files that match the patterns, each once."""
    if not isinstance(value, list):
        reader.say(where, f"{found_kind(value)}, a list is accepted")
        written.complete = False
        return
    seen: set[Path] = set()
    for index, pattern in enumerate(cast("list[object]", value)):
        matches = _matches(pattern, folder)
        if not matches:
            found = f"{pattern!r} matches no file" if isinstance(pattern, str) else None
            reader.say(
                f"{where}[{index}]",
                f"{found or found_kind(pattern)}, a path relative to the stack file is accepted;"
                " * and ** are wildcards",
            )
            written.complete = False
        yield from (match for match in matches if match not in seen)
        seen.update(matches)


def _matches(pattern: object, folder: Path) -> list[Path]:
    if not isinstance(pattern, str):
        return []
    try:
        return sorted(match for match in folder.glob(pattern) if match.is_file())
    except (OSError, ValueError, NotImplementedError, IndexError):
        return []
