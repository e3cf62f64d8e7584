import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from tools import programs
from tools.errors import ToolError
from tools.go_build import Cache, Program
from tools.local_platform import processes
from tools.progress import Progress

TINY = Program(name="tiny", version="1.0.0", seconds=1, stamps={"main.version": "1.0.0"})
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def go_cache(tmp_path_factory):
    """One compiler's cache for this file: Go's own runtime is compiled once."""
    return tmp_path_factory.mktemp("go-build")


@pytest.fixture
def tools(tmp_path):
    """A folder like tools/ with one tiny program."""
    folder = tmp_path / "tools" / "tiny"
    folder.mkdir(parents=True)
    (folder / "go.mod").write_text("module tools/tiny\n\ngo 1.24\n")
    (folder / "go.sum").write_text("")
    (folder / "main.go").write_text(
        "package main\n\nvar version string\n\nfunc main() { print(version) }\n"
    )
    return folder.parent


@pytest.fixture
def cache(tmp_path, tools, go_cache):
    root = tmp_path / "cache"
    root.mkdir()
    (root / "go-build").symlink_to(go_cache)
    return Cache(root, tools)


@pytest.fixture
def words():
    console = Console(record=True, force_terminal=False, width=200, file=open(os.devnull, "w"))  # noqa: PTH123, SIM115 - closed with the test process
    return Progress(1, console), console


def test_a_built_program_runs_and_carries_its_version(cache, words):
    folder = cache.build(TINY, words[0])
    run = subprocess.run([folder / "tiny"], capture_output=True, text=True, check=True)
    assert run.stderr == "1.0.0"
    assert json.loads((folder / "build.json").read_text())["program"] == "tiny"


def test_a_built_program_is_found_again_and_not_built_again(cache, words):
    folder = cache.build(TINY, words[0])
    before = (folder / "tiny").stat().st_mtime_ns
    assert cache.find(TINY) == folder
    assert cache.build(TINY, words[0]) == folder
    assert (folder / "tiny").stat().st_mtime_ns == before


def test_a_program_without_packages_is_what_its_recipe_takes_from_the_module(cache, tools, words):
    (tools / "tiny" / "main.go").write_text("this does not compile\n")

    def take(build):
        (build.out / "tiny.tgz").write_text("an archive")

    folder = cache.build(replace(TINY, packages=(), binaries=("tiny.tgz",), finish=take), words[0])
    assert (folder / "tiny.tgz").read_text() == "an archive"


@pytest.mark.parametrize("name", ["go.mod", "go.sum", "main.go", "more.go"])
def test_a_changed_file_is_another_program(cache, tools, name):
    before = cache.hash(TINY)
    with (tools / "tiny" / name).open("a") as handle:
        handle.write("\n// changed\n")
    assert cache.hash(TINY) != before


