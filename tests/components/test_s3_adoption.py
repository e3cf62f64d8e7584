"""Buckets of others on S3: what is imported, what of theirs stays, and what is told."""

from __future__ import annotations

import json
import types
from typing import TYPE_CHECKING

import pulumi
import pytest

from argo_artifacts.access.names import OWNER_MARK
from argo_artifacts.config import ConfigError
from components import state
from tests.components.s3_stores import (
    ACCOUNT,
    OWNER,
    REGION,
    THEIRS,
    adopting,
    declare,
    inputs,
    stand,
)
from tests.unit.aws_stacks import on_aws, store

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.usefixtures("aws")


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
            "info: bucket artifacts: is taken over, and no destroy deletes it; of others stays"
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


def test_an_adopted_bucket_whose_key_the_file_does_not_name_is_told(said: list[str]):
    """Its default encryption would refuse every upload."""
    s3 = stand({OWNER_MARK: OWNER}, [])
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/theirs"}
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    s3.put_bucket_encryption(Bucket="artifacts", ServerSideEncryptionConfiguration=rules)
    drop = {"lifecycleRules": ["theirs"]}
    declare(adopting(drop=drop))
    assert said[1:] == [
        (
            "warn: bucket artifacts: is encrypted with alias/theirs, which the file does not name,"
            " so nobody gets rights on it; set"
            " argo-artifacts:repositories.default.s3.encryption.kms.key"
        )
    ]


def test_a_bucket_of_ours_that_the_state_does_not_know_is_taken_back(said: list[str]):
    """A run was interrupted, or a tenant has returned: nobody else can be meant."""
    stand({OWNER_MARK: OWNER, "team": "x"}, [])
    asked = declare(on_aws({"default": store("irsa")}))
    assert imported(asked) == dict.fromkeys(["Bucket", "BucketLifecycleConfiguration"], "artifacts")
    bucket = asked["Bucket", "artifacts"]
    assert bucket.protect
    assert inputs(bucket)["tags"] == {OWNER_MARK: OWNER}
    assert said[0] == (
        "info: bucket artifacts: is ours, and is taken back; of others stays lifecycle rule"
        " theirs; argo-artifacts:repositories.default.s3.bucket.drop names what shall go"
    )
    known = ["urn:pulumi:test::argo-artifacts::x$aws:s3/bucket:Bucket::artifacts"]
    assert imported(declare(on_aws({"default": store("irsa")}), known)) == {}


def test_a_state_that_is_being_written_is_read_again(monkeypatch: pytest.MonkeyPatch):
    """A backend of files gives an empty file away while the engine writes it."""
    waited: list[float] = []
    monkeypatch.setattr(state.time, "sleep", waited.append)
    answers = iter([Exception("… returned an error: failed to load checkpoint: EOF")] * 2)

    def ask(token: str, inputs: object):
        assert token == state.READ
        assert inputs == {"stackName": f"{pulumi.get_organization()}/p/s"}
        error = next(answers, None)
        if error is not None:
            raise error
        urn = "urn:pulumi:s::p::a:index:A$b:c/d:D::x::y"
        return types.SimpleNamespace(value={"name": "s", "outputs": {urn: {}}})

    monkeypatch.setattr(pulumi, "get_project", lambda: "p")
    monkeypatch.setattr(pulumi, "get_stack", lambda: "s")
    monkeypatch.setattr(state, "invoke", ask)
    assert state.known() == {("b:c/d:D", "x::y")}
    assert len(waited) == 2
    answers = iter([Exception("no such stack")])
    with pytest.raises(Exception, match="no such stack"):
        state.known()
    assert len(waited) == 2
