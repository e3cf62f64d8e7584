"""Judges a request as AWS does: identity, resource and trust policies, boundary and session.

AWS, IAM User Guide, "Policy evaluation logic": an explicit Deny wins; else an Allow is needed.
It knows what our documents use and refuses to judge anything else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_KEYS = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}

Context = dict[str, str | list[str]]
"""Values of condition keys, by the key in lower case."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One call, by whom, on what, and what is known of it."""

    principal: str
    """ARN of a role, user or provider, or the name of a service."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Policies:
    """What is asked before a request is let through."""

    identity: tuple[dict, ...] = ()
    resource: dict | None = None
    """Policy of the bucket, key or role."""

    boundary: dict | None = None
    session: dict | None = None
    must: bool = False
    """The resource's own policy must allow it too: keys and roles, unlike buckets."""


def known(context: Mapping[str, str | list[str]]) -> Context:
    """*context* with its keys in lower case: AWS does not tell them apart."""
    return {key.lower(): value for key, value in context.items()}


def allowed(policies: Policies, request: Request) -> bool:
    """Whether *request* is let through."""
    resource = [policies.resource] if policies.resource is not None else []
    every = [*policies.identity, *resource]
    every += [p for p in (policies.boundary, policies.session) if p is not None]
    if any(_effects(policy, request, "Deny") for policy in every):
        return False
    granted = any(_effects(policy, request, "Allow") for policy in policies.identity)
    for limit in (policies.boundary, policies.session):
        granted = granted and (limit is None or bool(_effects(limit, request, "Allow")))
    by_resource = {how for policy in resource for how in _effects(policy, request, "Allow")}
    if "itself" in by_resource:
        return True
    return granted and (not policies.must or "account" in by_resource)


def _effects(policy: dict, request: Request, effect: str) -> set[str]:
    """How statements of *effect* apply: to the principal itself, or to its whole account."""
    assert policy["Version"] == "2012-10-17"
    return {
        how
        for statement in policy["Statement"]
        if statement["Effect"] == effect
        for how in [_applies(statement, request)]
        if how
    }


def _applies(statement: dict, request: Request) -> str:
    assert set(statement) <= _KEYS, statement
    assert statement["Effect"] in {"Allow", "Deny"}
    how = _principal(statement["Principal"], request) if "Principal" in statement else "itself"
    matches = (
        how
        and any(like(a.lower(), request.action.lower()) for a in statement["Action"])
        and (
            "Resource" not in statement
            or any(like(r, request.resource, request.context) for r in statement["Resource"])
        )
        and _holds(statement.get("Condition", {}), request.context)
    )
    return how if matches else ""


def _principal(principal: str | dict[str, list[str]], request: Request) -> str:
    if principal == "*":
        return "itself"
    assert isinstance(principal, dict)
    (kind,) = principal
    assert kind in {"AWS", "Federated", "Service"}
    if request.principal in principal[kind]:
        return "itself"
    if kind == "AWS" and request.principal.startswith("arn:"):
        partition, account = request.principal.split(":")[1], request.principal.split(":")[4]
        if f"arn:{partition}:iam::{account}:root" in principal[kind]:
            return "account"
    return ""


def _holds(condition: dict, context: Context) -> bool:
    return all(
        _test(operator, expected, context.get(key.lower()), context)
        for operator, tests in condition.items()
        for key, expected in tests.items()
    )


def _test(
    operator: str, expected: list[str], found: str | list[str] | None, context: Context
) -> bool:
    if found is None:
        return False
    if operator == "ForAnyValue:StringEquals":
        return bool({found} & set(expected) if isinstance(found, str) else set(found) & {*expected})
    assert isinstance(found, str), operator
    match operator:
        case "StringEquals" | "ArnEquals":
            return found in expected
        case "StringLike":
            return any(like(pattern, found, context) for pattern in expected)
        case "Bool":
            return found.lower() in expected
        case "NumericLessThan":
            return any(float(found) < float(limit) for limit in expected)
        case _:
            raise AssertionError(operator)


def like(pattern: str, text: str, context: Context | None = None) -> bool:
    """Whether *text* matches; a variable's value is literal, and one without value matches none."""
    out = ""
    for piece in re.split(r"(\$\{[^}]*\})", pattern):
        if piece.startswith("${"):
            value = (context or {}).get(piece[2:-1].lower())
            if not isinstance(value, str):
                return False
            out += re.escape(value)
        else:
            out += _regex(piece)
    return re.fullmatch(out, text, re.DOTALL) is not None


def _regex(piece: str) -> str:
    characters: Iterable[str] = piece
    return "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in characters)
