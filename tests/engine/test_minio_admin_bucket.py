import io
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from minio.commonconfig import ENABLED, Filter, Tags
from minio.lifecycleconfig import Expiration, LifecycleConfig, Rule
from minio.retention import Retention
from minio.sseconfig import Rule as EncryptionRule
from minio.sseconfig import SSEConfig
from minio.versioningconfig import SUSPENDED, VersioningConfig

from providers.minio_admin.errors import ProviderError
from tests.engine.minio_admin_plugin import OWNER, RefusedError, Stack
from tests.engine.minio_server import KMS_KEY, running

RULES = [
    {"id": "expire", "prefix": "prod/", "expireDays": 30},
    {"id": "versions", "noncurrentExpireDays": 7, "expireDeleteMarkers": True},
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("minio")) as started:
        yield started


@pytest.fixture(scope="module")
def kms_server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("minio-kms"), kms=True) as started:
        yield started


@pytest.fixture
def stack(server):
    yield Stack(server)
    empty(server)


@pytest.fixture
def kms_stack(kms_server):
    yield Stack(kms_server)
    empty(kms_server)


def empty(server):
    store = server.store()
    for bucket in store.list_buckets():
        for item in store.list_objects(bucket.name, recursive=True, include_version=True):
            store.remove_object(bucket.name, item.object_name, item.version_id)
        store.remove_bucket(bucket.name)


def put(server, name, text="x", bucket="artifacts"):
    return server.store().put_object(bucket, name, io.BytesIO(text.encode()), len(text))


def mark(server, owner, bucket="artifacts", **more):
    tags = Tags.new_bucket_tags()
    tags.update({"argo-artifacts/owner": owner, **more})
    server.store().set_bucket_tags(bucket, tags)


def tags(server, bucket="artifacts"):
    return dict(server.store().get_bucket_tags(bucket) or {})


def rule(name, prefix, days):
    return Rule(
        ENABLED, rule_id=name, rule_filter=Filter(prefix=prefix), expiration=Expiration(days=days)
    )


def rule_ids(server):
    config = server.store().get_bucket_lifecycle("artifacts")
    return [found.rule_id for found in config.rules] if config else []


FULL = {"bucket": "artifacts", "versioning": True, "quotaBytes": 2**30, "lifecycle": RULES}


def test_a_new_bucket_has_its_mark_versions_quota_and_rules(stack, server):
    stack.up("Bucket", FULL)

    store = server.store()
    assert tags(server) == {"argo-artifacts/owner": OWNER}
    assert store.get_bucket_versioning("artifacts").status == "Enabled"
    assert '"quota":1073741824' in server.admin().bucket_quota_get("artifacts")
    rules = {r.rule_id: r for r in store.get_bucket_lifecycle("artifacts").rules}
    assert set(rules) == {
        "argo-artifacts/expire",
        "argo-artifacts/versions",
        "argo-artifacts/versions/delete-markers",
    }
    expire = rules["argo-artifacts/expire"]
    assert (expire.rule_filter.prefix, expire.expiration.days) == ("prod/", 30)
    older = rules["argo-artifacts/versions"].noncurrent_version_expiration
    assert older.noncurrent_days == 7
    markers = rules["argo-artifacts/versions/delete-markers"].expiration
    assert markers.expired_object_delete_marker is True


def test_a_second_run_changes_nothing_with_and_without_a_refresh(stack):
    stack.up("Bucket", FULL)
    assert stack.up("Bucket", FULL) == set()
    assert stack.refresh("Bucket")
    assert stack.up("Bucket", FULL) == set()


