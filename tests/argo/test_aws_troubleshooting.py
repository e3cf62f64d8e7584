"""The rows of docs/aws.md that are refused before pods meet them, and that no row is untried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws
from moto.core import set_initial_no_auth_action_count

from argo_artifacts import limits
from argo_artifacts.access.names import OWNER_MARK
from argo_artifacts.aws_account import connect
from argo_artifacts.config import ConfigError
from components.aws import live
from components.aws.guard import BucketGuard
from components.aws.identity_guard import IdentityGuard
from components.aws.needs import Needs
from tests.argo import test_aws_trouble_live
from tests.argo.aws_trouble import TABLE
from tests.argo.playback import EXPIRED_LOGIN, NO_ADDON, playing
from tests.unit.aws_stacks import AWS, CLUSTER, on_aws, store
from tests.unit.config_files import faults_in
from tests.unit.stacks import values

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from argo_artifacts.config import Settings

case = TABLE.case

S3 = {"bucket": {"name": "acme-artifacts"}, "region": "eu-west-1", "identity": "irsa"}
BARE = {key: value for key, value in CLUSTER.items() if key not in ("eks", "oidc")}


def repositories(**changes: object) -> dict[str, object]:
    return {"default": {"s3": S3 | changes}}


# what `check` refuses


BROKEN = {
    "account-number": {"aws": AWS | {"account": 111122223333}},
    "bucket-name-with-dots": {"repositories": repositories(bucket={"name": "acme.artifacts"})},
    "endpoint": {"repositories": repositories(endpoint="s3.eu-west-1.amazonaws.com")},
    "region-missing": {
        "repositories": {"default": {"s3": {k: S3[k] for k in S3 if k != "region"}}}
    },
    "release-without-pod-identity": {
        "argo": {"version": "3.6.0"},
        "repositories": repositories(identity="podIdentity"),
    },
    "release-without-region": {
        "argo": {"version": "3.7.0"},
        "repositories": repositories(identity="assumeRole"),
    },
    "release-that-logs-keys": {
        "argo": {"version": "4.0.2"},
        "repositories": repositories(identity="accessKeys"),
    },
    "no-issuer": {"cluster": BARE},
    "two-identities": {
        "repositories": repositories()
        | {"models": {"s3": S3 | {"bucket": {"name": "acme-models"}, "identity": "podIdentity"}}}
    },
    "other-cluster-name": {
        "cluster": CLUSTER | {"eks": {"name": "prod-eu"}},
        "repositories": repositories(identity="podIdentity"),
    },
}
"""Changes of a sound stack, by row."""

TABLE.tried.update(BROKEN)


def checked(folder: Path, **changes: object) -> list[str]:
    given = {"cluster": CLUSTER, "aws": AWS, "repositories": repositories()} | changes
    config = {f"argo-artifacts:{key}": value for key, value in values(**given).items()}
    return faults_in({"config": config}, folder)


def test_a_sound_stack_has_no_fault(tmp_path):
    assert checked(tmp_path) == []


@pytest.mark.parametrize("identity", BROKEN)
def test_what_check_refuses(identity, tmp_path):
    [line] = checked(tmp_path, **BROKEN[identity])
    assert f"check {line}" == TABLE.rows[identity].we


MANY = {f"tenant-{index:04}": {} for index in range(1000)}
MORE = {f"tenant-{index:04}": {} for index in range(2600)}
ACCOUNTS = [f"account-{index}" for index in range(60)]
TOO_MUCH = {
    "trust-limit": {"tenants": {"team-a": {"serviceAccounts": ACCOUNTS}}},
    "policy-limit": {"tenants": MANY},
    "role-limit": {"tenants": MORE, "argo": {"version": "4.0.5", "server": {"access": "none"}}},
}
TABLE.tried.update(TOO_MUCH)


@pytest.mark.parametrize("identity", TOO_MUCH)
def test_what_does_not_fit(identity):
    [line] = limits.check(*on_aws({"default": store("irsa")}, **TOO_MUCH[identity]))
    assert f"check {line}" == TABLE.rows[identity].we


# what `up` and `preview` refuse: the account


@pytest.fixture
def nobody(monkeypatch, tmp_path) -> pytest.MonkeyPatch:
    """Nobody is logged in on this machine."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


@pytest.fixture
def somebody(nobody) -> pytest.MonkeyPatch:
    nobody.setenv("AWS_ACCESS_KEY_ID", "any")
    nobody.setenv("AWS_SECRET_ACCESS_KEY", "canary-of-a-login")
    return nobody


def stack(**aws: object) -> Settings:
    made, _ = on_aws({"default": {"s3": S3}}, aws=AWS | aws)
    return made


def refused(made: Settings) -> str:
    with pytest.raises(ConfigError) as error:
        connect(made)
    [line] = error.value.faults
    assert "canary" not in line
    return f"up {line}"


@pytest.fixture
def account(somebody) -> Iterator[pytest.MonkeyPatch]:
    """AWS in this process; the account of the file is logged in."""
    somebody.setenv("MOTO_ACCOUNT_ID", AWS["account"])
    with mock_aws():
        yield somebody


@pytest.mark.usefixtures("account")
def test_the_account_of_the_file_is_accepted():
    assert connect(stack()).region_name == AWS["region"]


@case("no-credentials")
@pytest.mark.usefixtures("nobody")
def test_nobody_is_logged_in(row):
    assert refused(stack()) == row.we


@case("wrong-account")
def test_another_account_is_logged_in(row, account):
    account.setenv("MOTO_ACCOUNT_ID", "444455556666")
    assert refused(stack()) == row.we


