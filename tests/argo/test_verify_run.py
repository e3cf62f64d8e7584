"""Runs on a real server: what is touched, what is cleaned up, what is not checked and why."""

import io
import json
import socket
import time

import pytest

from argo_artifacts import access
from argo_artifacts.documents import minio as documents
from argo_artifacts.verify import Request, verify
from argo_artifacts.verify.store import Keys
from tests.argo.verify_servers import (
    TWO_TENANTS,
    Quiet,
    World,
    changed,
    failed,
    no_keys,
    provision,
    remove_users,
    root_keys,
    root_s3,
    rows_of,
    secret_of,
    settings_of,
    write_config_map,
    write_secret,
)
from tests.engine.minio_server import ROOT_SECRET, running

EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::*"]},
        {"Effect": "Allow", "Action": ["admin:*"]},
    ],
}
MODELS = {
    "sharedWith": ["team-a", "team-b"],
    "minio": {"endpoint": "${ENDPOINT}", "tls": {"enabled": False}, "bucket": {"name": "models"}},
}
FOREIGN = {
    "server": "credentials",
    "endpoint": "${ENDPOINT}",
    "tls": {"enabled": False},
    "bucket": {"name": "artifacts", "ownership": "use"},
}
SHARED = {"accessKeyConfig": "sharedAccessKey", "secretKeyConfig": "sharedSecretKey"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("minio")) as started:
        yield started


@pytest.fixture
def make(server):
    """Provision stacks on the shared server; their users and buckets go away again."""
    worlds = []

    def make(values=TWO_TENANTS):
        worlds.append(provision(server, values))
        return worlds[-1]

    yield make
    for world in worlds:
        remove_users(world)
        for store in world.plan.stores:
            empty(server, store.bucket)


def empty(server, bucket):
    s3 = root_s3(server)
    for version in versions(server, bucket):
        s3.delete_object(
            Bucket=bucket, Key=version[0], VersionId=version[1], BypassGovernanceRetention=True
        )
    s3.delete_bucket(Bucket=bucket)


def versions(server, bucket):
    found = root_s3(server).list_object_versions(Bucket=bucket)
    return [
        (entry["Key"], entry["VersionId"])
        for entry in (*found.get("Versions", []), *found.get("DeleteMarkers", []))
    ]


def snapshot(world):
    """Everything on the server: versions with content, uploads, settings, users, policies, keys."""
    s3, admin = root_s3(world.server), world.server.admin()
    state = {
        "users": json.loads(admin.user_list()),
        "policies": in_order(json.loads(admin.policy_list())),
        "accounts": {
            user: json.loads(admin.list_service_account(user))
            for user in json.loads(admin.user_list())
        },
    }
    for bucket in [b["Name"] for b in s3.list_buckets()["Buckets"]]:
        listed = s3.list_object_versions(Bucket=bucket)
        listed.pop("ResponseMetadata")
        state[bucket] = [
            listed,
            [
                s3.get_object(Bucket=bucket, Key=v["Key"], VersionId=v["VersionId"])["Body"].read()
                for v in listed.get("Versions", [])
            ],
            s3.list_multipart_uploads(Bucket=bucket).get("Uploads"),
            [setting(s3, bucket, name) for name in SETTINGS],
        ]
    return json.dumps(state, default=str, sort_keys=True)


def in_order(value):
    """*value* with its lists sorted: the server gives actions in any order."""
    if isinstance(value, dict):
        return {key: in_order(entry) for key, entry in value.items()}
    return sorted(map(in_order, value), key=str) if isinstance(value, list) else value


SETTINGS = (
    "policy",
    "versioning",
    "lifecycle_configuration",
    "encryption",
    "tagging",
    "notification_configuration",
    "replication",
)


def setting(s3, bucket, name):
    try:
        answer = getattr(s3, f"get_bucket_{name}")(Bucket=bucket)
    except s3.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    answer.pop("ResponseMetadata")
    return answer


