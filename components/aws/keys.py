"""Keys: the KMS keys that the file asks to make, each once however many stores use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws
from botocore.exceptions import BotoCoreError, ClientError

from argo_artifacts.aws_account import client, unreachable
from argo_artifacts.documents import canonical
from argo_artifacts.documents.aws import kms
from argo_artifacts.documents.aws.tags import tags

if TYPE_CHECKING:
    import boto3
    from pulumi.resource_hooks import ResourceHookArgs

    from argo_artifacts.config.aws import Aws
    from argo_artifacts.config.backends.s3 import S3
    from argo_artifacts.config.settings import Settings

_DELETION_DAYS: Final = 30
"""Days in which the deletion of a key can be taken back: the longest that KMS knows."""


class Keys:
    """The keys of the stack's account by alias and region."""

    def __init__(
        self, settings: Settings, account: Aws, provider: aws.Provider, session: boto3.Session
    ) -> None:
        self._owner = settings.owner
        self._account = account
        self._provider = provider
        self._tags = tags(settings)
        self._session = session
        self._made: dict[tuple[str, str], list[pulumi.Resource]] = {}
        self._protected = {
            (s3.encryption.kms.key, s3.region)
            for r in settings.repositories.values()
            if (s3 := r.s3) is not None and s3.encryption.kms is not None and _stays(s3)
        }
        self._hook = pulumi.ResourceHook(
            "key", self._refuse, pulumi.ResourceHookOptions(on_dry_run=True)
        )

    def _refuse(self, args: ResourceHookArgs) -> None:
        """Refuse to make a key whose alias another key has already."""
        alias, _, region = args.name.rpartition("@")
        try:
            pages = client(self._session, "kms", region).get_paginator("list_aliases").paginate()
            found = {one["AliasName"] for page in pages for one in page["Aliases"]}
        except (BotoCoreError, ClientError) as error:
            msg = f"key {alias} in {region}: {unreachable(error)}, the right to look is required"
            raise pulumi.RunError(msg) from None
        if alias in found:
            msg = (
                f"key {alias} in {region}: exists, none is accepted; choose another alias, or set"
                " encryption.kms.ownership to use to leave it alone"
            )
            raise pulumi.RunError(msg)

    def of(self, s3: S3) -> list[pulumi.Resource]:
        """Key and alias of *s3*'s objects; nothing where others keep them."""
        chosen = s3.encryption.kms
        if chosen is None or chosen.ownership != "create":
            return []
        place = (chosen.key, s3.region)
        if place not in self._made:
            self._made[place] = self._create(*place)
        return self._made[place]

    def _create(self, alias: str, region: str) -> list[pulumi.Resource]:
        name = f"{alias}@{region}"
        key = aws.kms.Key(
            name,
            description=f"Artifacts of {self._owner}",
            enable_key_rotation=True,
            deletion_window_in_days=_DELETION_DAYS,
            policy=canonical.document(kms.key_policy(self._account, region)),
            region=region,
            tags=self._tags,
            opts=pulumi.ResourceOptions(
                provider=self._provider,
                protect=(alias, region) in self._protected,
                hooks=pulumi.ResourceHookBinding(before_create=[self._hook]),
            ),
        )
        named = aws.kms.Alias(
            name,
            name=alias,
            region=region,
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(provider=self._provider, deleted_with=key),
        )
        return [key, named]


def _stays(s3: S3) -> bool:
    """Whether a destroy leaves the bucket, whose objects nobody can read without the key."""
    return s3.bucket.protect or s3.bucket.ownership != "create"
