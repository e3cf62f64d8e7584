"""A bucket on S3 in the real engine: refused, taken over, left, taken back, kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from argo_artifacts.access.names import OWNER_MARK
from tests.engine.moto_server import ACCOUNT, REGION

if TYPE_CHECKING:
    from tests.engine.stack import EngineStack

THEIRS: Final = {
    "Sid": "Theirs",
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": "s3:GetObject",
}
LOGS: Final = {
    "Sid": "Logs",
    "Effect": "Allow",
    "Principal": {"Service": "logging.s3.amazonaws.com"},
    "Action": "s3:PutObject",
}


class Buckets:
    """A stack that keeps one bucket, and S3 as it stands."""

    def __init__(self, platform, folder, vault) -> None:
        self.stack: EngineStack = platform.stack("aws-buckets", folder=folder, vault=vault)
        self.s3 = platform.moto.client("s3")
        self.kms = platform.moto.client("kms")
        self.name = self.stack.bucket
        self.logs = f"{self.name}-logs"

    def make(self, name: str, *statements: dict) -> None:
        """Make a bucket as others would."""
        place = {"LocationConstraint": REGION}
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration=place)
        there = [{**one, "Resource": f"arn:aws:s3:::{name}/*"} for one in statements]
        policy = json.dumps({"Version": "2012-10-17", "Statement": there})
        self.s3.put_bucket_policy(Bucket=name, Policy=policy)

    def configure(self, bucket: dict | None = None, **s3: object) -> None:
        place = {"region": REGION, "identity": "node"}
        store = {"bucket": {"name": self.name, **(bucket or {})}, **place, **s3}
        self.stack.configure(
            aws={"account": ACCOUNT, "region": REGION},
            repositories={"default": {"s3": store}},
            tenants={},
        )

    @property
    def statements(self) -> list[str]:
        text = self.s3.get_bucket_policy(Bucket=self.name)["Policy"]
        return [one["Sid"] for one in json.loads(text)["Statement"]]

    @property
    def rules(self) -> list[str]:
        found = self.s3.get_bucket_lifecycle_configuration(Bucket=self.name)["Rules"]
        return [one["ID"] for one in found]

    @property
    def tags(self) -> dict[str, str]:
        found = self.s3.get_bucket_tagging(Bucket=self.name)["TagSet"]
        return {one["Key"]: one["Value"] for one in found}

    def hardened(self) -> bool:
        """Whether the public is shut out, and plain HTTP."""
        answer = self.s3.get_public_access_block(Bucket=self.name)
        blocks = answer["PublicAccessBlockConfiguration"].values()
        return len(blocks) == 4 and all(blocks) and "DenyInsecureTransport" in self.statements


def on_s3(said: list[str]) -> list[str]:
    return [line.split()[0] + " " + line.split()[1] for line in said if " Bucket" in line]


@pytest.fixture(scope="module")
def bucket(aws_platform, engine_folder, vault) -> Buckets:
    made = Buckets(aws_platform, engine_folder, vault)
    made.make(made.name, THEIRS)
    tag = {"Key": "team", "Value": "x"}
    made.s3.put_bucket_tagging(Bucket=made.name, Tagging={"TagSet": [tag]})
    rule = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "x/"}}
    rules = {"Rules": [{**rule, "Expiration": {"Days": 3}}]}
    made.s3.put_bucket_lifecycle_configuration(Bucket=made.name, LifecycleConfiguration=rules)
    return made


def test_a_bucket_of_others_is_refused_in_the_preview(bucket: Buckets):
    bucket.configure()
    setting = "argo-artifacts:repositories.default.s3.bucket.ownership"
    line = (
        f"bucket {bucket.name}: exists without a mark, none is accepted; set {setting} to adopt to"
        " take it over, or to use to leave it alone"
    )
    assert any(line in error for error in bucket.stack.preview(fails=True).errors)


def test_adopting_imports_what_stands_and_changes_it_in_one_run(bucket: Buckets):
    """docs/decisions/0004-adoption-on-aws.md"""
    bucket.configure({"ownership": "adopt"})
    assert on_s3(bucket.stack.up().said) == [
        "create BucketOwnershipControls",
        "create BucketPublicAccessBlock",
        "import Bucket",
        "import BucketLifecycleConfiguration",
        "import BucketPolicy",
        "update Bucket",
        "update BucketLifecycleConfiguration",
        "update BucketPolicy",
    ]
    assert bucket.statements == ["Theirs", "DenyInsecureTransport", "DenyOldTLS"]
    assert bucket.rules == ["theirs", "argo-artifacts/incomplete"]
    assert bucket.tags == {"team": "x", OWNER_MARK: bucket.stack.owner}
    assert bucket.hardened()


def test_nothing_else_changes_when_the_file_names_what_goes(bucket: Buckets):
    drop = {"statements": ["Theirs"], "lifecycleRules": ["theirs"]}
    bucket.configure({"ownership": "adopt", "drop": drop})
    assert on_s3(bucket.stack.up().said) == [
        "update BucketLifecycleConfiguration",
        "update BucketPolicy",
    ]
    assert bucket.statements == ["DenyInsecureTransport", "DenyOldTLS"]
    assert bucket.rules == ["argo-artifacts/incomplete"]


def test_a_destroy_leaves_an_adopted_bucket_as_it_is(bucket: Buckets):
    bucket.stack.destroy()
    assert bucket.stack.urns() == set()
    assert bucket.hardened()


def test_a_bucket_with_our_mark_is_taken_back_and_gets_all_that_the_file_asks(bucket: Buckets):
    bucket.make(bucket.logs, LOGS)
    log = {"bucket": bucket.logs, "prefix": "argo/"}
    lock = {"mode": "GOVERNANCE", "days": 3}
    alias = f"alias/{bucket.name}"
    bucket.configure(
        {"versioning": True, "objectLock": lock, "accessLog": log},
        encryption={"kms": {"key": alias, "ownership": "create"}},
        lifecycle={"expireDays": 90, "noncurrentExpireDays": 7, "transition": {"days": 30}},
    )
    said = bucket.stack.up().said
    assert [line for line in on_s3(said) if line.startswith("import")] == [
        "import Bucket",
        "import BucketLifecycleConfiguration",
        "import BucketOwnershipControls",
        "import BucketPolicy",
        "import BucketPublicAccessBlock",
    ]
    s3, named = bucket.s3, {"Bucket": bucket.name}
    assert s3.get_bucket_versioning(**named)["Status"] == "Enabled"
    owned = s3.get_bucket_ownership_controls(**named)["OwnershipControls"]["Rules"]
    assert owned == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    locked = s3.get_object_lock_configuration(**named)["ObjectLockConfiguration"]
    retention = locked["Rule"]["DefaultRetention"]
    assert (retention["Mode"], retention["Days"]) == ("GOVERNANCE", 3)
    logged = s3.get_bucket_logging(**named)["LoggingEnabled"]
    assert (logged["TargetBucket"], logged["TargetPrefix"]) == (bucket.logs, "argo/")
    encrypted = s3.get_bucket_encryption(**named)["ServerSideEncryptionConfiguration"]["Rules"]
    assert encrypted == [
        {
            "ApplyServerSideEncryptionByDefault": {
                "SSEAlgorithm": "aws:kms",
                "KMSMasterKeyID": f"arn:aws:kms:{REGION}:{ACCOUNT}:{alias}",
            },
            "BucketKeyEnabled": True,
        }
    ]
    key = bucket.kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"]
    assert bucket.kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
    assert bucket.rules == [
        f"argo-artifacts/{name}" for name in ("expire", "incomplete", "transition", "versions")
    ]
    assert bucket.tags == {OWNER_MARK: bucket.stack.owner}


def test_a_refused_destroy_leaves_bucket_and_key_as_they_were(bucket: Buckets):
    """Parts that went first would open a bucket that stays."""
    errors = bucket.stack.destroy(fails=True).errors
    assert any("cannot be deleted" in line for line in errors)
    assert any("because it is protected" in line for line in errors)
    assert bucket.hardened()
    alias = f"alias/{bucket.name}"
    assert bucket.kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyState"] == "Enabled"