def test_the_order_and_the_defaults_of_rules_are_no_change(stack):
    stack.up("Bucket", FULL)
    spelt = [{**RULES[1], "prefix": ""}, {**RULES[0], "expireDeleteMarkers": False}]
    assert stack.up("Bucket", {**FULL, "lifecycle": spelt}) == set()


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"versioning": False}, "versioning"),
        ({"quotaBytes": 2**31}, "quotaBytes"),
        ({"lifecycle": RULES[:1]}, "lifecycle"),
        ({"lifecycle": [{**RULES[0], "expireDays": 31}, RULES[1]]}, "lifecycle"),
        ({"forceDestroy": True}, "forceDestroy"),
    ],
)
def test_a_changed_setting_is_one_update_and_reaches_the_server(stack, change, shown):
    stack.up("Bucket", FULL)
    diff = stack.diff("Bucket", {**FULL, **change})
    assert (diff.diffs, diff.replaces) == ([shown], [])
    assert list(diff.detailed_diff) == [shown]

    stack.up("Bucket", {**FULL, **change})
    stack.refresh("Bucket")

    assert stack.up("Bucket", {**FULL, **change}) == set()
    assert stack.diff("Bucket", FULL).diffs == [shown]


def test_a_setting_taken_out_is_cleared_but_versions_stay(stack, server):
    stack.up("Bucket", FULL)
    stack.up("Bucket", {"bucket": "artifacts"})
    assert server.store().get_bucket_lifecycle("artifacts") is None
    assert '"quota":0' in server.admin().bucket_quota_get("artifacts")
    assert server.store().get_bucket_versioning("artifacts").status == "Enabled"


def test_versioning_false_on_a_bucket_that_never_had_it_stays_quiet(stack, server):
    stack.up("Bucket", {"bucket": "artifacts", "versioning": False})
    stack.refresh("Bucket")
    assert stack.up("Bucket", {"bucket": "artifacts", "versioning": False}) == set()
    assert server.store().get_bucket_versioning("artifacts").status is None


@pytest.mark.parametrize(
    ("drift", "shown"),
    [
        (
            lambda s: s.store().set_bucket_versioning("artifacts", VersioningConfig(SUSPENDED)),
            "versioning",
        ),
        (lambda s: s.admin().bucket_quota_clear("artifacts"), "quotaBytes"),
        (lambda s: s.store().delete_bucket_lifecycle("artifacts"), "lifecycle"),
        (
            lambda s: s.store().set_bucket_lifecycle(
                "artifacts", LifecycleConfig([rule("argo-artifacts/expire", "prod/", 3)])
            ),
            "lifecycle",
        ),
        (lambda s: s.store().delete_bucket_tags("artifacts"), "owner"),
    ],
    ids=["versioning suspended", "quota cleared", "rules gone", "rule edited", "mark gone"],
)
def test_a_change_by_hand_is_found_and_repaired(stack, server, drift, shown):
    stack.up("Bucket", FULL)
    drift(server)
    assert stack.refresh("Bucket")
    assert stack.diff("Bucket", FULL).diffs == [shown]
    stack.up("Bucket", FULL)
    stack.refresh("Bucket")
    assert stack.diff("Bucket", FULL).diffs == []


def test_a_foreign_rule_on_a_bucket_of_ours_is_drift_and_goes(stack, server):
    stack.up("Bucket", FULL)
    ours = server.store().get_bucket_lifecycle("artifacts").rules
    server.store().set_bucket_lifecycle(
        "artifacts", LifecycleConfig([*ours, rule("by-hand", "", 1)])
    )
    stack.refresh("Bucket")
    assert stack.diff("Bucket", FULL).diffs == ["lifecycle"]
    stack.up("Bucket", FULL)
    assert "by-hand" not in rule_ids(server)


def test_a_bucket_deleted_by_hand_is_found_gone(stack, server):
    stack.up("Bucket", {"bucket": "artifacts"})
    server.store().remove_bucket("artifacts")
    assert not stack.refresh("Bucket")


def test_foreign_tags_stay(stack, server):
    stack.up("Bucket", {"bucket": "artifacts"})
    mark(server, OWNER, team="blue")
    stack.up("Bucket", FULL)
    assert tags(server) == {"argo-artifacts/owner": OWNER, "team": "blue"}


@pytest.mark.parametrize("when", ["preview", "up"])
def test_an_unmarked_bucket_is_refused_with_the_cure(stack, server, when):
    server.store().make_bucket("artifacts")
    with pytest.raises(ProviderError) as refused:
        getattr(stack, when)("Bucket", {"bucket": "artifacts"})
    assert str(refused.value) == (
        f"minio {server.endpoint} bucket artifacts: exists without a mark, a bucket marked "
        f"{OWNER} or none is accepted; set ownership: adopt to take it over and keep what is in it"
    )
    assert tags(server) == {}


