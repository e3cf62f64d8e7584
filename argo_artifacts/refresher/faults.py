"""Faults: why credentials could not be had, in one line with its cure; never a secret's value.

Codes and messages are those of STS (``AssumeRoleWithWebIdentity``) and of S3 Access Grants
(``GetDataAccess``).
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004 - its name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.exceptions import BotoCoreError
    from botocore.parsers import ResponseParserError

    from argo_artifacts.refresher.task import Data, Task

_AGAIN: Final = "run `pulumi up --refresh`"
_MESSAGE_LIMIT: Final = 160
"""Characters of what AWS says in its own words, where we know no better."""


class _Answer(NamedTuple):
    """An answer that we know."""

    code: str
    part: str
    """Part of its message, where the code alone does not tell."""

    line: str


_STS: Final = (
    _Answer(
        "InvalidIdentityToken",
        "No OpenIDConnect provider",
        "account {account} has no OIDC provider of the token's issuer {issuer}, one is needed; make"
        " cluster.oidc.issuer this issuer and set aws.oidcProvider to create",
    ),
    _Answer(
        "InvalidIdentityToken",
        "verification key",
        "STS cannot read the keys of the issuer {issuer}, its discovery document and its keys are"
        " needed on the internet",
    ),
    _Answer(
        "InvalidIdentityToken",
        "audience",
        "the OIDC provider of {issuer} does not know the token's audience, sts.amazonaws.com is"
        " needed among its client ids",
    ),
    _Answer(
        "InvalidIdentityToken",
        "thumbprint",
        "the certificate of the issuer {issuer} is not the one that its OIDC provider knows, its"
        f" present thumbprint is needed; {_AGAIN}",
    ),
    _Answer(
        "IDPCommunicationError",
        "",
        "STS cannot reach the issuer {issuer}, one that answers on the internet is needed",
    ),
    _Answer(
        "IDPRejectedClaim",
        "",
        "the issuer {issuer} takes the pod's token back, a valid one is needed; run the Job again",
    ),
    _Answer(
        "ExpiredTokenException",
        "",
        "the pod's token has expired, a valid one is needed; the kubelet renews it, so set the"
        " node's clock by NTP",
    ),
    _Answer(
        "AccessDenied",
        "",
        "its trust does not let {subject} in, or there is no such role; a role that names this"
        f" service account and the audience sts.amazonaws.com is needed; {_AGAIN}",
    ),
    _Answer(
        "RegionDisabledException",
        "",
        "STS is switched off in this region, an active one is needed; activate it in the account",
    ),
    _Answer(
        "ValidationError",
        "MaxSessionDuration",
        "sessions of {seconds} s are longer than the role allows, a longer MaxSessionDuration is"
        f" needed; {_AGAIN}",
    ),
)
"""What ``AssumeRoleWithWebIdentity`` answers; the first that fits."""


class RefreshError(Exception):
    """Fresh credentials could not be had or kept; its text is one line."""


def of_sts(
    error: ClientError | BotoCoreError | ResponseParserError, task: Task, token: str
) -> RefreshError:
    """The line for what STS says, or for what happened on the way."""
    where = f"STS {task.region} role {task.role}"
    if not isinstance(error, ClientError):
        return _unreached(where, error)
    code, message = _said(error)
    claims = _claims(token)
    for answer in _STS:
        if answer.code == code and answer.part in message:
            found = answer.line.format(
                account=task.account,
                issuer=claims.get("iss", "unknown"),
                subject=claims.get("sub", "unknown"),
                seconds=task.seconds,
            )
            return RefreshError(f"{where}: {found}")
    return RefreshError(f"{where}: {_unknown(code, message, token)}")


def of_grant(
    error: ClientError | BotoCoreError | ResponseParserError, task: Task, data: Data
) -> RefreshError:
    """The line for what S3 Access Grants says, or for what happened on the way."""
    where = f"S3 Access Grants {task.region} {data.target}"
    if not isinstance(error, ClientError):
        return _unreached(where, error)
    code, message = _said(error)
    if code == "AccessDenied":
        found = f"no grant lets {task.role} have {data.permission} there, one is needed; {_AGAIN}"
    elif "InstanceNotExists" in code:
        found = (
            f"account {task.account} has no instance in this region, one is needed; set"
            " accessGrants.instance to create"
        )
    else:
        found = _unknown(code, message, "")
    return RefreshError(f"{where}: {found}")


def incomplete(task: Task) -> RefreshError:
    """The line for an answer without credentials."""
    return RefreshError(
        f"S3 Access Grants {task.region}: answers without credentials, three values and their end"
        " are needed"
    )


def _said(error: ClientError) -> tuple[str, str]:
    said = error.response.get("Error", {})
    return said.get("Code", "nothing"), said.get("Message", "")


def _unreached(where: str, error: BotoCoreError | ResponseParserError) -> RefreshError:
    """The line for a call that got no answer; what the error says may hold what was sent."""
    if not isinstance(error, (ConnectionError, HTTPClientError)):
        return RefreshError(
            f"{where}: gives no answer of AWS ({type(error).__name__}), one is needed; look at the"
            " proxy in between"
        )
    return RefreshError(
        f"{where}: cannot be reached ({type(error).__name__}), an answer is needed; let pods of"
        " this namespace reach it by https"
    )


def _unknown(code: str, message: str, token: str) -> str:
    shown = " ".join(message.split())
    shown = shown.replace(token, "…") if token else shown
    return f"answers {code} ({shown[:_MESSAGE_LIMIT]}), credentials are needed"


def _claims(token: str) -> Mapping[str, str]:
    """What a token says of itself, unproven: only for a line that people read."""
    parts = token.split(".")
    try:
        body = parts[1]
        read: object = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return {}
    if not isinstance(read, dict):
        return {}
    known = cast("dict[str, object]", read)
    return {key: value for key in ("iss", "sub") if isinstance(value := known.get(key), str)}
