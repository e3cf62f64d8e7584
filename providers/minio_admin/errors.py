"""What a user reads when something is wrong: one line, never a secret, never a traceback."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from minio.error import InvalidResponseError, MinioAdminException, S3Error
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    SSLError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


class ProviderError(Exception):
    """A request that cannot be fulfilled; the message is one line for the user."""

    def __init__(self, path: str, says: str) -> None:
        """Compose the line.

        Args:
            path: What it is about: ``minio host:port bucket artifacts``.
            says: ``<found>, <accepted>[; <cure>]``.
        """
        super().__init__(one_line(f"{path}: {says}"))


class UnreachableError(ProviderError):
    """The server cannot be asked at all; it may come up later in the same run."""


FAULTS = (MinioAdminException, S3Error, InvalidResponseError, HTTPError, OSError, ValueError)
"""Whatever a call to the server raises."""

_STARTING = frozenset(
    {
        "SlowDown",
        "ServiceUnavailable",
        "XMinioServerNotInitialized",
        "XMinioIAMNotInitialized",
    }
)

KEYS = {
    "InvalidAccessKeyId": "the admin's accessKey is unknown there or disabled",
    "SignatureDoesNotMatch": "the admin's secretKey is wrong",
}
"""Codes of a key that the server does not take, and what they say of the admin's."""


def code(error: Exception) -> str:
    """Return the server's error code, or an empty text where the answer holds none."""
    if isinstance(error, S3Error):
        return error.code or ""
    return _admin_answer(error)[0]


def is_json(error: MinioAdminException) -> bool:
    """Tell an answer of MinIO's admin API from that of another server."""
    return _admin_answer(error)[2]


def explain(server: str, path: str, error: Exception) -> ProviderError:
    """Say in one line what went wrong.

    Args:
        server: Path of the server, ``minio host:port``.
        path: Path of what was asked for, ``minio host:port bucket artifacts``.
        error: One of :data:`FAULTS`.
    """
    if isinstance(error, (HTTPError, OSError)):
        return _connection(server, error)
    found, text = code(error), _message(error)
    if "HTTP request to an HTTPS server" in str(error):
        return ProviderError(server, "speaks TLS, secure: false was given; set secure: true")
    if found in _STARTING:
        return UnreachableError(server, f"is not ready ({found}), a running server is needed")
    if found in KEYS:
        return ProviderError(server, f"{KEYS[found]}, the key of an enabled admin is needed")
    if _no_admin_api(error, found):
        return no_admin_api(server)
    return ProviderError(path, refusal(found, text or found))


def refusal(found: str, text: str) -> str:
    """Say what the server answered to a request that it understood."""
    if found == "AccessDenied":
        return (
            f"refused to the admin's key ({text}), admin rights are needed; "
            "docs/minio-admin-provider.md lists them"
        )
    return f"refused by the server ({found}), {text}" if found else text


def no_admin_api(server: str) -> ProviderError:
    """Say that this is another S3 server."""
    return ProviderError(
        server,
        "has no MinIO admin API, a MinIO server is needed to create buckets and users; "
        "use `server: credentials` with a bucket and keys that exist",
    )


def one_line(text: str) -> str:
    """Fold white space, so that no message spans lines."""
    return re.sub(r"\s+", " ", text).strip().rstrip(".")


def internal(error: BaseException) -> str:
    """Name a fault of our own by type and place; its text might hold a secret."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = "?" if frame is None else f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}"
    return (
        f"minio-admin: {type(error).__name__} at {place.rpartition('/')[2]}, "
        "which is a fault of the provider; please report it"
    )


def _connection(server: str, error: Exception) -> ProviderError:
    """Say why no answer came."""
    causes = tuple(_causes(error))
    if any(isinstance(cause, NameResolutionError) for cause in causes):
        return UnreachableError(
            server,
            "the name cannot be resolved, an address that this machine reaches is "
            "needed; correct the endpoint or give an adminEndpoint",
        )
    for cause in causes:
        if isinstance(cause, SSLError):
            return _tls(server, str(cause))
    kinds = (NewConnectionError, ConnectTimeoutError, ConnectionError, TimeoutError)
    known = [cause for cause in causes if isinstance(cause, kinds)]
    reason = _reason(known[-1] if known else causes[-1])
    return UnreachableError(
        server,
        f"cannot be reached ({reason}), a running MinIO server is needed; "
        "start it or correct the endpoint",
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    yield error
    reason = error.reason if isinstance(error, MaxRetryError) else None
    if isinstance(reason, BaseException):
        yield from _causes(reason)


def _reason(error: BaseException) -> str:
    """The operating system's words for *error*."""
    match = re.search(r"\[Errno -?\d+\] ([^')]+)", str(error))
    if match:
        return match.group(1).lower()
    return "no answer in time" if "timed out" in str(error).lower() else type(error).__name__


def _tls(server: str, text: str) -> ProviderError:
    if "CERTIFICATE_VERIFY_FAILED" in text:
        reason = re.search(r"certificate verify failed: ([^(]+)", text)
        said = reason.group(1).strip().rstrip(".") if reason else "not trusted"
        return ProviderError(
            server,
            f"the certificate is refused ({one_line(said)}), one of a trusted authority "
            "is needed; give the authority's PEM as caCertificate",
        )
    if "WRONG_VERSION_NUMBER" in text or "RECORD_LAYER_FAILURE" in text:
        return ProviderError(
            server, "speaks no TLS, secure: true was given; set secure: false or switch TLS on"
        )
    reason = re.search(r"\[SSL: (\w+)\]", text)
    said = reason.group(1) if reason else "no reason given"
    return ProviderError(server, f"TLS failed ({said}), a server with working TLS is needed")


def _no_admin_api(error: Exception, found: str) -> bool:
    """MinIO's admin API answers JSON; another server takes the path for a bucket's or nothing."""
    if isinstance(error, (json.JSONDecodeError, InvalidResponseError)):
        return True
    return (
        isinstance(error, MinioAdminException)
        and not is_json(error)
        and not found.startswith("XMinio")
    )


def _message(error: Exception) -> str:
    if isinstance(error, S3Error):
        return one_line(error.message or "")
    if isinstance(error, MinioAdminException):
        return one_line(_admin_answer(error)[1])
    return one_line(str(error)) if isinstance(error, ValueError) else ""


def _admin_answer(error: Exception) -> tuple[str, str, bool]:
    """Code and message of an admin answer, and whether it is JSON."""
    if not isinstance(error, MinioAdminException):
        return "", "", False
    body = str(error).partition("Body: ")[2]
    try:
        answer = json.loads(body)
    except ValueError:
        return *_xml_answer(body), False
    if not isinstance(answer, dict):
        return "", "", False
    return str(answer.get("Code", "")), str(answer.get("Message", "")), True


def _xml_answer(body: str) -> tuple[str, str]:
    found = re.search(r"<Code>([^<]*)</Code>", body)
    message = re.search(r"<Message>([^<]*)</Message>", body)
    return found.group(1) if found else "", message.group(1) if message else one_line(body)[:200]