@pytest.mark.parametrize("ownership", ["create", "adopt"])
@pytest.mark.parametrize("when", ["preview", "up"])
def test_another_stacks_bucket_is_refused_with_its_owner(stack, server, when, ownership):
    server.store().make_bucket("artifacts")
    mark(server, "other/prod")
    with pytest.raises(
        ProviderError, match=r"bucket artifacts: belongs to other/prod, .*ownership: use"
    ):
        getattr(stack, when)("Bucket", {"bucket": "artifacts", "ownership": ownership})
    assert tags(server) == {"argo-artifacts/owner": "other/prod"}


def test_our_own_half_made_bucket_is_finished(stack, server):
    server.store().make_bucket("artifacts")
    mark(server, OWNER)
    stack.preview("Bucket", FULL)
    stack.up("Bucket", FULL)
    assert len(rule_ids(server)) == 3


def test_a_bucket_that_cannot_be_finished_is_not_left_behind(stack, server):
    with pytest.raises(ProviderError, match="bucket artifacts encryption: the server has no KMS"):
        stack.up("Bucket", {"bucket": "artifacts", "encryption": {}})
    assert not server.store().bucket_exists("artifacts")


def test_adopting_keeps_foreign_rules_and_tags_and_leaving_restores_them(stack, server):
    store = server.store()
    store.make_bucket("artifacts")
    mark(server, "", team="blue")
    store.set_bucket_lifecycle("artifacts", LifecycleConfig([rule("theirs", "x/", 9)]))
    put(server, "x/kept")
    adopt = {"bucket": "artifacts", "ownership": "adopt", "lifecycle": RULES}

    stack.up("Bucket", adopt)

    assert rule_ids(server)[0] == "theirs"
    assert len(rule_ids(server)) == 4
    assert tags(server)["team"] == "blue"
    assert tags(server)["argo-artifacts/owner"] == OWNER
    stack.refresh("Bucket")
    assert stack.up("Bucket", adopt) == set()

    stack.destroy("Bucket")

    assert rule_ids(server) == ["theirs"]
    assert tags(server) == {"team": "blue"}
    assert store.stat_object("artifacts", "x/kept").size == 1


def test_a_foreign_rule_survives_word_for_word(stack, server):
    """The client's own model of rules drops what it does not know."""
    store = server.store()
    store.make_bucket("artifacts")
    theirs = (
        b"<Rule><ID>theirs</ID><Status>Enabled</Status><Filter><And><ObjectSizeGreaterThan>5"
        b"</ObjectSizeGreaterThan><Prefix>a/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And>"
        b"</Filter><Expiration><Days>3</Days><ExpiredObjectAllVersions>true"
        b"</ExpiredObjectAllVersions></Expiration></Rule>"
    )
    plugin = stack.provider._server.store
    plugin.lifecycle_put(
        "artifacts", b"<LifecycleConfiguration>%s</LifecycleConfiguration>" % theirs
    )
    stack.up("Bucket", {"bucket": "artifacts", "ownership": "adopt", "lifecycle": RULES})
    assert theirs in plugin.lifecycle_get("artifacts")
    stack.destroy("Bucket")
    assert theirs in plugin.lifecycle_get("artifacts")


def test_adopting_what_is_not_there_is_refused(stack):
    with pytest.raises(ProviderError, match=r"does not exist, .*set ownership: create"):
        stack.preview("Bucket", {"bucket": "artifacts", "ownership": "adopt"})


def test_settings_that_adopt_does_not_give_are_left_alone(stack, server):
    server.store().make_bucket("artifacts")
    server.store().set_bucket_versioning("artifacts", VersioningConfig(ENABLED))
    server.admin().bucket_quota_set("artifacts", 2**40)
    adopt = {"bucket": "artifacts", "ownership": "adopt"}
    stack.up("Bucket", adopt)
    stack.refresh("Bucket")
    assert stack.up("Bucket", adopt) == set()
    assert server.store().get_bucket_versioning("artifacts").status == "Enabled"
    assert f'"quota":{2**40}' in server.admin().bucket_quota_get("artifacts")


