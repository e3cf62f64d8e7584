"""A store on S3 under mocks: its bucket, all that hardens it, and the key of its objects."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Final

import boto3
import pulumi_aws
import pytest
from moto import mock_aws
from pulumi.runtime import mocks, rpc

from argo_artifacts.access.names import OWNER_MARK
from argo_artifacts.config import ConfigError
from components.aws.store import S3Account, S3Store, S3StoreArgs
from tests.unit.aws_stacks import on_aws, store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argo_artifacts.access import AccessPlan
    from argo_artifacts.config import Settings

OWNER: Final = "argo-artifacts/test"
ACCOUNT: Final = "111122223333"
REGION: Final = "eu-west-1"
ORDER: Final = [
    "Bucket",
    "BucketOwnershipControls",
    "BucketPublicAccessBlock",
    "BucketVersioning",
    "BucketServerSideEncryptionConfiguration",
    "BucketObjectLockConfiguration",
    "BucketLifecycleConfiguration",
    "BucketLogging",
    "BucketPolicy",
]
EVERYTHING: Final = {
    "bucket": {
        "name": "artifacts",
        "versioning": True,
        "objectLock": {"days": 3},
        "accessLog": {"bucket": "logs", "prefix": "argo/"},
    },
    "encryption": {"kms": {"key": "alias/argo", "ownership": "create"}},
    "lifecycle": {
        "expireDays": 90,
        "noncurrentExpireDays": 7,
        "expireDeleteMarkers": True,
        "transition": {"days": 30},
    },
}


class _Monitor(mocks.MockMonitor):
    """Keeps every request by kind and name."""

    def __init__(self) -> None:
        super().__init__(_Echo())
        self.asked: dict[tuple[str, str], object] = {}

    def RegisterResource(self, request):  # noqa: N802 - the SDK's name
        place = (request.type.rpartition(":")[2], request.name)
        assert place not in self.asked
        self.asked[place] = request
        return super().RegisterResource(request)


class _Echo(mocks.Mocks):
    def new_resource(self, args):
        return f"{args.name}-id", dict(args.inputs)

    def call(self, args):
        raise NotImplementedError(args.token)


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MOTO_ACCOUNT_ID", ACCOUNT)
    monkeypatch.setattr("moto.core.models.DEFAULT_ACCOUNT_ID", ACCOUNT, raising=False)
    with mock_aws():
        yield


def declare(given: tuple[Settings, AccessPlan]) -> dict:
    """Every request by kind and name that the stores of *given* make."""
    settings, plan = given
    monitor = _Monitor()
    mocks.set_mocks(
        monitor.mocks, project="argo-artifacts", stack="test", preview=False, monitor=monitor
    )

    @mocks.test
    def run() -> None:
        provider = pulumi_aws.Provider("aws", region=REGION)
        account = S3Account(settings, plan, provider, boto3.Session(region_name=REGION))
        for name in settings.repositories:
            S3Store(name, S3StoreArgs(settings=settings, plan=plan, account=account))

    run()
    return monitor.asked


def inputs(request) -> dict:
    return dict(rpc.deserialize_properties(request.object))


def test_each_change_of_a_bucket_waits_for_the_one_before():
    """S3 refuses two at a time with OperationAborted."""
    asked = declare(on_aws({"default": store("irsa", **EVERYTHING)}))
    found = [kind for kind, name in asked if name == "artifacts"]
    assert found == ORDER
    for before, kind in itertools.pairwise(ORDER):
        waits = {
            urn.split("::")[2].rpartition("$")[2] for urn in asked[kind, "artifacts"].dependencies
        }
        assert any(urn.endswith(f":{before}") for urn in waits), (kind, waits)


def test_a_bucket_goes_with_its_parts_and_only_where_the_file_says_so():
    """Parts that went first would leave a bucket that is not empty open to the world."""
    asked = declare(on_aws({"default": store("irsa")}))
    parts = [request for (kind, name), request in asked.items() if name == "artifacts"]
    bucket = asked["Bucket", "artifacts"]
    assert bucket.protect
    assert not bucket.retainOnDelete
    assert not inputs(bucket)["forceDestroy"]
    assert len(parts) == 6
    assert {p.deletedWith.rpartition("::")[2] for p in parts if p is not bucket} == {"artifacts"}
    loose = {"name": "artifacts", "protect": False, "forceDestroy": True}
    bucket = declare(on_aws({"default": store("irsa", bucket=loose)}))["Bucket", "artifacts"]
    assert not bucket.protect
    assert inputs(bucket)["forceDestroy"]


def test_a_key_is_made_once_and_outlives_every_bucket():
    """A key that was deleted takes all objects with it."""
    kms = {"kms": {"key": "alias/argo", "ownership": "create"}}
    loose = {"name": "others", "protect": False}
    repositories = {
        "default": store("irsa", encryption=kms),
        "others": store("irsa", encryption=kms, bucket=loose),
    }
    asked = declare(on_aws(repositories))
    (key,) = [request for (kind, _), request in asked.items() if kind == "Key"]
    assert key.protect
    found = inputs(key)
    assert found["enableKeyRotation"]
    assert found["tags"] == {OWNER_MARK: OWNER}
    for name in ("artifacts", "others"):
        (rule,) = inputs(asked["BucketServerSideEncryptionConfiguration", name])["rules"]
        assert rule["bucketKeyEnabled"]
        assert rule["applyServerSideEncryptionByDefault"] == {
            "sseAlgorithm": "aws:kms",
            "kmsMasterKeyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/argo",
        }
        waits = asked["Bucket", name].dependencies
        assert {urn.rpartition("::")[2] for urn in waits} == {f"alias/argo@{REGION}"}


def test_every_property_is_as_the_file_asks():
    asked = declare(on_aws({"default": store("irsa", **EVERYTHING)}))
    found = {
        kind: inputs(request) for (kind, name), request in asked.items() if name == "artifacts"
    }
    assert {one["region"] for one in found.values()} == {REGION}
    assert {one["bucket"] for one in found.values()} == {"artifacts"}
    assert found["Bucket"]["tags"] == {OWNER_MARK: OWNER}
    assert found["BucketOwnershipControls"]["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    access = found["BucketPublicAccessBlock"]
    assert sorted(key for key, value in access.items() if value is True) == [
        "blockPublicAcls",
        "blockPublicPolicy",
        "ignorePublicAcls",
        "restrictPublicBuckets",
    ]
    assert found["BucketVersioning"]["versioningConfiguration"] == {"status": "Enabled"}
    assert found["BucketObjectLockConfiguration"]["rule"] == {
        "defaultRetention": {"mode": "GOVERNANCE", "days": 3}
    }
    assert found["BucketLogging"]["targetBucket"] == "logs"
    assert found["BucketLogging"]["targetPrefix"] == "argo/"
    policy = json.loads(found["BucketPolicy"]["policy"])
    assert [one["Sid"] for one in policy["Statement"]] == ["DenyInsecureTransport", "DenyOldTLS"]
    assert {rule["id"]: rule for rule in found["BucketLifecycleConfiguration"]["rules"]} == {
        "argo-artifacts/expire": {
            "id": "argo-artifacts/expire",
            "status": "Enabled",
            "filter": {"prefix": "prod/"},
            "expiration": {"days": 90},
        },
        "argo-artifacts/incomplete": {
            "id": "argo-artifacts/incomplete",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
        },
        "argo-artifacts/transition": {
            "id": "argo-artifacts/transition",
            "status": "Enabled",
            "filter": {"prefix": "prod/"},
            "transitions": [{"days": 30, "storageClass": "STANDARD_IA"}],
        },
        "argo-artifacts/versions": {
            "id": "argo-artifacts/versions",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "expiration": {"expiredObjectDeleteMarker": True},
            "noncurrentVersionExpiration": {"noncurrentDays": 7},
        },
    }


def test_a_bucket_that_others_keep_is_not_touched():
    asked = declare(on_aws({"default": store("irsa", bucket={"name": "a-b", "ownership": "use"})}))
    assert [kind for kind, _ in asked] == ["aws", "S3Store"]


def test_each_tenant_has_a_bucket_where_the_file_says_so():
    asked = declare(on_aws({"default": store("irsa", isolation="bucket")}))
    assert [name for kind, name in asked if kind == "Bucket"] == [
        "artifacts-team-a",
        "artifacts-team-b",
    ]


def test_a_bucket_that_lies_elsewhere_is_refused_before_anything_is_declared():
    boto3.client("s3", region_name="us-west-2").create_bucket(
        Bucket="artifacts", CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
    )
    with pytest.raises(ConfigError) as refused:
        declare(on_aws({"default": store("irsa")}))
    assert refused.value.faults == (
        (
            "bucket artifacts: lies in us-west-2, one in eu-west-1 is accepted; set"
            " argo-artifacts:repositories.default.s3.region to us-west-2, or choose another name"
        ),
    )
