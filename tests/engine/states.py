"""States that the engine wrote once: what a stack of an older version looks like.

``python -m tests.engine.states`` writes all of them afresh, on a platform of its own.
"""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.engine import moto_server
from tests.engine.aws_double import sdk
from tests.engine.aws_double.provider import SCHEMA
from tests.engine.aws_stack import AwsPlatform, adapted, prepare, short
from tests.engine.stack import EngineStack, encrypted
from tools.local_platform.platform import LocalPlatform
from tools.programs import PLATFORM, find_or_build

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER: Final = Path(__file__).parent / "states"
NAMES: Final = ("minio", "aws-access-keys", "aws-irsa", "aws-pod-identity")
"""A stack on MinIO; on AWS buckets, a key, an issuer, roles, users and associations."""

_PASSPHRASE: Final = "of-the-states"
"""Encrypts the secrets in these states, which are of servers that are gone, and nothing else."""

_OF_THE_RUN: Final = frozenset({"created", "modified", "sourcePosition", "stackTrace"})
"""What a state says of the run that wrote it, and no plan depends on."""

_PACKAGES: Final = ("pulumi", "pulumi-aws", "pulumi-kubernetes")


@dataclass(frozen=True)
class Written:
    """A state with the settings that it was made from."""

    text: str

    @classmethod
    def read(cls, name: str) -> Written:
        """Read it from its file."""
        return cls((FOLDER / f"{name}.json").read_text())

    def stack(self, on: AwsPlatform, folder: Path, name: str) -> EngineStack:
        """Make a stack that believes to have this state.

        Args:
            on: Where its settings lead.
            folder: A folder of its own: its secrets have a passphrase of their own.
            name: Name of the stack.
        """
        filled = self.text
        for mark, value in _places(on.platform).items():
            filled = filled.replace(mark, value)
        known = json.loads(filled)
        made = on.stack(name, folder=folder, vault=known["vault"], passphrase=_PASSPHRASE)
        made.configure(**known["config"])
        file = folder / f"{name}.json"
        file.write_text(json.dumps({"version": 3, "deployment": known["deployment"]}))
        made.runner.run("stack", "import", "--file", str(file), "--stack", name, capture=True)
        return made

    def replace(self, old: str, new: str) -> Written:
        """The state of a program that says *new* where ours says *old*."""
        assert old in self.text, old
        return Written(self.text.replace(old, new))


def stack_name(name: str) -> str:
    """Name of the stack whose state lies in the file *name*."""
    return short(name) if name.startswith("aws-") else f"state-{name}"


def write(on: AwsPlatform, folder: Path, name: str) -> None:
    """Run ``up`` for one of :data:`NAMES` and keep the state."""
    vault = encrypted(on.platform, folder / "vault", _PASSPHRASE)
    stack = on.stack(stack_name(name), folder=folder, vault=vault, passphrase=_PASSPHRASE)
    if name.startswith("aws-"):
        config = adapted(stack, name)
        prepare(on.moto, stack, config)
    else:
        config = {"tenants": {stack.space("team-a"): {}, stack.space("team-b"): {}}}
    stack.configure(**config)
    stack.up()
    deployment = json.loads(stack.export())["deployment"]
    deployment["manifest"].pop("plugins", None)  # they name where they lie
    kept = {
        "versions": {
            "engine": deployment["manifest"]["version"],
            **{package: version(package) for package in _PACKAGES},
        },
        "config": config,
        "vault": vault,
        "deployment": deployment,
    }
    resources = [
        {name: value for name, value in resource.items() if name not in _OF_THE_RUN}
        for resource in kept["deployment"].pop("resources")
    ]
    lines = ",\n".join(json.dumps(resource, sort_keys=True) for resource in resources)
    text = json.dumps(kept, sort_keys=True).replace(
        '"deployment": {', f'"deployment": {{"resources": [\n{lines}\n], '
    )
    for mark, value in _places(on.platform).items():
        text = text.replace(value, mark)
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_text(f"{text}\n")


def _places(platform: LocalPlatform) -> Mapping[str, str]:
    """What is different on each platform, by the word that stands for it."""
    return {
        "${KUBECONFIG}": str(platform.kubeconfig),
        "${MINIO_ENDPOINT}": platform.minio_endpoint,
    }


def main(names: list[str]) -> None:
    """Write states afresh; no name: all."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for part in ("platform", "moto", "double"):
            (folder / part).mkdir()
        sdk.dump(folder / "double" / SCHEMA)
        platform = LocalPlatform(folder / "platform", find_or_build(PLATFORM))
        on = AwsPlatform(
            stack.enter_context(platform),
            stack.enter_context(moto_server.running(folder / "moto")),
            folder / "double",
        )
        for name in names or NAMES:
            write(on, folder / name, name)


if __name__ == "__main__":
    main(sys.argv[1:])
