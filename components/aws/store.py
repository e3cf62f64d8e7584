"""A repository on S3: its buckets with all that hardens them, and the key of their objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

from argo_artifacts.access.names import OWNER_MARK
from argo_artifacts.config.base import NAMESPACE
from argo_artifacts.documents import canonical, lifecycle
from argo_artifacts.documents.aws import bucket as documents
from argo_artifacts.documents.aws import kms
from argo_artifacts.documents.aws import lifecycle as rules
from components.aws import live
from components.aws.guard import BucketGuard
from components.aws.lifecycle import rule_args

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import boto3

    from argo_artifacts.access import AccessPlan
    from argo_artifacts.config.aws import Aws
    from argo_artifacts.config.backends.s3 import S3, AccessLog, ObjectLock
    from argo_artifacts.config.settings import Settings
    from argo_artifacts.documents.lifecycle import LifecycleRule

_Encryption = (
    aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs
)

_DELETION_DAYS: Final = 30
"""Days in which the deletion of a key can be taken back: the longest that KMS knows."""


class S3Account:
    """What all stores of the stack's account share: provider, live buckets, keys, guard."""

    def __init__(
        self,
        settings: Settings,
        plan: AccessPlan,
        provider: aws.Provider,
        session: boto3.Session,
    ) -> None:
        """Read the buckets that stand; nothing is declared yet.

        Raises:
            ConfigError: a bucket can never be the one of the file; one line each.
        """
        if settings.aws is None:
            key = "aws"
            raise KeyError(key)
        self.aws: Aws = settings.aws
        self.owner = settings.owner
        self.provider = provider
        wanted = list(_wanted(settings, plan))
        self.live: Mapping[str, live.LiveBucket] = live.read(session, self.aws.account, wanted)
        self.guard = BucketGuard(settings.owner, self.live, {one.name: one.path for one in wanted})
        self.tags = {**self.aws.tags, OWNER_MARK: settings.owner}
        self._keys: dict[tuple[str, str], list[pulumi.Resource]] = {}
        self._protected = {
            (s3.encryption.kms.key, s3.region)
            for r in settings.repositories.values()
            if (s3 := r.s3) is not None and s3.encryption.kms is not None and s3.bucket.protect
        }

    def key(self, s3: S3) -> list[pulumi.Resource]:
        """The key that *s3*'s file asks to make, once however many stores use it."""
        chosen = s3.encryption.kms
        if chosen is None or chosen.ownership != "create":
            return []
        place = (chosen.key, s3.region)
        if place not in self._keys:
            self._keys[place] = self._create_key(*place)
        return self._keys[place]

    def _create_key(self, alias: str, region: str) -> list[pulumi.Resource]:
        name = f"{alias}@{region}"
        key = aws.kms.Key(
            name,
            description=f"Artifacts of {self.owner}",
            enable_key_rotation=True,
            deletion_window_in_days=_DELETION_DAYS,
            policy=canonical.document(kms.key_policy(self.aws, region)),
            region=region,
            tags=self.tags,
            opts=pulumi.ResourceOptions(
                provider=self.provider, protect=(alias, region) in self._protected
            ),
        )
        named = aws.kms.Alias(
            name,
            name=alias,
            region=region,
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(provider=self.provider, deleted_with=key),
        )
        return [key, named]


