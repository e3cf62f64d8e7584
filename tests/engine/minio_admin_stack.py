"""A small Pulumi project over the plugin, run by the real engine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from tests.engine.minio_admin_plugin import OWNER, OWNER_ID
from tests.engine.minio_server import ROOT_SECRET, ROOT_USER, program

ROOT = Path(__file__).parents[2]

_PROJECT = """\
name: shop
runtime: python
plugins:
  providers:
    - name: minio-admin
      path: {plugin}
config:
  pulumi:disable-default-providers: ["*"]
"""

_MAIN = """\
import json
from pathlib import Path

import pulumi
from argo_artifacts.documents.lifecycle import LifecycleRule
from components.minio import admin

spec = json.loads(Path("program.json").read_text())
config = pulumi.Config()
provider = admin.Provider(
    "minio",
    access_key=config.require_secret("accessKey"),
    secret_key=config.require_secret("secretKey"),
    **spec["provider"],
)
before = []
for entry in spec["resources"]:
    before = [] if entry.get("alone") else before
    inputs = dict(entry["inputs"])
    if "lifecycle" in inputs:
        inputs["lifecycle"] = [LifecycleRule(**rule) for rule in inputs["lifecycle"]]
    made = getattr(admin, entry["kind"])(
        entry.get("resource", entry["kind"].lower()),
        **inputs,
        opts=pulumi.ResourceOptions(
            provider=provider,
            depends_on=before,
            import_=entry.get("import"),
            protect=entry.get("protect"),
        ),
    )
    before = [*before, made]
    if entry["kind"] == "User":
        pulumi.export("secretKey", made.secret_key)
"""


class Run:
    """What one call of the program printed."""

    def __init__(self, done: subprocess.CompletedProcess) -> None:
        self.code = done.returncode
        self.out = done.stdout
        self.text = done.stdout + done.stderr

    def errors(self) -> list[str]:
        """The lines that begin with ``error:``."""
        lines = [line.strip() for line in self.text.splitlines()]
        return [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]


class Project:
    """A project in a folder of its own, with a backend and a home of its own.

    Args of the constructor: an empty folder, the server's endpoint, a project whose new stack and
    keys are taken over, changes to the provider.
    """

    def __init__(
        self, folder: Path, endpoint: str, like: Project | None = None, **provider
    ) -> None:
        self.folder = folder
        self.provider = {
            "endpoint": endpoint,
            "owner": OWNER,
            "owner_id": OWNER_ID,
            "secure": False,
            **provider,
        }
        self.project = folder / "project"
        tools = {str(program(name).parent) for name in ("pulumi", "pulumi-language-python")}
        path = [*sorted(tools), str(ROOT / ".venv" / "bin"), os.environ["PATH"]]
        self.environment = {
            "PATH": os.pathsep.join(path),
            "HOME": str(folder / "home"),
            "PYTHONPATH": str(ROOT),
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "of-the-test",
            "PULUMI_CREDENTIAL_STORE": "plaintext",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_SKIP_CONFIRMATIONS": "1",
            "PULUMI_STACK": "dev",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "1",
            "PULUMI_DISABLE_REGISTRY_RESOLVE": "1",
            "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "1",
        }
        if like:
            shutil.copytree(like.folder, folder)
            self.declare()
        else:
            self._make()

    def _make(self) -> None:
        for name in ("project", "state", "home"):
            (self.folder / name).mkdir(parents=True)
        plugin = ROOT / "providers" / "minio_admin"
        (self.project / "Pulumi.yaml").write_text(_PROJECT.format(plugin=plugin))
        (self.project / "__main__.py").write_text(_MAIN)
        self.declare()
        made = self.run("stack", "init", "dev")
        assert made.code == 0, made.text
        self.set_keys()

    def set_keys(self, user: str = ROOT_USER, secret: str = ROOT_SECRET) -> None:
        """Give the provider the admin's keys."""
        keys = [f"--secret=accessKey={user}", f"--secret=secretKey={secret}"]
        done = self.run("config", "set-all", *keys)
        assert done.code == 0, done.text

    def declare(self, *resources) -> None:
        """Write what the program declares: kind, inputs and perhaps more, each after the other."""
        entries = [
            {"kind": kind, "inputs": inputs, **(more[0] if more else {})}
            for kind, inputs, *more in resources
        ]
        text = json.dumps({"provider": self.provider, "resources": entries})
        (self.project / "program.json").write_text(text)

    def run(self, *arguments) -> Run:
        """Call the program."""
        return Run(
            subprocess.run(
                self.command(*arguments),
                cwd=self.project,
                env=self.environment,
                capture_output=True,
                text=True,
                check=False,
            )
        )

    def command(self, *arguments) -> list[str]:
        """The program's command line."""
        return [program("pulumi"), *arguments, "--non-interactive", "--color", "never"]

    def up(self, *arguments) -> Run:
        """Create and update without a preview."""
        return self.run("up", "--skip-preview", *arguments)

    def steps(self, *arguments) -> dict[str, str]:
        """What a preview would change, by name."""
        steps = json.loads(self.run("preview", "--json", *arguments).out)["steps"]
        return {
            step["urn"].rpartition("::")[2]: step["op"] for step in steps if step["op"] != "same"
        }

    def state(self, part: str = "resources") -> list[dict]:
        """The resources of the state as it is stored, or its pending operations."""
        text = (self.folder / "state/.pulumi/stacks/shop/dev.json").read_text()
        return json.loads(text)["checkpoint"]["latest"].get(part, [])
