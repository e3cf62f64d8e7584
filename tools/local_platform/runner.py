"""Runs the Pulumi CLI in a private home, backend and environment: no service, no traces.

Nothing is written into the project: the stack's settings live in a file of the runner.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypedDict

import yaml

from tools.errors import ToolError
from tools.local_platform import files, processes
from tools.programs import with_programs
from tools.test_report import note_version

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RUN_MARK: Final = "ARGO_ARTIFACTS_RUN"
"""Variable that tells the children of a runner, the engine's plugins included, from others."""

_PROVIDER: Final = "pulumi-resource-kubernetes"
_HOST: Final = "pulumi-language-python"
_AMBIENT: Final = ("PULUMI_", "AWS_", "AZURE_", "GOOGLE_", "ALICLOUD_", "MINIO_", "KUBE")
"""Variables of the user's that must not reach the program or its providers."""
_FIXED: Final = {
    "PULUMI_SKIP_UPDATE_CHECK": "1",
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "1",
    "PULUMI_DISABLE_REGISTRY_RESOLVE": "1",
    "PULUMI_CREDENTIAL_STORE": "plaintext",
    "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "1",
    "PULUMI_SKIP_CONFIRMATIONS": "1",
    "PYTHONDONTWRITEBYTECODE": "",  # compiling the program anew costs each run a second
    # The provider that can be built is older than the SDK, which works; in 3.259 the one effect
    # of this variable on an update is that the engine does not warn of it each time.
    "PULUMI_DEV": "1",
}
_NOTHING_NEW: Final = re.compile(
    r"^@ |\(0s\)$|^( ~  |    )[\w.-]+(:[\w./-]+)+ \S+( running| refresh \([\d.]+s\))?$"
)
"""A line of the engine on something that has just begun, or that is as it was."""
_END_SECONDS: Final = 60.0
"""Time that the engine gets to finish what it has begun when it is interrupted."""
_CALL_SECONDS: Final = 5.0
"""Time that a plugin without an engine gets to finish a call; a create takes less than one."""


class _Deployment(TypedDict, total=False):
    manifest: dict[str, str]
    pending_operations: list[object]


class _Checkpoint(TypedDict, total=False):
    latest: _Deployment


