"""Expectations on AWS: how each identity gets its session, and what that may not do beside S3.

============  ==========================================================  ============
group         checks                                                      expected
============  ==========================================================  ============
identity      token (of the service account, for its role), pod, assume   allowed
              role (the entry's)
identity      caller: the role or user in whose name it acts              as planned
identity      other audience, token of <service account>                  refused
aws account   list buckets, list users, list roles, list keys             refused
aws account   assume another role, use the key (not through S3)           refused
============  ==========================================================  ============

Only calls that change nothing; each needs an action of its own. The node's role is not ours to
judge beside S3: nothing but the buckets is tried with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from argo_artifacts.verify.checks import Expectation
from argo_artifacts.verify.identities import NODE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argo_artifacts.verify.checks import Expected, Group
    from argo_artifacts.verify.identities import Identity
    from argo_artifacts.verify.places import Place

TOKEN_OF: Final = "token of "  # noqa: S105 - the name of a check
"""Beginning of the checks whose token is another service account's."""

ANNOTATION: Final = "annotation"
OPENING: Final = ("token", "pod", "assume role")
"""The steps to a session, in their order."""

_FREE: Final = (ANNOTATION, "token", "pod", "other audience")
"""Checks that are tried without a session."""


def session_on_aws(identity: Identity, server: Place) -> Iterator[Expectation]:
    """How *identity* gets its session, and that nobody else does."""
    aws = identity.aws
    if aws is None:
        return
    if identity.way == "token":
        yield _row(identity, server, ANNOTATION, "as planned", str(identity.subject))
        yield _row(identity, server, "token", "allowed", aws.role)
    if identity.way == "pod":
        yield _row(identity, server, "pod", "allowed", str(identity.subject))
    if aws.entry_role:
        yield _row(identity, server, "assume role", "allowed", aws.entry_role)
    if aws.acts_as:
        yield _row(identity, server, "caller", "as planned", aws.acts_as)
    if identity.way == "token":
        yield _row(identity, server, "other audience", "refused", aws.role)
        for stranger in aws.strangers:
            yield _row(identity, server, f"{TOKEN_OF}{stranger}", "refused", aws.role)


def account_on_aws(identity: Identity, server: Place) -> Iterator[Expectation]:
    """What *identity* may not do in the account."""
    aws = identity.aws
    if aws is None or identity.session == NODE:
        return
    for check in ("list buckets", "list users", "list roles", "list keys"):
        yield _row(identity, server, check, "refused", "", "aws account")
    if aws.other_role:
        yield _row(
            identity, server, "assume another role", "refused", aws.other_role, "aws account"
        )
    if aws.key:
        yield _row(identity, server, "use the key", "refused", aws.key, "aws account")


def _row(
    identity: Identity,
    server: Place,
    check: str,
    expected: Expected,
    about: str,
    group: Group = "identity",
) -> Expectation:
    return Expectation(
        holder=identity.holder,
        group=group,
        check=check,
        place=server,
        expected=expected,
        about=about,
        rests_on=() if check in _FREE or check.startswith(TOKEN_OF) else _before(check),
    )


def _before(check: str) -> tuple[str, ...]:
    """The steps to the session that *check* is tried with."""
    steps = OPENING if check not in OPENING else OPENING[: OPENING.index(check)]
    return tuple(steps)
