"""A second judge, made by others, agrees with ours on thousands of generated decisions.

What it cannot know is named here, and nothing else is excused:

* It takes a wildcard in the *requested* resource as a pattern, so no generated key holds one.
* It drops the condition keys of an OIDC issuer as unknown; renamed to Google's, which it knows,
  they are judged.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace

import pytest

from tests.unit import aws_world
from tests.unit.aws_calls import LISTED, TABLE
from tests.unit.aws_world import Actor, Call, documents, steps
from tests.unit.config_files import ROOT
from tests.unit.iam import Policies, Request, allowed
from tools.iam_simulate import judge, version
from tools.test_report import note_version

SEED = 20261128
PER_ACTOR = 500
WEB_IDENTITY = "accounts.google.com"

KEYS = [
    "prod-eu/team-a/{}",
    "prod-eu/team-a/run-{}/pod/out.tgz",
    "prod-eu/team-b/run-{}/pod/out.tgz",
    "prod-eu/team-ab/{}",
    "prod-us/team-a/{}",
    "uploads/team-a/{}/file",
    "uploads/team-b/{}/file",
    "prod-eu/_shared/models/{}",
    "prod-eu/_shared/other/{}",
    "team-a/{}",
    "{}",
]
"""Places of objects; a number makes each one's own."""


def near(call: Call, chance: random.Random) -> Call:
    """*call* at another object of its place, and often with something else changed."""
    if call.verb.startswith("s3:") and call.key and call.verb != "s3:GetDataAccess":
        head = call.key.rpartition("/")[0]
        tail = f"{chance.randrange(10**6)}"
        call = call._replace(key=f"{head}/{tail}" + ("/" if call.key.endswith("/") else ""))
    for field in chance.sample(sorted(pools(call)), k=chance.choice([0, 0, 0, 1, 1, 2])):
        value = chance.choice(pools(call)[field])
        if field == "key" and isinstance(value, str):
            value = value.format(chance.randrange(10**6))
        call = call._replace(**{field: value})
    return call


def pools(call: Call) -> dict[str, list]:
    """What may stand for each thing of a call of *call*'s kind."""
    if call.verb == "s3:GetDataAccess":
        return {"key": ["us-east-1"], "bucket": [aws_world.ELSEWHERE]}
    return POOLS[kind(call)]


def kind(call: Call) -> str:
    return "kms" if "kms:" in call.verb else "list" if "List" in call.verb else "object"


ROWS = [c for right, wrong in TABLE.values() for c in (*right, *wrong) if "Data" not in c.verb]
POOLS = {
    of: {
        field: sorted({getattr(call, field) for call in ROWS if kind(call) == of})
        for field in ("verb", "bucket", "transport")
    }
    for of in ("kms", "list", "object")
}
POOLS["list"]["key"] = [*LISTED, *(f"{key.rpartition('/')[0]}/" for key in KEYS)]
POOLS["object"]["key"] = KEYS


def has_wildcard(call: Call) -> bool:
    return kind(call) == "object" and any(c in (call.key or "") for c in "*?")


