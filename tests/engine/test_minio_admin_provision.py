"""The provisioning command on a real server: what it makes, finds, refuses and removes."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from minio.commonconfig import ENABLED, Tags
from minio.error import S3Error
from minio.versioningconfig import VersioningConfig

from providers.minio_admin import provision
from providers.minio_admin.policy import canonical
from tests.engine.minio_admin_plugin import OWNER, OWNER_ID
from tests.engine.minio_server import ROOT_SECRET, ROOT_USER, MinioServer, running
from tests.engine.moto_server import in_this_process

ROOT = Path(__file__).parents[2]
OTHER_ID = "9f8e7d6c"
BUCKET = "artifacts"
TENANTS = ("team-a", "team-b")


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with running(tmp_path_factory.mktemp("minio")) as started:
        yield started


@pytest.fixture
def server(shared):
    """The server, empty again after each test."""
    yield shared
    store, admin = shared.store(), shared.admin()
    for bucket in store.list_buckets():
        for item in store.list_objects(bucket.name, recursive=True, include_version=True):
            store.remove_object(bucket.name, item.object_name, item.version_id)
        store.remove_bucket(bucket.name)
    for user in json.loads(admin.user_list()):
        admin.user_remove(user)
    for policy in set(json.loads(admin.policy_list())) - set(BUILT_IN):
        admin.policy_remove(policy)


BUILT_IN = ("consoleAdmin", "diagnostics", "readonly", "readwrite", "writeonly")


def user_of(tenant, key=1, owner=OWNER_ID):
    return f"prod.{tenant}.default.{key}.{owner}"


def policy_of(tenant, owner=OWNER_ID):
    return f"prod.{tenant}.default.{owner}"


def secret_of(user):
    """A canary that no output may show; MinIO takes 40 characters."""
    return f"canary-{user}"[:40]


def document(tenant, *actions):
    statements = [
        {
            "Effect": "Allow",
            "Action": list(actions or ("s3:GetObject", "s3:PutObject")),
            "Resource": [f"arn:aws:s3:::{BUCKET}/prod/{tenant}/*"],
        }
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def state_of(server, tenants=TENANTS, **parts):
    """A desired state: a bucket, and a policy and a user for each tenant."""
    return {
        "provider": {
            "endpoint": server.endpoint,
            "secure": server.ca is not None,
            "region": "us-east-1",
            "owner": OWNER,
            "ownerId": OWNER_ID,
        },
        "buckets": [{"bucket": BUCKET, "lifecycle": [{"id": "expire", "expireDays": 7}]}],
        "policies": [{"name": policy_of(t), "document": document(t)} for t in tenants],
        "users": [{"name": user_of(t), "policies": [policy_of(t)]} for t in tenants],
        "others": [],
        **parts,
    }


class Job:
    """The command as a process over the files that the Job mounts."""

    def __init__(self, folder):
        self.folder = folder

    def run(self, state, **files):
        """Exit code, lines of the output, lines of the errors; no secret is in either."""
        mounted = {
            provision.STATE: json.dumps(state),
            provision.ACCESS_KEY: ROOT_USER,
            provision.SECRET_KEY: ROOT_SECRET,
            **{f"{provision.USERS}/{u['name']}": secret_of(u["name"]) for u in state["users"]},
            **files,
        }
        for name, text in mounted.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text)
        done = subprocess.run(
            [sys.executable, "-m", "providers.minio_admin.provision", self.folder],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        for secret in ("canary", *(secret_of(u["name"]) for u in state["users"])):
            assert secret not in done.stdout + done.stderr
        return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()

    def changes(self, state, **files):
        """What a run that succeeds says, without the server's address."""
        code, out, err = self.run(state, **files)
        assert (code, err) == (0, []), err
        start = f"minio {state['provider']['endpoint']}"
        assert all(line.startswith(start) for line in out)
        return [line.removeprefix(start).lstrip(": ") for line in out]

    def line(self, state, **files):
        """The one line of a run that fails."""
        code, _, err = self.run(state, **files)
        assert code == 1
        assert len(err) == 1, err
        return err[0]


@pytest.fixture
def job(tmp_path):
    return Job(tmp_path)


NOTHING = ["as desired, nothing to change"]


