"""Store: one server, asked with one credential; every method gives an answer, none raises."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol, TypeVar, cast

import botocore.session
import certifi
import urllib3
from botocore.config import Config
from minio import MinioAdmin
from minio.credentials.providers import StaticProvider

from argo_artifacts.verify.answers import (
    BAD_REQUEST,
    BROKEN,
    READ_SECONDS,
    Answer,
    ask,
)
from argo_artifacts.verify.causes import CONNECT_SECONDS, TLS_ALONE
from argo_artifacts.verify.handshake import speaks_tls

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_s3.client import S3Client

    from argo_artifacts.verify.checks import Setting

T = TypeVar("T")

ATTEMPTS: Final = 2
_MINTED_MINUTES: Final = 20
"""Life of an access key that was minted against expectation; the server's least is 15."""

_UNSET: Final = frozenset(
    {
        "NoSuchBucketPolicy",
        "NoSuchLifecycleConfiguration",
        "NoSuchTagSet",
        "ObjectLockConfigurationNotFoundError",
        "ReplicationConfigurationNotFoundError",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)
"""Answers that tell a bucket's setting: that it is not set. They come after authorisation."""

_NO_USER: Final = "XMinioInvalidIAMCredentials"
"""Answer when the own key is no user's but a service account's: it has a call of its own."""

_NO_RIGHTS: Final[Mapping[str, object]] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::*"]}],
}
"""Session policy of the second attempt at minting: a key with which nothing can be done."""


@dataclass(frozen=True, slots=True)
class Keys:
    """An access key and its secret; never part of a text."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(slots=True)
class Server:
    """How a server is reached."""

    address: str
    """``host:port``; empty: the host that boto3 knows for the region (on AWS)."""

    secure: bool
    region: str
    ca_file: str | None = None
    """PEM file that replaces the usual trust."""

    aws: bool = False
    """Whether it is AWS's own, reached as everything on AWS is."""

    lost: str = ""
    """Why it cannot be reached, once that was seen: nobody waits for the same time-out twice."""


class _Admin(Protocol):
    """The calls of MinIO's admin client that are made here, with their types."""

    def info(self) -> str: ...
    def user_list(self) -> str: ...
    def user_info(self, access_key: str) -> str: ...
    def user_add(self, access_key: str, secret_key: str) -> str: ...
    def delete_service_account(self, access_key: str) -> str: ...
    def update_service_account(self, *, access_key: str, secret_key: str) -> str: ...
    def add_service_account(
        self,
        *,
        access_key: str,
        secret_key: str,
        name: str,
        description: str,
        policy: dict[str, object] | None,
        expiration: str,
    ) -> str: ...


@dataclass(frozen=True, slots=True)
class Version:
    """One version, or delete marker, of an object."""

    key: str
    version: str


making: Final = threading.Lock()
"""Making a client is not safe in two threads; using one is."""

_VARIABLES: Final[Mapping[str, tuple[None, None, object, None]]] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
    "ca_bundle": (None, None, None, None),
}
_session: Final = botocore.session.Session(session_vars=dict(_VARIABLES))
"""Nothing ambient: no profile, no file and no variable of the person who runs this."""

aws_session: Final = botocore.session.Session(
    session_vars={name: value for name, value in _VARIABLES.items() if name != "ca_bundle"}
)
"""No profile and no file, but the variables that lead to AWS: endpoints, proxies, CA bundle."""


def _stay(context: dict[str, object], **_: object) -> None:
    """Do not follow a server to another region: mark the request as redirected already."""
    redirect = cast("dict[str, object]", context.setdefault("s3_redirect", {}))
    redirect["redirected"] = True


