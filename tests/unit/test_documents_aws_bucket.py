"""What others wrote on a bucket, beside what we write: policy statements and lifecycle rules."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from argo_artifacts.documents.aws import bucket, lifecycle
from argo_artifacts.documents.lifecycle import LifecycleRule

OURS = bucket.policy("aws", "artifacts", "1.2")
FIRST, SECOND = bucket.statements(OURS)
THEIRS = {"Effect": "Allow", "Principal": {"AWS": ["1", "2"]}, "Action": "s3:GetObject"}
EXPIRE = LifecycleRule(id="expire", prefix="prod/", expire_days=30)


def policy(*statements: object, **more: object) -> dict[str, object]:
    return {"Version": "2008-10-17", "Statement": list(statements), **more}


def test_a_bucket_without_a_policy_gets_ours():
    assert bucket.merged(None, OURS) == OURS


def test_ours_alone_are_replaced_whole():
    """Their version is ours, whatever stood there."""
    old = {**FIRST, "Condition": {}}
    assert bucket.merged(policy(old, SECOND, Id="old"), OURS) == OURS


def test_others_stay_first_under_their_version_and_id():
    merged = bucket.merged(policy(FIRST, THEIRS, Id="theirs"), OURS)
    assert merged == policy(THEIRS, FIRST, SECOND, Id="theirs")


def test_a_statement_may_stand_without_a_list():
    merged = bucket.merged({"Version": "2012-10-17", "Statement": THEIRS}, OURS)
    assert merged["Statement"] == [THEIRS, FIRST, SECOND]


def test_a_statement_without_sid_is_named_by_what_it_says():
    name = bucket.name_of(THEIRS)
    assert name == bucket.name_of(dict(reversed(THEIRS.items())))
    assert name != bucket.name_of({**THEIRS, "Effect": "Deny"})
    assert name.startswith("statement-")
    assert len(name) == len("statement-") + 8
    assert bucket.merged(policy(THEIRS), OURS, [name]) == OURS
    assert bucket.name_of({**THEIRS, "Sid": "Read"}) == "Read"


def test_our_names_that_say_the_same_are_ours_in_any_spelling():
    arns = ["arn:aws:s3:::artifacts/*", "arn:aws:s3:::artifacts"]
    same = {**FIRST, "Action": "s3:*", "Resource": arns}
    other = {**SECOND, "Effect": "Allow"}
    assert bucket.clashes(policy(same, other, THEIRS), OURS) == ["DenyOldTLS"]
    assert bucket.clashes(policy(other), OURS, ["DenyOldTLS"]) == []
    assert bucket.clashes(None, OURS) == []


@pytest.mark.parametrize(
    ("changes", "opens"),
    [
        ({"Principal": "*"}, True),
        ({"Principal": {"AWS": "*"}}, True),
        ({"Principal": {"AWS": ["1", "*"]}}, True),
        ({}, False),
        ({"Principal": {"Service": "*"}}, False),
        ({"Principal": "*", "Effect": "Deny"}, False),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:SourceVpce": "v"}}}, False),
    ],
)
def test_who_lets_everyone_in(changes, opens):
    assert bucket.opens({**THEIRS, **changes}) is opens


def rule(**more: object) -> dict[str, object]:
    return {
        "ID": "theirs",
        "Status": "Enabled",
        "Filter": {"Prefix": "prod/"},
        "Expiration": {"Days": 3},
    } | more


@pytest.mark.parametrize(
    ("found", "ended"),
    [
        (rule(), ["prod/a/", "prod/b/"]),
        (rule(Filter={"Prefix": ""}), ["prod/a/", "prod/b/"]),
        (rule(Filter={"Prefix": "prod/a/logs/"}), ["prod/a/"]),
        (rule(Filter={"Prefix": "other/"}), []),
        (rule(Expiration={"Days": 30}), []),
        (rule(Expiration={"ExpiredObjectDeleteMarker": True}), []),
        (rule(Expiration={"Date": datetime(2027, 1, 1, tzinfo=UTC)}), ["prod/a/", "prod/b/"]),
        (rule(Status="Disabled"), []),
        (rule(Filter={"Tag": {"Key": "a", "Value": "b"}}), []),
        (rule(Filter={"And": {"Prefix": "prod/", "Tags": []}}), []),
        (rule(Filter={"And": {"Prefix": "prod/b/", "ObjectSizeLessThan": 9}}), ["prod/b/"]),
        ({k: v for k, v in rule(Prefix="prod/b/").items() if k != "Filter"}, ["prod/b/"]),
    ],
)
def test_which_artifacts_end_early(found, ended):
    assert lifecycle.ends_early(found, [EXPIRE], ["prod/a/", "prod/b/"]) == ended


def test_without_an_expiry_of_ours_every_one_of_others_is_early():
    assert lifecycle.ends_early(rule(Expiration={"Days": 9999}), [], ["prod/a/"]) == ["prod/a/"]


def test_rules_of_others_stay_first_and_ours_of_yesterday_go():
    gone = {**lifecycle.rule(EXPIRE), "ID": "argo-artifacts/uploads"}
    merged = lifecycle.merged([gone, rule(), lifecycle.rule(EXPIRE)], [EXPIRE])
    assert merged == (rule(), lifecycle.rule(EXPIRE))
    assert lifecycle.merged([rule()], [EXPIRE], ["theirs"]) == (lifecycle.rule(EXPIRE),)


def test_a_prefix_of_the_old_form_moves_into_a_filter():
    """S3 takes no rule of the old form beside one with a filter."""
    old = {k: v for k, v in rule(Prefix="x/").items() if k != "Filter"}
    (merged,) = lifecycle.merged([old], [])
    assert merged == rule(Filter={"Prefix": "x/"})
