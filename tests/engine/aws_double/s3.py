"""Buckets, and the configurations that the API keeps apart from them."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from tests.engine.aws_double.kind import Kind, absent, doing, from_api, tag_list, tagged, to_api

if TYPE_CHECKING:
    from collections.abc import Mapping

    from providers.minio_admin.values import Plain
    from tests.engine.aws_double.account import Account, Client
    from tests.engine.aws_double.shelf import Shelf

_EASTERN = "us-east-1"


class Bucket(Kind):
    """A bucket."""

    token = "aws:s3/bucket:Bucket"
    taught = frozenset(
        {"bucket", "bucketNamespace", "forceDestroy", "objectLockEnabled", "region", "tags"}
    )
    named = "bucket"
    defaults: ClassVar[Mapping[str, object]] = {"forceDestroy": False}
    kept = frozenset({"forceDestroy"})

    def create(self, account: Account, shelf: Shelf, inputs: Plain) -> str:
        del shelf
        name, region = str(inputs["bucket"]), str(inputs.get("region") or account.region)
        given: dict[str, object] = {}
        if region != _EASTERN:
            given["CreateBucketConfiguration"] = {"LocationConstraint": region}
        if inputs.get("objectLockEnabled"):
            given["ObjectLockEnabledForBucket"] = True
        if "bucketNamespace" in inputs:
            given["BucketNamespace"] = inputs["bucketNamespace"]
        with doing(f"creating S3 Bucket ({name})"):
            account.client("s3", region).create_bucket(Bucket=name, **given)
        self._tag(account, name, inputs)
        return name

    def read(self, account: Account, shelf: Shelf, found: str, known: Plain) -> Plain | None:
        del shelf
        client = account.client("s3", known.get("region"))
        try:
            with absent("404", "NoSuchBucket"):
                head = client.head_bucket(Bucket=found)
        except LookupError:
            return None
        try:
            with absent("NoSuchTagSet"):
                tags = client.get_bucket_tagging(Bucket=found)["TagSet"]
        except LookupError:
            tags = []
        try:
            with absent("ObjectLockConfigurationNotFoundError"):
                client.get_object_lock_configuration(Bucket=found)
                locked = True
        except LookupError:
            locked = False
        region = head["BucketRegion"]
        own = found.endswith(f"-{account.number}-{region}-an")
        return {
            "bucket": found,
            "bucketNamespace": "account-regional" if own else "global",
            "region": region,
            "bucketRegion": region,
            "arn": f"arn:{account.partition}:s3:::{found}",
            "bucketDomainName": f"{found}.s3.amazonaws.com",
            "bucketRegionalDomainName": f"{found}.s3.{region}.amazonaws.com",
            "objectLockEnabled": locked,
            "forceDestroy": known.get("forceDestroy"),
            **tagged(tags),
        }

    def update(self, account: Account, shelf: Shelf, found: str, old: Plain, new: Plain) -> None:
        del shelf, old
        self._tag(account, found, new)

    def delete(self, account: Account, shelf: Shelf, found: str, known: Plain) -> None:
        del shelf
        client = account.client("s3", known.get("region"))
        with doing(f"deleting S3 Bucket ({found})"):
            if known.get("forceDestroy"):
                # moto lets every Deny with a condition fire, whether the condition holds or not
                client.delete_bucket_policy(Bucket=found)
                for key, version in _versions(client, found):
                    client.delete_object(Bucket=found, Key=key, VersionId=version)
            client.delete_bucket(Bucket=found)

    def _tag(self, account: Account, name: str, inputs: Plain) -> None:
        client = account.client("s3", inputs.get("region"))
        with doing(f"tagging S3 Bucket ({name})"):
            if inputs.get("tags"):
                client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_list(inputs)})
            else:
                client.delete_bucket_tagging(Bucket=name)


def _versions(client: Client, bucket: str) -> list[tuple[str, str]]:
    """Everything in a bucket, which of a test is one page."""
    page = client.list_object_versions(Bucket=bucket)
    found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
    return [(version["Key"], version["VersionId"]) for version in found]


class Configuration(Kind):
    """A configuration of a bucket, which the API puts and reads as one piece."""

    word: ClassVar[str]
    missing: ClassVar[str]
    """Code of the answer where a bucket has none."""

    @abstractmethod
    def put(self, client: Client, inputs: Plain) -> None:
        """Put it."""

    @abstractmethod
    def get(self, client: Client, bucket: str) -> Plain | None:
        """Read it; None: the bucket has none."""

    @abstractmethod
    def drop(self, client: Client, bucket: str) -> None:
        """Remove it."""

    def create(self, account: Account, shelf: Shelf, inputs: Plain) -> str:
        del shelf
        bucket = str(inputs["bucket"])
        with doing(f"creating S3 Bucket ({bucket}) {self.word}"):
            self.put(account.client("s3", inputs.get("region")), inputs)
        return bucket

    def read(self, account: Account, shelf: Shelf, found: str, known: Plain) -> Plain | None:
        del shelf
        client = account.client("s3", known.get("region"))
        try:
            with absent("NoSuchBucket", self.missing):
                read = self.get(client, found)
        except LookupError:
            return None
        if read is None:
            return None
        return {"bucket": found, "region": known.get("region") or account.region, **read}

    def update(self, account: Account, shelf: Shelf, found: str, old: Plain, new: Plain) -> None:
        del shelf, old
        with doing(f"updating S3 Bucket ({found}) {self.word}"):
            self.put(account.client("s3", new.get("region")), new)

    def delete(self, account: Account, shelf: Shelf, found: str, known: Plain) -> None:
        del shelf
        with doing(f"deleting S3 Bucket ({found}) {self.word}"):
            try:
                with absent("NoSuchBucket", self.missing):
                    self.drop(account.client("s3", known.get("region")), found)
            except LookupError:
                return


_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


class PublicAccessBlock(Configuration):
    """What keeps a bucket from the public."""

    token = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    taught = frozenset({"bucket", "region", *_BLOCKS})
    defaults: ClassVar[Mapping[str, object]] = dict.fromkeys(_BLOCKS, False)
    word = "Public Access Block"
    missing = "NoSuchPublicAccessBlockConfiguration"

    def put(self, client: Client, inputs: Plain) -> None:
        block = {name: inputs.get(name, False) for name in _BLOCKS}
        client.put_public_access_block(
            Bucket=inputs["bucket"], PublicAccessBlockConfiguration=to_api(block)
        )

    def get(self, client: Client, bucket: str) -> Plain:
        answer = client.get_public_access_block(Bucket=bucket)
        return dict(_object(answer["PublicAccessBlockConfiguration"]))

    def drop(self, client: Client, bucket: str) -> None:
        client.delete_public_access_block(Bucket=bucket)


class OwnershipControls(Configuration):
    """Who owns the objects."""

    token = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
    taught = frozenset({"bucket", "region", "rule"})
    word = "Ownership Controls"
    missing = "OwnershipControlsNotFoundError"

    def put(self, client: Client, inputs: Plain) -> None:
        client.put_bucket_ownership_controls(
            Bucket=inputs["bucket"], OwnershipControls={"Rules": [to_api(inputs["rule"])]}
        )

    def get(self, client: Client, bucket: str) -> Plain:
        answer = client.get_bucket_ownership_controls(Bucket=bucket)
        return {"rule": from_api(answer["OwnershipControls"]["Rules"][0])}

    def drop(self, client: Client, bucket: str) -> None:
        client.delete_bucket_ownership_controls(Bucket=bucket)


class Versioning(Configuration):
    """Whether older versions stay."""

    token = "aws:s3/bucketVersioning:BucketVersioning"
    taught = frozenset({"bucket", "region", "versioningConfiguration"})
    word = "Versioning"
    missing = "NoSuchBucket"

    def put(self, client: Client, inputs: Plain) -> None:
        wanted = _object(inputs["versioningConfiguration"])
        if wanted["status"] != "Disabled":  # how a bucket begins; no call takes the word
            client.put_bucket_versioning(
                Bucket=inputs["bucket"], VersioningConfiguration=to_api(wanted)
            )

    def get(self, client: Client, bucket: str) -> Plain:
        status = client.get_bucket_versioning(Bucket=bucket).get("Status", "Disabled")
        return {"versioningConfiguration": {"status": status}}

    def drop(self, client: Client, bucket: str) -> None:
        if client.get_bucket_versioning(Bucket=bucket).get("Status"):
            client.put_bucket_versioning(
                Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}
            )


class Encryption(Configuration):
    """Default encryption."""

    token = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    taught = frozenset({"bucket", "region", "rules"})
    word = "Server-side Encryption Configuration"
    missing = "ServerSideEncryptionConfigurationNotFoundError"

    def put(self, client: Client, inputs: Plain) -> None:
        client.put_bucket_encryption(
            Bucket=inputs["bucket"],
            ServerSideEncryptionConfiguration={"Rules": to_api(inputs["rules"])},
        )

    def get(self, client: Client, bucket: str) -> Plain:
        answer = client.get_bucket_encryption(Bucket=bucket)
        return {"rules": from_api(answer["ServerSideEncryptionConfiguration"]["Rules"])}

    def drop(self, client: Client, bucket: str) -> None:
        client.delete_bucket_encryption(Bucket=bucket)


class Lifecycle(Configuration):
    """When objects leave by themselves."""

    token = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    taught = frozenset({"bucket", "region", "rules"})
    word = "Lifecycle Configuration"
    missing = "NoSuchLifecycleConfiguration"

    def put(self, client: Client, inputs: Plain) -> None:
        client.put_bucket_lifecycle_configuration(
            Bucket=inputs["bucket"], LifecycleConfiguration={"Rules": to_api(inputs["rules"])}
        )

    def get(self, client: Client, bucket: str) -> Plain:
        answer = client.get_bucket_lifecycle_configuration(Bucket=bucket)
        return {"rules": from_api(answer["Rules"])}

    def drop(self, client: Client, bucket: str) -> None:
        client.delete_bucket_lifecycle(Bucket=bucket)


class Policy(Configuration):
    """A bucket's policy."""

    token = "aws:s3/bucketPolicy:BucketPolicy"
    taught = frozenset({"bucket", "region", "policy"})
    documents = frozenset({"policy"})
    word = "Policy"
    missing = "NoSuchBucketPolicy"

    def put(self, client: Client, inputs: Plain) -> None:
        client.put_bucket_policy(Bucket=inputs["bucket"], Policy=inputs["policy"])

    def get(self, client: Client, bucket: str) -> Plain:
        return {"policy": client.get_bucket_policy(Bucket=bucket)["Policy"]}

    def drop(self, client: Client, bucket: str) -> None:
        client.delete_bucket_policy(Bucket=bucket)


