"""The reviewed lists of resources: ``python -m tests.components.golden`` writes them afresh."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.harness import ROOT, STACKS, deploy, read_stack, write_kubeconfig

if TYPE_CHECKING:
    from tests.harness import Registered, Run

EXPECTED: Final = Path(__file__).parent / "expected"


def stack_files() -> list[Path]:
    """Every stack file of the repository."""
    return sorted(STACKS.glob("Pulumi.*.yaml"))


def tree(run: Run) -> str:
    """Type and name of every resource below its parent, with what a removal does to it."""
    children: dict[str, list[Registered]] = {}
    for resource in run.resources.values():
        known = resource.parent if resource.parent in run.resources else ""
        children.setdefault(known, []).append(resource)

    def lines(parent: str, depth: int) -> list[str]:
        found: list[str] = []
        for resource in sorted(children.get(parent, []), key=lambda r: (r.type, r.name)):
            found.append(f"{'  ' * depth}{resource.type} {resource.name}{_removal(resource)}")
            found += lines(resource.urn, depth + 1)
        return found

    return "\n".join([*lines("", 0), ""])


def _removal(resource: Registered) -> str:
    if resource.protect:
        return "  (protected)"
    if resource.retain_on_delete:
        return "  (kept)"
    if resource.deleted_with:
        return f"  (goes with {resource.deleted_with.rpartition('::')[2]})"
    return ""


def main() -> None:
    """Write the list of every stack file."""
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as scratch:
        kubeconfig = write_kubeconfig(Path(scratch))
        for file in stack_files():
            stack = read_stack(file, kubeconfig)
            (EXPECTED / f"{stack.name}.txt").write_text(tree(deploy(stack)))


if __name__ == "__main__":
    main()
