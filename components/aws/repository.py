"""A repository on S3: its bucket, and the identities that reach it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pulumi

    from argo_artifacts.access import Credential
    from components.aws.identities import AwsIdentities
    from components.aws.store import S3Store


class GivenRepository:
    """A bucket and an identity that others keep: nothing is made."""

    def secret_data(self, credential: Credential) -> Mapping[str, pulumi.Input[str]] | None:
        """No Secret is ours."""
        del credential

    def access(self, tenant: str) -> list[pulumi.Resource]:
        """Nothing of ours has to stand first."""
        del tenant
        return []


class S3Repository:
    """What stands behind a repository's entries on S3."""

    def __init__(self, name: str, store: S3Store, identities: AwsIdentities) -> None:
        self._name = name
        self._store = store
        self._identities = identities

    def secret_data(self, credential: Credential) -> Mapping[str, pulumi.Input[str]] | None:
        """The published user's key; nothing where a session is kept fresh by its refresher."""
        secret = credential.secret
        if secret.session_token is not None:
            return {}
        user = next(name for key, name in credential.users if key == credential.publish)
        key = self._identities.key(user)
        return {secret.access_key: key.id, secret.secret_key: key.secret}

    def access(self, tenant: str) -> list[pulumi.Resource]:
        """Bucket, roles, users and what binds them."""
        return [*self._store.buckets(tenant), *self._identities.access(tenant, self._name)]
