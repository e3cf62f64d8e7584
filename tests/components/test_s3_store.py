"""A store on S3 under mocks: its bucket, all that hardens it, and the key of its objects."""

from __future__ import annotations

import itertools
import json
from typing import Final

import pytest

from argo_artifacts.access.names import OWNER_MARK
from tests.components.s3_stores import ACCOUNT, OWNER, REGION, declare, inputs
from tests.unit.aws_stacks import on_aws, store

pytestmark = pytest.mark.usefixtures("aws")

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


def test_a_tenants_own_bucket_is_kept_when_the_tenant_goes():
    """Protection would refuse the removal of a tenant, which keeps its objects by design."""
    asked = declare(on_aws({"default": store("irsa", isolation="bucket")}))
    own = [request for (_, name), request in asked.items() if name == "artifacts-team-a"]
    assert len(own) == 6
    assert all(request.retainOnDelete and not request.protect for request in own)
    loose = {"name": "artifacts", "protect": False, "forceDestroy": True}
    asked = declare(on_aws({"default": store("irsa", isolation="bucket", bucket=loose)}))
    assert not asked["Bucket", "artifacts-team-a"].retainOnDelete
