"""What the settings say of AWS by themselves."""

from __future__ import annotations

import pytest

from argo_artifacts.config.aws import dns_suffix, partition_of
from argo_artifacts.config.backends.s3 import S3
from tests.unit.config_files import STACKS, faults_in
from tests.unit.test_config_rules import BASE, document

STORE = {"bucket": {"name": "acme-artifacts"}, "region": "eu-west-1"}


@pytest.mark.parametrize(
    ("region", "partition", "suffix"),
    [
        ("eu-west-1", "aws", "amazonaws.com"),
        ("us-east-1", "aws", "amazonaws.com"),
        ("cn-northwest-1", "aws-cn", "amazonaws.com.cn"),
        ("us-gov-east-1", "aws-us-gov", "amazonaws.com"),
        ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
    ],
)
def test_a_region_lies_in_one_partition(region, partition, suffix):
    assert partition_of(region) == partition
    assert dns_suffix(region) == suffix


def test_a_repository_on_s3_needs_the_account():
    repositories = {"default": {"s3": STORE | {"identity": "node"}}}
    written = document({"repositories": repositories})
    assert faults_in(written, STACKS) == []
    del written["config"]["argo-artifacts:aws"]
    assert "aws" in BASE
    assert faults_in(written, STACKS) == [
        "argo-artifacts:aws: missing, a mapping is required; repositories.default is on S3"
    ]


@pytest.mark.parametrize(
    ("identity", "block", "ambient", "refreshed", "shape"),
    [
        ("irsa", {}, "irsa", False, None),
        ("podIdentity", {}, "podIdentity", False, "shared"),
        (
            "podIdentity",
            {"podIdentity": {"shape": "perTenant"}},
            "podIdentity",
            False,
            "perTenant",
        ),
        ("accessKeys", {}, None, False, None),
        ("assumeRole", {}, "irsa", False, None),
        ("assumeRole", {"assumeRole": {"base": "podIdentity"}}, "podIdentity", False, None),
        ("assumeRole", {"assumeRole": {"by": "refresher"}}, None, True, None),
        ("accessGrants", {}, None, True, None),
        ("node", {}, "node", False, None),
    ],
)
def test_an_identity_is_the_pods_own_or_stands_in_the_entry(
    identity, block, ambient, refreshed, shape
):
    s3 = S3.model_validate(STORE | {"identity": identity} | block)
    assert (s3.ambient, s3.refreshed, s3.shape) == (ambient, refreshed, shape)


@pytest.mark.parametrize(
    ("more", "region", "host"),
    [
        ({}, "eu-west-1", "s3.eu-west-1.amazonaws.com"),
        ({"hosts": "dualStack"}, "cn-north-1", "s3.dualstack.cn-north-1.amazonaws.com.cn"),
        ({"hosts": "fips"}, "us-gov-west-1", "s3-fips.us-gov-west-1.amazonaws.com"),
        ({"hosts": "fipsDualStack"}, "us-east-1", "s3-fips.dualstack.us-east-1.amazonaws.com"),
        (
            {"vpcEndpoint": "vpce-0a1b2c3d-4e5f6g7h"},
            "eu-west-1",
            "bucket.vpce-0a1b2c3d-4e5f6g7h.s3.eu-west-1.vpce.amazonaws.com",
        ),
    ],
)
def test_pods_talk_to_the_host_that_the_file_chooses(more, region, host):
    chosen = STORE | {"region": region, "identity": "node"} | more
    assert S3.model_validate(chosen).host == host
