"""A MinIO server, with the key of its admin: the calls that the resources need.

Everything here is a thin layer over the ``minio`` package; the few calls that it lacks are signed
by it.
"""

from __future__ import annotations

import json
import ssl
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Final, cast

import certifi
import urllib3
from minio import Minio, MinioAdmin
from minio.credentials.providers import StaticProvider
from minio.error import MinioAdminException, S3Error
from minio.helpers import md5sum_hash

from providers.minio_admin import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minio.minioadmin import _COMMAND

_CONNECT_SECONDS: Final = 5
_ANSWER_SECONDS: Final = 120
"""An answer may take long: removing a thousand versions is one call."""

_RETRIES: Final = urllib3.Retry(
    connect=4,  # about 7 seconds: a server that starts in the same run
    status=4,
    read=0,
    other=0,
    redirect=0,
    total=None,
    backoff_factor=0.5,
    status_forcelist=[503],  # what a starting server answers
    allowed_methods=None,
    raise_on_status=False,
    respect_retry_after_header=False,  # a starting server says a minute or more
)
_NO_RETRIES: Final = urllib3.Retry(total=0, redirect=False, raise_on_status=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The provider's configuration."""

    endpoint: str
    """``host:port``; empty: no server, and no keys either."""

    access_key: str
    secret_key: str = field(repr=False)
    secure: bool
    ca_certificate: str | None
    """PEM text of the only authority to trust; None: the known ones."""

    region: str
    owner: str
    """Mark on buckets: ``<project>/<stack>``."""

    owner_id: str
    """Stands in the names of the stack's users and policies."""

    wait_seconds: int = 0
    """How long the first change waits for a server that does not answer yet."""


class _Command(Enum):
    """Admin calls that the ``minio`` package does not know."""

    ADD_POLICY = "add-canned-policy"
    REVOKE_SESSIONS = "revoke-tokens/builtin"


class Admin(MinioAdmin):
    """Admin calls."""

    def policy_put(self, name: str, text: str) -> None:
        """Write a policy as it is spelt; the package would add spaces that count as size."""
        self._url_open(
            method="PUT",
            command=cast("_COMMAND", _Command.ADD_POLICY),
            query_params={"name": name},
            body=text.encode(),
        )

    def sessions_revoke(self, user: str) -> None:
        """End the sessions that *user* opened; they would revive with a user of the same name."""
        self._url_open(
            method="POST",
            command=cast("_COMMAND", _Command.REVOKE_SESSIONS),
            query_params={"user": user, "fullRevoke": "true"},
        )


class Store(Minio):
    """S3 calls."""

    def lifecycle_get(self, bucket: str) -> bytes | None:
        """Read the rules as the server spells them; the package's model drops what it lacks."""
        try:
            return self._execute("GET", bucket, query_params={"lifecycle": ""}).data
        except S3Error as error:
            if error.code == "NoSuchLifecycleConfiguration":
                return None
            raise

    def lifecycle_put(self, bucket: str, text: bytes) -> None:
        """Write all rules of a bucket."""
        self._execute(
            "PUT",
            bucket,
            body=text,
            headers={"Content-MD5": md5sum_hash(text) or ""},
            query_params={"lifecycle": ""},
        )


class Server:
    """One MinIO server."""

    def __init__(self, settings: Settings, *, patient: bool = True) -> None:
        """Prepare the clients; nothing is sent.

        Args:
            settings: The provider's configuration.
            patient: Wait some seconds for a server that starts; a preview does not.
        """
        self.settings = settings
        self.path = f"minio {settings.endpoint}"
        self._patient = patient

    @cached_property
    def _pool(self) -> urllib3.PoolManager:
        settings = self.settings
        return urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_ANSWER_SECONDS),
            retries=_RETRIES if self._patient else _NO_RETRIES,
            maxsize=16,
            ssl_context=trust(settings.ca_certificate) if settings.secure else None,
        )

    @cached_property
    def _key(self) -> StaticProvider:
        return StaticProvider(self.settings.access_key, self.settings.secret_key)

    @cached_property
    def admin(self) -> Admin:
        """The admin API."""
        settings = self.settings
        return Admin(
            endpoint=settings.endpoint,
            credentials=self._key,
            region=settings.region,
            secure=settings.secure,
            http_client=self._pool,
        )

    @cached_property
    def store(self) -> Store:
        """The S3 API."""
        settings = self.settings
        return Store(
            endpoint=settings.endpoint,
            credentials=self._key,
            region=settings.region,
            secure=settings.secure,
            http_client=self._pool,
        )

    def answers(self) -> bool:
        """Tell whether the server takes requests by now; a refusal is an answer too."""
        try:
            with self.asking("server"):
                self.store.list_buckets()
        except errors.UnreachableError:
            return False
        except errors.ProviderError:
            return True
        return True

    def path_of(self, what: str) -> str:
        """How a line about one object begins."""
        return f"{self.path} {what}"

    @contextmanager
    def asking(self, what: str, *, tolerate: frozenset[str] = frozenset()) -> Iterator[None]:
        """Run calls to the server and say in one line what goes wrong.

        Args:
            what: What is asked for, ``bucket artifacts``.
            tolerate: Error codes that end the block quietly.

        Raises:
            ProviderError: the server could not be asked, or refused.
        """
        try:
            yield
        except errors.FAULTS as error:
            if errors.code(error) not in tolerate or _foreign(error):
                raise errors.explain(self.path, self.path_of(what), error) from None

    def quota(self, bucket: str) -> int | None:
        """Return a bucket's hard quota in bytes, 0 for none; None if there is no such bucket.

        The first question about every bucket: only a server with an admin API answers it.
        """
        with self.asking(f"bucket {bucket}", tolerate=frozenset({"NoSuchBucket"})):
            answer = _object(self.admin.bucket_quota_get(bucket))
            return int(cast("int", answer.get("quota") or answer.get("size") or 0))
        return None

    def user(self, name: str) -> dict[str, object] | None:
        """Return what the server tells of a user, None if there is no such user."""
        with self.asking(f"user {name}", tolerate=frozenset({"XMinioAdminNoSuchUser"})):
            return _object(self.admin.user_info(name))
        return None

    def policy(self, name: str) -> str | None:
        """Return a policy's document, None if there is no such policy."""
        with self.asking(f"policy {name}", tolerate=frozenset({"XMinioAdminNoSuchPolicy"})):
            text = self.admin.policy_info(name)
            _object(text)
            return text
        return None

    def users(self) -> set[str]:
        """Return the names of all users."""
        with self.asking("users"):
            return set(_object(self.admin.user_list()))
        return set()

    def policies(self) -> set[str]:
        """Return the names of all policies."""
        with self.asking("policies"):
            return set(_object(self.admin.policy_list()))
        return set()

    def accepts(self, user: str, secret: str) -> bool:
        """Tell whether *secret* is the user's, by a call that its policies may refuse."""
        store = Store(
            endpoint=self.settings.endpoint,
            credentials=StaticProvider(user, secret),
            region=self.settings.region,
            secure=self.settings.secure,
            http_client=self._pool,
        )
        with self.asking(f"user {user}", tolerate=frozenset({"AccessDenied"})):
            try:
                store.list_buckets()
            except S3Error as error:
                if error.code not in errors.KEYS:
                    raise
                return False
        return True


def trust(ca_certificate: str | None) -> ssl.SSLContext:
    """Trust one authority alone, or the system's and the usual ones.

    Raises:
        ssl.SSLError: the text is no certificate.
    """
    if ca_certificate is not None:
        return ssl.create_default_context(cadata=ca_certificate)
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _object(text: str) -> dict[str, object]:
    """Parse an answer of the admin API.

    Raises:
        json.JSONDecodeError: some other server answered.
    """
    answer = json.loads(text)
    if not isinstance(answer, dict):
        problem = "no object"
        raise json.JSONDecodeError(problem, text, 0)
    return answer


def _foreign(error: Exception) -> bool:
    """A code that some other server gave, whose meaning is not MinIO's."""
    return isinstance(error, MinioAdminException) and not errors.is_json(error)
