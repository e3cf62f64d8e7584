"""Verify of what an entry's Secret holds on AWS: a user's keys, a session, a grant's session.

S3 by a MinIO server, the rest at the door; and a user's keys before moto, which judges less.
"""

import json
import urllib.request
from contextlib import contextmanager

import boto3
import pytest

from argo_artifacts.access.names import DEFAULT_ANNOTATION, REPOSITORIES_CONFIG_MAP
from argo_artifacts.documents.aws import identity
from argo_artifacts.repository.entries import config_map_data, default_repository
from argo_artifacts.verify.lookup import ConfigMap
from tests.argo.aws_door import SECRET, AwsDoor
from tests.argo.verify_on_aws import AwsWorld, results
from tests.argo.verify_servers import MemoryCluster, failed, root_s3, rows_of
from tests.engine.minio_server import running
from tests.engine.moto_server import in_this_process
from tests.unit.aws_stacks import on_aws, store
from tests.unit.aws_world import _session as of_grant

STACKS = {
    "accessKeys": store("accessKeys"),
    "assumeRole by refresher": store("assumeRole", assumeRole={"by": "refresher"}),
    "accessGrants": store("accessGrants"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("minio")) as started:
        root_s3(started).create_bucket(Bucket="artifacts")
        yield started


@contextmanager
def world_of(server, name):
    """A stack whose Secrets hold what they should."""
    settings, plan = on_aws({"default": STACKS[name]})
    cluster = cluster_of(settings, plan)
    with AwsDoor(server, settings, plan) as door, pytest.MonkeyPatch.context() as variables:
        variables.setenv("AWS_ENDPOINT_URL", door.url)
        variables.setenv("AWS_ENDPOINT_URL_S3", f"http://{server.endpoint}")
        for user in plan.aws.users:
            arn = f"arn:aws:iam::{plan.aws.account}:user/{user.name}"
            door.allow(arn, identity.user_policy(settings, user))
            door.acting[user.name] = arn
        for credential in plan.credentials:
            hold(cluster, credential, keys_of(door, plan, credential))
        yield AwsWorld(door, settings, plan, cluster)


def cluster_of(settings, plan):
    cluster = MemoryCluster()
    for tenant in settings.tenants:
        notes = {DEFAULT_ANNOTATION: default_repository(plan, tenant)}
        data = config_map_data(settings, plan, tenant)
        cluster.config_maps[tenant, REPOSITORIES_CONFIG_MAP] = ConfigMap(notes, data)
    return cluster


def keys_of(door, plan, credential):
    """What stands in the Secret: a user's keys, the entry role's session, or a grant's."""
    if credential.users:
        return {
            "AccessKeyId": dict(credential.users)[credential.publish],
            "SecretAccessKey": SECRET,
        }
    grants = [g for g in plan.aws.data_grants if g.tenant == credential.tenant]
    if grants:
        (location,) = plan.aws.locations
        return door.session(location.role, of_grant(grants))
    return door.session(plan.aws.entry_role(credential.tenant, "default").arn)


def hold(cluster, credential, keys):
    names = (credential.secret.access_key, credential.secret.secret_key)
    values = [keys["AccessKeyId"], keys["SecretAccessKey"]]
    if credential.secret.session_token:
        names, values = (*names, credential.secret.session_token), [*values, keys["SessionToken"]]
    data = {name: value.encode() for name, value in zip(names, values, strict=True)}
    cluster.secrets[credential.secret.namespace, credential.secret.name] = data


CHECKS = {"accessKeys": 60, "assumeRole by refresher": 62, "accessGrants": 60}


@pytest.mark.parametrize("name", STACKS)
def test_what_a_secret_holds_may_what_the_plan_says_and_nothing_else(server, name):
    with world_of(server, name) as world:
        report = world.verify()
    assert rows_of(report, "failed") == rows_of(report, "not checked") == []
    assert report.causes == ()
    assert results(report)["ok"] == CHECKS[name]
    kept = "no right to delete, and no provisioning credential"
    assert [line for line in report.left_behind if kept not in line] == []


SESSION = "assumeRole by refresher"
IN_A = ("team-a", "argo-artifacts-default")


def test_a_session_that_has_expired_is_said_in_one_line(server):
    with world_of(server, SESSION) as world, pytest.MonkeyPatch.context() as variables:
        world.door.expired = True
        variables.setenv("AWS_ENDPOINT_URL_S3", world.door.url)
        report = world.verify(tenants=frozenset({"team-a"}))
    assert failed(report) == []
    assert {row.found for row in report.rows if row.expectation.check in ("put", "caller")} == {
        "the session has expired (ExpiredToken)"
    }
    assert report.causes[0] == (
        "team-a/default: its session has expired, a fresh one is needed; see the log of the CronJob"
        " that keeps it fresh"
    )
    assert len({cause for cause in report.causes if cause.startswith("team-a")}) == 1


def test_a_session_token_of_another_session_is_said_in_one_line(server):
    with world_of(server, SESSION) as world:
        world.cluster.secrets[IN_A]["sessionToken"] = b"canary-of-nobody"
        report = world.verify(tenants=frozenset({"team-a"}))
    put = next(row for row in report.rows if row.expectation.check == "put")
    assert (put.found, put.result) == ("the session token is wrong (InvalidToken)", "not checked")
    assert "canary" not in json.dumps(report.value()) + repr(report)


def test_a_secret_that_nobody_has_filled_yet_is_named_with_who_fills_it(server):
    with world_of(server, SESSION) as world:
        world.cluster.secrets[IN_A] = {}
        report = world.verify(tenants=frozenset({"team-a"}))
    assert failed(report) == [
        ("team-a/default", "secret", "ConfigMap artifact-repositories"),
    ]
    assert report.causes[0] == (
        "Secret team-a/argo-artifacts-default: key 'accessKey' is missing, the Secret and the keys"
        " that the entry names are needed; see the log of the CronJob that keeps it fresh"
    )


def test_keys_of_another_user_act_as_somebody_else(server):
    with world_of(server, "accessKeys") as world:
        secrets = world.cluster.secrets
        secrets[IN_A] = secrets["team-b", "argo-artifacts-default"]
        report = world.verify(tenants=frozenset({"team-a"}))
    user = next(user.name for user in world.plan.aws.users if user.tenant == "team-a")
    assert ("team-a/default", "caller", f"user {user}") in failed(report)
    assert [row.found for row in report.rows if row.expectation.check == "caller"] == [
        f"acts as user {user.replace('team-a', 'team-b')}"
    ]


@contextmanager
def moto():
    """A server of moto's; whoever it hands keys to may do what their policies say."""
    with in_this_process() as endpoint, pytest.MonkeyPatch.context() as variables:
        url = f"http://{endpoint}"

        def judging(count):
            asked = urllib.request.Request(  # noqa: S310 - our own server
                f"{url}/moto-api/reset-auth", data=count, headers={"Content-Type": "text/plain"}
            )
            with urllib.request.urlopen(asked):  # noqa: S310
                pass

        variables.setenv("AWS_ENDPOINT_URL", url)
        variables.setenv("MOTO_ACCOUNT_ID", "111122223333")
        try:
            yield judging
        finally:
            judging(b"inf")


def test_moto_judges_less_than_aws_and_exactly_that_is_told():
    settings, plan = on_aws({"default": STACKS["accessKeys"]})
    cluster = cluster_of(settings, plan)
    with moto() as judging:
        anybody = boto3.session.Session("any", "any", region_name="eu-west-1")
        iam, s3 = anybody.client("iam"), anybody.client("s3")
        s3.create_bucket(
            Bucket="artifacts", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        for user, credential in zip(plan.aws.users, plan.credentials, strict=True):
            iam.create_user(UserName=user.name)
            document = json.dumps(identity.user_policy(settings, user))
            iam.put_user_policy(UserName=user.name, PolicyName="x", PolicyDocument=document)
            hold(cluster, credential, iam.create_access_key(UserName=user.name)["AccessKey"])
        judging(b"0")
        report = AwsWorld(None, settings, plan, cluster).verify()
    for tenant, neighbour in (("team-a", "team-b"), ("team-b", "team-a")):
        mine = [row[1:] for row in failed(report) if row[0] == f"{tenant}/default"]
        assert mine == [(check, at.format(neighbour)) for check, at in UNJUDGED]
    assert rows_of(report, "not checked") == [
        f"{tenant}/default: list keys on S3 eu-west-1: refused expected, 403: not checked"
        for tenant in ("team-a", "team-b")
    ]  # moto refuses it in XML, which nobody reads as KMS's answer
    assert results(report)["ok"] == CHECKS["accessKeys"] - len(failed(report)) - 2


UNJUDGED = [
    ("list without prefix", "artifacts"),  # no condition of a policy is ever judged,
    ("list", "artifacts:prod/{}/"),  # so that listing has no prefix
    ("read encryption", "artifacts"),  # asks no policy before it says that there is none
    ("read object lock", "artifacts"),
    ("read replication", "artifacts"),
]
"""What moto lets through against the documents of a user (check and target): its own faults."""