@case("expired-login")
def test_a_login_that_has_expired(row, somebody):
    with playing(EXPIRED_LOGIN) as address:
        somebody.setenv("AWS_ENDPOINT_URL_STS", f"http://{address}")
        assert refused(stack()) == row.we


@case("unknown-login")
@pytest.mark.usefixtures("account")
def test_keys_that_aws_does_not_know(row):
    assert set_initial_no_auth_action_count(0)(refused)(stack()) == row.we


def log_in_as_a_user(account: pytest.MonkeyPatch) -> None:
    """Somebody of the account, without a right."""
    iam = boto3.client("iam", region_name=AWS["region"])
    iam.create_user(UserName="somebody")
    keys = iam.create_access_key(UserName="somebody")["AccessKey"]
    account.setenv("AWS_ACCESS_KEY_ID", keys["AccessKeyId"])
    account.setenv("AWS_SECRET_ACCESS_KEY", keys["SecretAccessKey"])


@case("role-of-up")
def test_a_role_that_does_not_trust_who_is_logged_in(row, account):
    log_in_as_a_user(account)
    made = stack(assumeRole={"roleARN": "arn:aws:iam::111122223333:role/deployer"})
    assert set_initial_no_auth_action_count(0)(refused)(made) == row.we


@case("no-way-to-aws")
def test_aws_cannot_be_reached(row, somebody, closed_port):
    somebody.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{closed_port}")
    before, after = row.we.split("…")
    line = refused(stack())
    assert line.startswith(before)
    assert line.endswith(after)


# what `up` and `preview` refuse: the bucket


WHERE = "argo-artifacts:repositories.default.s3.bucket"


def bucket(region: str = AWS["region"], mark: str = "") -> None:
    """Make the bucket by hand, with a stack's mark or none."""
    s3 = boto3.client("s3", region_name=region)
    limited = {} if region == "us-east-1" else {"LocationConstraint": region}
    made = {"CreateBucketConfiguration": limited} if limited else {}
    s3.create_bucket(Bucket="acme-artifacts", **made)
    if mark:
        tags = {"TagSet": [{"Key": OWNER_MARK, "Value": mark}]}
        s3.put_bucket_tagging(Bucket="acme-artifacts", Tagging=tags)


def looked_at() -> dict[str, live.LiveBucket]:
    wanted = live.Wanted(name="acme-artifacts", region=AWS["region"], path=WHERE, whole=False)
    return dict(live.read(connect(stack()), AWS["account"], [wanted]))


@pytest.mark.usefixtures("account")
def test_a_bucket_that_is_not_there_is_no_trouble():
    assert looked_at() == {}


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("identity", "mark"),
    [
        ("bucket-ours", ""),
        ("bucket-of-a-stack", "argo-artifacts/other"),
    ],
)
def test_a_bucket_that_stands(identity, mark):
    bucket(mark=mark)
    found = looked_at()
    guard = BucketGuard("argo-artifacts/test", found, {"acme-artifacts": WHERE})
    line = guard.fault(found["acme-artifacts"]).replace("`", "'")
    assert f"up {line}" == TABLE.rows[identity].we


TABLE.tried.update({"bucket-ours", "bucket-of-a-stack"})


@case("bucket-elsewhere")
@pytest.mark.usefixtures("account")
def test_a_bucket_in_another_region(row):
    bucket("us-east-1")
    with pytest.raises(ConfigError) as error:
        looked_at()
    assert [f"up {line}" for line in error.value.faults] == [row.we]


@case("bucket-taken")
def test_a_bucket_that_one_may_not_look_at(row, account):
    """S3 answers the same for a bucket of another account."""
    bucket()
    log_in_as_a_user(account)
    with pytest.raises(ConfigError) as error:
        set_initial_no_auth_action_count(0)(looked_at)()
    assert [f"up {line}" for line in error.value.faults] == [row.we]


# what `up` and `preview` refuse: the identity


def needs(repository: dict[str, object]) -> Needs:
    settings, access = on_aws({"default": repository})
    return Needs(settings, settings.aws, access.aws, {AWS["account"]: connect(settings)})


@case("no-oidc-provider")
@pytest.mark.usefixtures("account")
def test_an_account_without_the_issuers_provider(row):
    assert [f"up {line}" for line in needs(store("irsa")).issuers()] == [row.we]


@case("other-audience")
@pytest.mark.usefixtures("account")
def test_a_provider_for_another_audience(row):
    iam = boto3.client("iam", region_name=AWS["region"])
    url = CLUSTER["oidc"]["issuer"]
    iam.create_open_id_connect_provider(Url=url, ClientIDList=["another"])
    [line] = needs(store("irsa")).issuers()
    assert f"up {line}".replace("`", "'") == row.we


@case("no-agent")
def test_a_cluster_without_the_agent(row, account):
    with playing(NO_ADDON) as address:
        account.setenv("AWS_ENDPOINT_URL_EKS", f"http://{address}")
        [line] = needs(store("podIdentity")).warnings()
    assert f"up {line}".replace("`", "'") == row.we


@case("role-stands")
@pytest.mark.usefixtures("account")
def test_a_role_that_stands(row):
    settings, access = on_aws({"default": store("irsa")})
    name = access.aws.roles[0].name
    guard = IdentityGuard(settings, AWS["account"], connect(settings))
    assert guard.fault("Role", {"name": name}) is None
    iam = boto3.client("iam", region_name=AWS["region"])
    iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    line = guard.fault("Role", {"name": name})
    assert f"up {line}".replace("`", "'") == row.we


def test_every_row_of_the_tables_has_been_tried():
    assert test_aws_trouble_live.case == case
    assert len(TABLE.rows) > 30
    assert set(TABLE.rows) == TABLE.tried
