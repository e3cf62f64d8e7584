"""Report: the rows of a run as values and as JUnit; no secret is ever part of one."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from xml.etree import ElementTree as ET

from typing_extensions import override

if TYPE_CHECKING:
    from argo_artifacts.verify.checks import Expectation

Result = Literal["ok", "failed", "not checked", "shared", "not applicable"]
RESULTS: Final[tuple[Result, ...]] = ("failed", "not checked", "ok", "shared", "not applicable")
"""In the order in which a reader wants them."""

_NOT_XML: Final = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Row:
    """One expectation and what was found."""

    expectation: Expectation
    found: str
    result: Result
    cause: str = ""
    """Why it is not good and what to do, one line; empty: another row says it, or nobody knows."""

    @property
    def good(self) -> bool:
        """Whether this row lets the command end with 0."""
        return self.result not in ("failed", "not checked")

    def fields(self) -> dict[str, str]:
        """The row in plain words."""
        row = self.expectation
        account = {"serviceAccount": row.holder.account} if row.holder.account else {}
        return {
            "tenant": row.holder.tenant,
            "repository": row.holder.repository,
            **account,
            "group": row.group,
            "check": row.check,
            "target": row.target,
            "expected": row.expected,
            "found": self.found,
            "result": self.result,
        }

    @override
    def __str__(self) -> str:
        row = self.expectation
        return (
            f"{row.holder}: {row.check} on {row.target}: {row.expected} expected, {self.found}:"
            f" {self.result}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run found."""

    stack: str
    """``<project>/<stack>``."""

    cluster: str
    run: str
    """Name of the run: a segment of all keys that it wrote."""

    seconds: float
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    """How the run was made, where that is not plain."""

    left_behind: tuple[str, ...]
    """What the run wrote and could not remove."""

    @property
    def good(self) -> bool:
        """Whether everything was checked and is as expected."""
        return all(row.good for row in self.rows)

    @property
    def causes(self) -> tuple[str, ...]:
        """Why rows are not good and what to do, each cause once."""
        return tuple(dict.fromkeys(row.cause for row in self.rows if row.cause))

    def counts(self) -> dict[Result, int]:
        """Rows by result."""
        counter = Counter(row.result for row in self.rows)
        return {result: counter[result] for result in RESULTS}

    def value(self) -> dict[str, object]:
        """All of it, for JSON."""
        return {
            "stack": self.stack,
            "cluster": self.cluster,
            "run": self.run,
            "seconds": round(self.seconds, 3),
            "good": self.good,
            "counts": self.counts(),
            "causes": list(self.causes),
            "notes": list(self.notes),
            "leftBehind": list(self.left_behind),
            "rows": [row.fields() for row in self.rows],
        }

    def junit(self) -> str:
        """A test suite for each credential; what was not checked is an error."""
        root = ET.Element("testsuites", name=f"argo-artifacts verify {self.stack}")
        suites: dict[str, list[Row]] = {}
        for row in self.rows:
            suites.setdefault(str(row.expectation.holder), []).append(row)
        for name, rows in suites.items():
            _suite(root, name, rows)
        ET.indent(root)
        return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(root: ET.Element, name: str, rows: list[Row]) -> None:
    counter = Counter(row.result for row in rows)
    suite = ET.SubElement(
        root,
        "testsuite",
        name=name,
        tests=str(len(rows)),
        failures=str(counter["failed"]),
        errors=str(counter["not checked"]),
        skipped=str(counter["shared"] + counter["not applicable"]),
    )
    for row in rows:
        expected = row.expectation
        case = ET.SubElement(
            suite,
            "testcase",
            classname=name,
            name=_xml(f"{expected.check} on {expected.target}: {expected.expected}"),
        )
        if row.result != "ok":
            kinds = {"failed": "failure", "not checked": "error"}
            ET.SubElement(case, kinds.get(row.result, "skipped"), message=_xml(row.found))


def _xml(text: str) -> str:
    """*text* without the characters that XML does not have."""
    return _NOT_XML.sub("?", text)
