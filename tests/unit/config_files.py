"""The valid stack and tenant files as values, and what reading them with a change says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from argo_artifacts.config import ConfigError, Settings, parse, read_stack_file
from argo_artifacts.config.base import NAMESPACE
from argo_artifacts.config.faults import spell
from argo_artifacts.config.stack_file import stack_values
from argo_artifacts.config.template import filled
from argo_artifacts.config.yaml_file import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[2]
STACKS: Final = ROOT / "stacks"
PLANNED: Final = ROOT / "docs/examples/planned"

Step = int | str
Steps = tuple[Step, ...]


@dataclass(frozen=True)
class ValidFile:
    """A stack file, or a tenant file with a stack that names it; relative to ``stacks/``."""

    name: str
    stack: str

    def __str__(self) -> str:
        return self.name

    @property
    def is_stack(self) -> bool:
        return self.name == self.stack

    def document(self) -> dict[str, dict[str, object]]:
        return cast("dict[str, dict[str, object]]", _document(self.name))

    def faults(self, document: object, folder: Path) -> list[str]:
        """What reading the stack says when this file holds *document*; *folder* is a copy."""
        if self.is_stack:
            return faults_in(document, folder, name=self.name)
        (folder / self.name).write_text(json.dumps(document))
        return faults_in(_document(self.stack), folder, name=self.stack)

    def path(self, steps: Steps) -> str:
        """How a fault spells the place *steps*."""
        if not self.is_stack:
            return spell(f"{self.name}:", steps)
        if steps[0] != "config" or len(steps) == 1:
            return spell(f"{self.name}:", steps)
        return spell("", steps[1:])


VALID: Final = (
    *(ValidFile(file.name, file.name) for file in sorted(STACKS.glob("Pulumi.*.yaml"))),
    *(
        ValidFile(str(file.relative_to(STACKS)), "Pulumi.minio-external.yaml")
        for file in sorted(STACKS.glob("tenants/*.yaml"))
    ),
)


@cache
def _document(name: str) -> object:
    return parse_yaml(filled((STACKS / name).read_text()), name)


def faults_in(document: object, folder: Path, *, name: str = "Pulumi.test.yaml") -> list[str]:
    """The faults of a stack file *name* in *folder* that holds *document*."""
    try:
        given = stack_values(document, name)
        parse(given.values, project=NAMESPACE, stack="test", folder=folder, secrets=given.secrets)
    except ConfigError as error:
        return list(error.faults)
    return []


def faults_of(file: Path) -> list[str]:
    """The faults of the stack file *file*; empty: it is valid."""
    try:
        read_stack_file(file, samples=True)
    except ConfigError as error:
        return list(error.faults)
    return []


def settings_of(file: Path) -> Settings:
    return read_stack_file(file, samples=True)


def places(value: object, steps: Steps = ()) -> Iterator[tuple[Steps, object]]:
    """Every place of *value* below its root, with what stands there."""
    if isinstance(value, dict):
        children: list[tuple[Step, object]] = list(cast("dict[str, object]", value).items())
    elif isinstance(value, list):
        children = list(enumerate(cast("list[object]", value)))
    else:
        return
    for step, child in children:
        yield (*steps, step), child
        yield from places(child, (*steps, step))


def changed(document: object, steps: Steps, new: object) -> object:
    """A copy of *document* with *new* at *steps*."""
    copy = json.loads(json.dumps(document))
    _parent(copy, steps)[steps[-1]] = new
    return copy


def without(document: object, steps: Steps) -> object:
    """A copy of *document* without what stands at *steps*."""
    copy = json.loads(json.dumps(document))
    del _parent(copy, steps)[steps[-1]]
    return copy


def renamed(document: object, steps: Steps, key: str) -> object:
    """A copy of *document* with another last key."""
    copy = json.loads(json.dumps(document))
    parent = _parent(copy, steps)
    entries = {key if name == steps[-1] else name: value for name, value in parent.items()}
    parent.clear()
    parent.update(entries)
    return copy


def _parent(document: object, steps: Steps) -> dict[Step, object]:
    for step in steps[:-1]:
        document = cast("dict[Step, object]", document)[step]
    return cast("dict[Step, object]", document)
