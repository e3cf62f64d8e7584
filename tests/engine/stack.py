"""Stacks of the real engine on the platform of the test process: what was done, step by step."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import yaml

from tests.harness import ROOT
from tools.local_platform.runner import PulumiRunner

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tools.local_platform.platform import LocalPlatform

NAMESPACE: Final = "argo-artifacts"
QUIET: Final = frozenset({"same", "read", "refresh"})
"""Operations that change nothing."""

_OWN_TYPES: Final = ("pulumi:pulumi:Stack", "argo-artifacts:", "pulumi:providers:")


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """One operation on one resource."""

    op: str
    type: str
    name: str

    @property
    def kind(self) -> str:
        """The last part of the type."""
        return self.type.rpartition(":")[2]

    def __str__(self) -> str:
        return f"{self.op} {self.kind} {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one command did and said."""

    stdout: str
    stderr: str
    events: tuple[dict[str, dict[str, dict]], ...]

    @property
    def text(self) -> str:
        """Everything that a person sees."""
        return f"{self.stdout}\n{self.stderr}"

    @property
    def steps(self) -> list[Step]:
        """The changes of objects and providers, sorted; components only group."""
        return [step for step in self.all_steps if not step.type.startswith("argo-artifacts:")]

    @property
    def all_steps(self) -> list[Step]:
        """The changes, those of components included, the stack's own left out."""
        found: set[Step] = set()
        for event in self.events:
            if "resourcePreEvent" in event:
                metadata = event["resourcePreEvent"]["metadata"]
                step = Step(metadata["op"], metadata["type"], metadata["urn"].rpartition("::")[2])
                if step.op not in QUIET and step.type != "pulumi:pulumi:Stack":
                    found.add(step)
        return sorted(found)

    @property
    def said(self) -> list[str]:
        """The changes in words: ``create Secret team-a/x``."""
        return [str(step) for step in self.steps]

    @property
    def refreshed(self) -> set[str]:
        """What a refresh found changed, in the same words."""
        found: set[str] = set()
        for event in self.events:
            metadata = event.get("resOutputsEvent", {}).get("metadata", {})
            if metadata.get("op") in {"update", "delete"}:
                name = metadata["urn"].rpartition("::")[2]
                found.add(str(Step(metadata["op"], metadata["type"], name)))
        return found

    @property
    def numbers(self) -> dict[str, int]:
        """How many objects of each type were changed, providers and components left out."""
        objects = [s.type for s in self.all_steps if not s.type.startswith(_OWN_TYPES)]
        return dict(Counter(objects))

    @property
    def errors(self) -> list[str]:
        """The lines of the diagnostics, as the engine hands them to every display."""
        found: list[str] = []
        for event in self.events:
            diagnostic = event.get("diagnosticEvent", {})
            if diagnostic.get("severity") == "error":
                text = str(diagnostic["message"])
                for mark in ("<{%reset%}>", "<{%fg 1%}>"):
                    text = text.replace(mark, "")
                found += text.strip().splitlines()
        return found