@pytest.mark.parametrize("versioned", [False, True], ids=["plain bucket", "versioned bucket"])
def test_policies_that_allow_everything_change_nothing_else(make, server, versioned):
    world = make()
    s3 = root_s3(server)
    if versioned:
        s3.put_bucket_versioning(Bucket="artifacts", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_tagging(Bucket="artifacts", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    for key in ("prod/team-a/kept", "prod/team-b/kept", "prod/team-b/kept", "elsewhere/kept"):
        s3.put_object(Bucket="artifacts", Key=key, Body=key.encode())
    for credential in world.plan.credentials:
        world.put_policy(credential, EVERYTHING)
    before = snapshot(world)
    report = world.verify()
    assert snapshot(world) == before
    refusals = [row for row in report.rows if row.expectation.expected == "refused"]
    assert len(refusals) > 35
    idle = [row for row in refusals if row.result == "not applicable"]
    assert {row.expectation.check for row in idle} == (set() if versioned else {"delete version"})
    assert {row.result for row in refusals if row not in idle} == {"failed"}
    assert report.left_behind == ()


def test_policies_that_allow_everything_leave_nothing_without_a_provisioner(make):
    world = make()
    for credential in world.plan.credentials:
        world.put_policy(credential, EVERYTHING)
    before = snapshot(world)
    report = world.verify(admin=False)
    assert snapshot(world) == before
    assert report.left_behind == ()
    assert not report.good


def test_what_a_tenant_may_not_delete_is_listed_without_a_provisioner(make, server):
    world = make()
    report = world.verify(admin=False)
    assert report.good
    folder = f"prod/team-b/.argo-artifacts-verify/{report.run}/"
    assert report.left_behind == (
        f"artifacts:{folder}: 2 objects (no right to delete, and no provisioning credential)",
    )
    assert sorted(key for key, _ in versions(server, "artifacts")) == [
        f"{folder}team-a.default/object",
        f"{folder}team-b.default/object",
    ]
    assert len(report.notes) == 1
    assert (
        f"{server.endpoint}: no provisioning credential (pulumi is not on PATH)" in report.notes[0]
    )


def test_versions_are_removed_by_the_provisioner_and_listed_without_one(make, server):
    world = make()
    root_s3(server).put_bucket_versioning(
        Bucket="artifacts", VersioningConfiguration={"Status": "Enabled"}
    )
    report = world.verify()
    assert report.good
    assert report.left_behind == ()
    assert versions(server, "artifacts") == []
    report = world.verify(admin=False)
    assert report.good
    line = next(line for line in report.left_behind if "prod/team-a/" in line)
    assert line.endswith(": 2 objects with a delete marker over them (the bucket keeps versions)")
    assert len(versions(server, "artifacts")) == 4 + 2


def test_locked_versions_are_listed(make, server):
    root_s3(server).create_bucket(Bucket="artifacts", ObjectLockEnabledForBucket=True)
    root_s3(server).put_object_lock_configuration(
        Bucket="artifacts",
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}},
        },
    )
    world = make()
    report = world.verify()
    assert report.good
    assert len(report.left_behind) == 2
    assert all(
        "2 versions (locked by the bucket's retention)" in line for line in report.left_behind
    ), report.left_behind


def test_a_put_that_is_let_through_is_removed_again(make):
    world = make()
    credential = world.credential("team-a")
    wide: dict = documents.policy(credential)
    wide["Statement"].append(
        {
            "Effect": "Allow",
            "Action": ["s3:PutObject"],
            "Resource": ["arn:aws:s3:::artifacts/prod/team-b/*"],
        }
    )
    with world.policy("team-a", wide):
        report = world.verify()
        alone = world.verify(admin=False)
    assert failed(report) == [("team-a/default", "put", "artifacts:prod/team-b/")]
    assert report.left_behind == ()
    assert failed(alone) == failed(report)
    assert "3 objects (no right to delete" in alone.left_behind[0]  # team-b may not delete


def test_a_wrong_secret_is_not_checked(make):
    world = make()
    credential = world.credential("team-a")
    write_secret(world, credential, world.user(credential), "another secret")
    report = world.verify()
    assert failed(report) == []
    lines = rows_of(report, "not checked")
    own = [line for line in lines if line.startswith("team-a/default")]
    assert len(own) == sum(
        row.expectation.holder.tenant == "team-a"
        and row.expectation.group != "entry"
        and row.expectation.expected != "not applicable"
        for row in report.rows
    )
    assert sum("the secret key is wrong (SignatureDoesNotMatch)" in line for line in own) > 10
    assert all(line.startswith(("team-a/default", "team-b/default")) for line in lines)
    assert not report.good
    assert report.left_behind == ()


def test_an_unknown_access_key_is_not_checked(make):
    world = make()
    credential = world.credential("team-b")
    write_secret(world, credential, "nobody", secret_of(credential))
    report = world.verify(tenants=frozenset({"team-b"}))
    assert failed(report) == []
    assert any(
        "the server does not know the access key (InvalidAccessKeyId)" in line
        for line in rows_of(report, "not checked")
    )
    assert not report.good


def test_a_disabled_user_is_not_checked(make, server):
    world = make()
    server.admin().user_disable(world.user(world.credential("team-a")))
    report = world.verify(tenants=frozenset({"team-a"}))
    assert failed(report) == []
    assert not report.good


