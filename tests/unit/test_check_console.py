"""What all commands share: plain text off the terminal, exit codes, no traceback."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from importlib import metadata
from typing import TYPE_CHECKING

import pytest

from argo_artifacts.cli import console
from tests.unit.config_files import ROOT

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = [sys.executable, "-m", "argo_artifacts.cli"]
LONG = "a/" * 200 + "b"


def run(*arguments: str, folder: Path = ROOT, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def on_terminal(*arguments: str, **environment: str) -> str:
    """What a terminal of 60 columns shows."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "60", **environment},
        stdout=follower,
        stdin=subprocess.DEVNULL,
    )
    os.close(follower)
    shown = b""
    try:
        while piece := os.read(leader, 65536):
            shown += piece
    except OSError:  # the program closed its terminal
        pass
    os.close(leader)
    process.wait()
    return shown.decode()


def test_off_a_terminal_output_is_plain_text():
    said = run("check", "docs/examples/planned")
    assert "\x1b" not in said.stdout
    assert "\x1b" not in run("version", FORCE_COLOR="1").stdout


def test_on_a_terminal_output_has_colours_unless_no_color_is_set():
    assert "\x1b[" in on_terminal("check", NO_COLOR="")
    assert "\x1b[" not in on_terminal("check", NO_COLOR="1")


def test_no_line_is_cut_or_wrapped(capsys):
    console.say(LONG)
    console.say_table(("one", "two"), [("x", LONG), ("longer", "y")])
    assert capsys.readouterr().out.splitlines() == [
        LONG,
        "ONE     TWO",
        f"x       {LONG}",
        "longer  y",
    ]
    shown = on_terminal("check", "docs/examples/planned")
    assert ".default.azure: not built yet, minio or s3 is accepted" in shown


def test_markup_in_a_value_is_shown_as_it_is():
    folder = ROOT / "docs/examples/planned"
    assert "[red]" in run("check", "[red]x", folder=folder).stderr


@pytest.mark.parametrize(
    "arguments", [("--nope",), ("check", "--nope"), ("schema", "nothing"), ("nothing",)]
)
def test_a_wrong_command_line_is_wrong_input(arguments: tuple[str, ...]):
    said = run(*arguments)
    assert said.returncode == 2
    assert said.stdout == ""
    assert "Traceback" not in said.stderr
    assert "─" not in said.stderr
    assert said.stderr.splitlines()[-1].startswith("Error: ")


def test_a_faulty_project_is_wrong_input_in_one_line(tmp_path: Path):
    (tmp_path / "Pulumi.yaml").write_text("nothing: here\n")
    said = run("check", folder=tmp_path)
    assert (said.returncode, said.stdout, said.stderr) == (
        2,
        "",
        "Pulumi.yaml: no project, a file with name and stackConfigDir is accepted\n",
    )


def test_help_names_every_command():
    said = run("--help")
    assert said.returncode == 0
    assert all(f"  {command} " in said.stdout for command in ("check", "schema", "version"))


def test_a_reader_that_stops_reading_is_no_error():
    command = f"{' '.join(COMMAND)} schema | head -n 1"
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("{\n", "")


def test_version_prints_ours_and_those_of_the_sdks():
    found = json.loads(run("version", "--json").stdout)
    assert found["argo-artifacts"] == metadata.version("argo-artifacts")
    assert found["pulumi"] == metadata.version("pulumi")
    assert found["pulumi-kubernetes"] == metadata.version("pulumi-kubernetes")
    assert all(version in run("version").stdout for version in found.values())


def test_schema_prints_what_it_writes(tmp_path: Path):
    (tmp_path / "schemas").mkdir()
    said = run("schema", "--write", folder=tmp_path)
    assert said.returncode == 0
    for kind in ("stack", "tenants"):
        written = (tmp_path / f"schemas/{kind}.schema.json").read_text()
        assert (
            written
            == run("schema", kind).stdout
            == (ROOT / f"schemas/{kind}.schema.json").read_text()
        )


def test_schema_says_where_it_cannot_write(tmp_path: Path):
    said = run("schema", "--write", folder=tmp_path)
    assert (said.returncode, said.stderr) == (
        2,
        (
            "schemas/stack.schema.json: cannot be written (No such file or directory), a folder"
            " schemas/ is accepted\n"
        ),
    )
