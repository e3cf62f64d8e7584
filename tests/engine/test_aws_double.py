"""The double of the provider aws: what it accepts, replaces, makes and reads, type by type."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.engine.aws_double import sdk
from tests.engine.aws_double.provider import SCHEMA
from tests.engine.aws_double.refusal import RefusalError
from tests.engine.aws_double.replaced import ROWS
from tests.engine.aws_double.shelf import Fault, Shelf
from tests.engine.aws_plugin import Played, RefusedError
from tests.engine.moto_server import ACCOUNT, OTHER_ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine.moto_server import MotoServer


def document(*actions: str, **more: object) -> str:
    """A policy in some words."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*", **more}],
        }
    )


TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "ec2.amazonaws.com"},
            }
        ],
    }
)
POLICY = {"policy": document("s3:GetObject")}
CHANGED_POLICY = {"policy": document("s3:PutObject")}
TAGGED = {"tags": {"team": "platform"}}
RETAGGED = {"tags": {"team": "data"}}
IN_BUCKET = {"bucket": "shop-artifacts"}
BUCKET = {**IN_BUCKET, "objectLockEnabled": True, "forceDestroy": True, **TAGGED}
ROLE = {"name": "shop-role", "assumeRolePolicy": TRUST}
USER = {"name": "shop-user"}
ARN = f"arn:aws:iam::{ACCOUNT}"
RULE = {
    "id": "expire",
    "status": "Enabled",
    "filter": {"prefix": "prod/"},
    "expiration": {"days": 90},
    "noncurrentVersionExpiration": {"noncurrentDays": 7},
    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
    "transitions": [{"days": 30, "storageClass": "STANDARD_IA"}],
}
CMK = {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/shop"}
SCOPE = "s3://shop-artifacts/*"
GRANTEE = {"granteeType": "IAM", "granteeIdentifier": f"{ARN}:role/shop-role"}

S3, IAM, KMS, CONTROL = "aws:s3/", "aws:iam/", "aws:kms/", "aws:s3control/"

CASES: dict[str, tuple[dict, dict, list[tuple[str, dict]]]] = {
    f"{S3}bucket:Bucket": (BUCKET, {**BUCKET, **RETAGGED}, []),
    f"{S3}bucketPublicAccessBlock:BucketPublicAccessBlock": (
        {**IN_BUCKET, "blockPublicAcls": True, "blockPublicPolicy": True},
        {**IN_BUCKET, "blockPublicAcls": True, "restrictPublicBuckets": True},
        [(f"{S3}bucket:Bucket", BUCKET)],
    ),
    f"{S3}bucketOwnershipControls:BucketOwnershipControls": (
        {**IN_BUCKET, "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        {**IN_BUCKET, "rule": {"objectOwnership": "BucketOwnerPreferred"}},
        [(f"{S3}bucket:Bucket", BUCKET)],
    ),
    f"{S3}bucketVersioning:BucketVersioning": (
        {**IN_BUCKET, "versioningConfiguration": {"status": "Enabled"}},
        {**IN_BUCKET, "versioningConfiguration": {"status": "Suspended"}},
        [(f"{S3}bucket:Bucket", IN_BUCKET)],
    ),
    f"{S3}bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        {
            **IN_BUCKET,
            "rules": [{"applyServerSideEncryptionByDefault": CMK, "bucketKeyEnabled": True}],
        },
        {
            **IN_BUCKET,
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"},
                    "bucketKeyEnabled": False,
                }
            ],
        },
        [(f"{S3}bucket:Bucket", BUCKET)],
    ),
    f"{S3}bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        {**IN_BUCKET, "rules": [RULE]},
        {**IN_BUCKET, "rules": [{**RULE, "expiration": {"days": 30}}]},
        [(f"{S3}bucket:Bucket", BUCKET)],
    ),
    f"{S3}bucketPolicy:BucketPolicy": (
        {**IN_BUCKET, "policy": document("s3:GetObject", Principal="*")},
        {**IN_BUCKET, "policy": document("s3:PutObject", Principal="*")},
        [(f"{S3}bucket:Bucket", BUCKET)],
    ),
    f"{S3}bucketLogging:BucketLogging": (
        {**IN_BUCKET, "targetBucket": "shop-artifacts", "targetPrefix": "log/"},
        {**IN_BUCKET, "targetBucket": "shop-artifacts", "targetPrefix": "logs/"},
        [
            (f"{S3}bucket:Bucket", BUCKET),
            (
                f"{S3}bucketPolicy:BucketPolicy",
                {
                    **IN_BUCKET,
                    "policy": document(
                        "s3:PutObject",
                        Principal={"Service": "logging.s3.amazonaws.com"},
                        Resource="arn:aws:s3:::shop-artifacts/*",
                    ),
                },
            ),
        ],
    ),
    f"{S3}bucketObjectLockConfiguration:BucketObjectLockConfiguration": (
        {**IN_BUCKET, "rule": {"defaultRetention": {"mode": "GOVERNANCE", "days": 1}}},
        {**IN_BUCKET, "rule": {"defaultRetention": {"mode": "GOVERNANCE", "days": 2}}},
        [(f"{S3}bucket:Bucket", BUCKET)],
    ),
    f"{KMS}key:Key": (
        {**POLICY, **TAGGED, "enableKeyRotation": True, "deletionWindowInDays": 7},
        {**CHANGED_POLICY, **RETAGGED, "deletionWindowInDays": 7},
        [],
    ),
    f"{KMS}alias:Alias": (
        {"name": "alias/shop", "targetKeyId": "of the key"},
        {"name": "alias/shop", "targetKeyId": "of another"},
        [],
    ),
    f"{IAM}role:Role": (
        {**ROLE, **TAGGED, "path": "/argo/", "permissionsBoundary": f"{ARN}:policy/bound"},
        {**ROLE, "path": "/argo/", "description": "of the shop", "maxSessionDuration": 7200},
        [],
    ),
    f"{IAM}rolePolicy:RolePolicy": (
        {"name": "access", "role": "shop-role", **POLICY},
        {"name": "access", "role": "shop-role", **CHANGED_POLICY},
        [(f"{IAM}role:Role", ROLE)],
    ),
    f"{IAM}policy:Policy": (
        {"name": "shop-policy", "path": "/argo/", **POLICY, **TAGGED},
        {"name": "shop-policy", "path": "/argo/", **CHANGED_POLICY, **RETAGGED},
        [],
    ),
    f"{IAM}rolePolicyAttachment:RolePolicyAttachment": (
        {"role": "shop-role", "policyArn": f"{ARN}:policy/shop-policy"},
        {},
        [
            (f"{IAM}role:Role", ROLE),
            (f"{IAM}policy:Policy", {"name": "shop-policy", **POLICY}),
        ],
    ),
    f"{IAM}user:User": (
        {**USER, **TAGGED, "path": "/argo/", "permissionsBoundary": f"{ARN}:policy/bound"},
        {"name": "shop-other", **RETAGGED},
        [],
    ),
    f"{IAM}userPolicy:UserPolicy": (
        {"name": "access", "user": "shop-user", **POLICY},
        {"name": "access", "user": "shop-user", **CHANGED_POLICY},
        [(f"{IAM}user:User", USER)],
    ),
    f"{IAM}accessKey:AccessKey": (
        {"user": "shop-user"},
        {"user": "shop-user", "status": "Inactive"},
        [(f"{IAM}user:User", {**USER, "forceDestroy": True})],
    ),
    f"{IAM}openIdConnectProvider:OpenIdConnectProvider": (
        {"url": "https://oidc.example.com/x", "clientIdLists": ["sts.amazonaws.com"], **TAGGED},
        {"url": "https://oidc.example.com/x", "clientIdLists": ["sts.amazonaws.com"], **RETAGGED},
        [],
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": (
        {
            "clusterName": "shop",
            "namespace": "team-a",
            "serviceAccount": "workflow",
            "roleArn": f"{ARN}:role/shop-role",
        },
        {
            "clusterName": "shop",
            "namespace": "team-a",
            "serviceAccount": "workflow",
            "roleArn": f"{ARN}:role/shop-other",
        },
        [],
    ),
    f"{CONTROL}accessGrantsInstance:AccessGrantsInstance": (TAGGED, RETAGGED, []),
    f"{CONTROL}accessGrantsLocation:AccessGrantsLocation": (
        {"locationScope": SCOPE, "iamRoleArn": f"{ARN}:role/shop-role"},
        {"locationScope": SCOPE, "iamRoleArn": f"{ARN}:role/shop-other"},
        [(f"{CONTROL}accessGrantsInstance:AccessGrantsInstance", {})],
    ),
    f"{CONTROL}accessGrant:AccessGrant": (
        {
            "accessGrantsLocationId": "of the location",
            "accessGrantsLocationConfiguration": {"s3SubPrefix": "team-a/*"},
            "grantee": GRANTEE,
            "permission": "READWRITE",
        },
        {},
        [
            (f"{CONTROL}accessGrantsInstance:AccessGrantsInstance", {}),
            (
                f"{CONTROL}accessGrantsLocation:AccessGrantsLocation",
                {"locationScope": SCOPE, "iamRoleArn": f"{ARN}:role/shop-role"},
            ),
        ],
    ),
}
"""Of each type: inputs, changed inputs (none: every change replaces), what must stand before."""


