"""MinIO policies, judged call by call."""

from __future__ import annotations

import json
from copy import deepcopy

import pytest

from argo_artifacts.access import plan
from argo_artifacts.access.grants import Credential, SecretReference
from argo_artifacts.access.words import Access
from argo_artifacts.documents import canonical, minio, s3
from tests.unit.calls import CASES, document
from tests.unit.evaluator import Call, allowed
from tests.unit.stacks import each, permuted, settings, stacks, values

SELF_SERVICE = [
    Call("admin:CreateServiceAccount", ""),
    Call("admin:CreateUser", ""),
    Call("admin:GetUser", ""),
    Call("admin:ListServiceAccounts", ""),
]
"""What a MinIO user may do for itself unless a policy denies it."""


def verdicts(policy: dict, case: str) -> list[bool]:
    _, _, right, wrong = CASES[case]
    return [allowed(policy, call) for call in (*right, *wrong)]


def expected(case: str) -> list[bool]:
    _, _, right, wrong = CASES[case]
    return [True] * len(right) + [False] * len(wrong)


@pytest.mark.parametrize("case", CASES)
def test_a_credential_may_do_what_its_actors_do_and_nothing_beside_it(case):
    _, _, right, wrong = CASES[case]
    judged = dict(zip((*right, *wrong), verdicts(document(case), case), strict=True))
    assert judged == dict(zip((*right, *wrong), expected(case), strict=True))


@pytest.mark.parametrize("case", CASES)
def test_each_refused_call_differs_from_an_allowed_one_in_one_thing(case):
    _, _, right, wrong = CASES[case]

    def apart(one: Call, other: Call) -> int:
        return sum(a != b for a, b in zip(one, other, strict=True))

    assert [call for call in wrong if min(apart(call, other) for other in right) != 1] == []


@pytest.mark.parametrize("case", CASES)
def test_self_service_is_denied_even_beside_a_policy_that_allows_it(case):
    admin = {"Effect": "Allow", "Action": ["admin:*"]}
    policy = document(case)
    both = policy | {"Statement": [*policy["Statement"], admin]}
    assert [call for call in SELF_SERVICE if allowed(both, call)] == []


def parts(policy: dict):
    """Each smaller or wider policy that lacks one part of *policy*, and the name of the part."""
    for index, statement in enumerate(policy["Statement"]):
        name = statement["Sid"]

        def without(index: int = index) -> tuple[dict, dict]:
            copy = deepcopy(policy)
            return copy, copy["Statement"][index]

        copy, _ = without()
        del copy["Statement"][index]
        yield f"statement {name}", copy
        if "Condition" in statement:
            copy, found = without()
            del found["Condition"]
            yield f"condition of {name}", copy
            for pattern in statement["Condition"]["StringLike"]["s3:prefix"]:
                copy, found = without()
                found["Condition"]["StringLike"]["s3:prefix"].remove(pattern)
                yield f"prefix {pattern} of {name}", copy
        for key in ("Action", "Resource"):
            for value in statement.get(key, []):
                copy, found = without()
                found[key].remove(value)
                yield f"{key} {value} of {name}", copy


@pytest.mark.parametrize("case", CASES)
def test_every_part_of_a_policy_is_needed(case):
    policy = document(case)
    admin = {"Effect": "Allow", "Action": ["admin:*"]}

    def judged(some: dict) -> list[bool]:
        beside = some | {"Statement": [*some["Statement"], admin]}
        return verdicts(some, case) + [allowed(beside, call) for call in SELF_SERVICE]

    idle = [name for name, changed in parts(policy) if judged(changed) == judged(policy)]
    assert idle == []


@each(stacks())
def test_no_allowed_action_holds_a_wildcard_and_every_resource_is_the_bucket(stack):
    for credential in plan(settings(stack)).credentials:
        arn = f"arn:aws:s3:::{credential.bucket}"
        for statement in minio.policy(credential)["Statement"]:
            if statement["Effect"] == "Deny":
                assert statement["Action"] in (["admin:*"], ["s3:DeleteObjectVersion"])
                continue
            assert not [action for action in statement["Action"] if "*" in action]
            for resource in statement["Resource"]:
                assert resource == arn or resource.startswith(f"{arn}/")
                assert resource.count("*") == (resource != arn)
                assert resource == arn or resource.endswith("/*")


@each(stacks())
def test_every_action_is_explained(stack):
    used = {
        action
        for credential in plan(settings(stack)).credentials
        for statement in minio.policy(credential)["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
    }
    assert used <= set(s3.WHY)


@each(stacks())
def test_a_document_read_and_written_again_is_the_same_text(stack):
    for credential in plan(settings(stack)).credentials:
        text = canonical.document(minio.policy(credential))
        assert canonical.document(json.loads(text)) == text
        assert text.isascii()
        assert " " not in text


@each(stacks().flatmap(lambda stack: permuted(stack).map(lambda other: (stack, other))))
def test_the_order_of_the_file_does_not_show_in_a_document(pair):
    one, other = (
        {
            (c.tenant, c.repository): canonical.document(minio.policy(c))
            for c in plan(settings(stack)).credentials
        }
        for stack in pair
    )
    assert one == other


def test_the_order_of_accesses_and_of_their_verbs_does_not_show():
    accesses = (
        Access(prefix="b/", verbs=("list", "read", "write")),
        Access(prefix="a/", verbs=("list", "read", "write")),
        Access(prefix="c/", verbs=("read",)),
    )
    one, other = (
        canonical.document(minio.policy(_credential(order))) for order in (accesses, accesses[::-1])
    )
    assert one == other


def test_only_what_may_be_listed_is_listed():
    blind, seeing = Access(prefix="a/", verbs=("write",)), Access(prefix="b/", verbs=("list",))
    policy = minio.policy(_credential((blind, seeing)))
    assert allowed(policy, Call("s3:ListBucket", "artifacts", prefix="b/"))
    assert not allowed(policy, Call("s3:ListBucket", "artifacts", prefix="a/"))
    nothing = minio.policy(_credential((blind,)))
    assert [statement["Sid"] for statement in nothing["Statement"]] == ["Write", "NoAdmin"]


def _credential(accesses: tuple[Access, ...]) -> Credential:
    return Credential(
        tenant="team-a",
        repository="default",
        bucket="artifacts",
        actors=("executor",),
        accesses=accesses,
        secret=SecretReference(
            namespace="team-a", name="s", access_key="a", secret_key="b", managed=True
        ),
    )


def test_a_policy_as_the_server_gets_it():
    stack = settings(values(tenants={"team-a": {"artifactGC": False}}))
    (credential,) = plan(stack).credentials
    assert canonical.document(minio.policy(credential)) == (
        '{"Statement":['
        '{"Action":["s3:AbortMultipartUpload","s3:GetObject","s3:PutObject"],"Effect":"Allow",'
        '"Resource":["arn:aws:s3:::artifacts/prod/team-a/*"],"Sid":"ReadWrite"},'
        '{"Action":["s3:ListBucket"],"Condition":{"StringLike":{"s3:prefix":["prod/team-a/*"]}},'
        '"Effect":"Allow","Resource":["arn:aws:s3:::artifacts"],"Sid":"List"},'
        '{"Action":["admin:*"],"Effect":"Deny","Sid":"NoAdmin"}],"Version":"2012-10-17"}'
    )
