"""The closing words of ``make up``: what exists now, how to look at it, use it, remove it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, cast

from rich.markup import escape
from rich.table import Table

from tools.progress import duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from tools.local_platform.platform import LocalPlatform


class _Store(TypedDict, total=False):
    backend: str
    bucket: str
    endpoint: str | None


class _Workflow(TypedDict, total=False):
    serviceAccountName: str | None
    artifactRepositoryRef: dict[str, str]


class _Tenant(TypedDict, total=False):
    configMap: str
    defaultRepository: str
    grants: dict[str, str]
    workflow: _Workflow


def show(
    out: Console,
    platform: LocalPlatform,
    config_file: Path,
    outputs: Mapping[str, object],
    seconds: float,
) -> None:
    """Print the summary from the stack's outputs."""
    config = _short(config_file)
    stores = cast("dict[str, _Store]", outputs.get("stores", {}))
    tenants = cast("dict[str, _Tenant]", outputs.get("tenants", {}))
    out.print(
        f"\n[bold green]{len(tenants)} tenants have working, isolated artifact storage[/bold green]"
        f"  (all in {duration(seconds)})\n"
    )
    for name, store in stores.items():
        place = f"bucket {store.get('bucket')} on {store.get('backend')} {store.get('endpoint')}"
        out.print(f"repository {name}: {place}", markup=False)
    out.print(_grants(tenants))
    look = [
        'eval "$(.venv/bin/python -m tools.local_platform env)"',
        *(
            f"kubectl get configmap {tenant.get('configMap')} -n {name} -o yaml"
            for name, tenant in list(tenants.items())[:1]
        ),
        "pulumi stack output --stack local",
        f"argo-artifacts plan --stack local --config-file {config}",
    ]
    _section(out, "Look at it (the first line once in a shell)", look)
    root = _short(platform.folder / "minio" / "credentials.json")
    out.print(f"  MinIO http://{platform.minio_endpoint}, its root user is in {root}", markup=False)
    for name, tenant in list(tenants.items())[:1]:
        _section(out, "Use it in a Workflow", _workflow(name, tenant))
    _section(out, "Remove it", ["make down"])


def _grants(tenants: Mapping[str, _Tenant]) -> Table:
    table = Table("who, and where", "may", box=None, padding=(0, 2, 0, 0))
    for tenant in tenants.values():
        for place, verbs in tenant.get("grants", {}).items():
            table.add_row(escape(place), escape(verbs))
    return table


def _workflow(name: str, tenant: _Tenant) -> list[str]:
    workflow = tenant.get("workflow", {})
    key = workflow.get("artifactRepositoryRef", {}).get("key")
    return [
        f"metadata: {{generateName: hello-, namespace: {name}}}",
        "spec:",
        f"  serviceAccountName: {workflow.get('serviceAccountName')}",
        f"  artifactRepositoryRef: {{key: {key}}}  # {name}'s default, so it may be left out",
    ]


def _section(out: Console, title: str, lines: list[str]) -> None:
    out.print(f"\n[bold]{escape(title)}[/bold]")
    for line in lines:
        out.print(f"  {line}", markup=False)


def _short(path: Path) -> Path:
    """Spell a path as a person in the current folder would."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
