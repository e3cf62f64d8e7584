"""Buckets and keys on S3 that are refused before anything changes, one line each."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Final

import pulumi
import pytest

from argo_artifacts.access.names import OWNER_MARK
from argo_artifacts.config import ConfigError
from tests.components.s3_stores import ACCOUNT, OWNER, REGION, SESSION, adopting, declare, stand
from tests.unit.aws_stacks import on_aws, store

if TYPE_CHECKING:
    from collections.abc import Callable

    from argo_artifacts.access import AccessPlan
    from argo_artifacts.config import Settings

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """The line by which the hook of a name refuses what is about to be created."""
    calls: dict[str, Callable] = {}
    made = pulumi.ResourceHook

    def note(name: str, call: Callable, options: pulumi.ResourceHookOptions):
        assert options.on_dry_run
        calls[name] = call
        return made(name, call, options)

    monkeypatch.setattr(pulumi, "ResourceHook", note)

    def ask(given: tuple[Settings, AccessPlan], hook: str, **args: object) -> str:
        declare(given)
        with pytest.raises(pulumi.RunError) as refusal:
            calls[hook](types.SimpleNamespace(**args))
        return str(refusal.value)

    return ask


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


SETTING: Final = "argo-artifacts:repositories.default.s3.bucket.ownership"


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        (
            None,
            (
                f"exists without a mark, none is accepted; set {SETTING} to adopt to take it over,"
                " or to use to leave it alone"
            ),
        ),
        (
            "argo-artifacts/prod",
            (
                f"belongs to argo-artifacts/prod, none or one marked {OWNER} is accepted; set"
                f" {SETTING} to use to leave it alone, or where that stack is gone take its tag"
                " argo-artifacts/owner away"
            ),
        ),
    ],
    ids=["unmarked", "another stack's"],
)
@pytest.mark.parametrize("region", [REGION, "us-east-1"])
def test_a_bucket_that_stands_is_not_created(
    refused: Callable[..., str], region: str, mark: str | None, said: str
):
    """In us-east-1 S3 would answer with success, and a destroy would take the bucket away."""
    s3 = SESSION.client("s3", region_name=region)
    place = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket="artifacts", **({} if region == "us-east-1" else place))
    if mark is not None:
        tag = {"Key": OWNER_MARK, "Value": mark}
        s3.put_bucket_tagging(Bucket="artifacts", Tagging={"TagSet": [tag]})
    given = on_aws({"default": store("irsa", region=region)})
    line = refused(given, "bucket", new_inputs={"bucket": "artifacts"})
    assert line == f"bucket artifacts: {said}"


def test_a_name_that_another_account_took_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "444455556666")
    stand()
    monkeypatch.setenv("MOTO_ACCOUNT_ID", ACCOUNT)
    monkeypatch.setenv("MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS", "false")
    for given in (on_aws({"default": store("irsa")}), adopting()):
        with pytest.raises(ConfigError) as refusal:
            declare(given)
        assert refusal.value.faults == (
            (
                "bucket artifacts: is taken by another account, or this one may not read it (403),"
                " a free name or a bucket of account 111122223333 is accepted; choose another"
                " argo-artifacts:repositories.default.s3.bucket.name, or accountRegional: true"
                " there, or see who may s3:ListBucket on it"
            ),
        )


def test_a_key_whose_alias_is_taken_is_not_made(refused: Callable[..., str]):
    kms = SESSION.client("kms", region_name=REGION)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/argo", TargetKeyId=key)
    new = {"kms": {"key": "alias/argo", "ownership": "create"}}
    given = on_aws({"default": store("irsa", encryption=new)})
    assert refused(given, "key", name=f"alias/argo@{REGION}") == (
        "key alias/argo in eu-west-1: exists, none is accepted; choose another alias, or set"
        " encryption.kms.ownership to use to leave it alone"
    )
