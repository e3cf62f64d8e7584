"""``version``: what runs here, for a report of a fault."""

from __future__ import annotations

import platform
from importlib import metadata

from argo_artifacts.cli.console import AsJson, say, say_json, say_table
from argo_artifacts.config.argo import OLDEST
from argo_artifacts.config.base import NAMESPACE


def versions() -> dict[str, str]:
    """Versions of this program, of Python, of the Pulumi SDK and of every provider's SDK."""
    found = {
        distribution.name.replace("_", "-"): distribution.version
        for distribution in metadata.distributions()
        if distribution.name.replace("_", "-").split("-")[0] == "pulumi"
    }
    ours = next((d.version for d in metadata.distributions(name=NAMESPACE)), "not installed")
    return {NAMESPACE: ours, "python": platform.python_version()} | dict(sorted(found.items()))


def version(*, json: AsJson = False) -> None:
    """Print the versions of this program, Pulumi's SDK and the providers' SDKs."""
    found = versions()
    if json:
        say_json(found)
        return
    say_table(("package", "version"), found.items())
    say(f"Argo Workflows {OLDEST} and newer are served.")
