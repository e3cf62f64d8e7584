# ruff: noqa: S603, S607 - runs the compiler that the user has on PATH, arguments from our own table
"""Builds one program from its Go module into a cache outside the checkout.

What to build stands in :mod:`tools.programs`; here is how: the cache's layout, the hash
of everything that goes into a program, the build itself and its lock.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tools.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from tools.progress import Progress, Tick

_FLAGS: Final = ("-trimpath", "-buildvcs=false", "-v")
_HASH_LENGTH: Final = 12
_LOG_TAIL_LINES: Final = 15
_BUILD_CACHE_LIMIT: Final = 3 * 2**30
"""Bytes; a build of everything leaves about 12 GB, our own small programs less than 2."""
_COMPILER_GOGC: Final = "400"
"""Percent of growth before the compiler collects its own garbage: a fifth less time than Go's 100
(etcd from nothing on 2 cores: 33.5 s, not 41.1) and no more memory; 1000 saves 2 % more."""
_UNUSED_SECONDS: Final = 30 * 24 * 3600.0
"""Age at which another version of a program is removed after a build of it."""
_FOREIGN: Final = frozenset(
    {"GOARCH", "GOENV", "GOEXPERIMENT", "GOFLAGS", "GOOS", "GOWORK", "GOAMD64", "GOARM64"}
)
"""Settings of the user's own Go work that would change what is built."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One Go module under ``tools/`` and the executables that it gives."""

    name: str
    """Name in the cache and in every message."""

    version: str
    """Version that the module's files pin."""

    seconds: float
    """Usual time of a build from nothing on 2 idle cores, modules downloaded."""

    packages: tuple[str, ...] = (".",)
    """Go packages; several are named like their executables; none: nothing is compiled, the
    program is a file that `finish` takes from the module."""

    binaries: tuple[str, ...] = ()
    """Executables; default: one, named like the program."""

    folder: str = ""
    """Folder under ``tools/`` with go.mod and go.sum; default: the program's name."""

    stamps: dict[str, str] = field(default_factory=dict[str, str])
    """Go variables that the linker sets, such as the version."""

    prepare: Callable[[Build], None] | None = None
    """Lays further files into the build's sources before the compiler runs."""

    finish: Callable[[Build], None] | None = None
    """Lays further files beside the executables."""

    also: tuple[str, ...] = ()
    """Other folders under ``tools/`` whose go.mod and go.sum go into this program."""

    on_path: bool = True
    """Whether a program on PATH may stand in; never for our own."""

    minimum: tuple[int, int] | None = None
    """Lowest version accepted from PATH; None: any."""

    ask: tuple[str, ...] = ("--version",)
    """Arguments with which the first executable says its version."""

    comes_with: str = ""
    """Program that brings its own copy of this one when it is taken from PATH."""

    @property
    def executables(self) -> tuple[str, ...]:
        """Names of the files that this program gives."""
        return self.binaries or (self.name,)

    @property
    def module(self) -> str:
        """Folder under ``tools/``."""
        return self.folder or self.name


