"""The console script in the test's own process: what it says, where, and its exit code."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import yaml

from argo_artifacts.cli import main
from tests.unit.stacks import CA, FILES, values

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Said:
    """What one run said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict:
        return json.loads(self.out)


@dataclass
class Project:
    """A folder with a project file and one stack, ``test``."""

    folder: Path
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def stack(self, name: str = "test", **changes: object) -> None:
        """Write a stack file of the small stack with *changes*."""
        config = {f"argo-artifacts:{key}": value for key, value in values(**changes).items()}
        file = self.folder / "stacks" / f"Pulumi.{name}.yaml"
        file.write_text(yaml.safe_dump({"config": config}))
        (self.folder / "stacks" / CA).write_text((FILES / CA).read_text())

    def run(self, *arguments: str) -> Said:
        """Run the command in the project's folder."""
        self.monkeypatch.chdir(self.folder)
        self.monkeypatch.setattr(sys, "argv", ["argo-artifacts", *arguments])
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self.capsys.readouterr()
        return Said(int(ended.value.code or 0), out, err)


def project(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Project:
    """Make a project with the small stack."""
    (folder / "stacks").mkdir()
    (folder / "Pulumi.yaml").write_text(
        "name: argo-artifacts\nruntime: python\nstackConfigDir: stacks\n"
    )
    made = Project(folder, capsys, monkeypatch)
    made.stack()
    return made
