"""What ``make up`` and ``make down`` do, step by step, for one checkout."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tools.errors import ToolError
from tools.local_platform import files, summary
from tools.local_platform.platform import LocalPlatform
from tools.local_platform.runner import PulumiRunner, end_interrupted_run
from tools.programs import PLATFORM, find_or_build, with_programs

if TYPE_CHECKING:
    from collections.abc import Generator

    from rich.console import Console

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / ".local"
STACK: Final = "local"
SECRETS: Final = ("argo-artifacts:minioAccessKey", "argo-artifacts:minioSecretKey")
"""Settings that hold MinIO's root user and password."""

_UP: Final = ("up", "--refresh", "--yes", "--skip-preview", "--suppress-outputs")
_KEPT_BY_DOWN: Final = ("ports.json", "lock")


class Checkout:
    """One checkout's platform and stack.

    Args:
        folder: Where everything of the run is kept.
        project: Folder with ``Pulumi.yaml`` and ``stacks/Pulumi.local.yaml``.
        out: Where a person reads along.
    """

    def __init__(self, folder: Path, project: Path, out: Console) -> None:
        self.folder = folder
        self.project = project
        self._out = out

    def up(self, *, verify: bool = True) -> int:
        """Bring platform and stack up and check them; return the check's exit code."""
        begin = time.monotonic()
        with self.lock():
            programs = find_or_build(PLATFORM)
            platform = LocalPlatform(self.folder, programs)
            runner = PulumiRunner(self.folder, self.project, programs, stack=STACK)
            self._end_interrupted_run()
            self._start(platform)
            runner.make_stack()
            self._render(platform, runner)
            if runner.resume():
                self._say("an earlier run was cut off, the stack's state is put right")
            self._say(f"pulumi up of the stack {STACK}")
            runner.on_stack(*_UP, show=self._say)
            code = self._verify(runner) if verify else 0
            if code == 0:
                spent = time.monotonic() - begin
                summary.show(self._out, platform, runner.config_file, runner.outputs(), spent)
            else:
                self._say("the check above says no; platform and stack stay up to look at")
            return code

    def down(self) -> None:
        """End everything and remove what belongs together: cluster, data, state, secrets."""
        if not self.folder.exists():
            return
        with self.lock():
            end_interrupted_run(self.folder, polite=False)
            LocalPlatform(self.folder, {}).remove()
            for path in self.folder.iterdir():
                if path.is_dir():
                    shutil.rmtree(path)
                elif path.name not in _KEPT_BY_DOWN:
                    path.unlink()

    def variables(self) -> dict[str, str]:
        """Return what lets a person use pulumi, kubectl and argo-artifacts by hand.

        Raises:
            ToolError: Nothing runs.
        """
        programs = find_or_build(PLATFORM)
        platform = LocalPlatform(self.folder, programs)
        if not platform.kubeconfig.exists():
            msg = f"{self.folder}: nothing runs here, a started platform is needed; `make up`"
            raise ToolError(msg)
        settings = PulumiRunner(self.folder, self.project, programs, stack=STACK).settings()
        path = with_programs({"kubectl": programs["kubectl"]}, settings["PATH"])
        return settings | {"PATH": path, "KUBECONFIG": str(platform.kubeconfig)}

    @contextmanager
    def lock(self) -> Generator[None]:
        """Let one command work on the platform at a time; the kernel frees it at its end."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / "lock").open("a+") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                handle.seek(0)
                msg = (
                    f"{self.folder / 'lock'}: held by process {handle.read() or 'unknown'}, one "
                    "`make up` or `make down` at a time is accepted; wait for it or end it"
                )
                raise ToolError(msg) from None
            handle.truncate(0)
            handle.write(str(os.getpid()))
            handle.flush()
            yield

    def _end_interrupted_run(self) -> None:
        if count := end_interrupted_run(self.folder):
            self._say(f"{count} processes of an interrupted run were there and have ended")

    def _start(self, platform: LocalPlatform) -> None:
        begin = time.monotonic()
        started = platform.start()
        spent = time.monotonic() - begin
        what = f"started in {spent:.1f} s" if started else "runs already"
        self._say(
            f"local platform {what}: Kubernetes {platform.cluster.version()} at "
            f"{platform.api_server}, MinIO at {platform.minio_endpoint}"
        )

    def _render(self, platform: LocalPlatform, runner: PulumiRunner) -> None:
        """Fill ports and secrets into a copy of the template, when anything of it changed."""
        template = self.project / "stacks" / f"Pulumi.{STACK}.yaml"
        values = {
            "${KUBECONFIG}": str(platform.kubeconfig),
            "${API_SERVER}": platform.api_server,
            "${MINIO_ENDPOINT}": platform.minio_endpoint,
        }
        secrets = (platform.minio_access_key, platform.minio_secret_key)
        text = template.read_text()
        inputs = hashlib.sha256(repr((text, sorted(values.items()), secrets)).encode()).hexdigest()
        done = self.folder / "rendered.json"
        if done.exists() and runner.config_file.exists() and done.read_text() == inputs:
            return
        done.unlink(missing_ok=True)
        for name, value in values.items():
            text = text.replace(name, json.dumps(value))  # JSON text is YAML, odd paths included
        files.write(runner.config_file, text, mode=files.SECRET_MODE)
        for key, value in zip(SECRETS, secrets, strict=True):
            runner.set_secret(key, value)
        files.write(done, inputs, mode=files.SECRET_MODE)

    def _verify(self, runner: PulumiRunner) -> int:
        self._say("checking what every identity can do and cannot do")
        program = Path(sys.prefix) / "bin" / "argo-artifacts"
        place = ("--stack", STACK, "--config-file", str(runner.config_file))
        child = subprocess.run(  # noqa: S603 - our own console script
            [program, "verify", *place],
            cwd=self.project,
            env=runner.environment(),
            stdin=subprocess.DEVNULL,
            check=False,
        )
        return child.returncode

    def _say(self, text: str) -> None:
        self._out.print(text, markup=False)
