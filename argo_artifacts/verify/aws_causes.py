"""Causes on AWS: why checks there did not pass, and what to do about it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from argo_artifacts.verify.causes import REFRESH, Where, of_answer, of_excess

if TYPE_CHECKING:
    from argo_artifacts.access.grants import Credential
    from argo_artifacts.config.backends.s3 import S3
    from argo_artifacts.verify.answers import Answer
    from argo_artifacts.verify.causes import Keeper
    from argo_artifacts.verify.identities import Identity
    from argo_artifacts.verify.report import Row


def where_on_aws(identity: Identity, credential: Credential | None, s3: S3) -> Where:
    """The names around an identity on AWS."""
    namespace = identity.holder.tenant
    keeper: Keeper = "node" if s3.ambient == "node" else "refresher" if s3.refreshed else "stack"
    return Where(
        server=s3.region,
        bucket=identity.bucket,
        holder=str(identity.holder),
        secret="" if credential is None else f"{namespace}/{credential.secret.name}",
        ca="",
        region=s3.region,
        keeper=keeper,
        managed=s3.bucket.ownership != "use",
        kind="S3",
    )


def of_aws(row: Row, answer: Answer[object], names: Where) -> str:
    """The line for a check beside S3 that is not good; empty: nothing is known."""
    expected = row.expectation
    if answer.kind == "unclear":
        return of_answer(answer.said, replace(names, kind="AWS"))
    if answer.kind == "denied" and expected.expected == "allowed":
        return (
            f"{names.holder}: {expected.target} is not given to it, the trust policy that"
            f" `argo-artifacts documents` shows is needed; {REFRESH}"
        )
    if answer.done and expected.check.startswith(("token of ", "other audience")):
        return (
            f"{expected.target}: it is given to others than the plan's, exactly the plan's service"
            f" accounts and the audience sts.amazonaws.com are accepted; {REFRESH}"
        )
    if answer.done and expected.expected == "refused":
        return of_excess(names)
    return ""