def test_a_first_run_makes_everything_and_the_next_nothing(server, job):
    assert job.changes(state_of(server)) == [
        f"bucket {BUCKET}: created",
        f"policy {policy_of('team-a')}: created",
        f"policy {policy_of('team-b')}: created",
        f"user {user_of('team-a')}: created",
        f"attachment {user_of('team-a')}: updated (policies)",
        f"user {user_of('team-b')}: created",
        f"attachment {user_of('team-b')}: updated (policies)",
    ]
    assert server.store().get_bucket_tags(BUCKET) == {"argo-artifacts/owner": OWNER}
    assert server.store().get_bucket_lifecycle(BUCKET).rules[0].expiration.days == 7
    before = everything(server)
    assert job.changes(state_of(server)) == NOTHING
    assert everything(server) == before


def everything(server):
    """All that the admin API and the bucket tell."""
    admin, store = server.admin(), server.store()
    return (
        json.loads(admin.user_list()),
        {name: canonical(admin.policy_info(name)) for name in json.loads(admin.policy_list())},
        [(bucket.name, bucket.creation_date) for bucket in store.list_buckets()],
    )


def test_the_given_secret_works_under_the_own_prefix_alone(server, job):
    job.changes(state_of(server))
    user = user_of("team-a")
    store = server.store(user, secret_of(user))
    store.put_object(BUCKET, "prod/team-a/x", io.BytesIO(b"x"), 1)
    with pytest.raises(S3Error, match="AccessDenied"):
        store.put_object(BUCKET, "prod/team-b/x", io.BytesIO(b"x"), 1)


def test_what_is_changed_in_the_state_is_changed_there_and_told(server, job):
    job.changes(state_of(server))
    changed = state_of(
        server,
        buckets=[{"bucket": BUCKET, "versioning": True, "quotaBytes": 2**20}],
        policies=[
            {"name": policy_of("team-a"), "document": document("team-a", "s3:GetObject")},
            {"name": policy_of("team-b"), "document": document("team-b")},
        ],
    )
    assert job.changes(changed) == [
        f"bucket {BUCKET}: updated (lifecycle, quotaBytes, versioning)",
        f"policy {policy_of('team-a')}: updated (document)",
    ]
    assert server.store().get_bucket_versioning(BUCKET).status == ENABLED
    user = user_of("team-a")
    with pytest.raises(S3Error, match="AccessDenied"):
        server.store(user, secret_of(user)).put_object(BUCKET, "prod/team-a/x", io.BytesIO(b"x"), 1)
    assert job.changes(changed) == NOTHING


def test_drift_is_put_right(server, job):
    job.changes(state_of(server))
    admin = server.admin()
    admin.policy_set("readwrite", user=user_of("team-a"))
    admin.user_disable(user_of("team-b"))
    admin.policy_add(policy_of("team-b"), policy=json.loads(document("team-b", "s3:*")))
    server.store().delete_bucket_lifecycle(BUCKET)
    assert job.changes(state_of(server)) == [
        f"bucket {BUCKET}: updated (lifecycle)",
        f"policy {policy_of('team-b')}: updated (document)",
        f"attachment {user_of('team-a')}: updated (policies)",
        f"user {user_of('team-b')}: updated (status)",
    ]
    assert job.changes(state_of(server)) == NOTHING


def test_what_is_not_desired_any_more_goes_with_all_that_it_minted(server, job):
    job.changes(state_of(server))
    user = user_of("team-b")
    minted = json.loads(
        server.admin(user, secret_of(user)).add_service_account(
            access_key="minted-by-team-b", secret_key="long-enough", name="m", description="m"
        )
    )["credentials"]
    minted_store = server.store(minted["accessKey"], minted["secretKey"])
    minted_store.put_object(BUCKET, "prod/team-b/x", io.BytesIO(b"x"), 1)
    assert job.changes(state_of(server, ["team-a"])) == [
        f"user {user}: removed",
        f"policy {policy_of('team-b')}: removed",
    ]
    for keys in ((user, secret_of(user)), (minted["accessKey"], minted["secretKey"])):
        with pytest.raises(S3Error, match="InvalidAccessKeyId"):
            server.store(*keys).get_object(BUCKET, "prod/team-b/x")
    assert set(json.loads(server.admin().user_list())) == {user_of("team-a")}
    assert server.store().stat_object(BUCKET, "prod/team-b/x").size == 1


def test_a_bucket_that_is_not_desired_any_more_stays(server, job):
    job.changes(state_of(server))
    assert job.changes(state_of(server, [], buckets=[]))[-1] == (
        f"policy {policy_of('team-b')}: removed"
    )
    assert [bucket.name for bucket in server.store().list_buckets()] == [BUCKET]


