"""``verify``: what each credential really may do at the store, and is really refused.

What it finds goes to standard output; what it is doing goes to standard error.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from argo_artifacts.access import plan
from argo_artifacts.cli.console import (
    Answer,
    AsJson,
    complain,
    is_plain,
    say,
    say_json,
    say_table,
)
from argo_artifacts.cli.stacks import ConfigFile, StackName, project, stack_file
from argo_artifacts.config import ConfigError, Settings, read_stack_file
from argo_artifacts.config.base import NAMESPACE
from argo_artifacts.config.read import KUBECONFIG
from argo_artifacts.config.stack_file import stack_text
from argo_artifacts.config.template import STACK, placeholders

if TYPE_CHECKING:
    from argo_artifacts.verify import Report
    from argo_artifacts.verify.in_pods import Pods
    from argo_artifacts.verify.provisioning import PulumiStack

JunitFile = Annotated[Path | None, typer.Option("--junit", help="Write JUnit XML to this file.")]
Tenants = Annotated[
    list[str] | None, typer.Option("--tenant", help="Only this tenant's credentials; repeatable.")
]


def verify(
    stack: StackName,
    *,
    config_file: ConfigFile = None,
    tenant: Tenants = None,
    junit: JunitFile = None,
    json: AsJson = False,
) -> None:
    """Try what every credential can do, and what it must be refused, on the real store."""
    # A second of imports (Kubernetes, S3) that no other command needs.
    from argo_artifacts.verify import Request, kubernetes, provisioning, verify  # noqa: PLC0415

    settings, file = _settings(stack, config_file)
    chosen = _chosen(settings, tenant)
    _writable(junit)
    place = provisioning.PulumiStack(name=stack, config_file=file, folder=Path.cwd())
    kubeconfig = _kubeconfig(settings, place)
    request = Request(
        settings=settings,
        plan=plan(settings),
        reader=kubernetes.LiveReader(settings.cluster, kubeconfig),
        admin=partial(provisioning.admin_keys, place),
        pods=_pods(settings, kubeconfig),
        tenants=chosen,
    )
    with _Watcher() as watcher:
        report = verify(request, watcher)
    if junit is not None:
        junit.write_text(report.junit(), encoding="utf-8")
    if json:
        say_json(report.value())
    else:
        _print(report)
    if not report.good:
        raise typer.Exit(Answer.NO)


def _settings(stack: str, config_file: Path | None) -> tuple[Settings, Path]:
    within = project()
    file = config_file or stack_file(stack, within)
    if stack == STACK and placeholders(stack_text(file)):
        msg = f"{file}: a template, a file without placeholders is accepted; `make up` fills it in"
        raise ConfigError([msg])
    settings = read_stack_file(file, project=within.name, folder=within.folder)
    return replace(settings, stack=stack), file.absolute()


def _chosen(settings: Settings, tenants: list[str] | None) -> frozenset[str] | None:
    unknown = sorted(set(tenants or ()) - set(settings.tenants))
    if unknown:
        known = ", ".join(settings.tenants)
        raise ConfigError([f"--tenant: {name!r}, one of {known} is accepted" for name in unknown])
    return frozenset(tenants) if tenants else None


def _writable(junit: Path | None) -> None:
    if junit is None:
        return
    try:
        junit.touch()
    except OSError as error:
        msg = f"--junit: {str(junit)!r} cannot be written ({error.strerror}), a file is accepted"
        raise ConfigError([msg]) from None


def _kubeconfig(settings: Settings, place: PulumiStack) -> str | None:
    """Text of the kubeconfig, where it is a secret of the stack."""
    from argo_artifacts.verify.provisioning import NoSettingError, secret_setting  # noqa: PLC0415

    if settings.cluster.kubeconfig is not None:
        return None
    try:
        return secret_setting(place, KUBECONFIG)
    except NoSettingError as error:
        msg = f"{NAMESPACE}:{KUBECONFIG}: cannot be read ({error}), the secret is required"
        raise ConfigError([msg]) from None


def _pods(settings: Settings, kubeconfig: str | None) -> Pods | None:
    """Pods for what only they can try, where the settings give an image."""
    from argo_artifacts.cluster import connect  # noqa: PLC0415
    from argo_artifacts.verify.jobs import LivePods  # noqa: PLC0415

    if settings.aws is None or settings.aws.verifier is None:
        return None
    return LivePods(connect(settings.cluster, kubeconfig), settings.aws.verifier.image)


def _print(report: Report) -> None:
    from argo_artifacts.verify.table import HEAD, STYLES, cells, closing, table  # noqa: PLC0415

    if is_plain():
        say_table(HEAD, cells(report))
    else:
        Console().print(table(report))
    for cause in report.causes:
        say(f"cause: {cause}")
    for note in report.notes:
        say(f"note: {note}")
    for line in report.left_behind:
        say(f"left behind: {line}", style="yellow")
    say(closing(report), style=STYLES["ok" if report.good else "failed"])


_COLUMNS: Final = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())


class _Watcher:
    """Shows on standard error what goes on: a bar on a terminal, plain lines elsewhere."""

    def __init__(self) -> None:
        plain = is_plain() or not sys.stderr.isatty()
        console = Console(stderr=True)
        self._bar = None if plain else Progress(*_COLUMNS, console=console, transient=True)
        self._task = None if self._bar is None else self._bar.add_task("verify", total=None)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def step(self, text: str) -> None:
        """Say what begins."""
        if self._bar is None or self._task is None:
            complain([f"verify: {text}"])
        else:
            self._bar.update(self._task, description=text)

    def stays(self, text: str) -> None:
        """Say what must not be overlooked, before an interrupted run ends."""
        complain([f"verify: {text}"])

    def rows(self, done: int, total: int) -> None:
        """Move the bar."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)
