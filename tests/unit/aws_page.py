"""The page ``docs/aws-proof.md``: which call of which identity is judged by whom.

``python -m tests.unit.aws_page`` writes it; a test keeps it in step.
"""

from __future__ import annotations

from pathlib import Path

from argo_artifacts.access.inventory import count, inventory
from argo_artifacts.documents.aws import identity
from tests.unit.aws_calls import TABLE
from tests.unit.aws_stacks import on_aws, store
from tests.unit.aws_world import Actor, documents
from tests.unit.iam_parts import decisive, parts

PAGE = Path(__file__).parents[2] / "docs/aws-proof.md"

HEAD = """\
# AWS, proved action by action

Written by `python -m tests.unit.aws_page`; a test keeps it in step with the tables.

Every call is a literal in `tests/unit/aws_calls.py`; only the documents come from the program.
A call goes through token, session, identity policy, boundary, session policy, bucket and key. Each
refused call differs from an allowed one in exactly one of verb, key, bucket, subject, cluster, tag
and transport. *Parts* counts the statements, conditions and values of the documents: taking any one
out turns a call red.

| identity | actor | allowed | refused | parts |
|---|---|---|---|---|
"""

JUDGES = """
`node` has no row: nothing is granted, no document is written, and a test says so.

## Who judges what

| check | our evaluator | iam-simulate | parliament | moto |
|---|---|---|---|---|
| token's subject, audience, issuer (irsa, refresher) | yes | yes, as another issuer | not asked: \
knows no provider | not asked: reads no token |
| Pod Identity: cluster, namespace, service account | yes | yes | not asked: trust | not asked: \
has no associations |
| role to role, from the pod's own to the entry's | yes | yes | not asked: trust | not asked: \
no conditions |
| actions and prefixes of objects | yes | yes | form | not asked here: the engine layer's |
| listing limited by `s3:prefix` | yes | yes | form | not asked: no conditions |
| session tags as variables | yes | yes | with values put in | not asked: no variables |
| key through S3 and by alias | yes | yes | form, but knows no alias | not asked: no conditions |
| TLS only, minimum TLS | yes | yes | form | not asked: every conditional Deny fires |
| session of a grant | yes | yes | - (AWS makes it) | not asked: ignores it |
| permissions boundary | yes | yes | - (the user's own) | not asked: not supported |

*Our evaluator* is `tests/unit/iam.py`. *iam-simulate* is the npm package
`@cloud-copilot/iam-simulate`, asked by `tests/unit/test_aws_second_judge.py`: the rows above and
calls generated near them, more than 10,000 decisions, more than 3,000 of each answer, none
unexplained; `make test` prints the numbers. *parliament* is a linter: it finds wrong actions,
resources and condition keys, and answers no call (`tests/unit/test_aws_parliament.py`).

## Growth

| identity | tenants | IAM roles | policies | users | associations |
|---|---|---|---|---|---|
"""

GROWTH = ("podIdentity", "irsa", "accessKeys", "assumeRole", "node")


def page() -> str:
    """The whole text."""
    return HEAD + "".join(map(_row, TABLE)) + JUDGES + "".join(_growth())


def _row(of: Actor) -> str:
    right, wrong = TABLE[of]
    number = len(list(parts(decisive(right, documents(of)))))
    return f"| {of.identity} | {of.actor} | {len(right)} | {len(wrong)} | {number} |\n"


def _growth():
    for name in GROWTH:
        for number in (1, 100):
            tenants = {f"tenant-{index:04}": {} for index in range(number)}
            made, access = on_aws({"default": store(name)}, tenants=tenants)
            numbers = count(inventory(made, access))
            policies = sum(len(identity.policies(made, role)) for role in access.aws.roles)
            policies += len(access.aws.users)
            figures = [
                numbers.get("IAM role", 0),
                policies,
                numbers.get("IAM user", 0),
                numbers.get("Pod Identity association", 0),
            ]
            yield f"| {name} | {number} | {' | '.join(map(str, figures))} |\n"


if __name__ == "__main__":
    PAGE.write_text(page())