@pytest.mark.parametrize(
    "change",
    [{"version": "1.0.1"}, {"stamps": {"main.version": "2"}}, {"packages": ("./other",)}],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_recipe_is_another_program(cache, change):
    assert cache.hash(replace(TINY, **change)) != cache.hash(TINY)


def test_the_modules_that_give_files_to_a_program_are_part_of_it(cache, tools):
    other = tools / "other"
    other.mkdir()
    for name in ("go.mod", "go.sum"):
        (other / name).write_text("one")
    before = cache.hash(replace(TINY, also=("other",)))
    (other / "go.sum").write_text("two")
    assert cache.hash(replace(TINY, also=("other",))) != before


def test_tests_of_a_program_are_part_of_it_since_they_are_compiled_with_it(cache, tools):
    before = cache.hash(TINY)
    (tools / "tiny" / "main_test.go").write_text("package main\n")
    assert cache.hash(TINY) != before


def test_a_failed_build_shows_the_end_of_the_log_and_leaves_nothing(cache, tools, words):
    (tools / "tiny" / "main.go").write_text("package main\n\nfunc main() { undefined() }\n")
    with pytest.raises(ToolError) as error:
        cache.build(TINY, words[0])
    lines = str(error.value).splitlines()
    log = cache.root / "logs" / "tiny.log"
    assert re.fullmatch(
        rf"{re.escape(str(tools))}/tiny: go build of tiny failed after \d+ s; "
        rf"its last lines follow, the whole log is {re.escape(str(log))}",
        lines[0],
    )
    assert "  | ./main.go:3:15: undefined: undefined" in lines
    assert "undefined: undefined" in log.read_text()
    assert [path.name for path in (cache.root / "programs").iterdir()] == [".lock"]


def test_without_go_the_line_says_what_is_missing_and_what_would_do(tmp_path, tools, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError) as error:
        Cache(tmp_path / "cache", tools).build(TINY, Progress(1))
    assert str(error.value) == (
        "PATH: no go, Go 1.26 or tiny is accepted; install Go 1.26 or put these on PATH"
    )


def test_without_go_all_missing_programs_are_named_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("ARGO_ARTIFACTS_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ToolError, match=r"Go 1\.26 or etcd, kwok, kwokctl is accepted; [^\n]*\Z"):
        programs.find_or_build(["etcd", "kwok"])


def test_without_go_a_program_built_earlier_still_serves(cache, words, tools, monkeypatch):
    folder = cache.build(TINY, words[0])
    monkeypatch.setenv("PATH", "/nowhere")
    assert Cache(cache.root, tools).find(TINY) == folder


def on_path(folder, name, version):
    script = folder / name
    script.write_text(f"#!/bin/sh\necho '{name} v{version}'\n")
    script.chmod(0o755)
    return script


def test_a_program_on_path_is_taken(tmp_path, monkeypatch):
    etcd = on_path(tmp_path, "etcd", "3.5.1")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("ARGO_ARTIFACTS_CACHE", str(tmp_path / "cache"))
    assert programs.find_or_build(["etcd"]) == {"etcd": etcd}


def test_a_cli_on_path_brings_its_own_language_host(tmp_path, monkeypatch):
    cli = on_path(tmp_path, "pulumi", "3.300.1")
    host = on_path(tmp_path, "pulumi-language-python", "3.300.1")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("ARGO_ARTIFACTS_CACHE", str(tmp_path / "cache"))
    found = programs.find_or_build(["pulumi", "pulumi-language-python"])
    assert found == {"pulumi": cli, "pulumi-language-python": host}


def test_a_program_on_path_that_is_too_old_is_not_taken(tmp_path, monkeypatch):
    on_path(tmp_path, "pulumi", "3.237.9")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("ARGO_ARTIFACTS_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ToolError, match=r"PATH: no go, Go 1\.26 or pulumi is accepted"):
        programs.find_or_build(["pulumi"])


def test_our_own_cache_on_path_is_no_program_of_the_user(tmp_path, monkeypatch):
    folder = tmp_path / "cache" / "programs" / "etcd-old-go1.0"
    folder.mkdir(parents=True)
    on_path(folder, "etcd", "3.5.1")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("ARGO_ARTIFACTS_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ToolError, match="no go"):
        programs.find_or_build(["etcd"])


def test_path_lists_the_folders_of_built_programs_before_all_others(tmp_path, monkeypatch):
    monkeypatch.setenv("ARGO_ARTIFACTS_CACHE", str(tmp_path))
    found = {
        "a": tmp_path / "programs" / "one" / "a",
        "b": tmp_path / "programs" / "one" / "b",
        "c": Path("/usr/bin/c"),
    }
    assert programs.with_programs(found, "/usr/bin") == f"{tmp_path}/programs/one:/usr/bin"


BUILD = """
import sys
from pathlib import Path
from tools.go_build import Cache, Program
from tools.progress import Progress
cache = Cache(Path(sys.argv[1]), Path(sys.argv[2]))
print(cache.build(Program(name="tiny", version="1", seconds=1), Progress(1)).name)
"""


def start_build(root, tools):
    return subprocess.Popen(
        [sys.executable, "-c", BUILD, root, tools],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_checkouts_at_once_build_once(cache, tools):
    both = [start_build(cache.root, tools) for _ in range(2)]
    said = [build.communicate(timeout=120)[0].splitlines() for build in both]
    assert [build.returncode for build in both] == [0, 0]
    assert said[0][-1] == said[1][-1]
    built = [lines for lines in said if any("building" in line for line in lines)]
    assert len(built) == 1
    waited = next(lines for lines in said if lines is not built[0])
    assert waited[0] == "another build uses the same cache, waiting for its end"


def test_ctrl_c_ends_the_compiler_and_leaves_nothing_half_made(tmp_path, tools):
    (tools / "tiny" / "main.go").write_text(
        'package main\n\nimport "net/http"\n\nfunc main() { http.Get("") }\n'
    )
    root = tmp_path / "cold"
    build = start_build(root, tools)

    def compilers():
        return [one for one in processes.processes() if one.name == "go" and in_cache(one, root)]

    deadline = time.monotonic() + 60
    while not compilers():
        assert time.monotonic() < deadline
        assert build.poll() is None
        time.sleep(0.05)
    time.sleep(1)  # so that it is compiling, with children of its own
    assert compilers()
    build.send_signal(signal.SIGINT)
    build.communicate(timeout=120)
    assert build.returncode != 0
    assert not compilers()
    assert [path.name for path in (root / "programs").iterdir()] == [".lock"]


def in_cache(process, root):
    try:
        variables = Path(f"/proc/{process.pid}/environ").read_bytes()
    except OSError:
        return False
    return f"GOCACHE={root}/go-build\0".encode() in variables


@pytest.mark.parametrize(
    ("size", "keep", "gone"),
    [(2048, "", True), (512, "", False), (2048, "1", False)],
    ids=["large", "small", "kept by the user"],
)
def test_the_compilers_cache_is_dropped_when_it_is_large(
    tmp_path, tools, monkeypatch, size, keep, gone
):
    monkeypatch.setattr("tools.go_build._BUILD_CACHE_LIMIT", 1024)
    monkeypatch.setenv("ARGO_ARTIFACTS_KEEP_BUILD_CACHE", keep)
    cache = Cache(tmp_path / "cache", tools)
    folder = cache.root / "go-build"
    folder.mkdir(parents=True)
    (folder / "object").write_bytes(b"x" * size)
    cache.drop_go_cache(Progress(1))
    assert folder.exists() is not gone


def test_every_program_of_the_table_has_its_module_and_a_time():
    for program in programs.PROGRAMS:
        assert (programs.TOOLS / program.module / "go.mod").is_file(), program.name
        assert (programs.TOOLS / program.module / "go.sum").is_file(), program.name
        assert program.seconds > 0
