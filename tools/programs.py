"""The programs of the local platform and the tests: found on PATH, or built.

``python -m tools.programs`` builds what is missing and prints a table;
``python -m tools.programs --path`` prints the folders to put first on PATH.
How a program is built stands in :mod:`tools.go_build`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer
from rich.markup import escape
from rich.table import Table

from tools.errors import ToolError
from tools.go_build import Build, Cache, Program, missing_go
from tools.progress import Progress, console, duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TOOLS: Final = Path(__file__).parent

_PULUMI_SDK: Final = "github.com/pulumi/pulumi/sdk/v3"
_KUBERNETES_PROVIDER: Final = "github.com/pulumi/pulumi-kubernetes/provider/v4"
_KUBERNETES_PROVIDER_VERSION: Final = "4.25.0"
_ARGO: Final = "github.com/argoproj/argo-workflows/v4"
_MINIO: Final = "github.com/minio/minio"
_MINIO_CHART_VERSION: Final = "5.4.0"  # the last one
_KUBERNETES_STAMPS: Final = {
    "k8s.io/component-base/version.gitVersion": "v1.37.2",  # clients read it
    "k8s.io/component-base/version.gitMajor": "1",
    "k8s.io/component-base/version.gitMinor": "37",
    "k8s.io/component-base/version.gitTreeState": "clean",
}


def _embed_schema(build: Build) -> None:
    """Lay the two files that the provider embeds beside its main.go, the version set."""
    module = build.module_dir(_KUBERNETES_PROVIDER) / "cmd" / "pulumi-resource-kubernetes"
    schema = json.loads((module / "schema.json").read_text())
    schema["version"] = _KUBERNETES_PROVIDER_VERSION
    (build.source / "schema.json").write_text(json.dumps(schema))
    mapping = (module / "terraform-mapping.json").read_text()
    (build.source / "terraform-mapping.json").write_text(mapping)


def _add_executors(build: Build) -> None:
    """Lay the two scripts beside the language host that it starts for a Python program."""
    module = build.module_dir(_PULUMI_SDK, build.tools / "pulumi") / "python"
    for script in ("cmd/pulumi-language-python-exec", "dist/pulumi-resource-pulumi-python"):
        target = build.out / Path(script).name
        shutil.copyfile(module / script, target)
        target.chmod(0o755)


def _complete_argo(build: Build) -> None:
    """Build from a copy of Argo's module that has the file which a module archive cannot carry.

    Upstream ``signal_linux.go`` is a symbolic link, and Go's archives leave links out; without
    it the executor does not compile on Linux.
    """
    copy = build.source / "argo-workflows"
    # Only what Go needs: the module's folders are read-only and 30 MB of them are pages.
    unused = shutil.ignore_patterns("ui", "docs", "examples", "test", "community")
    shutil.copytree(build.module_dir(_ARGO), copy, ignore=unused, copy_function=shutil.copyfile)
    for folder in (copy, *(path for path in copy.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
    signals = copy / "workflow" / "executor" / "osspecific"
    shutil.copyfile(signals / "signal_darwin.go", signals / "signal_linux.go")
    build.edit_module(f"-replace={_ARGO}=./{copy.name}")


def _add_manifests(build: Build) -> None:
    """Lay what an installation needs beside the controller: CRDs, its account and its rights."""
    manifests = build.source / "argo-workflows" / "manifests"
    for part in (
        "base/crds/minimal/argoproj.io_*.yaml",
        "base/workflow-controller/workflow-controller-sa.yaml",
        "cluster-install-no-crds/workflow-controller-rbac/workflow-controller-*.yaml",
    ):
        for manifest in manifests.glob(part):
            target = build.out / "manifests" / manifest.name
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(manifest, target)


def _add_chart(build: Build) -> None:
    """Lay the archive of MinIO's chart, which the server's own module holds."""
    archive = f"minio-{_MINIO_CHART_VERSION}.tgz"
    shutil.copyfile(build.module_dir(_MINIO) / "helm-releases" / archive, build.out / archive)


PROGRAMS: Final = (
    Program(
        name="pulumi",
        version="3.259.0",
        seconds=254,
        packages=("github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",),
        stamps={f"{_PULUMI_SDK}/go/common/version.Version": "v3.259.0"},
        minimum=(3, 238),
        ask=("version",),
    ),
    Program(
        name="pulumi-language-python",
        version="3.79.0",
        seconds=19,
        packages=(f"{_PULUMI_SDK}/python/cmd/pulumi-language-python",),
        finish=_add_executors,
        also=("pulumi",),
        ask=(),
        comes_with="pulumi",
    ),
    Program(
        name="pulumi-resource-kubernetes",
        version=_KUBERNETES_PROVIDER_VERSION,
        seconds=675,
        stamps={f"{_KUBERNETES_PROVIDER}/pkg/version.Version": _KUBERNETES_PROVIDER_VERSION},
        prepare=_embed_schema,
        minimum=(4, 20),
    ),
    Program(
        name="etcd",
        version="3.6.5",
        seconds=61,
        packages=("go.etcd.io/etcd/server/v3",),
    ),
    Program(
        name="kubernetes",
        version="1.37.2",
        seconds=528,
        packages=tuple(
            f"k8s.io/kubernetes/cmd/kube-{part}"
            for part in ("apiserver", "controller-manager", "scheduler")
        ),
        binaries=("kube-apiserver", "kube-controller-manager", "kube-scheduler"),
        stamps=_KUBERNETES_STAMPS,
        minimum=(1, 30),
    ),
    Program(
        name="kubectl",  # kwokctl asks the API server with it; a person looks with it
        version="1.37.2",
        seconds=60,
        folder="kubernetes",
        packages=("k8s.io/kubernetes/cmd/kubectl",),
        stamps=_KUBERNETES_STAMPS,
        ask=("version", "--client"),
    ),
    Program(
        name="kwok",
        version="0.8.0",
        seconds=86,
        packages=("sigs.k8s.io/kwok/cmd/kwok", "sigs.k8s.io/kwok/cmd/kwokctl"),
        binaries=("kwok", "kwokctl"),
        minimum=(0, 8),
    ),
    Program(
        name="minio",
        version="2026-02-12",
        seconds=135,
        packages=(_MINIO,),
        stamps={
            "github.com/minio/minio/cmd.Version": "2026-02-12T20:18:48Z",
            "github.com/minio/minio/cmd.ReleaseTag": "DEVELOPMENT.2026-02-12T20-18-48Z",
            "github.com/minio/minio/cmd.CommitID": "7aac2a2c5b7c",
            "github.com/minio/minio/cmd.ShortCommitID": "7aac2a2c5b7c",
        },
    ),
    Program(
        name="minio-chart",
        version=_MINIO_CHART_VERSION,
        seconds=2,
        folder="minio",
        packages=(),
        binaries=(f"minio-{_MINIO_CHART_VERSION}.tgz",),
        finish=_add_chart,
        on_path=False,
    ),
    Program(
        name="argo-probe",
        version="4.0.5",
        seconds=235,
        finish=lambda build: build.compile_tests("argo-probe.test"),
        on_path=False,
    ),
    Program(
        name="kubelet",
        version="1.37.2",
        seconds=180,
        folder="kubernetes",
        packages=("k8s.io/kubernetes/cmd/kubelet",),
        stamps=_KUBERNETES_STAMPS,
        minimum=(1, 34),  # three releases behind the API server are supported
        comes_with="kubernetes",
    ),
    Program(
        name="kube-proxy",
        version="1.37.2",
        seconds=60,
        folder="kubernetes",
        packages=("k8s.io/kubernetes/cmd/kube-proxy",),
        stamps=_KUBERNETES_STAMPS,
        minimum=(1, 34),  # as the kubelet
        comes_with="kubernetes",
    ),
    Program(
        name="coredns",
        version="1.15.0",
        seconds=60,
        ask=("-version",),
    ),
    Program(
        name="containerd",
        version="2.1.4",
        seconds=120,
        packages=tuple(
            f"github.com/containerd/containerd/v2/cmd/{part}"
            for part in ("containerd", "containerd-shim-runc-v2", "ctr")
        ),
        binaries=("containerd", "containerd-shim-runc-v2", "ctr"),
        stamps={"github.com/containerd/containerd/v2/version.Version": "v2.1.4"},
        minimum=(2, 0),  # the first that reads settings of version 3
    ),
    Program(
        name="argo",
        version="4.0.5",
        seconds=120,
        packages=(f"{_ARGO}/cmd/argoexec", f"{_ARGO}/cmd/workflow-controller"),
        binaries=("argoexec", "workflow-controller"),
        stamps={f"{_ARGO}.version": "v4.0.5"},
        prepare=_complete_argo,
        finish=_add_manifests,
        on_path=False,  # one goes into an image of ours and must be the other's twin
    ),
    Program(name="pause", version="1", seconds=5, on_path=False),
)
"""Every program, in the order in which they are built."""

PODS: Final = ("kubelet", "kube-proxy", "coredns", "containerd", "argo", "pause")
"""Names of the programs that only real pods need, see :mod:`tools.e2e`."""
TESTS: Final = ("argo-probe", "minio-chart")
"""Names of what only tests need."""
PLATFORM: Final = tuple(program.name for program in PROGRAMS if program.name not in {*TESTS, *PODS})
"""Names of the programs that ``make up`` needs."""


@dataclass(frozen=True, slots=True)
class Found:
    """One program that stands ready."""

    program: Program
    folders: dict[str, Path]
    """Folder of each executable."""
    origin: Literal["PATH", "cache", "built"]
    version: str
    seconds: float | None
    """Time that its build took, now or earlier."""


def cache_root() -> Path:
    """Return the folder of everything that survives the checkout."""
    if own := os.environ.get("ARGO_ARTIFACTS_CACHE"):
        return Path(own).absolute()
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "argo-artifacts"


def find_or_build(
    names: Iterable[str] = PLATFORM, *, progress: Progress | None = None, tools: Path = TOOLS
) -> dict[str, Path]:
    """Return the path of every executable of the programs *names*, building what is missing.

    Raises:
        ToolError: Something is missing and cannot be built.
    """
    return {
        executable: folder / executable
        for found in search(names, progress=progress, tools=tools)
        for executable, folder in found.folders.items()
    }


def missing(names: Iterable[str], *, tools: Path = TOOLS) -> list[Program]:
    """Return those of the programs *names* that would have to be built."""
    wanted = [program for program in PROGRAMS if program.name in set(names)]
    ready = {found.program.name for found in _ready(wanted, Cache(cache_root(), tools))}
    return [program for program in wanted if program.name not in ready]


def with_programs(programs: Mapping[str, Path], path: str) -> str:
    """Put the folders of built *programs* before *path*; the others are on PATH as it is."""
    root = cache_root()
    built = [str(place.parent) for place in programs.values() if place.is_relative_to(root)]
    return os.pathsep.join([*dict.fromkeys(built), path])


def search(
    names: Iterable[str], *, progress: Progress | None = None, tools: Path = TOOLS
) -> list[Found]:
    """Find or build the programs *names*, in the order of the table."""
    wanted = [program for program in PROGRAMS if program.name in set(names)]
    cache = Cache(cache_root(), tools)
    ready = {found.program.name: found for found in _ready(wanted, cache)}
    missing = tuple(program for program in wanted if program.name not in ready)
    if missing and not cache.has_go:
        raise ToolError(missing_go(missing))
    if not missing and progress is None:
        return [ready[program.name] for program in wanted]
    progress = progress or Progress(len(wanted))
    if missing:
        estimate = duration(sum(program.seconds for program in missing))
        progress.say(f"building {len(missing)} of {len(wanted)} programs once, about {estimate}")
    for program in wanted:
        if program.name not in ready:
            ready[program.name] = _built(program, cache.build(program, progress), cache, "built")
        found = ready[program.name]
        progress.done(f"{program.name} {found.version}", _remark(found))
    if missing:
        cache.drop_go_cache(progress)
        _write_timings(cache)
    return [ready[program.name] for program in wanted]


def _ready(wanted: list[Program], cache: Cache) -> Iterable[Found]:
    """Yield what needs no building: from PATH first, then from the cache."""
    from_path: set[str] = set()
    for program in wanted:
        if found := _on_path(program, cache, from_path):
            from_path.add(program.name)
            yield found
        elif folder := cache.find(program):
            yield _built(program, folder, cache, "cache")


def _built(
    program: Program, folder: Path, cache: Cache, origin: Literal["cache", "built"]
) -> Found:
    folders = dict.fromkeys(program.executables, folder)
    return Found(program, folders, origin, program.version, cache.seconds(folder))


def _on_path(program: Program, cache: Cache, from_path: set[str]) -> Found | None:
    """Take *program* from PATH when all its executables are there and new enough."""
    if not program.on_path or (program.comes_with and program.comes_with not in from_path):
        return None
    entries = [Path(entry) for entry in os.environ.get("PATH", "").split(os.pathsep) if entry]
    if program.comes_with and (parent := shutil.which(program.comes_with)):
        entries.append(Path(parent).resolve().parent)
    search_path = os.pathsep.join(
        str(entry) for entry in entries if not entry.is_relative_to(cache.root)
    )
    places: dict[str, Path] = {}
    for name in program.executables:
        if not (place := shutil.which(name, path=search_path)):
            return None
        places[name] = Path(place).parent.absolute()
    first = program.executables[0]
    version = _say_version(places[first] / first, program.ask)
    if program.minimum and _numbers(version) < program.minimum:
        return None
    return Found(program, places, "PATH", version, None)


def _say_version(executable: Path, arguments: tuple[str, ...]) -> str:
    """Ask a program for its version; an empty text when it gives none."""
    if not arguments:
        return ""
    try:
        run = subprocess.run(  # noqa: S603 - the program that the user's PATH names
            [executable, *arguments], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    match = re.search(r"\d+[.-]\d+[.-]\d+\S*", run.stdout + run.stderr)
    return match[0] if match else ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def _remark(found: Found) -> str:
    match found.origin:
        case "PATH":
            return f"from PATH, {next(iter(found.folders.values()))}"
        case "cache":
            return f"cached (its build took {duration(found.seconds or 0)})"
        case "built":
            return f"built in {duration(found.seconds or 0)}"


def _write_timings(cache: Cache) -> None:
    """Gather the times of all builds in one file, to quote figures from."""
    builds = sorted(cache.root.glob("programs/*/build.json"), key=lambda path: path.stat().st_mtime)
    facts = {build["program"]: build for build in (json.loads(path.read_text()) for path in builds)}
    text = json.dumps(list(facts.values()), indent=1)
    (cache.root / "timings.json").write_text(text + "\n")


def _table(found: list[Found]) -> Table:
    table = Table("program", "version", "from", "build took", box=None, pad_edge=False)
    for one in found:
        took = duration(one.seconds) if one.seconds is not None else ""
        table.add_row(*map(escape, (one.program.name, one.version, one.origin, took)))
    return table


def _unwind(_number: int, _frame: object) -> None:
    sys.exit(128 + signal.SIGTERM)


def exit_on_terminate() -> None:
    """Make SIGTERM unwind like Ctrl-C, so that no child is left behind."""
    signal.signal(signal.SIGTERM, _unwind)


def main(
    names: Annotated[list[str] | None, typer.Argument(help="Programs; default: all.")] = None,
    *,
    path: Annotated[bool, typer.Option("--path", help="Print the PATH prefix only.")] = False,
) -> None:
    """Find or build the programs of the local platform and the tests."""
    exit_on_terminate()
    known = [program.name for program in PROGRAMS]
    if unknown := sorted(set(names or ()) - set(known)):
        console(stderr=True).print(
            f"programs: {', '.join(unknown)} unknown, {', '.join(known)} are accepted"
        )
        raise typer.Exit(2)
    begin = time.monotonic()
    errors = console(stderr=True)
    wanted = names or known
    try:
        found = search(wanted, progress=Progress(len(wanted), errors))
    except ToolError as error:
        errors.print(escape(str(error)))
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        errors.print("interrupted; finished programs are kept, nothing half made is left")
        raise typer.Exit(130) from None
    if path:
        folders = dict.fromkeys(str(place) for one in found for place in one.folders.values())
        console().print(os.pathsep.join(folders), markup=False)
        return
    console().print(_table(found))
    total = sum(one.seconds or 0 for one in found)
    spent = duration(time.monotonic() - begin)
    console().print(f"\nthis run took {spent}; the builds took {duration(total)} in all")
    console().print(f"built programs: {cache_root() / 'programs'}")


if __name__ == "__main__":
    typer.run(main)
