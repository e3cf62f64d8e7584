"""Each right taken away and each right added, one at a time, is named by exactly its own row."""

import pytest

from argo_artifacts.documents import minio as documents
from argo_artifacts.documents import s3
from tests.argo.verify_servers import TWO_TENANTS, changed, failed, provision, root_s3
from tests.engine.minio_server import running

STACK = changed(
    TWO_TENANTS,
    repositories__logs={
        "minio": {"endpoint": "${ENDPOINT}", "tls": {"enabled": False}, "bucket": {"name": "logs"}}
    },
    **{"tenants__team-b__repositories": ["default", "logs"]},
)

A, B, LOGS = ("team-a", "default"), ("team-b", "default"), ("team-b", "logs")
IN_A, IN_B, IN_LOGS = "artifacts:prod/team-a/", "artifacts:prod/team-b/", "logs:prod/team-b/"
BUCKET, OTHER = "arn:aws:s3:::artifacts", "arn:aws:s3:::logs"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with running(tmp_path_factory.mktemp("minio")) as server:
        yield provision(server, STACK)


def without(action):
    """The policy of a holder without one of its actions."""

    def change(document):
        statements = []
        for statement in document["Statement"]:
            actions = [a for a in statement["Action"] if a != action]
            if actions:
                statements.append(statement | {"Action": actions})
        return document | {"Statement": statements}

    return change


def plus(action, *resources, **condition):
    """The policy of a holder with one more right."""
    extra = {"Effect": "Allow", "Action": [action]}
    extra |= {"Resource": list(resources)} if resources else {}
    extra |= {"Condition": condition} if condition else {}
    return lambda document: document | {"Statement": [*document["Statement"], extra]}


def denying(*actions):
    """The policy of a holder that denies a part of the admin calls only."""

    def change(document):
        kept = [s for s in document["Statement"] if s["Effect"] != "Deny"]
        deny = [{"Effect": "Deny", "Action": list(actions)}] if actions else []
        return document | {"Statement": [*kept, *deny]}

    return change


def both(first, second):
    return lambda document: second(first(document))


PREFIX_OF = {IN_A: "prod/team-a/*", IN_B: "prod/team-b/*"}
SELF = ("admin:CreateServiceAccount", "admin:CreateUser", "admin:GetUser")

TAKEN_AWAY = [
    (holder, without(action), [(check, target)])
    for holder, target in ((A, IN_A), (B, IN_B), (LOGS, IN_LOGS))
    for action, check in (
        (s3.LIST, "list"),
        (s3.GET, "get"),
        (s3.PUT, "put"),
        (s3.ABORT, "abort upload"),
    )
]
TAKEN_AWAY.append((A, without(s3.DELETE), [("delete", IN_A)]))

ADDED = [
    (holder, plus(action, f"{BUCKET}/{PREFIX_OF[target]}"), [(check, target)])
    for holder, target in ((A, IN_B), (B, IN_A))
    for action, check in (
        (s3.GET, "get"),
        (s3.PUT, "put"),
        (s3.DELETE, "delete"),
    )
]
ADDED += [
    (
        holder,
        plus(s3.LIST, BUCKET, StringLike={"s3:prefix": [PREFIX_OF[target]]}),
        [("list", target)],
    )
    for holder, target in ((A, IN_B), (B, IN_A))
]
ADDED += [
    (B, plus(s3.DELETE, f"{BUCKET}/{PREFIX_OF[IN_B]}"), [("delete", IN_B)]),
    (
        A,
        plus(s3.LIST, BUCKET, Null={"s3:prefix": True}),
        [("list without prefix", "artifacts")],
    ),
    (
        B,
        plus(s3.LIST, BUCKET, StringEquals={"s3:prefix": [""]}),
        [("list without prefix", "artifacts")],
    ),
    (
        A,
        plus(s3.LIST, BUCKET),
        [("list without prefix", "artifacts"), ("list", IN_B)],
    ),
    (A, plus("s3:ListBucketVersions", BUCKET), [("list without prefix", "artifacts")]),
    (A, plus("s3:ListBucketMultipartUploads", BUCKET), [("list uploads", "artifacts")]),
    (A, plus(s3.LIST, OTHER), [("list", IN_LOGS)]),
    (A, plus(s3.GET, f"{OTHER}/*"), [("get", IN_LOGS)]),
    (LOGS, plus(s3.GET, f"{BUCKET}/*"), [("get", IN_A)]),
]
ADDED += [
    (A, plus(f"s3:{action}", BUCKET), [(f"read {check}", "artifacts")])
    for action, check in (
        ("GetBucketPolicy", "policy"),
        ("GetBucketVersioning", "versioning"),
        ("GetLifecycleConfiguration", "lifecycle"),
        ("GetEncryptionConfiguration", "encryption"),
        ("GetBucketTagging", "tagging"),
        ("GetBucketObjectLockConfiguration", "object lock"),
        ("GetReplicationConfiguration", "replication"),
        ("GetBucketNotification", "notification"),
    )
]
ON_SERVER = [
    (A, denying(*SELF[1:]), ["mint service account"]),
    (A, denying(SELF[0], SELF[2]), ["change own secret"]),
    (A, denying(*SELF[:2]), ["own user info"]),
    (A, denying(), ["own user info", "mint service account", "change own secret"]),
    (B, both(denying(*SELF), plus("admin:ServerInfo")), ["server info"]),
    (B, both(denying(*SELF), plus("admin:ListUsers")), ["list users"]),
]


