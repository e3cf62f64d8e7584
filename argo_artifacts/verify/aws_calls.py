"""Calls to AWS beside S3: STS, IAM and KMS with one session; only what changes nothing.

Every method gives an answer, none raises. Endpoints are those that boto3 finds for the region.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeVar, cast

from botocore import UNSIGNED
from botocore.config import Config

from argo_artifacts.verify.answers import READ_SECONDS, Answer, ask
from argo_artifacts.verify.causes import CONNECT_SECONDS
from argo_artifacts.verify.checks import in_words
from argo_artifacts.verify.store import ATTEMPTS, Keys, aws_session, making

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_iam.client import IAMClient
    from mypy_boto3_sts.client import STSClient
    from mypy_boto3_sts.type_defs import CredentialsTypeDef

T = TypeVar("T")

SESSION: Final = "argo-artifacts-verify"
"""Name of the sessions, as the account's trail shows them."""

_SHORTEST: Final = 900
"""Seconds that a session lives; STS has none shorter."""

_NO_TOKEN: Final = "InvalidIdentityToken"  # noqa: S105 - an error of STS
"""Answer to a token whose audience the account's OIDC provider does not know."""


@dataclass(slots=True)
class Services:
    """The services of a region, as one run reaches them."""

    region: str
    lost: dict[str, str] = field(default_factory=dict[str, str])
    """Why one cannot be reached, once that was seen: nobody waits for the same time-out twice."""

    def ask(self, service: str, call: Callable[[], T]) -> Answer[T]:
        """Make a call to *service*."""
        if service in self.lost:
            return Answer("unclear", self.lost[service], lost=True)
        answer = ask(call)
        if answer.lost:
            self.lost[service] = answer.said
        return answer

    def client(self, service: str, keys: Keys | None) -> object:
        """A client of *service*; without keys it signs nothing."""
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
        )
        if keys is None:
            config = config.merge(Config(signature_version=UNSIGNED))
        with making:
            return aws_session.create_client(
                service,
                region_name=self.region,
                aws_access_key_id=None if keys is None else keys.access_key,
                aws_secret_access_key=None if keys is None else keys.secret_key,
                aws_session_token=None if keys is None else keys.session_token,
                config=config,
            )


def by_token(services: Services, role: str, token: str) -> Answer[Keys]:
    """Assume *role* for a service account's token; a token that AWS does not take is refused."""
    sts = cast("STSClient", services.client("sts", None))

    def call() -> Keys:
        found = sts.assume_role_with_web_identity(
            RoleArn=role,
            RoleSessionName=SESSION,
            WebIdentityToken=token,
            DurationSeconds=_SHORTEST,
        )
        return _keys(found["Credentials"])

    return services.ask("STS", call)


def refused(answer: Answer[T]) -> Answer[T]:
    """*answer* to a foreign token: that AWS takes none such is a refusal, too."""
    return replace(answer, kind="denied") if answer.said == _NO_TOKEN else answer


def _keys(found: CredentialsTypeDef) -> Keys:
    return Keys(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])


class AwsSession:
    """AWS, asked with one session."""

    def __init__(self, services: Services, keys: Keys) -> None:
        self._services = services
        self._keys = keys

    def assume(self, role: str) -> Answer[Keys]:
        """Assume another role from this session."""
        sts = cast("STSClient", self._services.client("sts", self._keys))
        return self._services.ask(
            "STS",
            lambda: _keys(sts.assume_role(RoleArn=role, RoleSessionName=SESSION)["Credentials"]),
        )

    def caller(self) -> Answer[str]:
        """In whose name it acts, in words; no policy can refuse that."""
        sts = cast("STSClient", self._services.client("sts", self._keys))
        return self._services.ask("STS", lambda: _caller(sts.get_caller_identity()["Arn"]))

    def users(self) -> Answer[object]:
        """List the account's users."""
        iam = cast("IAMClient", self._services.client("iam", self._keys))
        return self._services.ask("IAM", lambda: iam.list_users(MaxItems=1))

    def roles(self) -> Answer[object]:
        """List the account's roles."""
        iam = cast("IAMClient", self._services.client("iam", self._keys))
        return self._services.ask("IAM", lambda: iam.list_roles(MaxItems=1))

    def keys(self) -> Answer[object]:
        """List the account's keys."""
        return self._kms("list_keys", Limit=1)

    def use_key(self, key: str) -> Answer[object]:
        """Ask *key* for a data key, not through S3; what comes is forgotten."""
        return self._kms("generate_data_key", KeyId=key, KeySpec="AES_256")

    def _kms(self, name: str, **arguments: object) -> Answer[object]:
        kms = self._services.client("kms", self._keys)
        call = cast("Callable[..., object]", getattr(kms, name))
        return self._services.ask("KMS", lambda: call(**arguments))


def _caller(arn: str) -> str:
    """``role name`` or ``user name``."""
    kind, _, rest = arn.split(":", 5)[5].partition("/")
    return f"role {rest.split('/')[0]}" if kind == "assumed-role" else in_words(arn)
