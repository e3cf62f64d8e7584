"""The way into an AWS account: the right one, or one line that says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from argo_artifacts import aws_account
from argo_artifacts.config import ConfigError
from tests.unit.aws_stacks import AWS, CLUSTER, on_aws, store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from argo_artifacts.config import Settings

ACCOUNT: Final = "111122223333"
OTHER: Final = "444455556666"
_AMBIENT: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_ENDPOINT_URL",
    "MOTO_ACCOUNT_ID",
)


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credentials, wherever boto3 looks for them."""
    for name in _AMBIENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))


@pytest.fixture
def logged_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Logged in to an account of moto's own, until ``MOTO_ACCOUNT_ID`` names another one."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "canary")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    with mock_aws(config={"core": {"mock_credentials": False}}):
        yield monkeypatch


def settings(eks: Mapping[str, object] | None = None, **aws: object) -> Settings:
    cluster = {**CLUSTER, "eks": {"name": "prod", **(eks or {})}}
    return on_aws({"default": store("irsa")}, aws={**AWS, **aws}, cluster=cluster)[0]


def refusal(given: Settings, account: str | None = None) -> str:
    """The one line by which *given* is refused."""
    with pytest.raises(ConfigError) as refused:
        aws_account.connect(given, account)
    (line,) = refused.value.faults
    assert "\n" not in line
    return line


def refuse(monkeypatch: pytest.MonkeyPatch, call: str, code: str) -> None:
    """Let STS answer *call* with the error *code*."""
    sts = boto3.client("sts", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    stubber = Stubber(sts)
    stubber.add_client_error(call, code, "told\nby AWS", http_status_code=403)
    stubber.activate()
    monkeypatch.setattr(aws_account, "client", lambda *_: sts)


def test_the_account_of_the_file_is_accepted(logged_in: pytest.MonkeyPatch):
    logged_in.setenv("MOTO_ACCOUNT_ID", ACCOUNT)
    session = aws_account.connect(settings())
    assert session.region_name == "eu-west-1"


def test_another_account_is_refused(logged_in: pytest.MonkeyPatch):
    logged_in.setenv("MOTO_ACCOUNT_ID", OTHER)
    assert refusal(settings()) == (
        "argo-artifacts:aws.account: logged in to '444455556666', '111122223333' is accepted;"
        " log in there"
    )


def test_the_role_of_the_file_is_assumed(logged_in: pytest.MonkeyPatch):
    del logged_in
    role = {"roleARN": f"arn:aws:iam::{ACCOUNT}:role/deployer", "externalID": "shared"}
    session = aws_account.connect(settings(assumeRole=role))
    found = session.client("sts").get_caller_identity()
    assert found["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/argo-artifacts"


def test_a_role_of_another_account_is_refused(logged_in: pytest.MonkeyPatch):
    del logged_in
    role = {"roleARN": f"arn:aws:iam::{OTHER}:role/deployer"}
    assert refusal(settings(assumeRole=role)) == (
        "argo-artifacts:aws.account: logged in to '444455556666', '111122223333' is accepted;"
        " argo-artifacts:aws.assumeRole names a role there"
    )


def test_the_clusters_account_has_a_role_of_its_own(logged_in: pytest.MonkeyPatch):
    del logged_in
    eks = {"account": OTHER, "assumeRole": {"roleARN": f"arn:aws:iam::{OTHER}:role/there"}}
    session = aws_account.connect(settings(eks), OTHER)
    assert session.client("sts").get_caller_identity()["Account"] == OTHER
    assert refusal(settings({"account": OTHER}), OTHER) == (
        "argo-artifacts:cluster.eks.account: logged in to '123456789012', '444455556666' is"
        " accepted; log in there"
    )


def test_without_credentials():
    assert refusal(settings()) == (
        "argo-artifacts:aws: no credentials were found, those of account 111122223333 are"
        " required; log in, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )


def test_a_profile_that_does_not_exist(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_PROFILE", "prod")
    assert refusal(settings()) == (
        "argo-artifacts:aws: The config profile (prod) could not be found, a profile of account"
        " 111122223333 is accepted; see AWS_PROFILE"
    )


def test_an_endpoint_that_nobody_serves(monkeypatch: pytest.MonkeyPatch, closed_port: int):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "canary")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{closed_port}")
    assert refusal(settings()) == (
        "argo-artifacts:aws: AWS cannot be reached (Could not connect to the endpoint URL:"
        f' "http://127.0.0.1:{closed_port}/"), account 111122223333 is required'
    )


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "ExpiredToken",
            "the session has expired, a live one of account 111122223333 is accepted; log in",
        ),
        (
            "InvalidClientTokenId",
            (
                "AWS does not know the credentials (InvalidClientTokenId), those of account"
                " 111122223333 are accepted; log in"
            ),
        ),
        (
            "ServiceUnavailable",
            "AWS refused GetCallerIdentity (ServiceUnavailable), account 111122223333 is required",
        ),
    ],
)
def test_credentials_that_aws_refuses(monkeypatch: pytest.MonkeyPatch, code: str, said: str):
    refuse(monkeypatch, "get_caller_identity", code)
    assert refusal(settings()) == f"argo-artifacts:aws: {said}"


def test_a_role_that_does_not_trust_who_asks(monkeypatch: pytest.MonkeyPatch):
    refuse(monkeypatch, "assume_role", "AccessDenied")
    role = {"roleARN": f"arn:aws:iam::{ACCOUNT}:role/deployer"}
    assert refusal(settings(assumeRole=role)) == (
        "argo-artifacts:aws.assumeRole: arn:aws:iam::111122223333:role/deployer may not be"
        " assumed (AccessDenied), a role that trusts the logged-in identity is accepted"
    )
