"""Judges a policy document as a server does: deny unless allowed, and an explicit Deny wins.

It knows what our documents use and refuses to judge anything else.
"""

from __future__ import annotations

from typing import NamedTuple

from tests.unit.iam import like

_KEYS = {"Sid", "Effect", "Action", "Resource", "Condition"}
_ADMIN = "admin:"


class Call(NamedTuple):
    """One request to the server."""

    action: str
    bucket: str
    key: str | None = None
    """Key of the object; None: the request is about the bucket."""

    prefix: str | None = None
    """Value of the parameter ``prefix`` of a listing; None: it has none."""


IMPLIED = {"s3:DeleteObjectVersion": "s3:DeleteObject", "s3:ListBucketVersions": "s3:ListBucket"}
"""A MinIO server asks for the second action where a call would need the first."""


def allowed(policy: dict, call: Call) -> bool:
    """Whether *policy* lets *call* through."""
    assert policy["Version"] == "2012-10-17"
    effects = {s["Effect"] for s in policy["Statement"] if _applies(s, call)}
    assert effects <= {"Allow", "Deny"}
    if not effects and call.action in IMPLIED:
        return allowed(policy, call._replace(action=IMPLIED[call.action]))
    return effects == {"Allow"}


def _applies(statement: dict, call: Call) -> bool:
    assert set(statement) <= _KEYS, statement
    if not any(like(pattern, call.action) for pattern in statement["Action"]):
        return False
    if call.action.startswith(_ADMIN):
        assert "Resource" not in statement
        return True
    arn = f"arn:aws:s3:::{call.bucket}" + ("" if call.key is None else f"/{call.key}")
    if not any(like(pattern, arn) for pattern in statement["Resource"]):
        return False
    return _holds(statement.get("Condition", {}), call)


def _holds(condition: dict, call: Call) -> bool:
    for operator, tests in condition.items():
        assert operator == "StringLike", operator
        for name, patterns in tests.items():
            assert name == "s3:prefix", name
            if call.prefix is None or not any(like(p, call.prefix) for p in patterns):
                return False
    return True