def test_nobody_elses_users_and_policies_are_touched(server, job):
    admin = server.admin()
    foreign = {"somebody", user_of("team-a", owner=OTHER_ID), f"x{OWNER_ID}.1"}
    for name in foreign:
        admin.user_add(name, "long-enough")
        admin.policy_add(f"p.{name}", policy=json.loads(document("team-a")))
    elsewhere = user_of("elsewhere")
    admin.user_add(elsewhere, "long-enough")
    admin.policy_add(policy_of("elsewhere"), policy=json.loads(document("elsewhere")))
    kept = [elsewhere, policy_of("elsewhere")]
    job.changes(state_of(server, others=kept))
    job.changes(state_of(server, [], others=kept))
    assert set(json.loads(admin.user_list())) == foreign | {elsewhere}
    found = set(json.loads(admin.policy_list())) - set(BUILT_IN)
    assert found == {f"p.{name}" for name in foreign} | {policy_of("elsewhere")}
    job.changes(state_of(server, []))
    assert set(json.loads(admin.user_list())) == foreign


def test_the_admin_is_not_removed_though_its_name_holds_our_id(server, job):
    """A server that the stack installs has such an admin."""
    admin = f"root.{OWNER_ID}"
    server.admin().user_add(admin, "canary-of-the-admin")
    server.admin().attach_policy(["consoleAdmin"], user=admin)
    files = {provision.ACCESS_KEY: admin, provision.SECRET_KEY: "canary-of-the-admin"}
    job.changes(state_of(server), **files)
    assert len(job.changes(state_of(server, []), **files)) == 4
    assert set(json.loads(server.admin().user_list())) == {admin}


def test_a_user_with_another_secret_is_one_line_and_keeps_it(server, job):
    job.changes(state_of(server))
    user = user_of("team-a")
    assert job.line(state_of(server), **{f"{provision.USERS}/{user}": "another-canary"}) == (
        f"minio {server.endpoint} user {user}: does not take the secret that the stack gives, a "
        "user with that secret is needed (it is never changed in place: keys that the user minted "
        "would survive); give the repository another key in keys.live, or remove the user and "
        "provision again"
    )
    server.store(user, secret_of(user)).put_object(BUCKET, "prod/team-a/x", io.BytesIO(b"x"), 1)
    server.admin().user_remove(user)
    assert f"user {user}: created" in job.changes(state_of(server))


def test_a_user_that_may_do_nothing_yet_is_finished(server, job):
    """The run before ended between making the user and giving it its policy."""
    user = user_of("team-a")
    server.admin().user_add(user, secret_of(user))
    assert job.changes(state_of(server, ["team-a"]))[2:] == [
        f"attachment {user}: updated (policies)"
    ]


def test_a_failed_run_removes_nothing(server, job):
    job.changes(state_of(server))
    tags = Tags.new_bucket_tags()
    tags["argo-artifacts/owner"] = "other/prod"
    server.store().set_bucket_tags(BUCKET, tags)
    assert "belongs to other/prod" in job.line(state_of(server, []))
    assert set(json.loads(server.admin().user_list())) == {user_of(t) for t in TENANTS}


@pytest.mark.parametrize(
    ("owner", "ownership", "says"),
    [
        ("", "create", f"exists without a mark, a bucket marked {OWNER} or none is accepted; set"),
        ("other/prod", "create", f"belongs to other/prod, a bucket of {OWNER} or none is accepted"),
        ("other/prod", "adopt", f"belongs to other/prod, a bucket of {OWNER} or none is accepted"),
    ],
)
def test_a_foreign_bucket_is_one_line_and_untouched(server, job, owner, ownership, says):
    store = server.store()
    store.make_bucket(BUCKET)
    if owner:
        tags = Tags.new_bucket_tags()
        tags["argo-artifacts/owner"] = owner
        store.set_bucket_tags(BUCKET, tags)
    state = state_of(server, buckets=[{"bucket": BUCKET, "ownership": ownership}])
    assert job.line(state).startswith(f"minio {server.endpoint} bucket {BUCKET}: {says}")
    assert dict(store.get_bucket_tags(BUCKET) or {}).get("argo-artifacts/owner", "") == owner
    assert json.loads(server.admin().user_list()) == {}


