"""The page ``docs/aws-proof.md``: which call of which identity is judged by whom.

``python -m tests.unit.aws_page`` writes it; a test keeps it in step.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.unit import aws_minio
from tests.unit.aws_calls import TABLE
from tests.unit.aws_checks import CHECKS, JUDGES, matrix
from tests.unit.aws_world import Actor, documents
from tests.unit.iam_parts import decisive, parts

if TYPE_CHECKING:
    from collections.abc import Iterable

PAGE = Path(__file__).parents[2] / "docs/aws-proof.md"

HEAD = """\
# AWS, proved action by action

Written by `python -m tests.unit.aws_page`; a test keeps it in step with the tables.

Every call is a literal in `tests/unit/aws_calls.py`; only the documents come from the program.
A call goes through token, session, identity policy, boundary, session policy, bucket and key. Each
refused call differs from an allowed one in exactly one of verb, key, bucket, subject, cluster, tag
and transport. *Parts* counts the statements, conditions and values of the documents: taking any one
out turns a call red. *On MinIO* counts the calls that a real MinIO server judges, too.

| identity | actor | allowed | refused | parts | on MinIO |
|---|---|---|---|---|---|
"""

JUDGED = """
`node` has no row: nothing is granted, no document is written, and a test says so.

## Who judges what

"""

WHO = """
*Our evaluator* is `tests/unit/iam.py`. *iam-simulate* is the npm package
`@cloud-copilot/iam-simulate`, asked by `tests/unit/test_aws_second_judge.py`: the rows above and
calls generated near them, more than 10,000 decisions, more than 3,000 of each answer, none
unexplained; `make test` prints the numbers. *parliament* is a linter: it finds wrong actions,
resources and condition keys, and answers no call (`tests/unit/test_aws_parliament.py`). *MinIO* is
a real server whose users have these policies
(`tests/engine/test_aws_policies_on_minio.py`): what it refuses as unknown is left out of them.
Each omission, and the number of rows that are therefore left to the others, is reviewed there.

How many calls of each identity go through each check, and who answers them: **E** our evaluator,
**S** iam-simulate, **M** MinIO (those of them that it can). **m**: moto is asked with the
credentials of each stack file's identities, after a real `pulumi up`
(`tests/engine/test_aws_stacks.py`): each verb at the own prefix, the neighbours' and another
bucket.

"""


def page() -> str:
    """The whole text."""
    rows = "".join(map(_row, TABLE))
    checks = _table(["check", *JUDGES], ([check, *said] for check, said in CHECKS.items()))
    found = matrix()
    by_identity = _table(
        ["check", *found],
        ([check, *(cells[check] for cells in found.values())] for check in CHECKS),
    )
    return HEAD + rows + JUDGED + checks + WHO + by_identity


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _row(of: Actor) -> str:
    right, wrong = TABLE[of]
    number = len(list(parts(decisive(right, documents(of)))))
    minio = sum(map(len, aws_minio.judged(of)))
    figures = " | ".join(map(str, (len(right), len(wrong), number, minio)))
    return f"| {of.identity} | {of.actor} | {figures} |\n"


if __name__ == "__main__":
    PAGE.write_text(page())
