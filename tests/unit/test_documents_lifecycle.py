"""Lifecycle: which objects expire when."""

from __future__ import annotations

from argo_artifacts.access import plan
from argo_artifacts.documents import lifecycle
from argo_artifacts.documents.lifecycle import LifecycleRule
from tests.unit.aws_stacks import on_aws, store
from tests.unit.stacks import MINIO, each, settings, stacks


def rules(repository: str = "default", **changes: object) -> list[tuple[str, str, int | None]]:
    """Id, prefix and days of each rule."""
    made = settings(**changes)
    return [
        (rule.id, rule.prefix, rule.expire_days)
        for rule in lifecycle.rules(made, plan(made), repository)
    ]


def stored(**minio: object) -> dict:
    return {"default": {"minio": MINIO | minio}}


WEEK = {"lifecycle": {"expireDays": 7}}


def days(key: str, found: list[tuple[str, str, int | None]]) -> int | None:
    """After how many days the store removes *key*: the earliest rule wins."""
    matching = [expire for _, prefix, expire in found if key.startswith(prefix) and expire]
    return min(matching, default=None)


def test_nothing_expires_unless_the_file_says_so():
    assert rules() == []


def test_one_rule_serves_all_tenants():
    assert rules(repositories=stored(**WEEK)) == [("expire", "prod/", 7)]


def test_a_tenant_of_its_own_mind_gives_every_tenant_a_rule():
    tenants = {
        "long": {"repositories": [{"name": "default", "expireDays": 400}]},
        "short": {"repositories": [{"name": "default", "expireDays": 2}]},
        "usual": {},
    }
    found = rules(repositories=stored(**WEEK), tenants=tenants)
    assert [days(f"prod/{tenant}/x", found) for tenant in tenants] == [400, 2, 7]


def test_a_tenant_expires_alone_where_the_repository_says_nothing():
    tenants = {"a": {"repositories": [{"name": "default", "expireDays": 2}]}, "b": {}}
    assert rules(tenants=tenants) == [("expire.a", "prod/a/", 2)]


def test_a_retired_tenant_without_any_access_still_expires():
    argo = {"version": "4.0.5", "server": {"access": "none"}}
    gone = {"retired": True, "artifactGC": False}
    gone |= {"repositories": [{"name": "default", "expireDays": 2}]}
    assert rules(argo=argo, tenants={"gone": gone}) == [("expire.gone", "prod/gone/", 2)]


def test_a_shared_prefix_outside_the_clusters_own_expires_too():
    shared = {"default": {"minio": MINIO | WEEK, "sharedWith": ["a", "b"]}}
    spelt = {"repositories": [{"name": "default", "prefix": "published/v1/"}]}
    found = rules(repositories=shared, tenants={"a": spelt, "b": {}})
    assert days("published/v1/x", found) == 7
    assert days("prod/_shared/default/x", found) == 7
    assert days("published/other", found) is None


def test_uploads_expire_with_the_artifacts():
    argo = {"version": "4.1.0", "server": {"uploads": True}}
    assert days("uploads/team-a/x", rules(argo=argo, repositories=stored(**WEEK))) == 7
    assert days("uploads/team-a/x", rules(repositories=stored(**WEEK))) is None


def test_versions_and_delete_markers_of_the_whole_bucket_are_one_rule_of_ours_and_two_there():
    bucket = {"name": "artifacts", "versioning": True}
    both = {"noncurrentExpireDays": 3, "expireDeleteMarkers": True}
    made = settings(repositories=stored(bucket=bucket, lifecycle=both))
    found = lifecycle.rules(made, plan(made), "default")
    assert found == (
        lifecycle.LifecycleRule(
            id="versions", prefix="", noncurrent_expire_days=3, expire_delete_markers=True
        ),
    )
    assert lifecycle.on_server(found) == 2


@each(stacks())
def test_the_ids_of_a_buckets_rules_are_sorted_plain_and_told_apart(stack):
    made = settings(stack)
    access = plan(made)
    for repository in made.repositories:
        ids = [rule.id for rule in lifecycle.rules(made, access, repository)]
        assert ids == sorted(set(ids))
        assert all(len(name) <= 200 for name in ids)
        assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-") for name in ids)


def test_a_tenant_elsewhere_takes_no_rule_along_whatever_its_name():
    made = settings(repositories=stored(**WEEK), tenants={"a": {}, "expire": {}})
    (rule,) = lifecycle.rules(made, plan(made), "default", ["a"])
    assert (rule.id, rule.expire_days) == ("expire", 7)


def on_s3(**changes: object) -> list[LifecycleRule]:
    s3 = store("irsa", **changes)
    made, access = on_aws({"default": s3}, tenants={"a": {}, "b": EXPIRES})
    return [
        rule
        for one in access.stores
        for rule in lifecycle.rules(made, access, "default", one.tenants)
    ]


EXPIRES = {"repositories": [{"name": "default", "expireDays": 5}]}


def test_a_bucket_on_s3_drops_uploads_that_were_never_completed():
    assert [rule for rule in on_s3() if rule.id == "incomplete"] == [
        LifecycleRule(id="incomplete", prefix="", abort_incomplete_days=7)
    ]
    lifecycle_of = {"abortIncompleteDays": 2}
    (rule,) = [r for r in on_s3(lifecycle=lifecycle_of) if r.id == "incomplete"]
    assert rule.abort_incomplete_days == 2


def test_artifacts_on_s3_move_to_a_cheaper_class_below_the_cluster_alone():
    move = {"transition": {"days": 30, "storageClass": "GLACIER_IR"}}
    (rule,) = [r for r in on_s3(lifecycle=move) if r.transition_days]
    assert (rule.prefix, rule.transition_days, rule.storage_class) == ("prod/", 30, "GLACIER_IR")


def test_a_bucket_of_one_tenant_has_the_rules_of_that_tenant():
    found = on_s3(isolation="bucket", lifecycle={"expireDays": 9})
    assert [(rule.id, rule.expire_days) for rule in found if rule.expire_days] == [
        ("expire.a", 9),
        ("expire.b", 5),
    ]
    assert [rule.id for rule in found].count("incomplete") == 2


def test_a_bucket_on_s3_that_is_only_used_has_no_rules_of_ours():
    assert on_s3(bucket={"name": "artifacts", "ownership": "use"}) == []
