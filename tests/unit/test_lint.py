"""The type checker of tests, tools and the plugin sees what is not there, and says where."""

from __future__ import annotations

import json
import subprocess

import pytest

from tools.errors import ToolError
from tools.lint import PROJECTS, ROOT, Project, check_types

RULES = json.loads((ROOT / "tools/pyright.json").read_text())
WRONG = """\
import no_such_module
import tools.lint
from tools.lint import MOVED, check_types

def test_something(project, undeclared):
    tools.lint.gone(misspelt)
    check_types(project, strict=True)
    return "".no_such_method()
"""


def test_what_is_named_and_not_there_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr("tools.lint.ROOT", tmp_path)
    (tmp_path / "test_wrong.py").write_text(WRONG)
    settings = tmp_path / "pyright.json"
    places = {"include": ["."], "extraPaths": [str(ROOT)], "venvPath": str(ROOT)}
    settings.write_text(json.dumps(RULES | places))
    with pytest.raises(ToolError) as error:
        check_types(Project("names", settings))
    assert [line.partition(" ")[0] for line in str(error.value).splitlines()] == [
        f"test_wrong.py:{line}:" for line in (1, 3, 6, 6, 7, 8)
    ]


def test_all_python_is_looked_at_by_one_of_the_two():
    places = {place for project in PROJECTS for place in project.folders()}
    tracked = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert {ROOT / file.partition("/")[0] for file in tracked} == places
