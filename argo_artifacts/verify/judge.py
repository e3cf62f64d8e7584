"""Judge: what an answer proves about an expectation; pure.

An answer decides only when it went through or is an authorisation denial. A refusal counts at an
object that stands (written and read back in this run), by a credential that passed all that it
is allowed; what goes through against expectation is a failure whatever else happened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from argo_artifacts.verify.checks import in_words
from argo_artifacts.verify.report import Row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from argo_artifacts.verify.answers import Answer
    from argo_artifacts.verify.checks import Expectation


def judge(
    expectation: Expectation, answer: Answer[object], before: Iterable[Row], *, ours: bool
) -> Row:
    """Say what *answer* proves.

    Args:
        expectation: what was tried.
        answer: what the server said.
        before: the rows of the same holder so far; all that it is allowed is among them.
        ours: whether the server is one whose policies we write, and so MinIO.
    """
    if not ours:
        if answer.foreign:
            text = f"no MinIO admin API answers at {expectation.place.server}"
            return Row(expectation, text, "not applicable")
        if answer.said == "NotImplemented" and expectation.group == "bucket settings":
            return Row(expectation, "the server has no such setting", "not applicable")
    match expectation.expected:
        case "refused":
            return _refused(expectation, answer, before)
        case "not found":
            good = answer.kind == "absent"
            decided = answer.kind != "unclear"
        case "as planned":
            good = answer.done and answer.value == in_words(expectation.about)
            text = "as planned" if good else f"acts as {answer.value}"
            decided = answer.done
            if decided:
                return Row(expectation, text, "ok" if good else "failed")
        case _:
            good = answer.done
            decided = answer.kind in ("done", "denied")
    text = "no MinIO admin API answers" if answer.foreign else answer.text
    return Row(expectation, text, "ok" if good else "failed" if decided else "not checked")


def _refused(expectation: Expectation, answer: Answer[object], before: Iterable[Row]) -> Row:
    if answer.done:
        return Row(expectation, answer.text, "failed")
    if answer.kind != "denied":
        text = "no MinIO admin API answers" if answer.foreign else answer.text
        return Row(expectation, text, "not checked")
    for row in before:
        own = row.expectation
        if own.expected in ("allowed", "not found") and not row.good:
            text = f"refused, which proves nothing while its own {own.check} {_state(row)}"
            return Row(expectation, text, "not checked")
    return Row(expectation, answer.text, "ok")


def resting(expectation: Expectation, before: Iterable[Row]) -> Row | None:
    """The row of *expectation* if what it rests on did not pass, so that it is not tried."""
    for row in before:
        own = row.expectation
        if own.place == expectation.place and own.check in expectation.rests_on and not row.good:
            text = f"rests on {own.check}, which {_state(row)}"
            return Row(expectation, text, "not checked")
    return None


def _state(row: Row) -> str:
    return "failed" if row.result == "failed" else "was not checked"