def test_an_adopted_bucket_can_never_come_to_be_deleted(stack, server):
    server.store().make_bucket("artifacts")
    stack.up("Bucket", {"bucket": "artifacts", "ownership": "adopt"})
    with pytest.raises(RefusedError, match=r"create found after adopt, .*leave ownership: adopt"):
        stack.up("Bucket", {"bucket": "artifacts", "ownership": "create"})
    forgotten = Stack(server)
    with pytest.raises(ProviderError, match=r"was there before .*set ownership: adopt"):
        forgotten.up("Bucket", {"bucket": "artifacts", "forceDestroy": True})
    assert forgotten.take("Bucket", "artifacts")["ownership"] == "adopt"
    forgotten.destroy("Bucket")
    assert server.store().bucket_exists("artifacts")


def test_a_new_name_is_refused_and_never_a_replacement(stack, server):
    stack.up("Bucket", FULL)
    with pytest.raises(RefusedError) as refused:
        stack.up("Bucket", {**FULL, "bucket": "elsewhere"})
    assert str(refused.value) == (
        f"minio {server.endpoint} bucket artifacts: renamed to elsewhere, a bucket keeps its name; "
        "declare another bucket beside it and copy the objects"
    )


def test_a_bucket_with_content_stays_and_its_content_is_counted(stack, server):
    stack.up("Bucket", {"bucket": "artifacts", "versioning": True})
    for _ in range(3):
        put(server, "often")
    server.store().remove_object("artifacts", "often")
    put(server, "once")
    put(server, "twice")
    put(server, "twice")
    with pytest.raises(ProviderError) as refused:
        stack.destroy("Bucket")
    assert str(refused.value) == (
        f"minio {server.endpoint} bucket artifacts: holds 2 objects, 4 older versions and 1 delete "
        "marker, an empty bucket is deleted; remove them, or set forceDestroy: true, run "
        "`pulumi up` and destroy again"
    )
    assert server.store().bucket_exists("artifacts")


def test_only_delete_markers_are_content_too(stack, server):
    stack.up("Bucket", {"bucket": "artifacts", "versioning": True})
    version = put(server, "gone").version_id
    server.store().remove_object("artifacts", "gone")
    server.store().remove_object("artifacts", "gone", version)
    with pytest.raises(
        ProviderError, match="holds 0 objects, 0 older versions and 1 delete marker,"
    ):
        stack.destroy("Bucket")


def test_force_destroy_removes_every_version_and_the_bucket(stack, server):
    stack.up("Bucket", {"bucket": "artifacts", "versioning": True, "forceDestroy": True})
    for number in range(1005):  # more than one call removes
        put(server, f"many/{number}")
    put(server, "often")
    put(server, "often")
    server.store().remove_object("artifacts", "often")
    stack.destroy("Bucket")
    assert not server.store().bucket_exists("artifacts")


def test_force_destroy_says_what_a_lock_keeps(stack, server):
    server.store().make_bucket("artifacts", object_lock=True)
    mark(server, OWNER)
    until = datetime.now(UTC) + timedelta(seconds=3)
    server.store().put_object(
        "artifacts", "locked", io.BytesIO(b"x"), 1, retention=Retention("COMPLIANCE", until)
    )
    stack.up("Bucket", {"bucket": "artifacts", "forceDestroy": True})
    with pytest.raises(ProviderError, match=r"1 version cannot be removed \(.*WORM.*\)") as refused:
        stack.destroy("Bucket")
    assert "\n" not in str(refused.value)
    time.sleep(4)
    stack.destroy("Bucket")


def test_deleting_a_bucket_that_is_gone_is_fine(stack, server):
    stack.up("Bucket", {"bucket": "artifacts"})
    server.store().remove_bucket("artifacts")
    stack.destroy("Bucket")


