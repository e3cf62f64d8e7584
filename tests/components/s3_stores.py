"""Stores on S3 under mocks, with AWS in the test's own process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import boto3
import pulumi_aws
from pulumi.runtime import mocks, rpc

from components import state
from components.aws.store import S3Account, S3Store, S3StoreArgs
from tests.unit.aws_stacks import on_aws, store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from argo_artifacts.access import AccessPlan
    from argo_artifacts.config import Settings

OWNER: Final = "argo-artifacts/test"
ACCOUNT: Final = "111122223333"
REGION: Final = "eu-west-1"
SESSION: Final = boto3.Session("canary", "canary", region_name=REGION)
"""One for all tests: the descriptions of the services are read once."""


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
