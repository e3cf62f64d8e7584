"""What of our AWS documents, and of the calls on them, a MinIO server can judge.

It asks what a user's policy says. What comes before (token, trust, grant) and what only AWS knows
is left to the other judges; each thing left out is named here.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from argo_artifacts.documents import canonical
from tests.unit.aws_calls import TABLE
from tests.unit.aws_world import TLS, Actor, Call, documents, steps
from tests.unit.iam import allowed

if TYPE_CHECKING:
    from tests.unit.iam import Context

ANOTHER_SERVICE = "a call to another service than S3"
ANOTHER_ACTION = "MinIO asks for another action"
BEFORE = "refused before S3 is asked: token, trust, association"
OLD_TLS = "minimum TLS"
WILDCARD = "the session tag is a wildcard, which a text put in its place would be, too"

NOT_ITS_OWN = {
    "s3:DeleteObjectVersion",
    "s3:GetObjectVersion",
    "s3:ListBucketVersions",
    "s3:PutObjectAcl",
    "s3:GetObjectAcl",
}
"""Versions come with the object's own action, ACLs with the bucket policy's (MinIO,
``cmd/auth-handler.go``, ``object-handlers.go``, ``acl-handlers.go``)."""

UNKNOWN_ACTIONS = ("kms:", "sts:", "s3:GetDataAccess")
UNKNOWN_KEYS = ("s3:TlsVersion",)


class Asked(NamedTuple):
    """What is asked of a MinIO server: whose policy, and the session's if there is one."""

    policy: str
    """Canonical text; empty: the user has none."""

    session: str


@cache
def documents_of(of: Actor) -> dict[str, dict]:
    """As :func:`documents`, made once; not to be changed."""
    return documents(of)


@cache
def left(of: Actor, call: Call) -> str:
    """Why *call* is left to the other judges; empty: MinIO judges it."""
    if not call.verb.startswith("s3:") or call.verb == "s3:GetDataAccess":
        return ANOTHER_SERVICE
    if call.verb in NOT_ITS_OWN:
        return ANOTHER_ACTION
    if call.transport not in (TLS, "http"):
        return OLD_TLS
    *before, (_, request) = steps(of, documents_of(of), call)
    if not all(allowed(policies, asked) for policies, asked in before):
        return BEFORE
    if any(set("*?") & set(value) for value in tags(request.context).values()):
        return WILDCARD
    return ""


def tags(context: Context) -> dict[str, str]:
    """The session's tags among *context*, by variable."""
    return {
        f"${{{key}}}": value
        for key, value in context.items()
        if key.startswith("aws:principaltag/") and isinstance(value, str)
    }


@cache
def asked(of: Actor, call: Call) -> tuple[Asked, frozenset[str]]:
    """The policies that decide *call* as MinIO can read them, and what was left out of them."""
    policies, request = steps(of, documents_of(of), call)[-1]
    out: set[str] = set()
    whole: list[dict] = []
    for policy in policies.identity:
        whole += reduced(policy, request.context, out)
    if call.transport == "http" and policies.resource:
        # a bucket's policy is asked about those without a key alone: its Deny goes to the user
        whole += reduced(policies.resource, {}, out)
    session = reduced(policies.session, request.context, out) if policies.session else []
    return Asked(_text(whole), _text(session)), frozenset(out)


def _text(statements: list[dict]) -> str:
    if not statements:
        return ""
    return canonical.document({"Version": "2012-10-17", "Statement": statements})


def reduced(policy: dict, context: Context, out: set[str]) -> list[dict]:
    """The statements of *policy* that MinIO knows; what it does not is added to *out*."""
    kept = []
    for statement in policy["Statement"]:
        conditions = {k for tests in statement.get("Condition", {}).values() for k in tests}
        unknown = [a for a in statement["Action"] if a.startswith(UNKNOWN_ACTIONS)]
        unknown += sorted(conditions & {*UNKNOWN_KEYS})
        if unknown:
            out.update(unknown)
            continue
        put_in = {k: _values(v, context, out) for k, v in statement.items() if k != "Principal"}
        out.update({"Principal"} & set(statement))
        kept.append(put_in)
    return kept


def _values(part: object, context: Context, out: set[str]) -> object:
    """*part* with the tags' values in place of the variables."""
    if isinstance(part, dict):
        return {key: _values(value, context, out) for key, value in part.items()}
    if isinstance(part, list):
        return [_values(value, context, out) for value in part]
    text = str(part)
    for variable in re.findall(r"\$\{[^}]*\}", text):
        out.add(variable)
        text = text.replace(variable, tags(context)[variable.lower()])
    return text


def judged(of: Actor) -> tuple[list[Call], list[Call]]:
    """The allowed and the refused calls of *of* that MinIO judges."""
    right, wrong = TABLE[of]
    return [c for c in right if not left(of, c)], [c for c in wrong if not left(of, c)]


def omitted(of: Actor) -> set[str]:
    """What is left out of the documents of *of*."""
    right, wrong = judged(of)
    return {one for call in (*right, *wrong) for one in asked(of, call)[1]}


def counts() -> Counter[tuple[bool, str]]:
    """How many calls of all tables are left, by their answer and why."""
    return Counter(
        (answer, reason)
        for of, rows in TABLE.items()
        for answer, calls in zip((True, False), rows, strict=True)
        for call in calls
        if (reason := left(of, call))
    )