@pytest.fixture(scope="module")
def keys(moto: MotoServer) -> tuple[str, str]:
    """Ids of two keys, for the aliases."""
    client = moto.client("kms")
    made = [client.create_key()["KeyMetadata"]["KeyId"] for _ in range(2)]
    return made[0], made[1]


@pytest.fixture(scope="module")
def login(moto: MotoServer) -> Iterator[pytest.MonkeyPatch]:
    """The environment of somebody who is logged in to the account."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in moto.variables().items():
            patch.setenv(name, value)
        yield patch


@pytest.fixture(scope="module")
def played(login, aws_double) -> Played:
    """A stack of the account."""
    del login
    return Played(aws_double, {"allowedAccountIds": f'["{ACCOUNT}"]'})


@pytest.fixture
def stack(played: Played) -> Iterator[Played]:
    """The stack, which is emptied at the end."""
    yield played
    for token in [*reversed(played.state)]:
        played.delete(token)


@pytest.fixture(scope="module", autouse=True)
def cluster(moto: MotoServer):
    client = moto.client("eks")
    network = {"subnetIds": ["subnet-1"]}
    client.create_cluster(name="shop", roleArn=f"{ARN}:role/eks", resourcesVpcConfig=network)
    yield
    client.delete_cluster(name="shop")


def filled(stack: Played, inputs: dict, keys: tuple[str, str]) -> dict:
    """*inputs* with the ids that only the account knows."""
    location = stack.state.get(f"{CONTROL}accessGrantsLocation:AccessGrantsLocation")
    ids = {
        "of the key": keys[0],
        "of another": keys[1],
        "of the location": location.outputs["accessGrantsLocationId"] if location else "",
    }
    return {k: ids.get(v, v) if isinstance(v, str) else v for k, v in inputs.items()}


def test_every_type_that_the_sdk_is_asked_for_is_tested():
    assert set(CASES) == set(sdk.schema()["resources"])


@pytest.mark.parametrize("token", CASES, ids=lambda token: token.rpartition(":")[2])
def test_a_property_that_the_sdk_does_not_have_is_refused(stack, token):
    inputs = CASES[token][0]
    name = next(iter(inputs))
    with pytest.raises(RefusedError) as refusal:
        stack.check(token, {**inputs, f"{name}x": inputs[name]})
    (line,) = str(refusal.value).splitlines()
    assert line.startswith(f"{token.rpartition(':')[2]}.{name}x: no such property, ")


@pytest.mark.parametrize("token", CASES, ids=lambda token: token.rpartition(":")[2])
def test_a_property_that_is_missing_is_refused(stack, token):
    inputs = CASES[token][0]
    properties = sdk.schema()["resources"][token]["inputs"]
    required = [name for name, found in properties.items() if found["required"]]
    named = {"Bucket": "bucket", "User": "name"}  # which the real provider would make up
    kind = token.rpartition(":")[2]
    required = required or [named[kind]] if kind not in {"Key", "AccessGrantsInstance"} else []
    for name in required:
        with pytest.raises(RefusedError) as refusal:
            stack.check(token, {k: v for k, v in inputs.items() if k != name})
        (line,) = str(refusal.value).splitlines()
        assert line.startswith(f"{kind}.{name}: absent, ")
        assert line.endswith(" is required")
    assert required or stack.check(token, {}) == {}  # these two require nothing


@pytest.mark.parametrize("token", CASES, ids=lambda token: token.rpartition(":")[2])
def test_a_resource_is_made_read_changed_replaced_and_removed(stack, keys, token):
    inputs, changed, before = CASES[token]
    for other, needed in before:
        stack.create(other, needed)
    inputs, changed = filled(stack, inputs, keys), filled(stack, changed, keys)

    unknown = stack.unknown(token, inputs)
    assert unknown >= set(sdk.schema()["resources"][token]["outputs"])
    made = stack.create(token, inputs)
    assert not stack.diff(token, inputs).changes
    refreshed = stack.refresh(token)
    assert refreshed is not None
    assert refreshed.inputs == inputs
    assert refreshed.outputs == made.outputs
    imported = stack.take(token, made.id)
    assert imported is not None
    assert imported.inputs.items() <= made.outputs.items()

    rows = {row.property for row in ROWS if row.type == token}
    for name in rows & set(inputs):
        other = {**inputs, name: _other(inputs[name])}
        assert stack.diff(token, other).replaces == [name]
    if changed:
        difference = stack.diff(token, changed)
        assert difference.changes
        assert not difference.replaces
        stack.update(token, changed)
        assert not stack.diff(token, changed).changes
    else:
        assert set(inputs) <= rows

    stack.delete(token)
    stays = token.endswith((":BucketVersioning", ":BucketObjectLockConfiguration"))
    assert (stack.take(token, made.id) is not None) is stays  # as AWS has no call to end them


def _other(value: object) -> object:
    match value:
        case bool():
            return not value
        case str():
            return f"{value}-other"
        case dict():
            return {name: _other(inner) for name, inner in value.items()}
    raise TypeError(value)


def test_every_row_of_the_table_names_its_source():
    assert all(row.source for row in ROWS)
    properties = {token: found["inputs"] for token, found in sdk.schema()["resources"].items()}
    assert all(row.property in properties[row.type] for row in ROWS)
    assert {row.type for row in ROWS} == {t for t in CASES if not t.endswith(":User")}


@pytest.mark.parametrize(
    ("token", "inputs", "line"),
    [
        (
            f"{S3}bucket:Bucket",
            {**BUCKET, "acl": "private"},
            "Bucket.acl: the double was not taught it, ",
        ),
        (
            f"{S3}bucketVersioning:BucketVersioning",
            {**IN_BUCKET, "versioningConfiguration": {"state": "Enabled"}},
            "BucketVersioning.versioningConfiguration.state: no such property, ",
        ),
        (
            f"{S3}bucketVersioning:BucketVersioning",
            {**IN_BUCKET, "versioningConfiguration": {}},
            "BucketVersioning.versioningConfiguration.status: absent, a value is required",
        ),
        (
            f"{IAM}role:Role",
            {**ROLE, "maxSessionDuration": "3600"},
            "Role.maxSessionDuration: str found, int is accepted",
        ),
        (
            f"{S3}bucketLifecycleConfiguration:BucketLifecycleConfiguration",
            {**IN_BUCKET, "rules": [{"id": "x", "status": "Enabled", "expiry": {"days": 1}}]},
            "BucketLifecycleConfiguration.rules[0].expiry: no such property, ",
        ),
    ],
    ids=["not taught", "nested", "missing inside", "of another shape", "in a list"],
)
def test_what_the_double_does_not_know_is_refused(stack, token, inputs, line):
    with pytest.raises(RefusedError) as refusal:
        stack.check(token, inputs)
    assert str(refusal.value).splitlines()[0].startswith(line)


def test_a_type_that_the_double_was_not_taught_is_refused(stack):
    with pytest.raises(RefusalError, match="aws:s3/bucketAcl:BucketAcl is not taught"):
        stack.check("aws:s3/bucketAcl:BucketAcl", {})


def test_another_account_is_refused_by_the_account_that_sts_answers(moto, aws_double, monkeypatch):
    for name, value in moto.variables(OTHER_ACCOUNT).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(RefusalError) as refusal:
        Played(aws_double, {"allowedAccountIds": [ACCOUNT]})
    assert str(refusal.value) == (
        f"provider aws: logged in to '{OTHER_ACCOUNT}', '{ACCOUNT}' is accepted"
    )


@pytest.mark.usefixtures("login")
def test_a_role_is_assumed_before_the_account_is_looked_at(aws_double):
    role = f"arn:aws:iam::{OTHER_ACCOUNT}:role/deployer"
    played = Played(
        aws_double,
        {"allowedAccountIds": [OTHER_ACCOUNT], "assumeRoles": json.dumps([{"roleArn": role}])},
    )
    assert played.account.number == OTHER_ACCOUNT


def test_a_setting_that_the_double_does_not_heed_is_refused(aws_double):
    with pytest.raises(RefusedError, match="defaultTags is not taught"):
        Played(aws_double, {"defaultTags": "{}"})


def test_a_bucket_with_objects_is_kept_unless_it_is_forced(stack, moto):
    token = f"{S3}bucket:Bucket"
    stack.create(token, IN_BUCKET)
    moto.client("s3").put_object(Bucket="shop-artifacts", Key="x", Body=b"y")
    known = stack.state[token]
    with pytest.raises(
        RefusalError, match=r"deleting S3 Bucket \(shop-artifacts\): BucketNotEmpty"
    ):
        stack.delete(token)
    stack.state[token] = known
    stack.update(token, {**IN_BUCKET, "forceDestroy": True})


@pytest.mark.parametrize(("when", "made"), [("before", False), ("after", True)])
def test_a_call_fails_before_or_after_its_effect(stack, moto, aws_double, when, made):
    token = f"{IAM}user:User"
    shelf = Shelf(aws_double)
    shelf.fail(Fault(call="create", type=token, name="it", when=when, says="on demand"))
    with pytest.raises(RefusalError, match="on demand"):
        stack.create(token, USER)
    shelf.fail()
    users = [user["UserName"] for user in moto.client("iam").list_users()["Users"]]
    assert ("shop-user" in users) is made
    if made:
        moto.client("iam").delete_user(UserName="shop-user")


def test_the_secret_of_an_access_key_outlives_a_refresh(stack):
    stack.create(f"{IAM}user:User", {**USER, "forceDestroy": True})
    made = stack.create(f"{IAM}accessKey:AccessKey", {"user": "shop-user"})
    assert made.outputs["secret"]
    refreshed = stack.refresh(f"{IAM}accessKey:AccessKey")
    assert refreshed.outputs["secret"] == made.outputs["secret"]


def test_the_schema_is_what_the_provider_reads(aws_double):
    assert json.loads((aws_double / SCHEMA).read_text()) == sdk.schema()
