"""Checks that a call on AWS goes through, and who judges each: identity, check, judge."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from tests.unit.aws_calls import TABLE
from tests.unit.aws_minio import documents_of, left, tags
from tests.unit.aws_world import Actor, steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.aws_world import Call, Step

NO_CONDITIONS = "not asked: no conditions"

JUDGES = ("our evaluator", "iam-simulate", "parliament", "MinIO", "moto")
CHECKS: dict[str, tuple[str, ...]] = {
    "token's subject, audience, issuer": (
        *("yes", "yes, as another issuer", "not asked: knows no provider"),
        *("not asked: its trust is another", "not asked: reads no token"),
    ),
    "Pod Identity: cluster, namespace, service account": (
        *("yes", "yes", "not asked: trust", "not asked: has none"),
        "not asked: has no associations",
    ),
    "role to role, from the pod's own to the entry's": (
        *("yes", "yes", "not asked: trust", "not asked: has no roles", NO_CONDITIONS),
    ),
    "actions and prefixes of objects": (*("yes", "yes", "form", "yes", "yes"),),
    "listing limited by `s3:prefix`": ("yes", "yes", "form", "yes", NO_CONDITIONS),
    "session tags as variables": (
        *("yes", "yes", "with values put in", "yes, with values put in"),
        "not asked: no variables",
    ),
    "key through S3 and by alias": (
        *("yes", "yes", "form, but knows no alias", "not asked: refuses the words", NO_CONDITIONS),
    ),
    "TLS only": (
        *("yes", "yes", "form", "yes, in the user's policy"),
        "not asked: every conditional Deny fires",
    ),
    "minimum TLS": (
        *("yes", "yes", "form", "not asked: refuses the word"),
        "not asked: every conditional Deny fires",
    ),
    "session of a grant": (
        *("yes", "yes", "- (AWS makes it)", "yes, as a service account's policy"),
        "not asked: ignores it",
    ),
    "permissions boundary": (
        *("yes", "yes", "- (the user's own)", "not asked: has none", "not asked: not supported"),
    ),
}
"""What each of the judges says to a check."""

OBJECTS = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload")
APPLIES: dict[str, Callable[[Actor, Call, list[Step]], bool]] = {
    "token's subject, audience, issuer": lambda _, __, chain: (
        "sts:AssumeRoleWithWebIdentity" in {asked.action for _, asked in chain}
    ),
    "Pod Identity: cluster, namespace, service account": lambda _, __, chain: (
        "pods.eks.amazonaws.com" in {asked.principal for _, asked in chain}
    ),
    "role to role, from the pod's own to the entry's": lambda _, __, chain: any(
        asked.action == "sts:AssumeRole" and ":role/" in asked.principal for _, asked in chain
    ),
    "actions and prefixes of objects": lambda _, call, __: call.verb.startswith(OBJECTS),
    "listing limited by `s3:prefix`": lambda _, call, __: call.verb == "s3:ListBucket",
    "session tags as variables": lambda of, call, chain: (
        bool(tags(chain[-1][1].context))
        and "${" in str(documents_of(of)["policy"])
        and call.verb.startswith("s3:")
    ),
    "key through S3 and by alias": lambda _, call, __: call.verb.startswith("kms:"),
    "TLS only": lambda _, call, __: call.transport == "http",
    "minimum TLS": lambda _, call, __: call.transport in ("TLS 1.0", "TLS 1.1"),
    "session of a grant": lambda _, __, chain: chain[-1][0].session is not None,
    "permissions boundary": lambda of, _, __: of.identity == "irsa",
}
"""Whether a check decides on a call of an actor."""

SHORT = {"our evaluator": "E", "iam-simulate": "S", "MinIO": "M", "moto": "m"}
"""Those who answer calls."""


ON_MOTO = (
    *("irsa", "podIdentity perTenant", "accessKeys"),
    *("assumeRole by pods", "assumeRole by refresher", "accessGrants"),
)
"""Identities of the stack files whose policies name no session tag
(``tests/engine/test_aws_stacks.py``)."""


def judges(check: str) -> list[str]:
    """Who judges the calls of *check*."""
    said = dict(zip(JUDGES, CHECKS[check], strict=True))
    return [judge for judge in SHORT if said[judge].startswith("yes")]


def cell(identity: str, check: str) -> str:
    """How many calls of *identity* go through *check*, and who judges them."""
    calls = [(of, c) for of, c, chain in _chains(identity) if APPLIES[check](of, c, chain)]
    if not calls:
        return "none"
    asked = judges(check)
    if "MinIO" in asked and all(left(of, call) for of, call in calls):
        asked.remove("MinIO")
    if "moto" in asked and identity not in ON_MOTO:
        asked.remove("moto")
    return f"{len(calls)} {''.join(SHORT[judge] for judge in asked)}"


@cache
def _chains(identity: str) -> list[tuple[Actor, Call, list[Step]]]:
    """Each call of *identity* with its steps."""
    return [
        (of, call, steps(of, documents_of(of), call))
        for of, (right, wrong) in TABLE.items()
        if of.identity == identity
        for call in (*right, *wrong)
    ]


@cache
def matrix() -> dict[str, dict[str, str]]:
    """Identity, check, and the cell of both."""
    identities = dict.fromkeys(of.identity for of in TABLE)
    return {name: {check: cell(name, check) for check in CHECKS} for name in identities}