def test_a_missing_bucket_is_not_checked(make, server):
    world = make()
    root_s3(server).delete_bucket(Bucket="artifacts")
    report = world.verify()
    root_s3(server).create_bucket(Bucket="artifacts")
    assert failed(report) == []
    own = {"put", "list", "multipart upload"}
    for row in report.rows:
        if row.expectation.group == "own prefix" and row.expectation.check in own:
            assert row.result == "not checked"
    assert any(
        "there is no such bucket (NoSuchBucket)" in r for r in rows_of(report, "not checked")
    )
    assert not [
        row for row in report.rows if row.result == "ok" and row.expectation.group != "entry"
    ]


def test_a_refusal_of_a_credential_that_does_not_work_proves_nothing(make):
    world = make()
    nothing = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": ["admin:*"]}]}
    with world.policy("team-a", nothing):
        report = world.verify(tenants=frozenset({"team-a"}))
    assert [check for _, check, _ in failed(report)] == ["put", "list"]
    refusals = [row for row in report.rows if row.expectation.expected == "refused"]
    assert {row.result for row in refusals} == {"not checked"}


class Stopper(Quiet):
    """Does something when the checks begin, or when some of them are known."""

    def __init__(self, act, after=0):
        super().__init__()
        self.act, self.after = act, after

    def rows(self, done, total):  # noqa: ARG002 - the watcher's signature
        if done == self.after + 1:
            self.act()


def request_of(world, admin=root_keys):
    return Request(settings=world.settings, plan=world.plan, reader=world.cluster, admin=admin)


def test_a_server_that_stops_midway_is_not_checked_and_its_objects_are_listed(tmp_path):
    with running(tmp_path) as server:
        world = provision(server, TWO_TENANTS)

        def stop():
            server.admin().service_stop()

        begin = time.monotonic()
        report = verify(request_of(world), Stopper(stop, after=20))
        seconds = time.monotonic() - begin
    assert failed(report) == []
    assert not report.good
    assert any("the server cannot be reached" in row for row in rows_of(report, "not checked"))
    assert any("the server cannot be reached" in line for line in report.left_behind)
    assert seconds < 60


def test_a_server_that_never_answers_costs_one_wait_not_one_for_each_row(make, monkeypatch):
    monkeypatch.setattr("argo_artifacts.verify.store.READ_SECONDS", 1)
    world = make()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        at = f"127.0.0.1:{silent.getsockname()[1]}"
        values = json.loads(json.dumps(TWO_TENANTS).replace("${ENDPOINT}", at))
        begin = time.monotonic()
        report = provision_cluster_only(world, values).verify(admin=False)
        seconds = time.monotonic() - begin
    assert seconds < 40
    assert failed(report) == []
    assert not report.good
    tried = [r for r in report.rows if r.expectation.group not in ("entry", "other bucket")]
    assert {row.result for row in tried} == {"not checked"}
    assert any("no answer within 10 s" in row.found for row in tried)
    # what was sent may stand
    assert all("no answer within 10 s" in line for line in report.left_behind)


def test_a_server_that_cannot_be_reached_leaves_nothing_behind(make):
    world = make()
    values = json.loads(json.dumps(TWO_TENANTS).replace("${ENDPOINT}", "127.0.0.1:1"))
    report = provision_cluster_only(world, values).verify(admin=False)
    assert failed(report) == []
    assert any("the server cannot be reached" in row for row in rows_of(report, "not checked"))
    assert report.left_behind == ()


def provision_cluster_only(world, values):
    """The same cluster, written for a stack whose server stands elsewhere."""
    settings = settings_of(values, world.server.endpoint)
    other = World(world.server, settings, access.plan(settings), world.cluster)
    for tenant in settings.tenants:
        write_config_map(other, tenant)
    return other


def test_an_interrupted_run_cleans_up(make, server):
    world = make()

    def interrupt():
        raise KeyboardInterrupt

    watcher = Stopper(interrupt, after=12)
    with pytest.raises(KeyboardInterrupt):
        verify(request_of(world), watcher)
    assert versions(server, "artifacts") == []
    watcher = Stopper(interrupt, after=12)
    with pytest.raises(KeyboardInterrupt):
        verify(request_of(world, admin=no_keys), watcher)
    assert watcher.steps[-1].startswith("left behind: artifacts:prod/team-b/")


