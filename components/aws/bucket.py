"""A bucket that the stack keeps, with its sub-resources, one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from argo_artifacts.documents import canonical
from argo_artifacts.documents.aws import bucket as documents
from argo_artifacts.documents.aws import kms
from argo_artifacts.documents.aws import lifecycle as rules
from components.aws.lifecycle import rule_args

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from argo_artifacts.config.aws import Aws
    from argo_artifacts.config.backends.s3 import S3, AccessLog, ObjectLock
    from argo_artifacts.documents.lifecycle import LifecycleRule
    from components.aws.adopt import Adoption
    from components.aws.live import LiveBucket

_Encryption = (
    aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketArgs:
    """Inputs of :class:`ManagedBucket`."""

    name: str
    """Physical name."""

    s3: S3
    account: Aws
    provider: aws.Provider
    tags: Mapping[str, str]
    rules: Sequence[LifecycleRule]
    """Our lifecycle rules."""

    live: LiveBucket | None
    """The bucket as it stands."""

    adoption: Adoption
    hooks: pulumi.ResourceHookBinding
    """The hooks of a bucket that we create."""

    key: Sequence[pulumi.Resource]
    """The key of its objects, where we make it."""


class ManagedBucket:
    """One bucket and its sub-resources.

    S3 refuses two changes of one bucket at a time (``OperationAborted``), so each waits for the
    one before it. Where the bucket may be deleted they go with it: were they deleted first, a
    bucket that is not empty would stay, open. The bucket waits for its key, and so goes before it:
    a bucket that stays keeps its key.
    """

    def __init__(self, parent: pulumi.Resource, args: BucketArgs) -> None:
        self._parent = parent
        self._args = args
        self._s3 = args.s3
        self._adopted = args.s3.bucket.ownership == "adopt"
        # A tenant leaves the file without its objects being lost, and without a refusal.
        self._kept = self._adopted or (args.s3.isolation == "bucket" and args.s3.bucket.protect)
        self.made: list[pulumi.Resource] = list(args.key)
        """All of it, in order."""

        self._bucket = self._create_bucket()
        self.made.append(self._bucket)
        self.made.append(self._create_ownership())
        self.made.append(self._create_public_access())
        status = self._versioning()
        if status is not None:
            self.made.append(self._create_versioning(status))
        if not self._adopted or "encryption" in self._s3.model_fields_set:
            self.made.append(self._create_encryption())
        if self._s3.bucket.object_lock is not None:
            self.made.append(self._create_object_lock(self._s3.bucket.object_lock))
        self.made.append(self._create_lifecycle())
        if self._s3.bucket.access_log is not None:
            self.made.append(self._create_logging(self._s3.bucket.access_log))
        self.made.append(self._create_policy())

    def _create_bucket(self) -> aws.s3.Bucket:
        bucket = self._s3.bucket
        return aws.s3.Bucket(
            self._args.name,
            bucket=self._args.name,
            bucket_namespace="account-regional" if bucket.account_regional else None,
            force_destroy=bucket.force_destroy,
            object_lock_enabled=True if bucket.object_lock is not None else None,
            region=self._s3.region,
            tags=self._args.tags,
            opts=pulumi.ResourceOptions(
                parent=self._parent,
                provider=self._args.provider,
                depends_on=list(self.made),
                protect=bucket.protect and not self._kept,
                retain_on_delete=self._kept,
                import_=self._args.adoption.import_id("Bucket"),
                # S3 locks a bucket that stands as well; the provider would make a new one.
                ignore_changes=["objectLockEnabled"],
                hooks=None if self._adopted else self._args.hooks,
            ),
        )

    def _part(self, kind: str) -> pulumi.ResourceOptions:
        """Options of the next sub-resource: after all before it."""
        return pulumi.ResourceOptions(
            parent=self._parent,
            provider=self._args.provider,
            depends_on=list(self.made),
            deleted_with=None if self._kept else self._bucket,
            retain_on_delete=self._kept,
            import_=self._args.adoption.import_id(kind),
        )

    def _create_ownership(self) -> aws.s3.BucketOwnershipControls:
        return aws.s3.BucketOwnershipControls(
            self._args.name,
            bucket=self._args.name,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            region=self._s3.region,
            opts=self._part("BucketOwnershipControls"),
        )

    def _create_public_access(self) -> aws.s3.BucketPublicAccessBlock:
        return aws.s3.BucketPublicAccessBlock(
            self._args.name,
            bucket=self._args.name,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            region=self._s3.region,
            opts=self._part("BucketPublicAccessBlock"),
        )

    def _versioning(self) -> str | None:
        """What the file says of versioning; an adopted bucket keeps its own where it is silent.

        S3 knows no way back to a bucket without versions, so one that never had any has no status.
        """
        if self._s3.bucket.versioning:
            return "Enabled"
        asked = "versioning" in self._s3.bucket.model_fields_set
        live = self._args.live
        has = live is not None and "BucketVersioning" in live.parts
        return "Suspended" if self._adopted and asked and has else None

    def _create_versioning(self, status: str) -> aws.s3.BucketVersioning:
        return aws.s3.BucketVersioning(
            self._args.name,
            bucket=self._args.name,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(
                status=status
            ),
            region=self._s3.region,
            opts=self._part("BucketVersioning"),
        )

    def _create_encryption(self) -> aws.s3.BucketServerSideEncryptionConfiguration:
        chosen = self._s3.encryption.kms
        default = _Encryption(sse_algorithm="AES256")
        if chosen is not None:
            key = kms.named_key(self._args.account, chosen.key, self._s3.region)
            default = _Encryption(sse_algorithm="aws:kms", kms_master_key_id=key)
        return aws.s3.BucketServerSideEncryptionConfiguration(
            self._args.name,
            bucket=self._args.name,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=default,
                    bucket_key_enabled=chosen is not None,
                )
            ],
            region=self._s3.region,
            opts=self._part("BucketServerSideEncryptionConfiguration"),
        )

    def _create_object_lock(self, lock: ObjectLock) -> aws.s3.BucketObjectLockConfiguration:
        retention = aws.s3.BucketObjectLockConfigurationRuleDefaultRetentionArgs(
            mode=lock.mode, days=lock.days
        )
        return aws.s3.BucketObjectLockConfiguration(
            self._args.name,
            bucket=self._args.name,
            rule=aws.s3.BucketObjectLockConfigurationRuleArgs(default_retention=retention),
            region=self._s3.region,
            opts=self._part("BucketObjectLockConfiguration"),
        )

    def _create_lifecycle(self) -> aws.s3.BucketLifecycleConfiguration:
        standing = () if self._args.live is None else self._args.live.lifecycle
        drop = self._s3.bucket.drop.lifecycle_rules
        merged = rules.merged(standing, self._args.rules, drop)
        return aws.s3.BucketLifecycleConfiguration(
            self._args.name,
            bucket=self._args.name,
            rules=[rule_args(one) for one in merged],
            region=self._s3.region,
            opts=self._part("BucketLifecycleConfiguration"),
        )

    def _create_logging(self, log: AccessLog) -> aws.s3.BucketLogging:
        return aws.s3.BucketLogging(
            self._args.name,
            bucket=self._args.name,
            target_bucket=log.bucket,
            target_prefix=log.prefix,
            region=self._s3.region,
            opts=self._part("BucketLogging"),
        )

    def _create_policy(self) -> aws.s3.BucketPolicy:
        partition = self._args.account.in_partition
        ours = documents.policy(partition, self._args.name, self._s3.minimum_tls)
        standing = None if self._args.live is None else self._args.live.policy
        merged = documents.merged(standing, ours, self._s3.bucket.drop.statements)
        return aws.s3.BucketPolicy(
            self._args.name,
            bucket=self._args.name,
            policy=canonical.document(merged),
            region=self._s3.region,
            opts=self._part("BucketPolicy"),
        )