def ids(cases):
    return [f"{'.'.join(holder)}: {rows}" for holder, _, rows in cases]


def assert_named(world, holder, change, rows, tenants=None):
    credential = world.credential(*holder)
    with world.policy(holder[0], change(documents.policy(credential)), holder[1]):
        report = world.verify(tenants=tenants)
    name = "/".join(holder)
    assert failed(report) == [(name, *row) for row in rows]
    assert not report.good
    for row in report.rows:
        if row.result == "not checked":  # a consequence, and it says of what
            own = str(row.expectation.holder) == name
            assert own or name in row.found, row
    assert report.left_behind == ()
    for bucket in ("artifacts", "logs"):
        listed = root_s3(world.server).list_object_versions(Bucket=bucket)
        assert "Versions" not in listed


@pytest.mark.usefixtures("users_admin_bodies")
def test_a_sound_stack_is_as_expected_in_every_row(world):
    report = world.verify()
    assert report.good
    idle = {row.expectation.check for row in report.rows if row.result == "not applicable"}
    assert idle == {"delete version"}  # the buckets keep none
    assert {row.result for row in report.rows} == {"ok", "not applicable"}
    assert len(report.rows) > 90
    assert report.left_behind == ()
    assert report.notes == ()


@pytest.mark.parametrize(("holder", "change", "rows"), TAKEN_AWAY, ids=ids(TAKEN_AWAY))
def test_a_right_that_is_missing_is_named(world, holder, change, rows):
    assert_named(world, holder, change, rows)


def test_a_refusal_at_an_object_that_was_not_read_back_does_not_count(world):
    document = documents.policy(world.credential("team-a"))
    with world.policy("team-a", without(s3.GET)(document)):
        report = world.verify(tenants=frozenset({"team-b"}))
    found = {
        row.expectation.check: (row.result, row.found)
        for row in report.rows
        if row.expectation.target == IN_A and row.expectation.holder.repository == "default"
    }
    reason = "team-a/default could not read its object back (refused (AccessDenied))"
    assert found["get"] == found["delete"] == ("not checked", reason)
    assert found["list"][0] == found["put"][0] == "ok"


@pytest.mark.parametrize(("holder", "change", "rows"), ADDED, ids=ids(ADDED))
def test_a_right_too_many_is_named(world, holder, change, rows):
    """Nothing of this can reach another tenant's rows: only the holder's are tried."""
    assert_named(world, holder, change, rows, frozenset({holder[0]}))


@pytest.mark.usefixtures("users_admin_bodies")
@pytest.mark.parametrize(("holder", "change", "checks"), ON_SERVER, ids=ids(ON_SERVER))
def test_an_admin_call_that_goes_through_is_named(world, holder, change, checks):
    rows = [(check, world.server.endpoint) for check in checks]
    before = world.server.admin().user_list()
    assert_named(world, holder, change, rows, frozenset({holder[0]}))
    after = world.server.admin()
    assert after.user_list() == before
    assert "aav" not in after.list_service_account(world.user(world.credential(*holder)))


def test_a_version_that_may_be_deleted_for_good_is_named(tmp_path):
    """On MinIO the right to delete is the right to delete versions, unless that is denied."""
    with running(tmp_path) as server:
        world = provision(server, TWO_TENANTS)
        root_s3(server).put_bucket_versioning(
            Bucket="artifacts", VersioningConfiguration={"Status": "Enabled"}
        )
        assert world.verify().good
        document = documents.policy(world.credential("team-a"))
        open_ = [s for s in document["Statement"] if s["Action"] != ["s3:DeleteObjectVersion"]]
        with world.policy("team-a", document | {"Statement": open_}):
            report = world.verify()
        assert failed(report) == [("team-a/default", "delete version", IN_A)]
        assert "Versions" not in root_s3(server).list_object_versions(Bucket="artifacts")


def test_every_row_of_the_table_is_among_the_cases():
    """Nobody adds a check without a case that proves it."""
    named = {row[0] for _, _, rows in (*TAKEN_AWAY, *ADDED) for row in rows}
    named |= {check for _, _, checks in ON_SERVER for check in checks}
    # these rest on another one of the same right, and the entry's own tests
    rest = {"head", "missing key", "multipart upload", "default entry", "entry", "secret"}
    assert len(TAKEN_AWAY) + len(ADDED) + len(ON_SERVER) >= 40
    assert not named & rest