def decisions(of: Actor, chance: random.Random) -> list[tuple[Policies, Request]]:
    """Steps of the table's rows and of generated calls near them, each once."""
    right, wrong = TABLE[of]
    rows = [call for call in (*right, *wrong) if not has_wildcard(call)]
    generated = [near(chance.choice(right), chance) for _ in range(PER_ACTOR)]
    generated += [near(chance.choice(rows), chance) for _ in range(PER_ACTOR // 3)]
    found = documents(of)
    once = {
        json.dumps([repr(policies), repr(request)]): (policies, request)
        for call in [*rows, *generated]
        if not has_wildcard(call)
        for step in steps(of, found, call)
        for policies, request in [bounded(*step, chance)]
    }
    return list(once.values())


def bounded(policies: Policies, request: Request, chance: random.Random):
    """The same, a fifth of the time with a boundary, as a user may set one."""
    if not policies.identity or chance.random() > 0.2:
        return policies, request
    return replace(policies, boundary=chance.choice(BOUNDARIES)), request


BOUNDARIES = [
    {"Version": "2012-10-17", "Statement": statements}
    for statements in (
        [{"Effect": "Allow", "Action": ["s3:*", "kms:*", "sts:*"], "Resource": ["*"]}],
        [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": ["*"]}],
        [
            {"Effect": "Allow", "Action": ["*"], "Resource": ["*"]},
            {
                "Effect": "Deny",
                "Action": ["s3:*"],
                "Resource": ["arn:aws:s3:::acme-artifacts/prod-eu/team-a/*"],
            },
        ],
    )
]


def simulation(policies: Policies, request: Request) -> dict:
    """The same question in the words of the second judge."""

    def named(*documents: dict | None) -> list[dict]:
        return [{"name": f"p{n}", "policy": d} for n, d in enumerate(documents) if d is not None]

    account = request.resource.split(":")[4] or aws_world.ACCOUNT
    whole = {
        "request": {
            "principal": request.principal,
            "action": request.action,
            "resource": {"resource": request.resource, "accountId": account},
            "contextVariables": request.context,
        },
        "identityPolicies": named(*policies.identity),
        "serviceControlPolicies": [],
        "resourceControlPolicies": [],
    }
    if policies.resource is not None:
        whole["resourcePolicy"] = policies.resource
    if policies.boundary is not None:
        whole["permissionBoundaryPolicies"] = named(policies.boundary)
    if policies.session is not None:
        whole["sessionPolicy"] = policies.session
    text = json.dumps(whole)
    for issuer in (aws_world.ISSUER, aws_world.OTHER_ISSUER):
        for key in ("aud", "sub"):
            text = text.replace(f"{issuer}:{key}", f"{WEB_IDENTITY}:{key}")
            text = text.replace(f"{issuer.lower()}:{key}", f"{WEB_IDENTITY}:{key}")
    return json.loads(text)


@pytest.fixture(scope="module")
def judged() -> list[tuple[Actor, Policies, Request, bool, str]]:
    """Each decision, what we say and what the second judge says."""
    chance = random.Random(SEED)  # noqa: S311 - the same decisions on every run
    asked = [(of, *decision) for of in TABLE for decision in decisions(of, chance)]
    answers = judge(simulation(policies, request) for _, policies, request in asked)
    dropped = {key for answer in answers for key in answer["ignored"]}
    assert dropped <= {"s3:prefix"}  # of listings that know no such key
    return [
        (of, policies, request, allowed(policies, request), str(answer["answer"]))
        for (of, policies, request), answer in zip(asked, answers, strict=True)
    ]


def test_both_judges_agree_on_every_decision(judged):
    apart = [
        (str(of), request, ours, theirs)
        for of, _, request, ours, theirs in judged
        if theirs != ("allowed" if ours else "denied")
    ]
    assert apart == []


def test_there_are_ten_thousand_decisions_and_three_thousand_of_each_answer(judged):
    answers = Counter(theirs for *_, theirs in judged)
    note_version(
        "iam-simulate",
        f"{version()}: {len(judged)} decisions of AWS, {answers['allowed']} allowed,"
        f" {answers['denied']} refused, judged as by us",
    )
    assert len(judged) >= 10_000
    assert answers["allowed"] >= 3_000
    assert answers["denied"] >= 3_000


def test_every_actor_has_both_answers(judged):
    seen = {(of, theirs) for of, _, _, _, theirs in judged}
    assert seen == {(of, answer) for of in TABLE for answer in ("allowed", "denied")}


def test_the_second_judge_finds_what_ours_would_miss(judged):
    """A judge that agrees with everything would be none."""
    chosen = [row for row in judged if row[3]][:50]
    shut = {"Effect": "Deny", "Action": ["*"], "Resource": ["*"]}
    closed = [
        replace(policies, boundary={"Version": "2012-10-17", "Statement": [shut]})
        for _, policies, _, _, _ in chosen
        if policies.identity
    ]
    requests = [request for _, policies, request, _, _ in chosen if policies.identity]
    answers = judge(simulation(p, r) for p, r in zip(closed, requests, strict=True))
    assert {answer["answer"] for answer in answers} == {"denied"}


def test_the_lock_file_holds_hashes_and_no_address():
    lock = json.loads((ROOT / "tools/iam-simulate/package-lock.json").read_text())
    packages = {name: p for name, p in lock["packages"].items() if name}
    assert len(packages) == 4
    for package in packages.values():
        assert package["integrity"].startswith("sha512-")
        assert "resolved" not in package
    assert "://" not in json.dumps(lock)