def test_an_adopted_bucket_keeps_what_it_has(server, job):
    store = server.store()
    store.make_bucket(BUCKET)
    store.set_bucket_versioning(BUCKET, VersioningConfig(ENABLED))
    state = state_of(server, [], buckets=[{"bucket": BUCKET, "ownership": "adopt"}])
    assert job.changes(state) == [f"bucket {BUCKET}: updated (owner)"]
    assert store.get_bucket_versioning(BUCKET).status == ENABLED
    assert "argo-artifacts/adopted" in store.get_bucket_tags(BUCKET)
    assert job.changes(state) == NOTHING


def test_a_bucket_of_ours_that_is_adopted_later_is_marked_so(server, job):
    job.changes(state_of(server, [], buckets=[{"bucket": BUCKET}]))
    adopted = state_of(server, [], buckets=[{"bucket": BUCKET, "ownership": "adopt"}])
    assert job.changes(adopted) == [f"bucket {BUCKET}: updated (ownership)"]
    assert job.changes(adopted) == NOTHING
    assert "was there before and adopted" in job.line(
        state_of(server, [], buckets=[{"bucket": BUCKET}])
    )


# --- the way to the server


def test_a_server_that_is_not_there_is_one_line(job, closed_port):
    nobody = MinioServer(f"127.0.0.1:{closed_port}")
    assert job.line(state_of(nobody)) == (
        f"minio {nobody.endpoint}: cannot be reached (connection refused), a running MinIO server "
        "is needed; start it or correct the endpoint"
    )


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({provision.SECRET_KEY: "canary-wrong"}, "the admin's secretKey is wrong, the key of an"),
        ({provision.ACCESS_KEY: "nobody"}, "the admin's accessKey is unknown there or disabled"),
    ],
)
@pytest.mark.parametrize("buckets", [[{"bucket": BUCKET}], []])
def test_a_wrong_admin_key_is_one_line(server, job, files, says, buckets):
    line = job.line(state_of(server, buckets=buckets), **files)
    assert line.startswith(f"minio {server.endpoint}: {says}")


def test_an_admin_without_rights_is_one_line(server, job):
    server.admin().user_add("reader", "canary-reader")
    server.admin().policy_set("readonly", user="reader")
    files = {provision.ACCESS_KEY: "reader", provision.SECRET_KEY: "canary-reader"}
    line = job.line(state_of(server), **files)
    assert line.startswith(f"minio {server.endpoint} bucket {BUCKET}: refused to the admin's key")


@pytest.mark.parametrize("tenants", [TENANTS, ()])
@pytest.mark.parametrize("buckets", [[{"bucket": BUCKET}], []])
def test_a_server_without_admin_api_points_to_credentials(plain_s3, job, tenants, buckets):
    assert job.line(state_of(plain_s3, tenants, buckets=buckets)) == (
        f"minio {plain_s3.endpoint}: has no MinIO admin API, a MinIO server is needed to create "
        "buckets and users; use `server: credentials` with a bucket and keys that exist"
    )
    assert plain_s3.store().list_buckets() == []


@pytest.fixture(scope="module")
def plain_s3():
    with in_this_process() as endpoint:
        yield MinioServer(endpoint)


def test_the_listed_rights_of_the_admins_key_are_enough_and_its_own_is_needed(server, job):
    page = (ROOT / "docs" / "minio-admin-provider.md").read_text()
    listed = re.findall(r"^\| `((?:admin|s3):\w+)` \|", page, re.MULTILINE)
    admin = server.admin()
    admin.user_add("deployer", "canary-deployer")
    files = {provision.ACCESS_KEY: "deployer", provision.SECRET_KEY: "canary-deployer"}

    def allow(actions):
        statements = [
            {"Effect": "Allow", "Action": [a for a in actions if a.startswith("admin:")]},
            {
                "Effect": "Allow",
                "Action": [a for a in actions if a.startswith("s3:")],
                "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"],
            },
        ]
        admin.policy_add("deployer", policy={"Version": "2012-10-17", "Statement": statements})
        admin.policy_set("deployer", user="deployer")

    allow(listed)
    assert "users: refused to the admin's key" in job.line(state_of(server), **files)
    assert "`admin:ListUsers`" in page
    allow([*listed, "admin:ListUsers"])
    assert job.changes(state_of(server), **files) == NOTHING
    assert len(job.changes(state_of(server, []), **files)) == 4