class Logging(Configuration):
    """Where the access log goes."""

    token = "aws:s3/bucketLogging:BucketLogging"
    taught = frozenset({"bucket", "region", "targetBucket", "targetPrefix"})
    word = "Logging"
    missing = "NoSuchBucket"

    def put(self, client: Client, inputs: Plain) -> None:
        target = {name: inputs[name] for name in ("targetBucket", "targetPrefix")}
        client.put_bucket_logging(
            Bucket=inputs["bucket"], BucketLoggingStatus={"LoggingEnabled": to_api(target)}
        )

    def get(self, client: Client, bucket: str) -> Plain | None:
        enabled = client.get_bucket_logging(Bucket=bucket).get("LoggingEnabled")
        if enabled is None:
            return None
        return {"targetBucket": enabled["TargetBucket"], "targetPrefix": enabled["TargetPrefix"]}

    def drop(self, client: Client, bucket: str) -> None:
        client.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})


class ObjectLock(Configuration):
    """How long each version stays although somebody deletes it."""

    token = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
    taught = frozenset({"bucket", "region", "objectLockEnabled", "rule"})
    defaults: ClassVar[Mapping[str, object]] = {"objectLockEnabled": "Enabled"}
    word = "Object Lock Configuration"
    missing = "ObjectLockConfigurationNotFoundError"

    def put(self, client: Client, inputs: Plain) -> None:
        wanted = {"objectLockEnabled": "Enabled"} | (
            {"rule": inputs["rule"]} if "rule" in inputs else {}
        )
        client.put_object_lock_configuration(
            Bucket=inputs["bucket"], ObjectLockConfiguration=to_api(wanted)
        )

    def get(self, client: Client, bucket: str) -> Plain:
        answer = client.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
        kept = answer.get("Rule", {}).get("DefaultRetention", {})
        retention = from_api({name: value for name, value in kept.items() if value})
        return {
            "objectLockEnabled": answer["ObjectLockEnabled"],
            "rule": {"defaultRetention": retention} if kept else None,
        }

    def drop(self, client: Client, bucket: str) -> None:
        client.put_object_lock_configuration(
            Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"}
        )


def _object(value: object) -> dict[str, object]:
    spelt = from_api(value)
    assert isinstance(spelt, dict)
    return spelt


KINDS = (
    Bucket(),
    PublicAccessBlock(),
    OwnershipControls(),
    Versioning(),
    Encryption(),
    Lifecycle(),
    Policy(),
    Logging(),
    ObjectLock(),
)
