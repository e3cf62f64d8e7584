"""AWS, action by action: literal calls of each identity and actor against our documents."""

from __future__ import annotations

from dataclasses import replace

import pytest

from argo_artifacts.documents.aws import kms
from tests.unit import aws_checks, aws_page
from tests.unit.aws_calls import TABLE
from tests.unit.aws_world import (
    ACCOUNT,
    ANYTHING,
    ELSEWHERE,
    FOREIGN_KEY,
    IDENTITIES,
    KEY_ID,
    Actor,
    Call,
    documents,
    stack,
    steps,
    verdict,
)
from tests.unit.iam import Policies, Request, allowed, known, like
from tests.unit.iam_parts import decisive, parts

actors = pytest.mark.parametrize("of", TABLE, ids=str)


def verdicts(of: Actor, found: dict) -> list[bool]:
    right, wrong = TABLE[of]
    return [verdict(of, found, call) for call in (*right, *wrong)]


def expected(of: Actor) -> list[bool]:
    right, wrong = TABLE[of]
    return [True] * len(right) + [False] * len(wrong)


@actors
def test_an_actor_may_do_what_it_must_and_nothing_beside_it(of):
    right, wrong = TABLE[of]
    calls = [*right, *wrong]
    judged = dict(zip(calls, verdicts(of, documents(of)), strict=True))
    assert judged == dict(zip(calls, expected(of), strict=True))


@actors
def test_each_table_has_six_allowed_and_twelve_refused_rows_and_none_twice(of):
    right, wrong = TABLE[of]
    assert len(right) >= 6
    assert len(wrong) >= 12
    assert len({*right, *wrong}) == len(right) + len(wrong)


@actors
def test_each_refused_call_differs_from_an_allowed_one_in_one_thing(of):
    right, wrong = TABLE[of]

    def apart(one: Call, other: Call) -> int:
        return sum(a != b for a, b in zip(one, other, strict=True))

    assert [call for call in wrong if min(apart(call, other) for other in right) != 1] == []


def test_the_refused_rows_differ_in_each_thing_there_is():
    seen = {
        field
        for right, wrong in TABLE.values()
        for call in wrong
        for field in Call._fields
        if any(call._replace(**{field: getattr(other, field)}) == other for other in right)
    }
    assert seen == set(Call._fields)


def test_every_identity_is_judged_and_the_nodes_has_nothing_to_judge():
    judged = {of.identity for of in TABLE}
    assert set(IDENTITIES) - judged == {"node"}
    made, access = stack("node")
    assert (access.aws.roles, access.aws.users) == ((), ())
    assert {grant.identity for grant in access.grants} == {"node"}
    assert made.repositories["default"].s3.identity == "node"


@actors
def test_every_statement_condition_and_value_is_needed(of):
    whole = decisive(TABLE[of][0], documents(of))
    changed = list(parts(whole))
    assert len(changed) >= 9
    assert [name for name, some in changed if not turns_red(of, some) and not elsewhere(name)] == []


def turns_red(of: Actor, smaller: dict) -> bool:
    """Whether *smaller* documents change a row: of *of*, or of who shares the document."""
    for other in [of, *(a for a in TABLE if a.identity == of.identity and a != of)]:
        own = documents(other)
        shared = {t: d for t, d in smaller.items() if other == of or t in SHARED}
        if verdicts(other, own | shared) != expected(other):
            return True
    return False


SHARED = {"default trust", "default policy", "models trust", "models policy"}
"""Documents of the role that all actors of an entry assume."""


def elsewhere(name: str) -> bool:
    """Whether a part serves the tenant team-b alone, whose rows are team-a's with another name."""
    return name.startswith("base policy: Assume: Resource ") and ".team-b." in name


BOUNDARY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["s3:*", "kms:*"], "Resource": ["*"]},
        {
            "Effect": "Deny",
            "Action": ["s3:DeleteObject"],
            "Resource": ["arn:aws:s3:::acme-artifacts/prod-eu/team-a/kept/*"],
        },
    ],
}


def bounded(of: Actor, call: Call, boundary: dict) -> bool:
    *before, (policies, request) = steps(of, documents(of), call)
    last = (replace(policies, boundary=boundary), request)
    return all(allowed(p, r) for p, r in (*before, last))


