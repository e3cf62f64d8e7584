"""The AWS accounts: one way to reach each, guarded, for whoever reads or changes them.

Credentials are found as everywhere (environment, profile, instance); nothing but the account of
the stack file decides whether they are the right ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, Protocol, cast, overload

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's name
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
)

from argo_artifacts.config.base import NAMESPACE, ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mypy_boto3_eks import EKSClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3control import S3ControlClient
    from mypy_boto3_sts import STSClient

    from argo_artifacts.config.aws import AssumedRole
    from argo_artifacts.config.settings import Settings

_CALLS: Final = Config(
    connect_timeout=5, read_timeout=30, retries={"mode": "standard", "max_attempts": 3}
)
"""Seconds to wait for AWS, and how often a call is made."""

_SESSION: Final = "argo-artifacts"
"""Name of the session in a role that is assumed; CloudTrail shows it."""

_EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_UNKNOWN: Final = frozenset({"InvalidClientTokenId", "SignatureDoesNotMatch", "InvalidAccessKeyId"})


class AliasPages(Protocol):
    """Asks for the aliases of an account and region, page by page."""

    def paginate(self) -> Iterable[Mapping[str, list[Mapping[str, str]]]]:
        """Ask."""
        ...


class KmsClient(Protocol):
    """What we need of KMS, for which there are no types."""

    def get_paginator(self, operation_name: Literal["list_aliases"]) -> AliasPages:
        """Make what asks."""
        ...


def connect(settings: Settings, account: str | None = None) -> boto3.Session:
    """Log in to an account of the stack, by the role that the file names for it.

    Args:
        settings: the stack's settings.
        account: the account; None: ``aws.account``. Another one is the cluster's.

    Raises:
        ConfigError: no credentials, expired ones, a role that may not be assumed, an endpoint
            that cannot be reached, or another account; one line.
        KeyError: the settings name no account.
    """
    if settings.aws is None:
        key = "aws"
        raise KeyError(key)
    eks = settings.cluster.eks
    own = account in (None, settings.aws.account)
    where = f"{NAMESPACE}:{'aws' if own else 'cluster.eks'}"
    expected = settings.aws.account if account is None else account
    role = settings.aws.assume_role if own else (eks.assume_role if eks else None)
    try:
        session = boto3.Session(region_name=settings.aws.region)
        if role is not None:
            session = _assumed(session, role, where)
        found = client(session, "sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        raise ConfigError([f"{where}: {_said(error, expected)}"]) from None
    if found != expected:
        how = "log in there" if role is None else f"{where}.assumeRole names a role there"
        raise ConfigError(
            [f"{where}.account: logged in to {found!r}, {expected!r} is accepted; {how}"]
        )
    return session


def _assumed(session: boto3.Session, role: AssumedRole, where: str) -> boto3.Session:
    """A session in *role*."""
    asked = client(session, "sts")
    try:
        if role.external_id is None:
            answer = asked.assume_role(RoleArn=role.role_arn, RoleSessionName=_SESSION)
        else:
            answer = asked.assume_role(
                RoleArn=role.role_arn, RoleSessionName=_SESSION, ExternalId=role.external_id
            )
    except ClientError as error:
        if code(error) in _EXPIRED | _UNKNOWN:
            raise
        msg = (
            f"{where}.assumeRole: {role.role_arn} may not be assumed ({code(error)}), a role that"
            " trusts the logged-in identity is accepted"
        )
        raise ConfigError([msg]) from None
    keys = answer["Credentials"]
    return boto3.Session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        region_name=session.region_name,
    )


def _said(error: BotoCoreError | ClientError, account: str) -> str:
    """What went wrong on the way in, and what to do."""
    match error:
        case ProfileNotFound():
            return f"{error}, a profile of account {account} is accepted; see AWS_PROFILE"
        case NoCredentialsError() | PartialCredentialsError():
            return (
                f"no credentials were found, those of account {account} are required; log in, or"
                " set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            )
        case SSOError() | CredentialRetrievalError():
            return (
                f"the credentials could not be had ({one_line(error)}), those of account {account}"
                " are required; log in again"
            )
        case ClientError() if code(error) in _EXPIRED:
            return f"the session has expired, a live one of account {account} is accepted; log in"
        case ClientError() if code(error) in _UNKNOWN:
            return (
                f"AWS does not know the credentials ({code(error)}), those of"
                f" account {account} are accepted; log in"
            )
        case _:
            return f"{unreachable(error)}, account {account} is required"


@overload
def client(
    session: boto3.Session, service: Literal["eks"], region: str | None = None
) -> EKSClient: ...
@overload
def client(
    session: boto3.Session, service: Literal["iam"], region: str | None = None
) -> IAMClient: ...
@overload
def client(
    session: boto3.Session, service: Literal["kms"], region: str | None = None
) -> KmsClient: ...
@overload
def client(
    session: boto3.Session, service: Literal["s3"], region: str | None = None
) -> S3Client: ...
@overload
def client(
    session: boto3.Session, service: Literal["s3control"], region: str | None = None
) -> S3ControlClient: ...
@overload
def client(
    session: boto3.Session, service: Literal["sts"], region: str | None = None
) -> STSClient: ...
def client(session: boto3.Session, service: str, region: str | None = None) -> object:
    """Make a client of *service* in *region*; None: the account's own region."""
    make = cast("Callable[..., object]", session.client)  # pyright: ignore[reportUnknownMemberType] - hundreds of overloads, most without types
    return make(service, region_name=region, config=_CALLS)


def code(error: ClientError) -> str:
    """The code of what AWS answered: ``AccessDenied``."""
    return error.response.get("Error", {}).get("Code", "no code")


def status(error: ClientError) -> int:
    """The HTTP status of what AWS answered."""
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def unreachable(error: BotoCoreError | ClientError) -> str:
    """Why a call has no answer that can be used."""
    match error:
        case ClientError():
            return f"AWS refused {error.operation_name} ({code(error)})"
        case ConnectionError() | HTTPClientError():
            return f"AWS cannot be reached ({one_line(error)})"
        case _:
            return f"AWS cannot be asked ({one_line(error)})"


def one_line(error: Exception) -> str:
    """The text of *error* without line breaks."""
    return " ".join(str(error).split())
