"""``values``: Helm values for the argo-workflows chart that agree with the stack."""

from __future__ import annotations

from argo_artifacts.cli.console import AsJson, say, say_json
from argo_artifacts.cli.stacks import ConfigFile, StackName, read_stack
from argo_artifacts.documents import canonical
from argo_artifacts.repository import controller


def values(stack: StackName, *, config_file: ConfigFile = None, json: AsJson = False) -> None:
    """Print Helm values for the argo-workflows chart: `helm … -f <(argo-artifacts values …)`."""
    settings = read_stack(stack, config_file)
    found = controller.helm_values(settings)
    if json:
        say_json(found)
        return
    argo = settings.argo
    say(f"# Chart argo-workflows for Argo {argo.version} in namespace {argo.namespace};")
    say(f"# stack {settings.stack}, controllerConfig: {argo.controller_config}")
    say(canonical.entry(found).rstrip())