class EngineStack:
    """One stack of the project, with settings of its own.

    Args:
        platform: Where it is provisioned.
        folder: Home, state and settings of all stacks of a test process.
        name: Name of the stack; cluster, bucket and namespaces are named after it.
        vault: Secrets in the form that the stack's settings take.
        variables: Further variables of the environment.
        plugins: Further plugins, see :class:`tools.local_platform.runner.PulumiRunner`.
    """

    def __init__(
        self,
        platform: LocalPlatform,
        folder: Path,
        name: str,
        vault: Mapping[str, object],
        *,
        variables: Mapping[str, str] | None = None,
        plugins: Mapping[str, Path] | None = None,
    ) -> None:
        self.platform = platform
        self.name = name
        self.owner = f"{NAMESPACE}/{name}"
        self.runner = PulumiRunner(
            folder,
            ROOT,
            platform.programs,
            stack=name,
            # the one that shows --event-log
            variables={"PULUMI_DEBUG_COMMANDS": "true", **(variables or {})},
            plugins=plugins,
        )
        self._vault = vault
        self._log = folder / f"{name}.events"
        self.runner.make_stack(select=False)

    def space(self, tenant: str) -> str:
        """Namespace of *tenant*: no other stack's."""
        return f"{self.name}-{tenant}"

    def configure(self, **changes: object) -> None:
        """Write the stack's settings: what every stack needs, and *changes* by key."""
        config = {
            "cluster": {"name": self.name, "kubeconfig": str(self.platform.kubeconfig)},
            "argo": {"version": "4.0.5", "namespace": self.space("argo")},
            "repositories": {"default": self.repository()},
            **changes,
        }
        named = {f"{NAMESPACE}:{key}": value for key, value in config.items()}
        secrets = {"minioAccessKey", "minioSecretKey"} if _reads_admin(config) else set()
        named |= {f"{NAMESPACE}:{key}": self._vault[key] for key in secrets}
        salt = {"encryptionsalt": self._vault["encryptionsalt"]}
        self.runner.config_file.write_text(yaml.safe_dump({**salt, "config": named}))

    def repository(self, **changes: object) -> dict[str, object]:
        """A repository on the platform's MinIO server, in a bucket of the stack's name."""
        minio = {
            "server": "external",
            "endpoint": self.platform.minio_endpoint,
            "tls": {"enabled": False},
            "bucket": {"name": self.bucket},
        }
        return {"minio": minio | changes}

    def given(self, **changes: object) -> dict[str, object]:
        """A repository whose bucket and keys exist already: nothing on the server is ours."""
        keys = {"accessKeyConfig": "minioAccessKey", "secretKeyConfig": "minioSecretKey"}
        bucket = {"name": self.bucket, "ownership": "use"}
        return self.repository(
            **{"server": "credentials", "bucket": bucket, "sharedCredentials": keys, **changes}
        )

    @property
    def bucket(self) -> str:
        """The stack's bucket."""
        return f"{self.name}-artifacts"

    def up(self, *flags: str, fails: bool = False) -> Outcome:
        """Run ``pulumi up`` without a preview."""
        return self._run("up", "--yes", "--skip-preview", *flags, fails=fails)

    def up_after_preview(self, *, fails: bool = False) -> Outcome:
        """Run ``pulumi up`` as a person does, whose preview goes on after a first refusal."""
        return self._run("up", "--yes", "--continue-on-error", fails=fails)

    def preview(self, *flags: str, fails: bool = False) -> Outcome:
        """Run ``pulumi preview``."""
        return self._run("preview", *flags, fails=fails)

    def preview_json(self) -> str:
        """What ``pulumi preview --json`` prints."""
        return self.runner.on_stack("preview", "--json", capture=True).stdout

    def refresh(self, *flags: str, fails: bool = False) -> Outcome:
        """Run ``pulumi refresh``."""
        return self._run("refresh", "--yes", "--skip-preview", *flags, fails=fails)

    def destroy(self, *flags: str, fails: bool = False) -> Outcome:
        """Run ``pulumi destroy``."""
        return self._run("destroy", "--yes", "--skip-preview", *flags, fails=fails)

    def export(self, *flags: str) -> str:
        """The stack's state as ``pulumi stack export`` prints it."""
        place = ("--stack", self.name)
        return self.runner.run("stack", "export", *flags, *place, capture=True).stdout

    def urns(self) -> set[str]:
        """Type and name of every resource in the state, the stack itself left out."""
        resources = json.loads(self.export())["deployment"].get("resources", [])
        found = {"::".join(r["urn"].split("::")[2:]) for r in resources}
        return {urn for urn in found if not urn.startswith("pulumi:pulumi:Stack")}

    def _run(self, *arguments: str, fails: bool) -> Outcome:
        self._log.unlink(missing_ok=True)
        log = ("--event-log", str(self._log))
        done = self.runner.on_stack(*arguments, *log, "--color", "never", capture=True, check=False)
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        events = tuple(json.loads(line) for line in lines)
        outcome = Outcome(stdout=done.stdout, stderr=done.stderr, events=events)
        verbose = any(argument.startswith("-v") for argument in arguments)
        assert verbose or "Traceback" not in outcome.text, outcome.text
        assert (done.returncode != 0) is fails, outcome.text
        return outcome


def encrypted(
    platform: LocalPlatform, folder: Path, passphrase: str | None = None
) -> dict[str, object]:
    """The platform's admin keys as a stack's settings take them, and the salt that goes with them.

    Args:
        platform: Whose keys.
        folder: Where the CLI may keep what it needs; stacks that X
        passphrase: The passphrase; None: the one that the folder has, or gets.
    """
    variables = {} if passphrase is None else {"PULUMI_CONFIG_PASSPHRASE": passphrase}
    runner = PulumiRunner(folder, ROOT, platform.programs, stack="vault", variables=variables)
    runner.make_stack(select=False)
    runner.config_file.write_text("config: {}\n")
    keys = {
        "minioAccessKey": platform.minio_access_key,
        "minioSecretKey": platform.minio_secret_key,
    }
    for key, value in keys.items():
        runner.set_secret(f"{NAMESPACE}:{key}", value)
    written = yaml.safe_load(runner.config_file.read_text())
    return {
        "encryptionsalt": written["encryptionsalt"],
        **{key: written["config"][f"{NAMESPACE}:{key}"] for key in keys},
    }


def _reads_admin(config: Mapping[str, object]) -> bool:
    """Whether a repository reads the admin's keys, or keys of the same names."""
    return "minioAccessKey" in json.dumps(config) or '"external"' in json.dumps(config)