class Store:
    """A server, asked with one access key."""

    def __init__(self, server: Server, keys: Keys) -> None:
        self.server = server
        self._keys = keys
        self._s3 = self._client()

    def _client(self) -> S3Client:
        server, url = self.server, None
        if server.address:
            url = f"{'https' if server.secure else 'http'}://{server.address}"
        with making:
            client = (aws_session if server.aws else _session).create_client(
                "s3",
                endpoint_url=url,
                region_name=server.region,
                aws_access_key_id=self._keys.access_key,
                aws_secret_access_key=self._keys.secret_key,
                aws_session_token=self._keys.session_token,
                verify=None if server.aws else server.ca_file or True,
                config=Config(
                    signature_version="s3v4",
                    s3={"addressing_style": "auto" if server.aws else "path"},
                    connect_timeout=CONNECT_SECONDS,
                    read_timeout=READ_SECONDS,
                    retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
                    # S3-compatible servers need not know the newer checksums
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                    proxies=None if server.aws else {},
                ),
            )
        # Argo's client stays with the entry's region, too
        client.meta.events.register_last("before-parameter-build.s3", _stay)
        return cast("S3Client", client)

    @cached_property
    def _admin(self) -> _Admin:
        client = MinioAdmin(
            endpoint=self.server.address,
            credentials=StaticProvider(self._keys.access_key, self._keys.secret_key),
            secure=self.server.secure,
            http_client=urllib3.PoolManager(
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
                retries=urllib3.Retry(total=0),
                cert_reqs="CERT_REQUIRED",
                ca_certs=self.server.ca_file or certifi.where(),
            ),
        )
        return cast("_Admin", client)

    def _ask(self, call: Callable[[], T]) -> Answer[T]:
        if self.server.lost:
            return Answer("unclear", self.server.lost, lost=True)
        answer = ask(call)
        if (
            answer.said in (BROKEN, BAD_REQUEST)
            and not self.server.secure
            and not self.server.aws
            and speaks_tls(self.server.address)
        ):
            answer = replace(answer, said=TLS_ALONE, lost=True, doubtful=False)
        if answer.lost:
            self.server.lost = answer.said
        return answer

    # objects

    def put(self, bucket: str, key: str, body: bytes) -> Answer[str]:
        """Write an object; the value is its version, empty where the bucket keeps none."""

        def call() -> str:
            version = self._s3.put_object(Bucket=bucket, Key=key, Body=body).get("VersionId", "")
            return "" if version == "null" else version

        return self._ask(call)

    def get(self, bucket: str, key: str) -> Answer[bytes]:
        """Read an object."""

        def call() -> bytes:
            return self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()

        return self._ask(call)

    def head(self, bucket: str, key: str) -> Answer[int]:
        """Look at an object; the value is its size."""
        return self._ask(lambda: self._s3.head_object(Bucket=bucket, Key=key)["ContentLength"])

    def delete(self, bucket: str, key: str) -> Answer[bool]:
        """Delete an object; the value says whether a delete marker took its place."""
        return self._ask(
            lambda: self._s3.delete_object(Bucket=bucket, Key=key).get("DeleteMarker", False)
        )

    def keys(self, bucket: str, prefix: str | None, limit: int = 1) -> Answer[list[str]]:
        """List at most *limit* keys; without a prefix the request names none."""

        def call() -> list[str]:
            if prefix is None:
                found = self._s3.list_objects_v2(Bucket=bucket, MaxKeys=limit)
            else:
                found = self._s3.list_objects_v2(Bucket=bucket, MaxKeys=limit, Prefix=prefix)
            return [entry.get("Key", "") for entry in found.get("Contents", [])]

        return self._ask(call)

    # uploads

    def begin_upload(self, bucket: str, key: str) -> Answer[str]:
        """Begin a multipart upload; the value is its id."""
        return self._ask(
            lambda: self._s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
        )

    def upload_part(self, bucket: str, key: str, upload: str, body: bytes) -> Answer[object]:
        """Upload the first part."""
        return self._ask(
            lambda: self._s3.upload_part(
                Bucket=bucket, Key=key, UploadId=upload, PartNumber=1, Body=body
            )
        )

    def abort_upload(self, bucket: str, key: str, upload: str) -> Answer[object]:
        """Abort a multipart upload."""
        return self._ask(
            lambda: self._s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)
        )

    # the bucket

    def setting(self, bucket: str, setting: Setting) -> Answer[object]:
        """Read a setting of the bucket; one that is not set is an answer too."""
        reads: Mapping[Setting, Callable[[], object]] = {
            "policy": lambda: self._s3.get_bucket_policy(Bucket=bucket),
            "versioning": lambda: self._s3.get_bucket_versioning(Bucket=bucket),
            "lifecycle": lambda: self._s3.get_bucket_lifecycle_configuration(Bucket=bucket),
            "encryption": lambda: self._s3.get_bucket_encryption(Bucket=bucket),
            "tagging": lambda: self._s3.get_bucket_tagging(Bucket=bucket),
            "object lock": lambda: self._s3.get_object_lock_configuration(Bucket=bucket),
            "replication": lambda: self._s3.get_bucket_replication(Bucket=bucket),
            "notification": lambda: self._s3.get_bucket_notification_configuration(Bucket=bucket),
        }
        answer = self._ask(reads[setting])
        return Answer("done", answer.said) if answer.said in _UNSET else answer

    def versions(
        self, bucket: str, prefix: str | None = None, limit: int = 1
    ) -> Answer[list[Version]]:
        """List at most *limit* versions and delete markers; without a prefix none is named."""

        def call() -> list[Version]:
            if prefix is None:
                found = self._s3.list_object_versions(Bucket=bucket, MaxKeys=limit)
            else:
                found = self._s3.list_object_versions(Bucket=bucket, MaxKeys=limit, Prefix=prefix)
            entries = [*found.get("Versions", []), *found.get("DeleteMarkers", [])]
            return [Version(e.get("Key", ""), e.get("VersionId", "null")) for e in entries]

        return self._ask(call)

    def delete_version(self, bucket: str, version: Version) -> Answer[object]:
        """Delete one version for good."""
        return self._ask(
            lambda: self._s3.delete_object(
                Bucket=bucket, Key=version.key, VersionId=version.version
            )
        )

    def uploads(self, bucket: str, prefix: str = "") -> Answer[list[tuple[str, str]]]:
        """List key and id of the unfinished uploads below *prefix*."""

        def call() -> list[tuple[str, str]]:
            found = self._s3.list_multipart_uploads(Bucket=bucket, Prefix=prefix)
            return [(u.get("Key", ""), u.get("UploadId", "")) for u in found.get("Uploads", [])]

        return self._ask(call)

    def buckets(self) -> Answer[list[str]]:
        """List the buckets that this access key may list."""
        return self._ask(
            lambda: [b.get("Name", "") for b in self._s3.list_buckets().get("Buckets", [])]
        )

    # MinIO's admin API

    def server_info(self) -> Answer[str]:
        """Read the server's information."""
        return self._ask(self._admin.info)

    def users(self) -> Answer[str]:
        """List all users."""
        return self._ask(self._admin.user_list)

    def own_user_info(self) -> Answer[str]:
        """Read what the server keeps about the own user."""
        return self._ask(lambda: self._admin.user_info(self._keys.access_key))

    def keep_secret(self) -> Answer[str]:
        """Set the own secret to what it is: nothing changes if it goes through."""
        name, secret = self._keys.access_key, self._keys.secret_key
        answer = self._ask(lambda: self._admin.user_add(name, secret))
        if answer.said != _NO_USER:
            return answer
        return self._ask(
            lambda: self._admin.update_service_account(access_key=name, secret_key=secret)
        )

    def mint(self, name: str, secret: str, *, with_policy: bool) -> Answer[str]:
        """Mint a service account of this user, with or without a policy for its session."""
        end = datetime.now(UTC) + timedelta(minutes=_MINTED_MINUTES)
        return self._ask(
            lambda: self._admin.add_service_account(
                access_key=name,
                secret_key=secret,
                name="argo-artifacts-verify",
                description="safe to delete",
                policy=dict(_NO_RIGHTS) if with_policy else None,
                expiration=end.strftime("%Y-%m-%dT%H:%M:%SZ"),
            )
        )

    def unmint(self, name: str) -> Answer[str]:
        """Delete a service account of this user."""
        return self._ask(lambda: self._admin.delete_service_account(name))

    def close(self) -> None:
        """Close the connections."""
        with suppress(OSError):
            self._s3.close()