@pytest.mark.parametrize("owner", ["other/prod", None])
def test_a_bucket_that_lost_our_mark_is_not_deleted(stack, server, owner):
    """Somebody may have made it again; forceDestroy would empty it."""
    stack.up("Bucket", {"bucket": "artifacts", "forceDestroy": True})
    put(server, "theirs")
    if owner:
        mark(server, owner)
    else:
        server.store().delete_bucket_tags("artifacts")
    with pytest.raises(
        ProviderError, match=r"(is marked other/prod|has lost its mark), .*state delete"
    ):
        stack.destroy("Bucket")
    assert server.store().stat_object("artifacts", "theirs")


def test_a_bucket_that_came_to_another_stack_is_not_updated(stack, server):
    stack.up("Bucket", {"bucket": "artifacts"})
    mark(server, "other/prod")
    for change in (stack.preview_update, stack.up):
        with pytest.raises(ProviderError, match="belongs to other/prod"):
            change("Bucket", {"bucket": "artifacts", "versioning": True})


def test_a_renamed_stack_marks_its_buckets_anew(stack, server):
    stack.up("Bucket", {"bucket": "artifacts"})
    renamed = Stack(server, owner="shop/production", resources=stack.resources)
    assert renamed.up("Bucket", {"bucket": "artifacts"}) == {"owner"}
    assert tags(server) == {"argo-artifacts/owner": "shop/production"}


def test_an_import_tells_all_that_is_set(stack, server):
    stack.up("Bucket", FULL)
    again = Stack(server)
    inputs = again.take("Bucket", "artifacts")
    assert inputs["ownership"] == "create"
    assert {key: inputs[key] for key in ("versioning", "quotaBytes")} == {
        "versioning": True,
        "quotaBytes": 2**30,
    }
    assert again.up("Bucket", FULL) == set()


def test_an_import_of_a_foreign_bucket_adopts_it(stack, server):
    server.store().make_bucket("artifacts")
    server.store().set_bucket_lifecycle("artifacts", LifecycleConfig([rule("theirs", "x/", 9)]))
    assert stack.take("Bucket", "artifacts") == {
        "bucket": "artifacts",
        "ownership": "adopt",
        "forceDestroy": False,
        "lifecycle": [],
    }
    assert stack.up("Bucket", {"bucket": "artifacts", "ownership": "adopt"}) == {"owner"}
    assert rule_ids(server) == ["theirs"]


@pytest.mark.parametrize("name", ["nothing-here", "No_Bucket"])
def test_an_import_of_nothing_fails(stack, name):
    with pytest.raises((RefusedError, ProviderError)):
        stack.take("Bucket", name)


def test_encryption_is_set_changed_found_and_removed(kms_stack, kms_server):
    stack, store = kms_stack, kms_server.store()

    def encryption():
        config = store.get_bucket_encryption("artifacts")
        return config and (config.rule.sse_algorithm, config.rule.kms_master_key_id)

    stack.up("Bucket", {"bucket": "artifacts", "encryption": {}})
    assert encryption() == ("AES256", None)
    keyed = {"bucket": "artifacts", "encryption": {"kmsKeyId": KMS_KEY}}
    assert stack.up("Bucket", keyed) == {"encryption"}
    assert encryption() == ("aws:kms", KMS_KEY)
    store.set_bucket_encryption("artifacts", SSEConfig(EncryptionRule.new_sse_s3_rule()))
    stack.refresh("Bucket")
    assert stack.up("Bucket", keyed) == {"encryption"}
    stack.refresh("Bucket")
    assert stack.up("Bucket", keyed) == set()
    assert stack.up("Bucket", {"bucket": "artifacts"}) == {"encryption"}
    assert encryption() is None


def test_an_unknown_key_of_the_kms_is_one_line(kms_stack, kms_server):
    with pytest.raises(ProviderError) as refused:
        kms_stack.up("Bucket", {"bucket": "artifacts", "encryption": {"kmsKeyId": "other"}})
    assert str(refused.value) == (
        f"minio {kms_server.endpoint} bucket artifacts: refused by the server (kms:KeyNotFound), "
        "key with given key ID does not exist"
    )


def test_a_preview_says_what_will_stand(stack):
    said = SimpleNamespace(**stack.preview("Bucket", FULL))
    assert (said.bucket, said.versioning, said.quotaBytes) == ("artifacts", True, 2**30)
    assert str(said.owner) == "unknown"
