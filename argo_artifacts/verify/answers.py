"""Answers: what a server said to one call, told apart by what it proves; never an exception.

Only an authorisation denial is a refusal. An unknown key, a wrong signature, a missing bucket, a
time-out prove nothing about rights, whatever their HTTP status is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, Literal, Never, TypeVar

import urllib3.exceptions as http
from botocore import exceptions as boto
from minio.error import MinioAdminException

from argo_artifacts.verify.causes import (
    NO_ANSWER,
    NO_CA,
    NO_NAME,
    NO_TLS,
    OTHER_NAME,
    OUT_OF_DATE,
    UNREACHED,
    UNTRUSTED,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Kind = Literal["done", "denied", "absent", "unclear"]

BROKEN: Final = "the connection broke"
BAD_REQUEST: Final = "400"
"""A server's words without a code of S3's."""

READ_SECONDS: Final = 10

_DENIED: Final = "AccessDenied"
_DENIED_BY_KMS: Final = "AccessDeniedException"
"""With the status 400, as services that speak JSON answer."""

_ABSENT: Final = "NoSuchKey"
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404

_MEANING: Final = {
    "InvalidAccessKeyId": "the server does not know the access key",
    "SignatureDoesNotMatch": "the secret key is wrong",
    "NoSuchBucket": "there is no such bucket",
    "RequestTimeTooSkewed": "the clocks of server and this machine differ",
    "AuthorizationHeaderMalformed": "the server has another region",
    "PermanentRedirect": "the bucket is in another region",
    "IllegalLocationConstraintException": "the bucket is in another region",
    "ExpiredToken": "the session has expired",
    "InvalidToken": "the session token is wrong",
    "InvalidClientTokenId": "AWS does not know the access key",
    "InvalidIdentityToken": "AWS takes no token of this issuer",
}

_SAME: Final = {
    "ExpiredTokenException": "ExpiredToken",
    "InvalidTokenId": "InvalidToken",
    "UnrecognizedClientException": "InvalidClientTokenId",
}
"""Words of other services for the same."""

_TLS: Final[Mapping[str, str]] = {
    "mismatch": OTHER_NAME,
    "doesn't match": OTHER_NAME,
    "has expired": OUT_OF_DATE,
    "not yet valid": OUT_OF_DATE,
    "CERTIFICATE_VERIFY_FAILED": UNTRUSTED,
    "WRONG_VERSION_NUMBER": NO_TLS,
    "RECORD_LAYER_FAILURE": NO_TLS,
    "[X509": NO_CA,
}
"""Meaning of what OpenSSL and the client say, the most special first."""


@dataclass(frozen=True, slots=True)
class Answer(Generic[T_co]):
    """What came of one call."""

    kind: Kind
    said: str = ""
    """The server's error code, or what happened on the way, in a few words."""

    value: T_co | None = None
    lost: bool = False
    """Whether the server could not be reached, so that asking on is in vain."""

    doubtful: bool = False
    """Whether the call may have had its effect all the same."""

    foreign: bool = False
    """Whether an admin call was answered by something without MinIO's admin API."""

    @property
    def text(self) -> str:
        """The answer for a person, in one line."""
        match self.kind:
            case "done":
                return "allowed"
            case "denied":
                return f"refused ({self.said})"
            case "absent":
                return f"not found ({self.said})"
            case "unclear":
                meaning = _MEANING.get(self.said)
                return self.said if meaning is None else f"{meaning} ({self.said})"

    @property
    def done(self) -> bool:
        """Whether the call went through."""
        return self.kind == "done"


def ask(call: Callable[[], T]) -> Answer[T]:
    """Make *call* on an S3 or admin client and say what came of it, in our own words alone."""
    try:
        return Answer("done", value=call())
    except boto.ClientError as error:
        return _s3(error)
    except MinioAdminException as error:
        return _admin(error)
    except (boto.BotoCoreError, http.HTTPError) as error:
        return _on_the_way(error)
    except ValueError:  # both clients: an answer or a credential that they cannot handle
        return Answer("unclear", "an answer that is none of an S3 server")


def _s3(error: boto.ClientError) -> Answer[Never]:
    response = error.response
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    code = headers.get("x-minio-error-code") or response.get("Error", {}).get("Code", "")
    return _of(status, code)


def _of(status: int, code: str) -> Answer[Never]:
    if (status == _FORBIDDEN and code == _DENIED) or code == _DENIED_BY_KMS:
        return Answer("denied", _DENIED)
    # A HEAD has no body: without MinIO's header its 404 has no code (a missing bucket is found
    # out by the put before it).
    if status == _NOT_FOUND and code in (_ABSENT, str(_NOT_FOUND)):
        return Answer("absent", _ABSENT)
    known = code if re.fullmatch(r"[A-Za-z0-9]{1,64}", code) else f"status {status}"
    return Answer("unclear", _SAME.get(known, known))


def _admin(error: MinioAdminException) -> Answer[Never]:
    """MinIO's admin API answers in JSON; what answers in XML took the path for an object's."""
    found = re.match(r"admin request failed; Status: (\d+), Body: (.*)", str(error), re.DOTALL)
    status, body = (int(found[1]), found[2]) if found else (0, "")
    code = re.match(r'\s*\{"Code":"([A-Za-z0-9]+)"', body)
    if code is None:
        return Answer("unclear", f"status {status}", foreign=True)
    return _of(status, code[1])


def _on_the_way(error: boto.BotoCoreError | http.HTTPError) -> Answer[Never]:
    """What happened between us and the server."""
    cause: object = error
    if isinstance(error, http.MaxRetryError):
        cause = error.reason
    if isinstance(cause, boto.SSLError | http.SSLError):
        text = str(cause)
        said = next((said for words, said in _TLS.items() if words in text), "TLS failed")
        return Answer("unclear", said, lost=True)
    if isinstance(cause, boto.EndpointConnectionError | http.NewConnectionError):
        # before time-outs: urllib3 counts a refused connection among them
        resolved = "Failed to resolve" not in str(getattr(cause, "kwargs", {}).get("error", cause))
        return Answer("unclear", UNREACHED if resolved else NO_NAME, lost=True)
    if isinstance(cause, boto.ConnectTimeoutError | http.ConnectTimeoutError):
        return Answer("unclear", NO_ANSWER, lost=True)
    if isinstance(cause, boto.ReadTimeoutError | http.ReadTimeoutError):
        said = f"no answer within {READ_SECONDS} s"
        return Answer("unclear", said, lost=True, doubtful=True)
    if isinstance(cause, boto.ConnectionClosedError | http.ProtocolError):
        return Answer("unclear", BROKEN, lost=True, doubtful=True)
    return Answer("unclear", f"the call failed ({type(cause).__name__})", doubtful=True)
