"""``permissions``: the permission matrix, which is the same for all stacks."""

from __future__ import annotations

from argo_artifacts.cli.console import AsJson, say, say_json
from argo_artifacts.documents import matrix


def permissions(*, json: AsJson = False) -> None:
    """Print which verb of which actor becomes which action, as Markdown."""
    if json:
        say_json({"markdown": matrix.markdown()})
    else:
        say(matrix.markdown().rstrip())
