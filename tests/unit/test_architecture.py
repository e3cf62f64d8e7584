"""The rooms and who may import whom, by reading the sources.

Pure Python below ``argo_artifacts``; Pulumi only in ``components`` and ``__main__.py``; a cloud
never imports another one; nothing flows back.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from tests.unit.config_files import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PULUMI: Final = ("pulumi", "pulumi_")
CLOUDS: Final = ("alibaba", "aws", "azure", "gcp", "minio")

RANKS: Final[Mapping[str, int]] = {
    "config": 0,
    "refresher": 0,
    "access": 1,
    "aws_account": 1,
    "cluster": 1,
    "documents": 2,
    "repository": 3,
    "limits": 4,
    "diff": 4,
    "verify": 5,
    "cli": 6,
}
"""Rooms of ``argo_artifacts``: each imports itself and lower ones alone."""


def sources(root: Path) -> list[Path]:
    return [root] if root.suffix == ".py" else sorted(root.rglob("*.py"))


def imports(file: Path) -> Iterator[str]:
    """Every module and name that *file* imports, wherever it does, spelt from the top."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = _package(file).split(".")
            module = node.module or ""
            if node.level:
                head = ".".join(above[: len(above) - node.level + 1])
                module = f"{head}.{module}".strip(".")
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _package(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).parent.parts)


def _is_pulumi(name: str) -> bool:
    top = name.split(".", maxsplit=1)[0]
    return top == PULUMI[0] or top.startswith(PULUMI[1])


def offences(root: Path, forbidden) -> list[str]:
    """What *forbidden* says of the imports below *root*; an empty root is an offence too."""
    files = sources(root)
    if not files:
        return [f"{root}: no source"]
    return [
        f"{file.relative_to(ROOT)}: {name}"
        for file in files
        for name in sorted(set(imports(file)))
        if forbidden(file, name)
    ]


@pytest.mark.parametrize("root", ["argo_artifacts", "tools"])
def test_pulumi_stays_out_of(root: str):
    assert len(sources(ROOT / root)) >= 10
    assert offences(ROOT / root, lambda _, name: _is_pulumi(name)) == []


def test_pulumi_is_not_imported_by_any_module_of_ours_in_a_roundabout_way():
    modules = [
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for file in sources(ROOT / "argo_artifacts")
        if file.name != "__main__.py"
    ]
    assert len(modules) >= 40
    program = (
        "import importlib, json, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "print(json.dumps(sorted(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = json.loads(done.stdout)
    assert set(modules) <= set(loaded)
    assert [name for name in loaded if _is_pulumi(name)] == []


def test_the_configuration_of_pulumi_is_read_in_one_module():
    readers = {
        str(file.relative_to(ROOT))
        for root in ("components", "__main__.py")
        for file in sources(ROOT / root)
        if _reads_config(file)
    }
    assert readers == {"components/configuration.py"}


def _reads_config(file: Path) -> bool:
    """Whether *file* names ``pulumi.Config`` or the runtime's configuration."""
    names = {"Config", "pulumi.Config", "pulumi.runtime.config", "runtime.config"}
    spelt = {
        ast.unparse(node)
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute)
    }
    return bool(names & spelt) or bool(
        {"pulumi.Config", "pulumi.runtime.config"} & set(imports(file))
    )


def _cloud(path: str) -> str | None:
    """The cloud whose sub-package of ``components`` holds the module *path*."""
    parts = path.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "components" and parts[1] in CLOUDS else None


def test_a_cloud_never_imports_another_one():
    def forbidden(file: Path, name: str) -> bool:
        own, other = _cloud(f"{_package(file)}.{file.stem}"), _cloud(name)
        return own is not None and other is not None and own != other

    assert any(_cloud(_package(file)) for file in sources(ROOT / "components"))
    assert offences(ROOT / "components", forbidden) == []


def test_nothing_flows_back():
    def room(name: str) -> str | None:
        parts = name.split(".")
        return parts[1] if parts[0] == "argo_artifacts" and len(parts) > 1 else None

    def forbidden(file: Path, name: str) -> bool:
        own = room(".".join(file.relative_to(ROOT).with_suffix("").parts))
        other = room(name)
        if own in {None, "__init__"} or other is None or own == other:
            return False
        return RANKS[other] >= RANKS[own]

    rooms = {room(f"{_package(file)}.{file.stem}") for file in sources(ROOT / "argo_artifacts")}
    assert rooms - {"__init__"} <= set(RANKS)
    assert offences(ROOT / "argo_artifacts", forbidden) == []


def test_the_components_are_imported_by_nobody_but_the_program_and_know_no_command():
    def forbidden(_: Path, name: str) -> bool:
        return name.split(".", maxsplit=1)[0] == "components"

    assert offences(ROOT / "argo_artifacts", forbidden) == []
    assert (
        offences(ROOT / "components", lambda _, name: name.startswith("argo_artifacts.cli")) == []
    )


def test_the_program_is_a_few_lines_and_imports_the_components_alone():
    ours = {"components.program", "components.program.run"}
    assert set(imports(ROOT / "__main__.py")) == {"gc", *ours}


def test_the_rules_see_every_way_to_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    package = tmp_path / "argo_artifacts/config"
    package.mkdir(parents=True)
    (package / "bad.py").write_text(
        "def late():\n    import pulumi_aws as aws\n"
        "from pulumi.runtime import config\n"
        "from ..access import plan\n"
        "if TYPE_CHECKING:\n    from argo_artifacts import cli\n"
    )
    found = set(imports(package / "bad.py"))
    assert {"pulumi_aws", "pulumi.runtime", "argo_artifacts.access", "argo_artifacts.cli"} <= found
    (tmp_path / "empty").mkdir()
    assert offences(tmp_path / "empty", lambda *_: False) == [f"{tmp_path / 'empty'}: no source"]