@pytest.mark.parametrize("of", [a for a in TABLE if a.identity == "irsa"], ids=str)
def test_a_boundary_takes_away_and_never_gives(of):
    right, wrong = TABLE[of]
    assert all(bounded(of, call, BOUNDARY) for call in right)
    assert not any(bounded(of, call, ANYTHING) for call in wrong)
    reading = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["*"]}
    narrow = BOUNDARY | {"Statement": [reading]}
    passed = [call for call in right if bounded(of, call, narrow)]
    assert passed == [call for call in right if call.verb == "s3:GetObject"]


def test_a_boundarys_deny_wins_over_every_allow():
    of = Actor("irsa", "collector")
    kept = Call("s3:DeleteObject", "prod-eu/team-a/kept/x", "acme-artifacts", "team-a/artifact-gc")
    assert verdict(of, documents(of), kept)
    assert not bounded(of, kept, BOUNDARY)


def use(action: str, *, through: str | None, account: str = ACCOUNT) -> Request:
    """An administrator of *account* uses the key."""
    context = known({"kms:ViaService": through} if through else {})
    principal = f"arn:aws:iam::{account}:role/admin"
    return Request(principal=principal, action=action, resource=KEY_ID, context=context)


S3_HERE = "s3.eu-west-1.amazonaws.com"
KEPT = [
    "kms:DescribeKey",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:EnableKeyRotation",
    "kms:TagResource",
    "kms:CreateAlias",
]
KEY_ROWS = {
    True: [
        *(use(action, through=None) for action in KEPT),
        use("kms:Decrypt", through=S3_HERE),
        use("kms:GenerateDataKey", through=S3_HERE),
    ],
    False: [
        use("kms:Decrypt", through=None),
        use("kms:Decrypt", through="s3.us-east-1.amazonaws.com"),
        use("kms:Decrypt", through="ec2.eu-west-1.amazonaws.com"),
        use("kms:Decrypt", through=S3_HERE, account=ELSEWHERE),
        use("kms:GenerateDataKey", through=None),
        use("kms:GenerateDataKey", through="s3.us-east-1.amazonaws.com"),
        use("kms:GenerateDataKey", through=S3_HERE, account=ELSEWHERE),
        use("kms:Encrypt", through=S3_HERE),
        use("kms:CreateGrant", through=S3_HERE),
        use("kms:ReEncryptFrom", through=S3_HERE),
        use("kms:PutKeyPolicy", through=None, account=ELSEWHERE),
        use("kms:ScheduleKeyDeletion", through=None, account=ELSEWHERE),
    ],
}
"""What an administrator may do with a key that we make: keep it, not open data with it."""


def of_key(policy: dict) -> list[bool]:
    whole = Policies(identity=(ANYTHING,), resource=policy, must=True)
    return [allowed(whole, request) for row in KEY_ROWS.values() for request in row]


def test_a_new_key_is_kept_by_its_account_and_used_through_s3_alone():
    made, _ = stack("irsa")
    policy = kms.key_policy(made.aws, "eu-west-1")
    right = [answer for answer, row in KEY_ROWS.items() for _ in row]
    assert of_key(policy) == right
    without = [name for name, some in parts({"key": policy}) if of_key(some["key"]) == right]
    seen = {f"key: Administer: Action {action}" for action in kms.ADMINISTER if action not in KEPT}
    assert set(without) == seen
    assert of_key(FOREIGN_KEY) != right


def test_a_variables_value_is_literal_and_one_without_value_matches_nothing():
    pattern = "a/${aws:PrincipalTag/x}/*"
    assert like(pattern, "a/*/b", known({"aws:PrincipalTag/x": "*"}))
    assert not like(pattern, "a/c/b", known({"aws:PrincipalTag/x": "*"}))
    assert not like(pattern, "a/b/c", {})
    assert not like(pattern, "a//c", {})
    assert not like("a.b", "axb")
    assert like("a?c*", "abcd")


def test_the_committed_page_holds_the_numbers_of_today():
    assert aws_page.PAGE.read_text() == aws_page.page()


WRONG_ON_MOTO = {check for check in aws_checks.CHECKS if check != "actions and prefixes of objects"}
"""It evaluates no condition, no variable and no token."""


def test_every_identity_and_check_has_judges_who_can_judge_it():
    for identity, cells in aws_checks.matrix().items():
        assert list(cells) == list(aws_checks.CHECKS)
        for check, cell in cells.items():
            number, _, who = cell.partition(" ")
            assert cell == "none" or (int(number) > 0 and {"E", "S"} <= set(who)), (identity, check)
            assert not ("m" in who and check in WRONG_ON_MOTO), (identity, check)
    for said in aws_checks.CHECKS.values():
        assert all(said)
        assert len(said) == len(aws_checks.JUDGES)