def _wanted(settings: Settings, plan: AccessPlan) -> Iterator[live.Wanted]:
    for store in plan.stores:
        s3 = settings.repositories[store.repository].s3
        if s3 is not None and store.managed:
            yield live.Wanted(
                name=store.bucket,
                region=s3.region,
                path=f"{NAMESPACE}:repositories.{store.repository}.s3.bucket",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class S3StoreArgs:
    """Inputs of :class:`S3Store`."""

    settings: Settings
    plan: AccessPlan
    account: S3Account


class S3Store(pulumi.ComponentResource):
    """The buckets of one repository: one, or one for each of its tenants."""

    def __init__(
        self, name: str, args: S3StoreArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("argo-artifacts:index:S3Store", name, None, opts)
        s3 = args.settings.repositories[name].s3
        if s3 is None:
            raise KeyError(name)
        self._made: dict[str, list[pulumi.Resource]] = {}
        stores = [store for store in args.plan.stores if store.repository == name]
        for store in stores:
            made: list[pulumi.Resource] = []
            if store.managed:
                own = None if s3.isolation == "prefix" else store.tenants
                found = lifecycle.rules(args.settings, args.plan, name, own)
                made = _Bucket(self, args.account, s3, store.bucket, found).made
            self._made |= dict.fromkeys(store.tenants, made)
        self.bucket_names = tuple(store.bucket for store in stores)
        self.register_outputs({"bucketNames": list(self.bucket_names)})

    def buckets(self, tenant: str) -> list[pulumi.Resource]:
        """What must stand before *tenant* has a place; nothing where others keep it."""
        return self._made[tenant]


class _Bucket:
    """One bucket and its sub-resources, one after the other.

    S3 refuses two changes of one bucket at a time (``OperationAborted``), so each waits for the
    one before it. Where the bucket may be deleted they go with it: were they deleted first, a
    bucket that is not empty would stay, open.
    """

    def __init__(
        self,
        parent: pulumi.Resource,
        account: S3Account,
        s3: S3,
        bucket: str,
        found: Sequence[LifecycleRule],
    ) -> None:
        """Declare it all.

        Args:
            parent: the component.
            account: what all stores share.
            s3: the store's settings.
            bucket: physical name.
            found: our lifecycle rules.
        """
        self._parent = parent
        self._account = account
        self._s3 = s3
        self._name = bucket
        self._kept = s3.bucket.ownership == "adopt"
        self._live = account.live.get(bucket)
        self.made: list[pulumi.Resource] = list(account.key(s3))
        self._bucket = self._create_bucket()
        self.made.append(self._bucket)
        self.made.append(self._create_ownership())
        self.made.append(self._create_public_access())
        if s3.bucket.versioning:
            self.made.append(self._create_versioning())
        self.made.append(self._create_encryption())
        if s3.bucket.object_lock is not None:
            self.made.append(self._create_object_lock(s3.bucket.object_lock))
        self.made.append(self._create_lifecycle(found))
        if s3.bucket.access_log is not None:
            self.made.append(self._create_logging(s3.bucket.access_log))
        self.made.append(self._create_policy())

    def _create_bucket(self) -> aws.s3.Bucket:
        bucket = self._s3.bucket
        hooks = None if self._kept else self._account.guard.hooks()
        return aws.s3.Bucket(
            self._name,
            bucket=self._name,
            bucket_namespace="account-regional" if bucket.account_regional else None,
            force_destroy=bucket.force_destroy,
            object_lock_enabled=True if bucket.object_lock is not None else None,
            region=self._s3.region,
            tags=self._account.tags,
            opts=pulumi.ResourceOptions(
                parent=self._parent,
                provider=self._account.provider,
                depends_on=list(self.made),
                protect=bucket.protect and not self._kept,
                retain_on_delete=self._kept,
                # S3 locks a bucket that stands as well; the provider would make a new one.
                ignore_changes=["objectLockEnabled"],
                hooks=hooks,
            ),
        )

    def _part(self) -> pulumi.ResourceOptions:
        """Options of the next sub-resource: after all before it."""
        return pulumi.ResourceOptions(
            parent=self._parent,
            provider=self._account.provider,
            depends_on=list(self.made),
            deleted_with=None if self._kept else self._bucket,
            retain_on_delete=self._kept,
        )

    def _create_ownership(self) -> aws.s3.BucketOwnershipControls:
        return aws.s3.BucketOwnershipControls(
            self._name,
            bucket=self._name,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            region=self._s3.region,
            opts=self._part(),
        )

    def _create_public_access(self) -> aws.s3.BucketPublicAccessBlock:
        return aws.s3.BucketPublicAccessBlock(
            self._name,
            bucket=self._name,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            region=self._s3.region,
            opts=self._part(),
        )

    def _create_versioning(self) -> aws.s3.BucketVersioning:
        return aws.s3.BucketVersioning(
            self._name,
            bucket=self._name,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(
                status="Enabled"
            ),
            region=self._s3.region,
            opts=self._part(),
        )

    def _create_encryption(self) -> aws.s3.BucketServerSideEncryptionConfiguration:
        chosen = self._s3.encryption.kms
        default = _Encryption(sse_algorithm="AES256")
        if chosen is not None:
            key = kms.named_key(self._account.aws, chosen.key, self._s3.region)
            default = _Encryption(sse_algorithm="aws:kms", kms_master_key_id=key)
        return aws.s3.BucketServerSideEncryptionConfiguration(
            self._name,
            bucket=self._name,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=default,
                    bucket_key_enabled=chosen is not None,
                )
            ],
            region=self._s3.region,
            opts=self._part(),
        )

    def _create_object_lock(self, lock: ObjectLock) -> aws.s3.BucketObjectLockConfiguration:
        retention = aws.s3.BucketObjectLockConfigurationRuleDefaultRetentionArgs(
            mode=lock.mode, days=lock.days
        )
        return aws.s3.BucketObjectLockConfiguration(
            self._name,
            bucket=self._name,
            rule=aws.s3.BucketObjectLockConfigurationRuleArgs(default_retention=retention),
            region=self._s3.region,
            opts=self._part(),
        )

    def _create_lifecycle(
        self, found: Sequence[LifecycleRule]
    ) -> aws.s3.BucketLifecycleConfiguration:
        standing = () if self._live is None else self._live.lifecycle
        merged = rules.merged(standing, found, self._s3.bucket.drop.lifecycle_rules)
        return aws.s3.BucketLifecycleConfiguration(
            self._name,
            bucket=self._name,
            rules=[rule_args(one) for one in merged],
            region=self._s3.region,
            opts=self._part(),
        )

    def _create_logging(self, log: AccessLog) -> aws.s3.BucketLogging:
        return aws.s3.BucketLogging(
            self._name,
            bucket=self._name,
            target_bucket=log.bucket,
            target_prefix=log.prefix,
            region=self._s3.region,
            opts=self._part(),
        )

    def _create_policy(self) -> aws.s3.BucketPolicy:
        partition = self._account.aws.in_partition
        ours = documents.policy(partition, self._name, self._s3.minimum_tls)
        standing = None if self._live is None else self._live.policy
        merged = documents.merged(standing, ours, self._s3.bucket.drop.statements)
        return aws.s3.BucketPolicy(
            self._name,
            bucket=self._name,
            policy=canonical.document(merged),
            region=self._s3.region,
            opts=self._part(),
        )
