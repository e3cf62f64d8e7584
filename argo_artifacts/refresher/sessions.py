"""Sessions: temporary credentials of AWS, for a token of a service account."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from argo_artifacts.refresher import faults

if TYPE_CHECKING:
    from datetime import datetime

    from botocore.config import _RetryDict  # pyright: ignore[reportPrivateUsage] - of the stubs
    from mypy_boto3_s3control import S3ControlClient

    from argo_artifacts.refresher.task import Data, Task

_ONCE: Final[_RetryDict] = {"total_max_attempts": 1, "mode": "standard"}
"""The command tries again by itself, so that it knows how often."""

_CONNECT_SECONDS: Final = 5
_READ_SECONDS: Final = 15

_ASKING_SECONDS: Final = 900
"""The session that only asks for a grant's credentials; STS gives none that is shorter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Credentials that end by themselves; their text is told to nobody."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    token: str = field(repr=False)
    expires: datetime


class Account:
    """The account of a task's role, asked without any key of one's own."""

    def __init__(self, task: Task) -> None:
        """Prepare the connection; nothing is sent yet."""
        self._task = task
        config = Config(
            signature_version=UNSIGNED,  # the token is all that is shown
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries=_ONCE,
        )
        session = boto3.Session(region_name=task.region)
        self._sts = session.client("sts", config=config)  # pyright: ignore[reportUnknownMemberType]

    def session(self, token: str) -> Session:
        """Get the credentials of the task.

        Args:
            token: the service account's token, for the audience of STS.

        Raises:
            RefreshError: AWS refuses, or cannot be reached; one line.
        """
        task = self._task
        try:
            session = self._assume(token)
        except (ClientError, BotoCoreError, ResponseParserError) as error:
            raise faults.of_sts(error, task, token) from None
        if task.data is None:
            return session
        try:
            return _ask(_s3_control(task, session), task, task.data)
        except (ClientError, BotoCoreError, ResponseParserError) as error:
            raise faults.of_grant(error, task, task.data) from None

    def _assume(self, token: str) -> Session:
        task = self._task
        answer = self._sts.assume_role_with_web_identity(
            RoleArn=task.role,
            RoleSessionName=task.session,
            WebIdentityToken=token,
            DurationSeconds=task.seconds if task.data is None else _ASKING_SECONDS,
        )["Credentials"]
        return Session(
            access_key=answer["AccessKeyId"],
            secret_key=answer["SecretAccessKey"],
            token=answer["SessionToken"],
            expires=answer["Expiration"],
        )


def _s3_control(task: Task, session: Session) -> S3ControlClient:
    """A client that acts as the role which the grant names."""
    config = Config(connect_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS, retries=_ONCE)
    acting = boto3.Session(
        aws_access_key_id=session.access_key,
        aws_secret_access_key=session.secret_key,
        aws_session_token=session.token,
        region_name=task.region,
    )
    return acting.client("s3control", config=config)  # pyright: ignore[reportUnknownMemberType]


def _ask(client: S3ControlClient, task: Task, data: Data) -> Session:
    """Credentials whose scope is that of the grant (privilege ``Default``)."""
    answer = client.get_data_access(
        AccountId=task.account,
        Target=data.target,
        Permission=data.permission,
        DurationSeconds=task.seconds,
        Privilege="Default",
    )
    given = answer.get("Credentials", {})
    found = [given.get(key) for key in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
    expires = given.get("Expiration")
    if expires is None or not all(isinstance(text, str) and text for text in found):
        raise faults.incomplete(task)
    access_key, secret_key, token = (str(text) for text in found)
    return Session(access_key=access_key, secret_key=secret_key, token=token, expires=expires)
