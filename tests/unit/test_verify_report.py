"""A report says the same in all its forms, and says no secret."""

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

from rich.console import Console

from argo_artifacts.verify.checks import Expectation
from argo_artifacts.verify.places import Holder, Place
from argo_artifacts.verify.report import Report, Row
from argo_artifacts.verify.table import HEAD, cells, closing, table

A, B = Holder("team-a", "default"), Holder("team-b", "default")


def row(result, check="get", *, holder=A, found="allowed", expected="refused", group="neighbour"):
    place = Place(server="minio:9000", bucket="artifacts", prefix="prod/team-b/")
    expectation = Expectation(
        holder=holder, group=group, check=check, place=place, expected=expected
    )
    return Row(expectation, found, result)


def report(*rows, left=(), notes=()):
    return Report(
        stack="argo-artifacts/local",
        cluster="local",
        run="20260821t101500-3f9a2c",
        seconds=1.25,
        rows=rows,
        notes=notes,
        left_behind=left,
    )


REFUSED = {"found": "refused (AccessDenied)"}
MIXED = report(
    row("ok", "list", **REFUSED),
    row("ok", "get", **REFUSED),
    row("failed", "put"),
    row("ok", "delete", **REFUSED),
    row("not checked", "get", holder=B, found="the server cannot be reached"),
    row("not checked", "put", holder=B, found="the server cannot be reached"),
    row("shared", "reach it", holder=B, expected="shared", found="one access key"),
    row("not applicable", "list", holder=B, expected="not applicable", found="no other bucket"),
)


def test_one_failure_or_one_row_that_was_not_checked_is_not_good():
    assert report(row("ok"), row("shared"), row("not applicable")).good
    assert not report(row("ok"), row("failed")).good
    assert not report(row("ok"), row("not checked")).good


def test_the_table_has_bad_rows_first_and_gathers_what_says_the_same():
    assert [(line[0], *line[2:4], *line[4:]) for line in cells(MIXED)] == [
        ("team-a", "put", "artifacts:prod/team-b/", "refused", "allowed", "failed"),
        (
            "team-b",
            "get, put",
            "artifacts:prod/team-b/",
            "refused",
            "the server cannot be reached",
            "not checked (2)",
        ),
        ("team-a", "list, get, delete", "artifacts:prod/team-b/", "refused", "refused", "ok (3)"),
        ("team-b", "reach it", "artifacts:prod/team-b/", "shared", "one access key", "shared"),
        ("team-b", "list", "artifacts:prod/team-b/", "n/a", "no other bucket", "n/a"),
    ]


def test_each_cause_is_said_once():
    rows = [replace(row("failed"), cause="b"), replace(row("failed"), cause="a"), row("ok")]
    found = report(*rows, rows[0])
    assert found.causes == ("b", "a")
    assert found.value()["causes"] == ["b", "a"]


def test_failures_are_never_gathered():
    found = cells(report(row("failed", "get"), row("failed", "put")))
    assert [line[2] for line in found] == ["get", "put"]


def test_settings_are_named_in_short():
    rows = [row("ok", f"read {name}", group="bucket settings", **REFUSED) for name in ("a", "b")]
    assert cells(report(*rows))[0][2] == "read a, b"


def test_the_closing_line_counts():
    assert closing(MIXED) == (
        "verify argo-artifacts/local: not all as expected; 8 checks in 1.2 s:"
        " 1 failed, 2 not checked, 3 ok, 1 shared, 1 not applicable"
    )
    assert closing(report(row("ok"))).endswith("all as expected; 1 checks in 1.2 s: 0 failed, 1 ok")


def test_the_table_of_a_terminal_holds_every_cell():
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    console.print(table(MIXED))
    text = console.export_text()
    for cell in (*HEAD, "list, get, delete", "the server cannot be reached", "ok (3)", "n/a"):
        assert cell in text


def test_json_holds_every_row_in_full():
    value = json.loads(json.dumps(MIXED.value()))
    assert value["good"] is False
    assert value["counts"] == {
        "failed": 1,
        "not checked": 2,
        "ok": 3,
        "shared": 1,
        "not applicable": 1,
    }
    assert len(value["rows"]) == 8
    assert value["rows"][2] == {
        "tenant": "team-a",
        "repository": "default",
        "group": "neighbour",
        "check": "put",
        "target": "artifacts:prod/team-b/",
        "expected": "refused",
        "found": "allowed",
        "result": "failed",
    }


def test_junit_counts_failures_errors_and_skipped_of_each_credential():
    root = ET.fromstring(MIXED.junit())  # noqa: S314 - our own text
    suites = {suite.get("name"): suite for suite in root}
    counts = {
        name: [suite.get(k) for k in ("tests", "failures", "errors", "skipped")]
        for name, suite in suites.items()
    }
    assert counts == {
        "team-a/default": ["4", "1", "0", "0"],
        "team-b/default": ["4", "0", "2", "2"],
    }
    failure = suites["team-a/default"].find("testcase/failure")
    assert failure.get("message") == "allowed"
    names = [case.get("name") for case in suites["team-a/default"]]
    assert names[2] == "put on artifacts:prod/team-b/: refused"


def test_junit_survives_characters_that_xml_does_not_have():
    text = report(row("failed", found="a\x00b\x1b[0m<&\ud800>")).junit()
    ET.fromstring(text)  # noqa: S314 - our own text


def test_what_is_left_behind_is_part_of_json():
    value = report(row("ok"), left=("artifacts:x/: 2 objects",), notes=("n",)).value()
    assert value["leftBehind"] == ["artifacts:x/: 2 objects"]
    assert value["notes"] == ["n"]
