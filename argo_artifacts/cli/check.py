"""``check``: the faults of stack and tenant files, without Pulumi, network or cluster.

The faults are the answer, so they go to standard output and the exit code is 1. An argument that
names no file is wrong input: standard error, exit code 2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import typer
from typing_extensions import override

from argo_artifacts import limits
from argo_artifacts.access import plan
from argo_artifacts.cli.console import Answer, AsJson, complain, say, say_json
from argo_artifacts.cli.stacks import PROJECT_FILE, Project, here
from argo_artifacts.config import ConfigError, parse
from argo_artifacts.config.base import NAMESPACE
from argo_artifacts.config.reader import Reader, as_mapping
from argo_artifacts.config.stack_file import stack_name, stack_text, stack_values
from argo_artifacts.config.template import STACK, placeholders
from argo_artifacts.config.tenant_files import Written, read_tenant_file
from argo_artifacts.config.yaml_file import line_numbers, load_yaml, parse_yaml, read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Files = Annotated[
    list[Path] | None,
    typer.Argument(help="Stack files, tenant files or folders of them; all of stacks/ if none."),
]


class Finding(NamedTuple):
    """One fault, in the file and line where it stands."""

    file: str
    line: int | None
    """None: the file as a whole."""

    path: str
    """Path in the file; empty: the file as a whole."""

    message: str

    @override
    def __str__(self) -> str:
        at = f"{self.file}:{self.line}" if self.line else self.file
        return f"{at}: {self.path}: {self.message}" if self.path else f"{at}: {self.message}"


@dataclass(slots=True, kw_only=True)
class Report:
    """What is to say of one file."""

    file: Path
    kind: str
    findings: list[Finding] = field(default_factory=list[Finding])
    repositories: int = 0
    tenants: int = 0
    placeholders: tuple[str, ...] = ()
    """What sample values stand for: the file is a template."""

    secret_keys: tuple[str, ...] = ()
    """Secrets that must be set before ``pulumi up`` and are not."""


def check(files: Files = None, *, json: AsJson = False) -> None:
    """Check stack and tenant files: every fault of every file, one line each."""
    within = here()
    paths, wrong = _expand(files or [within.folder])
    reports = [_report(path, within) for path in paths]
    findings = list(dict.fromkeys(f for report in reports for f in report.findings))
    if json:
        say_json(
            {"files": [_as_json(r) for r in reports], "faults": [f._asdict() for f in findings]}
        )
    else:
        _print(reports, findings)
    complain(wrong)
    if wrong:
        raise typer.Exit(Answer.WRONG_INPUT)
    if findings:
        raise typer.Exit(Answer.NO)


def _expand(given: Iterable[Path]) -> tuple[list[Path], list[str]]:
    """The files meant by *given*, each once, and a line for each argument that means none."""
    found: dict[Path, None] = {}
    wrong: list[str] = []
    for path in given:
        files = sorted(path.rglob("*.yaml")) if path.is_dir() else [path]
        files = [file for file in files if file.name != PROJECT_FILE]
        if not files:
            wrong.append(f"{path}: no stack or tenant file, Pulumi.<stack>.yaml is accepted")
        elif not path.exists():
            wrong.append(f"{path}: no such file, a stack or tenant file is accepted")
        else:
            found.update(dict.fromkeys(files))
    return list(found), wrong


def _report(file: Path, within: Project) -> Report:
    try:
        keys = as_mapping(load_yaml(file)) or {}
    except ConfigError:
        keys = {}
    if "config" in keys or re.fullmatch(r"Pulumi\..+\.yaml", file.name):
        return _stack_report(file, within)
    return _tenants_report(file)


def _stack_report(file: Path, within: Project) -> Report:
    report = Report(file=file, kind="stack")
    try:
        document = parse_yaml(stack_text(file, samples=True), file.name)
        given = stack_values(document, file.name, project=within.name)
        if stack_name(file) == STACK:
            report.placeholders = placeholders(stack_text(file))
        settings = parse(
            given.values,
            project=within.name,
            stack=stack_name(file),
            folder=file.parent,
            secrets=given.secrets,
        )
    except ConfigError as error:
        report.findings += _located(file, error.faults)
        return report
    report.findings += _located(file, limits.check(settings, plan(settings)))
    report.repositories, report.tenants = len(settings.repositories), len(settings.tenants)
    if not report.placeholders:  # who fills a template in sets its secrets too
        report.secret_keys = tuple(k for k in settings.secret_keys() if k not in given.secrets)
    return report


def _tenants_report(file: Path) -> Report:
    reader, written = Reader(), Written()
    read_tenant_file(reader, written, file, file.name)
    report = Report(file=file, kind="tenants", tenants=len(written.paths))
    report.findings += _located(file, dict.fromkeys(str(fault) for fault in reader.faults))
    return report


def _located(file: Path, faults: Iterable[str]) -> Iterator[Finding]:
    """Each fault in the file where it stands: *file*, or a tenant file that it names."""
    lines: dict[Path, Mapping[str, int]] = {}
    for fault in faults:
        where, _, message = fault.partition(": ")
        head, _, path = where.partition(":")
        found, path = (file, where) if head == NAMESPACE else (file.parent / head, path)
        if found not in lines:
            lines[found] = _line_numbers(found)
        yield Finding(str(found), _line(lines[found], path), path, message)


_LAST_STEP: Final = re.compile(r"(\.[^.\[]*|\[\d+\])$")


def _line_numbers(file: Path) -> Mapping[str, int]:
    try:
        load_yaml(file)  # refuses what has no lines
        numbers = line_numbers(read_text(file, file.name))
    except ConfigError:
        return {}
    return {path.removeprefix("config."): line for path, line in numbers.items()}


def _line(lines: Mapping[str, int], path: str) -> int | None:
    """The line of *path*, or of the nearest thing above it that is written."""
    while path:
        for spelling in (path, path.removeprefix(f"{NAMESPACE}:")):
            if spelling in lines:
                return lines[spelling]
        shorter = _LAST_STEP.sub("", path)
        path = shorter if shorter != path else ""
    return lines.get("config")


def _print(reports: list[Report], findings: list[Finding]) -> None:
    for report in reports:
        if report.placeholders:
            names = ", ".join(report.placeholders)
            say(f"{report.file}: a template that `make up` fills in; samples stand for {names}")
        if not report.findings:
            say(f"{report.file}: fine, {_contents(report)}", style="green")
        for key in report.secret_keys:
            say(f"{report.file}: before `pulumi up`: `pulumi config set --secret {key}`")
    for finding in findings:
        say(str(finding), style="red")
    stacks = sum(report.kind == "stack" for report in reports)
    say(
        f"{_count(stacks, 'stack file')} and {_count(len(reports) - stacks, 'tenant file')}"
        f" checked: {_count(len(findings), 'fault')}",
        style="bold",
    )


def _contents(report: Report) -> str:
    tenants = _count(report.tenants, "tenant")
    if report.kind == "tenants":
        return tenants
    return f"{_count(report.repositories, 'repository', 'repositories')}, {tenants}"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _as_json(report: Report) -> dict[str, object]:
    return {
        "file": str(report.file),
        "kind": report.kind,
        "fine": not report.findings,
        "repositories": report.repositories,
        "tenants": report.tenants,
        "placeholders": list(report.placeholders),
        "secretKeys": list(report.secret_keys),
    }