@dataclass(frozen=True, slots=True)
class Build:
    """A running build: where its sources are, where its executables go."""

    tools: Path
    source: Path
    out: Path
    environment: dict[str, str]

    def module_dir(self, module: str, folder: Path | None = None) -> Path:
        """Return where Go keeps *module*, downloaded and verified by go.sum.

        Args:
            module: Path of the module, without version.
            folder: Folder whose go.mod pins it; default: this build's.
        """
        where = folder or self.source
        run = subprocess.run(
            ["go", "mod", "download", "-json", module],
            cwd=where,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        answer = json.loads(run.stdout or "{}")
        if run.returncode or "Dir" not in answer:
            reason = answer.get("Error") or run.stderr.strip()
            msg = f"{where / 'go.mod'}: module {module} cannot be had, go says: {reason}"
            raise ToolError(msg)
        return Path(answer["Dir"])

    def compile_tests(self, target: str) -> None:
        """Make an executable of the module's own tests and lay it beside the others.

        Raises:
            ToolError: they do not compile.
        """
        command = ["go", "test", "-c", "-trimpath", "-ldflags", "-s -w", "-o"]
        run = subprocess.run(
            [*command, self.out / target, "."],
            cwd=self.source,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode:
            msg = f"{self.source}: its tests do not compile, go says:\n{run.stderr.strip()}"
            raise ToolError(msg)

    def edit_module(self, *edits: str) -> None:
        """Change this build's own copy of go.mod, as ``go mod edit`` does."""
        subprocess.run(
            ["go", "mod", "edit", *edits], cwd=self.source, env=self.environment, check=True
        )


class Cache:
    """Built programs, one folder for each hash of all that went into them."""

    def __init__(self, root: Path, tools: Path) -> None:
        self.root = root
        self.tools = tools
        self._programs = root / "programs"
        self._go = go_version(tools)

    @property
    def has_go(self) -> bool:
        """Whether a Go compiler is on PATH."""
        return self._go is not None

    def find(self, program: Program) -> Path | None:
        """Return the folder of the built *program*, or None.

        Without Go on PATH any compiler's result of the same inputs serves.
        """
        pattern = f"{program.name}-{self.hash(program)}-{self._go or '*'}"
        folder = next(iter(sorted(self._programs.glob(pattern))), None)
        if folder:
            os.utime(folder)  # says that it is in use, see _remove_unused
        return folder

    def hash(self, program: Program) -> str:
        """Digest all inputs but the compiler: modules, own sources, recipe."""
        digest = hashlib.sha256()
        recipe = (program.version, program.packages, sorted(program.stamps.items()), _FLAGS)
        digest.update(repr((recipe, platform.machine())).encode())
        for path in self._inputs(program):
            digest.update(f"{path.relative_to(self.tools)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()[:_HASH_LENGTH]

    def build(self, program: Program, progress: Progress) -> Path:
        """Build *program*, or take what another process built meanwhile.

        Raises:
            ToolError: No Go on PATH, or the compiler failed; then with the log's end.
        """
        if not self.has_go:
            raise ToolError(missing_go((program,)))
        with self.lock(progress):
            if found := self.find(program):
                return found
            for stale in self._programs.glob(".building-*"):
                shutil.rmtree(stale)
            with tempfile.TemporaryDirectory(prefix=".building-", dir=self._programs) as scratch:
                return self._build(program, Path(scratch), progress)

    def seconds(self, folder: Path) -> float:
        """Return how long the build of *folder* took."""
        return float(json.loads((folder / "build.json").read_text())["seconds"])

    @contextmanager
    def lock(self, progress: Progress) -> Generator[None]:
        """Let one process of this user build at a time; the kernel frees it at its end."""
        self._programs.mkdir(parents=True, exist_ok=True)
        with (self._programs / ".lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                progress.say("another build uses the same cache, waiting for its end")
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def drop_go_cache(self, progress: Progress) -> None:
        """Remove the compiler's cache when it is large: its results stand now.

        ``ARGO_ARTIFACTS_KEEP_BUILD_CACHE=1`` keeps it.
        """
        folder = self.root / "go-build"
        if os.environ.get("ARGO_ARTIFACTS_KEEP_BUILD_CACHE") or not folder.is_dir():
            return
        with self.lock(progress):
            size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
            if size > _BUILD_CACHE_LIMIT:
                shutil.rmtree(folder)
                progress.say(f"removed the compiler's cache, {size / 2**30:.1f} GiB: {folder}")

    def _inputs(self, program: Program) -> Iterator[Path]:
        own = self.tools / program.module
        yield from sorted(path for path in own.rglob("*") if path.is_file())
        for other in program.also:
            yield self.tools / other / "go.mod"
            yield self.tools / other / "go.sum"

    def _build(self, program: Program, scratch: Path, progress: Progress) -> Path:
        source, result = scratch / "source", scratch / "result"
        final = self._programs / f"{program.name}-{self.hash(program)}-{self._go}"
        shutil.copytree(self.tools / program.module, source)
        result.mkdir()
        log = self.root / "logs" / f"{program.name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        build = Build(self.tools, source, result, self._environment())
        begin = time.monotonic()
        with progress.building(f"{program.name} {program.version}", program.seconds) as tick:
            if program.prepare:
                program.prepare(build)
            returncode = _compile(program, build, log, tick) if program.packages else 0
        seconds = round(time.monotonic() - begin, 1)
        if returncode:
            raise ToolError(_failure(program, self.tools, log, seconds))
        if program.finish:
            program.finish(build)
        facts = {
            "program": program.name,
            "version": program.version,
            "go": self._go,
            "seconds": seconds,
            "cores": os.cpu_count(),
        }
        (result / "build.json").write_text(json.dumps(facts, indent=1) + "\n")
        result.rename(final)
        self._remove_unused(program, final)
        return final

    def _environment(self) -> dict[str, str]:
        mine = {key: value for key, value in os.environ.items() if key not in _FOREIGN}
        return mine | {
            "CGO_ENABLED": "0",
            "GOCACHE": str(self.root / "go-build"),
            "GOFLAGS": "-mod=readonly",
            "GOGC": mine.get("GOGC", _COMPILER_GOGC),
            "GOWORK": "off",
        }

    def _remove_unused(self, program: Program, used: Path) -> None:
        for other in self._programs.glob(f"{program.name}-*"):
            same = other.name[len(program.name) + 1 :].count("-") == 1
            if same and other != used and time.time() - other.stat().st_mtime > _UNUSED_SECONDS:
                shutil.rmtree(other)


def go_version(tools: Path) -> str | None:
    """Return the compiler's version, such as ``go1.26.8``, or None without Go on PATH.

    Raises:
        ToolError: Go is there but cannot work, for instance too old for go.mod.
    """
    if not shutil.which("go"):
        return None
    folder = min((path.parent for path in tools.glob("*/go.mod")), default=tools)
    run = subprocess.run(
        ["go", "env", "GOVERSION"], cwd=folder, capture_output=True, text=True, check=False
    )
    if run.returncode:
        reason = run.stderr.strip().splitlines()[-1:]
        msg = f"{shutil.which('go')}: {''.join(reason)}, Go 1.26 is accepted"
        raise ToolError(msg)
    return run.stdout.strip()


def missing_go(programs: tuple[Program, ...]) -> str:
    """Say in one line what would do where neither Go nor the programs are there."""
    names = ", ".join(name for program in programs for name in program.executables)
    return f"PATH: no go, Go 1.26 or {names} is accepted; install Go 1.26 or put these on PATH"


def _compile(program: Program, build: Build, log: Path, tick: Tick) -> int:
    """Run the compiler, its words into *log*; an interruption ends it and its children."""
    flags = " ".join(["-s -w", *(f"-X {key}={value}" for key, value in program.stamps.items())])
    several = len(program.executables) > 1
    target = f"{build.out}/" if several else str(build.out / program.executables[0])
    command = ["go", "build", *_FLAGS, "-ldflags", flags, "-o", target, *program.packages]
    packages, last = 0, "downloading modules"
    with log.open("w") as words:
        words.write(f"{' '.join(command)}\n")
        child = subprocess.Popen(
            command,
            cwd=build.source,
            env=build.environment,
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            process_group=0,
        )
        try:
            while child.poll() is None:
                time.sleep(0.2)
                packages, last = _count(log, packages, last)
                tick(packages, last)
        except BaseException:
            _end(child)
            raise
    return child.returncode


def _count(log: Path, packages: int, last: str) -> tuple[int, str]:
    """Count the compiled packages in the log; ``-v`` writes one line for each."""
    lines = [line for line in log.read_text().splitlines()[1:] if " " not in line]
    return (len(lines), lines[-1]) if lines else (packages, last)


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the compiler with all its children: politely, so that it removes its own traces."""
    for number, patience in ((signal.SIGINT, 10), (signal.SIGKILL, 10)):
        try:
            os.killpg(child.pid, number)
            child.wait(patience)
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            return
        return


def _failure(program: Program, tools: Path, log: Path, seconds: float) -> str:
    tail = [line for line in log.read_text().splitlines() if line.strip()][-_LOG_TAIL_LINES:]
    head = (
        f"{tools / program.module}: go build of {program.name} failed after {seconds:.0f} s; "
        f"its last lines follow, the whole log is {log}"
    )
    return "\n".join([head, *(f"  | {line}" for line in tail)])