def test_a_retired_tenant_reads_and_deletes_what_the_provisioner_wrote(make, server):
    world = make(changed(TWO_TENANTS, **{"tenants__team-a__retired": True}))
    report = world.verify()
    assert report.good
    checks = {
        row.expectation.check: row.expectation.expected
        for row in report.rows
        if row.expectation.group == "own prefix" and row.expectation.holder.tenant == "team-a"
    }
    assert checks["get"] == checks["delete"] == "allowed"
    assert checks["put"] == "refused"
    assert versions(server, "artifacts") == []
    alone = world.verify(admin=False)
    reason = "there is no object: the provisioner could not write it (no provisioning credential)"
    assert any(reason in row for row in rows_of(alone, "not checked"))
    assert not alone.good


def test_a_reader_of_a_shared_repository_is_tried_at_what_the_writer_wrote(make):
    values = changed(
        TWO_TENANTS,
        repositories__models=MODELS,
        **{
            "tenants__team-a__repositories": ["default", {"name": "models", "access": "write"}],
            "tenants__team-b__repositories": ["default", "models"],
        },
    )
    world = make(values)
    assert world.verify().good
    credential = world.credential("team-b", "models")
    wide = documents.policy(credential)
    wide["Statement"][0]["Action"].append("s3:PutObject")
    with world.policy("team-b", wide, "models"):
        report = world.verify()
    shared = "models:prod/_shared/models/"
    assert failed(report) == [("team-b/models", "put", shared)]


def test_uploads_of_the_ui_are_prefixes_of_their_own(make):
    world = make(changed(TWO_TENANTS, argo={"version": "4.1.0", "server": {"uploads": True}}))
    report = world.verify()
    assert report.good
    targets = {row.expectation.target for row in report.rows if row.expectation.check == "put"}
    assert "artifacts:uploads/team-a/" in targets
    with world.policy("team-a", without_uploads(world.credential("team-a"))):
        report = world.verify()
    assert failed(report) == [
        ("team-a/default", "put", "artifacts:uploads/team-a/"),
        ("team-a/default", "list", "artifacts:uploads/team-a/"),
    ]


def without_uploads(credential):
    text = json.dumps(documents.policy(credential))
    return json.loads(text.replace("uploads/team-a/", "nowhere/"))


def hand_made(make, keys):
    """A stack with server credentials: users are somebody else's affair."""
    return make(changed(TWO_TENANTS, repositories__default__minio=FOREIGN | keys))


@pytest.fixture
def add_user(server):
    """Make users that somebody else keeps; they go away again."""
    admin = server.admin()
    names = []

    def add_user(name, secret, document):
        admin.user_add(name, secret)
        admin.policy_add(f"policy-of-{name}", policy=document)
        admin.attach_policy([f"policy-of-{name}"], user=name)
        names.append(name)

    yield add_user
    for name in names:
        admin.user_remove(name)
        admin.policy_remove(f"policy-of-{name}")


SCOPED = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
            "Resource": ["arn:aws:s3:::artifacts/prod/team-*"],
        },
        {
            "Effect": "Allow",
            "Action": ["s3:DeleteObject"],
            "Resource": ["arn:aws:s3:::artifacts/prod/team-a/*"],
        },
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket"],
            "Resource": ["arn:aws:s3:::artifacts"],
            "Condition": {"StringLike": {"s3:prefix": ["prod/team-*"]}},
        },
        {"Effect": "Deny", "Action": ["admin:*"]},
    ],
}


@pytest.mark.parametrize(
    "keys",
    [{"sharedCredentials": SHARED}, {"existingSecret": {"name": "keys"}}],
    ids=["shared", "existing"],
)
def test_tenants_with_one_access_key_are_shared_not_failed(make, add_user, keys):
    world = hand_made(make, keys)
    add_user("everyone", "canary-everyone", SCOPED)
    for credential in world.plan.credentials:
        write_secret(world, credential, "everyone", "canary-everyone")
    report = world.verify(admin=False)
    assert rows_of(report, "failed") == []
    assert report.good
    shared = [row for row in report.rows if row.result == "shared"]
    assert [str(row.expectation.holder) for row in shared] == ["team-a/default", "team-b/default"]
    assert shared[0].found == (
        "one access key serves team-a/default and team-b/default: nothing isolates them"
    )


def test_tenants_with_keys_of_their_own_in_an_existing_secret_are_told_apart(make, add_user):
    world = hand_made(make, {"existingSecret": {"name": "keys"}})
    for credential in world.plan.credentials:
        add_user(f"of-{credential.tenant}", "canary-own", SCOPED)
        write_secret(world, credential, f"of-{credential.tenant}", "canary-own")
    report = world.verify(admin=False)
    assert [check for _, check, _ in failed(report)] == [
        *("list", "get", "put"),  # of team-a at team-b's prefix, where it may not delete
        *("list", "get", "put", "delete"),
    ]