class PulumiRunner:
    """The Pulumi CLI for one stack of one project, with everything it keeps below *folder*.

    Args:
        folder: Where home, state, passphrase and the stack's settings are kept.
        project: Folder with ``Pulumi.yaml``; never written to.
        programs: Paths of the programs, as :func:`tools.programs.find_or_build` gives them.
        stack: Name of the stack.
        variables: Further variables of the environment; they win over all others.
        plugins: Further plugins by folder: ``resource-aws-v7.51.1``. The file is named after the
            program that Pulumi starts.
    """

    def __init__(
        self,
        folder: Path,
        project: Path,
        programs: Mapping[str, Path],
        *,
        stack: str = "local",
        variables: Mapping[str, str] | None = None,
        plugins: Mapping[str, Path] | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self.project = project.absolute()
        self.stack = stack
        self.config_file = self.folder / f"Pulumi.{stack}.yaml"
        self.home = self.folder / "pulumi-home"
        self._programs = programs
        self._variables = dict(variables or {})
        self._plugins = dict(plugins or {})
        self._state = self.folder / "state"
        self._passphrase = self.folder / "passphrase"

    def environment(self) -> dict[str, str]:
        """Return the whole environment of the CLI; what is ambient stays out."""
        mine = {key: value for key, value in os.environ.items() if not key.startswith(_AMBIENT)}
        return mine | self.settings() | {RUN_MARK: str(self.folder)} | self._variables

    def settings(self) -> dict[str, str]:
        """Return what must be set for ``pulumi`` by hand to see this backend."""
        self._prepare()
        own = {"pulumi": self._programs["pulumi"]}
        path = with_programs(own, os.environ.get("PATH", os.defpath))
        loopback = [os.environ.get("NO_PROXY", ""), "127.0.0.1", "localhost"]
        return _FIXED | {
            "PATH": f"{sys.prefix}/bin{os.pathsep}{path}",
            "NO_PROXY": ",".join(filter(None, loopback)),
            "KUBECACHEDIR": str(self.folder / "kube-cache"),  # else below the user's ~/.kube
            "PULUMI_HOME": str(self.home),
            "PULUMI_BACKEND_URL": self._state.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": self._passphrase.read_text(),
        }

    def run(
        self,
        *arguments: str,
        stdin: str | None = None,
        capture: bool = False,
        check: bool = True,
        show: Callable[[str], None] | None = None,
        folder: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run ``pulumi`` with *arguments* in the project's folder.

        An interruption is passed on once, so that the engine finishes what it has begun; a
        second one ends it.

        Args:
            arguments: Arguments of the CLI.
            stdin: Text for its input; the place for secrets, never the arguments.
            capture: Return its words instead of showing them.
            check: Raise when it fails.
            show: Called with each line of its output that tells something new, meanwhile.
            folder: Run there instead.

        Raises:
            ToolError: The CLI failed; its own words stand above, or in the message.
        """
        child = subprocess.Popen(  # noqa: S603 - a program of our own table
            [self._programs["pulumi"], *arguments, "--non-interactive"],
            cwd=folder or self.project,
            env=self.environment(),
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE if capture or show else None,
            stderr=subprocess.PIPE if capture else None,
            text=True,
            process_group=0,  # the terminal's Ctrl-C reaches us alone, and we pass it on
        )
        out = err = ""
        try:
            if show:
                _relay(child, show)
            else:
                out, err = child.communicate(stdin)
        except BaseException:
            _interrupt(child)
            raise
        if check and child.returncode:
            reason = f": {err.strip()}" if capture else ", its own words stand above"
            verb = " ".join(word for word in arguments[:2] if not word.startswith("-"))
            msg = f"pulumi {verb}: ended with {child.returncode}{reason}"
            raise ToolError(msg)
        return subprocess.CompletedProcess(arguments, child.returncode, out, err)

    def on_stack(
        self,
        *arguments: str,
        stdin: str | None = None,
        capture: bool = False,
        check: bool = True,
        show: Callable[[str], None] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command that reads the stack's settings, such as ``up`` or ``preview``.

        See :meth:`run` for the arguments.
        """
        place = ("--stack", self.stack, "--config-file", str(self.config_file))
        done = self.run(*arguments, *place, stdin=stdin, capture=capture, check=check, show=show)
        note_version("Pulumi engine", self._engine_version())
        return done

    def set_secret(self, key: str, value: str) -> None:
        """Write one secret, encrypted, into the stack's settings."""
        self.on_stack("config", "set", "--secret", key, stdin=value, capture=True)

    def make_stack(self, *, select: bool = True) -> None:
        """Make the stack where there is none.

        Args:
            select: Select it for the project's folder, for whoever calls ``pulumi`` by hand.
        """
        if self._state_file().exists():
            return
        # The CLI writes the new stack's salt into the settings beside Pulumi.yaml: so it is
        # shown a project of the same name elsewhere.
        with tempfile.TemporaryDirectory() as scratch:
            project = f"name: {self.project_name()}\nruntime: python\n"
            (Path(scratch) / "Pulumi.yaml").write_text(project)
            self.run("stack", "init", self.stack, capture=True, folder=Path(scratch))
        if select:
            self.run("stack", "select", self.stack, capture=True)

    def resume(self) -> bool:
        """Put right what a killed run left in the backend; return whether there was anything.

        The children of that run must have ended, see :func:`end_interrupted_run`.
        """
        left = self._remove_torn()
        if any(self._locks()):
            self.run("cancel", "--yes", "--stack", self.stack, capture=True)
            left = True
        if self._has_pending_operations():
            self.on_stack("refresh", "--yes", "--clear-pending-creates", "--skip-preview")
            left = True
        return left

    def outputs(self) -> dict[str, object]:
        """Return the stack's outputs, secrets masked."""
        run = self.run("stack", "output", "--json", "--stack", self.stack, capture=True)
        return json.loads(run.stdout)

    def project_name(self) -> str:
        """Return the project's name as its file says it."""
        return str(yaml.safe_load((self.project / "Pulumi.yaml").read_text())["name"])

    def _prepare(self) -> None:
        """Make what the CLI needs on disk: state folder, passphrase, the provider in its home."""
        self._state.mkdir(parents=True, exist_ok=True)
        if not self._passphrase.exists():
            files.write(self._passphrase, secrets.token_urlsafe(24), mode=files.SECRET_MODE)
        # Found in the home's plugins, both are used without a word; found on PATH, with a
        # warning on each use. What `pulumi plugin install --file` copies is linked here.
        version = importlib.metadata.version("pulumi-kubernetes")
        self._link(f"resource-kubernetes-v{version}", self._programs[_PROVIDER], _PROVIDER)
        if _HOST in self._programs and not self._brings_host():
            self._link("language-python-v3.0.0", self._programs[_HOST], _HOST)
        for plugin, program in self._plugins.items():
            self._link(plugin, program, program.name)

    def _brings_host(self) -> bool:
        """Whether the CLI has its own language host beside it, as an official one does."""
        return (self._programs["pulumi"].resolve().parent / _HOST).exists()

    def _link(self, plugin: str, program: Path, name: str) -> None:
        link = self.home / "plugins" / plugin / name
        if not link.is_symlink() or link.readlink() != program:
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(program)

    def _state_file(self) -> Path:
        return self._state / ".pulumi" / "stacks" / self.project_name() / f"{self.stack}.json"

    def _remove_torn(self) -> bool:
        """Remove what the CLI was just writing beside a file of the state; whether there was any.

        It writes the state itself whole or not at all, but not the ``.attrs`` beside it: an empty
        one makes the whole file unreadable (``EOF``), a missing one is none to it.
        """
        torn = [path for path in self._state.rglob("*.attrs") if not _is_json(path)]
        for path in torn:
            path.unlink()
        return bool(torn)

    def _locks(self) -> list[Path]:
        locks = self._state / ".pulumi" / "locks" / "organization" / self.project_name()
        return list((locks / self.stack).glob("*.json"))

    def _deployment(self) -> _Deployment:
        state: Mapping[str, _Checkpoint] = json.loads(self._state_file().read_text())
        return state["checkpoint"].get("latest", {})

    def _has_pending_operations(self) -> bool:
        return bool(self._deployment().get("pending_operations"))

    def _engine_version(self) -> str:
        """Return the version of the engine that wrote the state last, if one has."""
        return self._deployment().get("manifest", {}).get("version", "")


def end_interrupted_run(folder: Path, *, polite: bool = True) -> int:
    """End what a killed run in *folder* left running, engine and plugins; return how many.

    Args:
        folder: Folder of the run.
        polite: Let the engine finish what it has begun, and let plugins whose engine has died
            finish the call that they are in: some end by themselves then, some never.
    """
    left = processes.marked(RUN_MARK, str(folder.absolute()))
    left = [process for process in left if process.pid != os.getpid()]
    still = left
    if polite:
        engines = [process for process in left if process.name == "pulumi"]
        for process in engines:
            processes.send(process, signal.SIGINT)
        processes.wait(engines, _END_SECONDS)
        still = processes.wait(left, _CALL_SECONDS)
    processes.end(still, polite_seconds=0.0)
    return len(left)


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_text())
    except ValueError:
        return False
    return True


def _relay(child: subprocess.Popen[str], show: Callable[[str], None]) -> None:
    """Show what the engine says until it ends, without what is not news.

    A thread reads, so that an interrupted engine is never stuck on a full pipe.
    """

    def read() -> None:
        last = ""
        for line in child.stdout or ():
            text = line.rstrip()
            if text != last and not _NOTHING_NEW.search(text):
                show(text)
                last = text

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    child.wait()
    reader.join()


def _interrupt(child: subprocess.Popen[str]) -> None:
    """Pass an interruption on and wait; a second interruption ends the child at once."""
    try:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGINT)
        deadline = time.monotonic() + _END_SECONDS
        while child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
