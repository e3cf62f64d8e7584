"""A store on S3 under mocks: its bucket, all that hardens it, and the key of its objects."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Final

import boto3
import pulumi
import pulumi_aws
import pytest
from moto import mock_aws
from pulumi.runtime import mocks, rpc

from argo_artifacts.access.names import OWNER_MARK
from argo_artifacts.config import ConfigError
from components import state
from components.aws.store import S3Account, S3Store, S3StoreArgs
from tests.unit.aws_stacks import on_aws, store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from argo_artifacts.access import AccessPlan
    from argo_artifacts.config import Settings

OWNER: Final = "argo-artifacts/test"
ACCOUNT: Final = "111122223333"
REGION: Final = "eu-west-1"
SESSION: Final = boto3.Session("canary", "canary", region_name=REGION)
"""One for all tests: the descriptions of the services are read once."""

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
    """Keeps every request by kind and name, and the functions that hooks call."""

    def __init__(self, known: Iterable[str]) -> None:
        super().__init__(_Echo(known))
        self.asked: dict[tuple[str, str], object] = {}

    def RegisterResource(self, request):  # noqa: N802 - the SDK's name
        place = (request.type.rpartition(":")[2], request.name)
        assert place not in self.asked
        self.asked[place] = request
        return super().RegisterResource(request)


class _Echo(mocks.Mocks):
    """Knows the resources of the state by URN."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = list(known)

    def new_resource(self, args):
        return f"{args.name}-id", dict(args.inputs)

    def call(self, args):
        assert args.token == state.READ
        assert args.args == {"stackName": "organization/argo-artifacts/test"}
        return {"name": "test", "outputs": {key: {} for key in self._known}}, []


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MOTO_ACCOUNT_ID", ACCOUNT)
    with mock_aws():
        yield


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the program tells: severity and line."""
    lines: list[str] = []
    for how in ("info", "warn"):
        monkeypatch.setattr(pulumi.log, how, lambda line, how=how: lines.append(f"{how}: {line}"))
    return lines


def declare(given: tuple[Settings, AccessPlan], known: Iterable[str] = ()) -> dict:
    """Every request by kind and name that the stores of *given* make."""
    settings, plan = given
    monitor = _Monitor(known)
    mocks.set_mocks(
        monitor.mocks,
        project="argo-artifacts",
        stack="test",
        organization="organization",
        preview=False,
        monitor=monitor,
    )

    @mocks.test
    def run() -> None:
        provider = pulumi_aws.Provider("aws", region=REGION)
        account = S3Account(settings, plan, provider, SESSION)
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
    SESSION.client("s3", region_name="us-west-2").create_bucket(
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


THEIRS: Final = {
    "Sid": "Theirs",
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::artifacts/*",
}


def stand(tags: Mapping[str, str] | None = None, statements: Iterable[object] = (THEIRS,)):
    """Make the bucket as others would; its client."""
    s3 = SESSION.client("s3", region_name=REGION)
    s3.create_bucket(Bucket="artifacts", CreateBucketConfiguration={"LocationConstraint": REGION})
    if tags:
        marks = [{"Key": key, "Value": value} for key, value in tags.items()]
        s3.put_bucket_tagging(Bucket="artifacts", Tagging={"TagSet": marks})
    policy = {"Version": "2008-10-17", "Id": "theirs", "Statement": list(statements)}
    if policy["Statement"]:
        s3.put_bucket_policy(Bucket="artifacts", Policy=json.dumps(policy))
    rule = {
        "ID": "theirs",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Expiration": {"Days": 3},
    }
    s3.put_bucket_lifecycle_configuration(
        Bucket="artifacts", LifecycleConfiguration={"Rules": [rule]}
    )
    return s3


def adopting(**bucket: object) -> tuple[Settings, AccessPlan]:
    named = {"name": "artifacts", "ownership": "adopt"}
    return on_aws({"default": store("irsa", bucket=named | bucket)})


def imported(asked: Mapping) -> dict[str, str]:
    return {kind: request.importId for (kind, _), request in asked.items() if request.importId}


def test_adopting_imports_what_stands_and_creates_what_is_missing(said: list[str]):
    stand({"team": "x"})
    asked = declare(adopting())
    assert imported(asked) == dict.fromkeys(
        ["Bucket", "BucketLifecycleConfiguration", "BucketPolicy"], "artifacts"
    )
    own = {kind: request for (kind, name), request in asked.items() if name == "artifacts"}
    assert {"BucketOwnershipControls", "BucketPublicAccessBlock"} < set(own)
    assert all(request.retainOnDelete and not request.protect for request in own.values())
    assert not any(request.deletedWith for request in own.values())
    assert inputs(own["Bucket"])["tags"] == {"team": "x", OWNER_MARK: OWNER}
    assert said == [
        (
            "info: bucket artifacts: is taken over, and no destroy will delete it; of others stays"
            " statement Theirs, lifecycle rule theirs;"
            " argo-artifacts:repositories.default.s3.bucket.drop names what shall go"
        ),
        (
            "warn: bucket artifacts: lifecycle rule theirs of others expires prod/team-a/,"
            " prod/team-b/ earlier than the file says; list it in"
            " argo-artifacts:repositories.default.s3.bucket.drop.lifecycleRules to remove it"
        ),
    ]


def test_what_the_state_knows_is_not_imported_again(said: list[str]):
    stand()
    parent = "urn:pulumi:test::argo-artifacts::argo-artifacts:index:S3Store$aws:s3"
    known = [
        f"{parent}/bucket:Bucket::artifacts",
        f"{parent}/bucketPolicy:BucketPolicy::artifacts",
    ]
    asked = declare(adopting(), known)
    assert imported(asked) == {"BucketLifecycleConfiguration": "artifacts"}
    assert not any("taken over" in line for line in said)


def test_a_bucket_in_another_region_is_imported_from_there():
    stand()
    settings, plan = on_aws(
        {"default": store("irsa", bucket={"name": "artifacts", "ownership": "adopt"})},
        aws={"account": ACCOUNT, "region": "us-east-1"},
    )
    assert imported(declare((settings, plan)))["BucketPolicy"] == f"artifacts@{REGION}"


@pytest.mark.parametrize("bucket", [{}, {"ownership": "create"}], ids=["adopted", "created"])
def test_statements_and_rules_of_others_stay_before_ours(bucket):
    """A document that only holds ours would take away what others need."""
    stand({OWNER_MARK: OWNER})
    asked = declare(adopting(**bucket))
    policy = json.loads(inputs(asked["BucketPolicy", "artifacts"])["policy"])
    assert policy["Version"] == "2008-10-17"
    assert policy["Id"] == "theirs"
    assert policy["Statement"][0] == THEIRS
    assert len(policy["Statement"]) == 3
    rules = inputs(asked["BucketLifecycleConfiguration", "artifacts"])["rules"]
    assert [rule["id"] for rule in rules] == ["theirs", "argo-artifacts/incomplete"]
    assert rules[0] == {
        "id": "theirs",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "expiration": {"days": 3},
    }


def test_what_the_file_names_goes(said: list[str]):
    stand({OWNER_MARK: OWNER}, [THEIRS, {**THEIRS, "Sid": "Other"}])
    drop = {"statements": ["Theirs", "gone already"], "lifecycleRules": ["theirs"]}
    asked = declare(adopting(drop=drop))
    policy = json.loads(inputs(asked["BucketPolicy", "artifacts"])["policy"])
    assert [one["Sid"] for one in policy["Statement"]] == [
        "Other",
        "DenyInsecureTransport",
        "DenyOldTLS",
    ]
    rules = inputs(asked["BucketLifecycleConfiguration", "artifacts"])["rules"]
    assert [rule["id"] for rule in rules] == ["argo-artifacts/incomplete"]
    assert not any("warn" in line for line in said)


def test_a_statement_that_lets_everyone_in_is_told(said: list[str]):
    stand({OWNER_MARK: OWNER}, [{**THEIRS, "Principal": "*"}])
    declare(adopting(drop={"lifecycleRules": ["theirs"]}))
    assert said[1:] == [
        (
            "warn: bucket artifacts: statement Theirs of others lets everyone in, none is needed;"
            " list it in argo-artifacts:repositories.default.s3.bucket.drop.statements to remove it"
        )
    ]


def test_what_another_stack_owns_is_not_adopted():
    stand({OWNER_MARK: "argo-artifacts/prod"})
    with pytest.raises(ConfigError) as refused:
        declare(adopting())
    assert refused.value.faults == (
        (
            "bucket artifacts: belongs to argo-artifacts/prod, none or one marked"
            " argo-artifacts/test is accepted; set"
            " argo-artifacts:repositories.default.s3.bucket.ownership to use to leave it alone, or"
            " where that stack is gone take its tag argo-artifacts/owner away"
        ),
    )


def test_a_statement_of_others_under_our_name_is_replaced_only_where_the_file_says_so():
    stand(statements=[{**THEIRS, "Sid": "DenyOldTLS"}])
    with pytest.raises(ConfigError) as refused:
        declare(adopting())
    assert refused.value.faults == (
        (
            "bucket artifacts: its policy has another statement DenyOldTLS than ours, none is"
            " accepted; list it in argo-artifacts:repositories.default.s3.bucket.drop.statements to"
            " replace it"
        ),
    )
    asked = declare(adopting(drop={"statements": ["DenyOldTLS"]}))
    policy = json.loads(inputs(asked["BucketPolicy", "artifacts"])["policy"])
    assert [one["Effect"] for one in policy["Statement"]] == ["Deny", "Deny"]


@pytest.mark.parametrize(
    ("asked", "had", "status"),
    [
        (None, None, None),
        (None, "Enabled", None),
        (True, None, "Enabled"),
        (False, None, None),
        (False, "Enabled", "Suspended"),
    ],
)
def test_an_adopted_bucket_keeps_its_versioning_where_the_file_is_silent(asked, had, status):
    s3 = stand()
    if had:
        s3.put_bucket_versioning(Bucket="artifacts", VersioningConfiguration={"Status": had})
    said = {} if asked is None else {"versioning": asked}
    found = declare(adopting(**said)).get(("BucketVersioning", "artifacts"))
    assert (found and inputs(found)["versioningConfiguration"]["status"]) == status


def test_an_adopted_bucket_keeps_its_encryption_where_the_file_is_silent():
    """The default of the file would take away the key that others chose."""
    stand()
    kind = "BucketServerSideEncryptionConfiguration"
    assert (kind, "artifacts") not in declare(adopting())
    named = {"name": "artifacts", "ownership": "adopt"}
    asked = declare(on_aws({"default": store("irsa", bucket=named, encryption={})}))
    (rule,) = inputs(asked[kind, "artifacts"])["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}