def test_a_service_account_as_the_key_is_tried_with_its_own_call(make, server, add_user):
    world = hand_made(make, {"existingSecret": {"name": "keys"}})
    add_user("parent", "canary-parent", SCOPED)
    open_ = {"Version": "2012-10-17", "Statement": SCOPED["Statement"][:-1]}
    server.admin().policy_add("policy-of-parent", policy=open_)
    server.admin("parent", "canary-parent").add_service_account(
        access_key="childchild", secret_key="canary-child"
    )
    server.admin().policy_add("policy-of-parent", policy=SCOPED)
    for credential in world.plan.credentials:
        write_secret(world, credential, "childchild", "canary-child")
    report = world.verify(admin=False)
    assert rows_of(report, "not checked") == []
    assert rows_of(report, "failed") == []


def test_the_bucket_of_nobody_is_used_as_other_bucket_if_the_provisioner_sees_one(make, server):
    world = make()
    root_s3(server).create_bucket(Bucket="somebody-elses")
    try:
        report = world.verify()
        row = next(r for r in report.rows if r.expectation.group == "other bucket")
        assert (row.expectation.target, row.result) == ("somebody-elses", "ok")
        wide: dict = documents.policy(world.credential("team-a"))
        wide["Statement"].append(
            {
                "Effect": "Allow",
                "Action": ["s3:ListBucket"],
                "Resource": ["arn:aws:s3:::somebody-elses"],
            }
        )
        with world.policy("team-a", wide):
            report = world.verify()
        assert failed(report) == [("team-a/default", "list", "somebody-elses")]
    finally:
        root_s3(server).delete_bucket(Bucket="somebody-elses")
    report = world.verify(tenants=frozenset({"team-a"}))
    row = next(r for r in report.rows if r.expectation.group == "other bucket")
    assert (row.result, row.found) == ("not applicable", "no other bucket is known on this server")


def test_only_the_tenant_that_was_asked_for_is_reported(make):
    world = make()
    report = world.verify(tenants=frozenset({"team-b"}))
    assert {row.expectation.holder.tenant for row in report.rows} == {"team-b"}
    assert report.good


def test_an_admin_endpoint_is_used_and_said(make, server):
    values = changed(
        TWO_TENANTS,
        repositories__default__minio__endpoint="minio.storage.svc:9000",
        repositories__default__minio__adminEndpoint="${ENDPOINT}",
    )
    report = make(values).verify()
    assert report.good
    assert report.notes == (
        f"default: reached at {server.endpoint} (adminEndpoint), pods use minio.storage.svc:9000",
    )


def test_nothing_ambient_is_used(make, monkeypatch):
    for name, value in {
        "AWS_PROFILE": "nobody",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_CA_BUNDLE": "/nowhere",
        "HTTP_PROXY": "http://127.0.0.1:1",
        "http_proxy": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "other",
        "AWS_SECRET_ACCESS_KEY": "other",
    }.items():
        monkeypatch.setenv(name, value)
    assert make().verify().good


def test_no_secret_is_in_any_output(make):
    world = make()
    broken = world.credential("team-b")
    write_secret(world, broken, world.user(broken), "canary+wrong/secret")
    report = world.verify()
    text = "\n".join(
        [
            json.dumps(report.value()),
            report.junit(),
            repr(report),
            *map(str, report.rows),
            repr(Keys("canary+access", "canary+secret")),
        ]
    )
    assert "team-a" in text
    for secret in ("canary", ROOT_SECRET):
        assert secret not in text


def test_objects_of_workflows_beside_the_run_are_not_read(make, server):
    """A bucket full of others' objects gives the same rows, and keeps them."""
    world = make()
    for number in range(5):
        body = io.BytesIO(b"x")
        server.store().put_object("artifacts", f"prod/team-a/workflow-{number}/file", body, 1)
    report = world.verify()
    assert report.good
    assert len(versions(server, "artifacts")) == 5


def test_a_provisioner_that_may_not_list_versions_leaves_the_cleaning_to_the_tenants(
    make, server, add_user
):
    world = make()
    add_user(
        "weak", "canary-weak", {"Version": "2012-10-17", "Statement": [SCOPED["Statement"][-1]]}
    )
    report = world.verify(admin=lambda _: Keys("weak", "canary-weak"))
    assert report.good
    assert [line.split(":")[1].split("/")[1] for line in report.left_behind] == ["team-b"]
    assert {key.split("/")[1] for key, _ in versions(server, "artifacts")} == {"team-b"}
