"""The desired state of a MinIO server: complete, free of secrets, and what the plugin reads."""

import json

import pytest

from argo_artifacts import access
from argo_artifacts.access import names
from argo_artifacts.documents import canonical, minio_state
from argo_artifacts.documents import minio as documents
from providers.minio_admin.desired import Keys, parse
from tests.unit.stacks import CA, each, settings, stacks

KEYS = Keys(access_key="admin", secret_key="secret")
FULL = {
    "name": "artifacts",
    "versioning": True,
    "quotaBytes": 2**30,
    "encryption": {"kmsKeyId": "key"},
    "forceDestroy": True,
}


def state_of(*repositories, **changes):
    given = settings(**changes)
    return minio_state.state(given, access.plan(given), repositories or ("default",))


def repository(**changes):
    return {"minio": {"endpoint": "minio:9000", "bucket": {"name": "artifacts"}, **changes}}


def test_it_tells_the_server_the_bucket_and_an_account_for_each_tenant():
    found = state_of(
        repositories={
            "default": repository(
                bucket=FULL,
                tls={"ca": CA},
                region="eu",
                keys={"live": [5, 6], "publish": 6},
                lifecycle={"expireDays": 7, "noncurrentExpireDays": 2, "expireDeleteMarkers": True},
            )
        }
    )
    assert found["provider"] == {
        "endpoint": "minio:9000",
        "secure": True,
        "region": "eu",
        "owner": "argo-artifacts/test",
        "ownerId": names.owner_id("argo-artifacts/test"),
        "waitSeconds": 60,
    }
    assert found["buckets"] == [
        {
            "bucket": "artifacts",
            "ownership": "create",
            "versioning": True,
            "quotaBytes": 2**30,
            "encryption": {"kmsKeyId": "key"},
            "lifecycle": [
                {"id": "expire", "prefix": "prod/", "expireDays": 7, "expireDeleteMarkers": False},
                {
                    "id": "versions",
                    "prefix": "",
                    "noncurrentExpireDays": 2,
                    "expireDeleteMarkers": True,
                },
            ],
        }
    ]
    own = found["provider"]["ownerId"]
    assert [policy["name"] for policy in found["policies"]] == [
        f"prod.team-a.default.{own}",
        f"prod.team-b.default.{own}",
    ]
    assert found["users"] == [
        {"name": f"prod.{t}.default.{key}.{own}", "policies": [f"prod.{t}.default.{own}"]}
        for t in ("team-a", "team-b")
        for key in (5, 6)
    ]
    assert found["others"] == []


def test_the_policies_are_the_plans():
    given = settings()
    plan = access.plan(given)
    found = minio_state.state(given, plan, ["default"])
    assert [policy["document"] for policy in found["policies"]] == [
        canonical.document(documents.policy(credential)) for credential in plan.credentials
    ]


@pytest.mark.parametrize(
    ("bucket", "versioning"),
    [
        ({"ownership": "adopt"}, None),
        ({"ownership": "adopt", "versioning": False}, False),
        ({}, False),
    ],
)
def test_an_adopted_bucket_keeps_its_versioning_where_the_file_says_nothing(bucket, versioning):
    bucket = {"name": "artifacts", **bucket}
    found = state_of(repositories={"default": repository(bucket=bucket)})
    assert found["buckets"][0].get("versioning") is versioning


def test_a_bucket_of_others_is_no_part_of_it():
    bucket = {"name": "artifacts", "ownership": "use"}
    found = state_of(repositories={"default": repository(bucket=bucket)})
    assert found["buckets"] == []
    assert len(found["users"]) == 2


def test_what_stands_for_another_reason_is_named_so_that_no_run_removes_it():
    """Two addresses may lead to one server: its runs must not remove each other's users."""
    repositories = {
        "default": repository(),
        "second": repository(bucket={"name": "second"}),
        "elsewhere": repository(endpoint="other:9000", bucket={"name": "third"}),
    }
    tenants = {"team-a": {"repositories": ["default", "second", "elsewhere"]}}
    found = state_of("second", "default", repositories=repositories, tenants=tenants)
    own = found["provider"]["ownerId"]
    assert [bucket["bucket"] for bucket in found["buckets"]] == ["artifacts", "second"]
    assert [user["name"] for user in found["users"]] == [
        f"prod.team-a.default.1.{own}",
        f"prod.team-a.second.1.{own}",
    ]
    assert found["others"] == [
        f"prod.team-a.elsewhere.1.{own}",
        f"prod.team-a.elsewhere.{own}",
    ]


@each(stacks())
def test_the_provisioning_command_reads_every_state_without_a_fault(values):
    given = settings(values)
    plan = access.plan(given)
    for name, one in given.repositories.items():
        if one.minio.server == "external":
            text = json.dumps(minio_state.state(given, plan, [name]))
            read = parse(text, KEYS)
            assert len(read.users) == len(read.attachments)
            assert {str(policy["name"]) for policy in read.policies} == {
                c.policy for c in plan.credentials if c.repository == name
            }


def test_another_order_in_the_file_is_no_other_state():
    tenants = {"team-b": {}, "team-a": {}}
    assert state_of(tenants=tenants) == state_of(tenants=dict(reversed(tenants.items())))
