"""Typed classes for the resources of our provider plugin ``minio-admin``.

What each resource does, and its errors: ``docs/minio-admin-provider.md``. No logic here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import pulumi

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from argo_artifacts.documents.lifecycle import LifecycleRule
    from argo_artifacts.documents.minio_state import Encryption

_PACKAGE: Final = "minio-admin"


class Provider(pulumi.ProviderResource):
    """Connection to one MinIO server with its admin's key."""

    def __init__(  # noqa: PLR0913 - one keyword for each input
        self,
        resource_name: str,
        *,
        owner: str,
        owner_id: str,
        endpoint: pulumi.Input[str] | None = None,
        access_key: pulumi.Input[str] | None = None,
        secret_key: pulumi.Input[str] | None = None,
        secure: bool = True,
        ca_certificate: str | None = None,
        region: str = "us-east-1",
        wait_seconds: int | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the server; without endpoint and keys only :class:`Credentials` can be made.

        Args:
            resource_name: Logical name.
            owner: ``<project>/<stack>``, the mark on buckets.
            owner_id: 8 hex digits that stand in the names of the stack's users and policies.
            endpoint: ``host:port`` as the one who runs ``pulumi up`` reaches it.
            access_key: Access key of an admin user.
            secret_key: Its secret.
            secure: TLS.
            ca_certificate: PEM text of the only authority to trust; absent: the known ones.
            region: Region to sign for.
            wait_seconds: How long the first change waits for a server that does not answer yet.
            opts: Options of the resource.
        """
        inputs: Mapping[str, pulumi.Input[object] | None] = {
            "endpoint": endpoint,
            "accessKey": None if access_key is None else pulumi.Output.secret(access_key),
            "secretKey": None if secret_key is None else pulumi.Output.secret(secret_key),
            "owner": owner,
            "ownerId": owner_id,
            "secure": secure,
            "caCertificate": ca_certificate,
            "region": region,
            "waitSeconds": wait_seconds,
        }
        super().__init__(_PACKAGE, resource_name, dict(inputs), opts)


class Bucket(pulumi.CustomResource):
    """A bucket; never replaced, and kept by a destroy while it holds anything."""

    def __init__(  # noqa: PLR0913 - one keyword for each input
        self,
        resource_name: str,
        *,
        bucket: str,
        ownership: Literal["create", "adopt"] = "create",
        versioning: bool | None = None,
        quota_bytes: int | None = None,
        encryption: Encryption | None = None,
        lifecycle: Sequence[LifecycleRule] = (),
        force_destroy: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the bucket; a setting that is absent is not managed.

        Args:
            resource_name: Logical name.
            bucket: Physical name.
            ownership: ``create`` refuses a bucket that is not ours, ``adopt`` takes it over.
            versioning: Keep older versions; false suspends it.
            quota_bytes: Hard quota in bytes.
            encryption: Default encryption by the server.
            lifecycle: Our rules; on an adopted bucket foreign rules stay beside them.
            force_destroy: A destroy removes all objects and versions first.
            opts: Options of the resource.
        """
        inputs: dict[str, object] = {
            "bucket": bucket,
            "ownership": ownership,
            "versioning": versioning,
            "quotaBytes": quota_bytes,
            "encryption": None if encryption is None else _present(kmsKeyId=encryption.kms_key_id),
            "lifecycle": [
                _present(
                    id=rule.id,
                    prefix=rule.prefix,
                    expireDays=rule.expire_days,
                    noncurrentExpireDays=rule.noncurrent_expire_days,
                    expireDeleteMarkers=rule.expire_delete_markers,
                )
                for rule in lifecycle
            ],
            "forceDestroy": force_destroy,
            "owner": None,
        }
        super().__init__(f"{_PACKAGE}:index:Bucket", resource_name, inputs, opts)

    @property
    @pulumi.getter
    def bucket(self) -> pulumi.Output[str]:
        """Physical name."""
        return _text(self, "bucket")


class Policy(pulumi.CustomResource):
    """A named policy."""

    def __init__(
        self,
        resource_name: str,
        *,
        name: str,
        document: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the policy.

        Args:
            resource_name: Logical name.
            name: Physical name, which contains the provider's ``owner_id``.
            document: JSON text; its spelling does not matter, only its meaning.
            opts: Options of the resource.
        """
        inputs = {"name": name, "document": document, "stored": None}
        super().__init__(f"{_PACKAGE}:index:Policy", resource_name, inputs, opts)

    @property
    @pulumi.getter
    def name(self) -> pulumi.Output[str]:
        """Physical name."""
        return _text(self, "name")


class User(pulumi.CustomResource):
    """A user with a generated secret, which is never changed in place."""

    def __init__(
        self,
        resource_name: str,
        *,
        name: str,
        status: Literal["enabled", "disabled"] = "enabled",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the user.

        Args:
            resource_name: Logical name.
            name: Access key, which contains the provider's ``owner_id``.
            status: A disabled user may do nothing, nor may the keys that it minted.
            opts: Options of the resource.
        """
        inputs = {"name": name, "status": status, "secretKey": None}
        opts = pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(additional_secret_outputs=["secretKey"])
        )
        super().__init__(f"{_PACKAGE}:index:User", resource_name, inputs, opts)

    @property
    @pulumi.getter
    def name(self) -> pulumi.Output[str]:
        """Access key."""
        return _text(self, "name")

    @property
    @pulumi.getter(name="secretKey")
    def secret_key(self) -> pulumi.Output[str]:
        """Generated secret; empty for an imported user, whose secret nobody can read."""
        return _text(self, "secretKey")


class Attachment(pulumi.CustomResource):
    """The policies of one user: these and no others."""

    def __init__(
        self,
        resource_name: str,
        *,
        user: pulumi.Input[str],
        policies: Sequence[pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the policies.

        Args:
            resource_name: Logical name.
            user: Name of the user, which contains the provider's ``owner_id``.
            policies: Names; any other policy of the user is detached.
            opts: Options of the resource.
        """
        inputs = {"user": user, "policies": list(policies)}
        super().__init__(f"{_PACKAGE}:index:Attachment", resource_name, inputs, opts)


class Credentials(pulumi.CustomResource):
    """A name and a secret that is generated once; no server is asked."""

    def __init__(
        self,
        resource_name: str,
        *,
        username: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the credentials.

        Args:
            resource_name: Logical name.
            username: Access key; another one is a replacement with another secret.
            opts: Options of the resource.
        """
        inputs = {"username": username, "secretKey": None}
        opts = pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(additional_secret_outputs=["secretKey"])
        )
        super().__init__(f"{_PACKAGE}:index:Credentials", resource_name, inputs, opts)

    @property
    @pulumi.getter
    def username(self) -> pulumi.Output[str]:
        """Access key."""
        return _text(self, "username")

    @property
    @pulumi.getter(name="secretKey")
    def secret_key(self) -> pulumi.Output[str]:
        """Generated secret."""
        return _text(self, "secretKey")


def _text(resource: pulumi.CustomResource, name: str) -> pulumi.Output[str]:
    """The output *name*, which is text."""
    return pulumi.get(resource, name)  # pyright: ignore[reportUnknownMemberType] - the SDK


def _present(**values: object) -> dict[str, object]:
    """Keep the values that are there."""
    return {key: value for key, value in values.items() if value is not None}
