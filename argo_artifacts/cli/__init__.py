"""Console script ``argo-artifacts``: one module a command.

Exit codes: 0 fine, 1 the answer is no, 2 the input is wrong. What a command says goes to standard
output, faults of its input go to standard error, one line each.
"""

from __future__ import annotations

import io
import sys

import typer

from argo_artifacts.cli import check, documents, permissions, plan, schema, values, verify, version
from argo_artifacts.cli.console import Answer, complain
from argo_artifacts.config import ConfigError

app = typer.Typer(
    name="argo-artifacts",
    help="Artifact storage for Argo Workflows, from one Pulumi stack file.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,  # boxes break in logs
    pretty_exceptions_enable=False,
)
app.command()(check.check)
app.command()(schema.schema)
app.command()(plan.plan)
app.command()(documents.documents)
app.command()(values.values)
app.command()(permissions.permissions)
app.command()(verify.verify)
app.command()(version.version)


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except ConfigError as error:
        complain(error.faults)
        raise SystemExit(Answer.WRONG_INPUT) from None
