"""The plugin in the real engine."""

import io
import json
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from minio.error import S3Error

from tests.engine.minio_admin_plugin import OWNER, OWNER_ID
from tests.engine.minio_admin_stack import Project
from tests.engine.minio_server import ROOT_SECRET, free_port, running

USER = f"team-a.1.{OWNER_ID}"
POLICY = f"team-a.{OWNER_ID}"
DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject"],
            "Resource": ["arn:aws:s3:::artifacts/team-a/*"],
        }
    ],
}
BUCKET = {
    "bucket": "artifacts",
    "versioning": True,
    "quota_bytes": 2**30,
    "lifecycle": [{"id": "old", "prefix": "team-a/", "expire_days": 30}],
}
ADOPTED = {"bucket": "artifacts", "ownership": "adopt"}
EVERYTHING = (
    ("Bucket", BUCKET),
    ("Policy", {"name": POLICY, "document": json.dumps(DOCUMENT)}),
    ("User", {"name": USER}),
    ("Attachment", {"user": USER, "policies": [POLICY]}),
)


@pytest.fixture
def server(tmp_path):
    with running(tmp_path / "minio") as started:
        yield started


@pytest.fixture(scope="module")
def new(tmp_path_factory):
    """A project of which nothing was run yet: making one takes longer than to copy it."""
    return Project(tmp_path_factory.mktemp("new") / "pulumi", "127.0.0.1:1")


@pytest.fixture
def project(tmp_path, server, new):
    return Project(tmp_path / "pulumi", server.endpoint, new)


def wide(server):
    document = json.loads(json.dumps(DOCUMENT).replace("team-a/", ""))
    server.admin().policy_add(POLICY, policy=document)


def put(server, name):
    server.store().put_object("artifacts", name, io.BytesIO(b"x"), 1)


def secret_key(project):
    """The generated secret of the program's user."""
    return json.loads(project.run("stack", "output", "--json", "--show-secrets").out)["secretKey"]


def knows(server, user, secret):
    """Whether the server takes this key, whatever it may do."""
    try:
        server.store(user, secret).list_buckets()
    except S3Error as error:
        return error.code == "AccessDenied"
    return True


def assert_no_traceback(run):
    assert "Traceback" not in run.text
    assert 'File "' not in run.text


def test_up_twice_and_destroy(project, server):
    project.declare(*EVERYTHING)
    previewed = project.steps()
    assert previewed == {
        "shop-dev": "create",
        "minio": "create",
        "bucket": "create",
        "policy": "create",
        "user": "create",
        "attachment": "create",
    }

    first = project.up()
    assert first.code == 0, first.text
    assert "+ 6 created" in first.text
    secret = json.loads(project.run("stack", "output", "--json", "--show-secrets").text)[
        "secretKey"
    ]
    server.store(USER, secret)
    put(server, "team-a/file")
    server.store(USER, secret).get_object("artifacts", "team-a/file").close()

    second = project.up("--expect-no-changes")
    assert second.code == 0, second.text
    assert "6 unchanged" in second.text

    shown = project.run("stack", "export", "--show-secrets").text
    hidden = {
        "state": json.dumps(project.state()),
        "export": project.run("stack", "export").text,
        "first up": first.text,
        "second up": second.text,
    }
    for canary in (secret, ROOT_SECRET):
        assert canary in shown
        for place, text in hidden.items():
            assert canary not in text, place
            assert quote(canary, safe="") not in text, place

    server.store().remove_object("artifacts", "team-a/file")
    full = project.run("destroy", "--skip-preview")
    holds = (
        f"minio {server.endpoint} bucket artifacts: holds 0 objects, 1 older version and 1 delete "
        "marker, an empty bucket is deleted; remove them, or set forceDestroy: true, run `pulumi "
        "up` and destroy again"
    )
    assert full.code != 0
    assert any(holds in line for line in full.errors()), full.text
    assert_no_traceback(full)
    assert server.store().bucket_exists("artifacts")

    project.declare(("Bucket", {**BUCKET, "force_destroy": True}))
    assert project.up().code == 0
    assert project.run("destroy", "--skip-preview").code == 0
    assert server.store().list_buckets() == []
    assert json.loads(server.admin().user_list()) == {}
    assert POLICY not in json.loads(server.admin().policy_list())


THEIRS = {
    "Bucket": {"bucket": "theirs"},
    "User": {"name": "theirs"},
    "Policy": {"name": "theirs", "document": json.dumps(DOCUMENT)},
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory, new):
    """A preview and a run over what others have made, each resource for itself; the server."""
    folder = tmp_path_factory.mktemp("theirs")
    with running(folder / "minio") as server:
        server.store().make_bucket("theirs")
        server.admin().user_add("theirs", "their-secret")
        server.admin().policy_add("theirs", policy=DOCUMENT)
        project = Project(folder / "pulumi", server.endpoint, new)
        project.declare(*((kind, inputs, {"alone": True}) for kind, inputs in THEIRS.items()))
        preview = project.run("preview")
        yield project, preview, project.up("--continue-on-error"), server


@pytest.mark.parametrize("kind", THEIRS)
def test_a_preview_refuses_what_is_not_ours(refused, kind):
    project, preview, up, server = refused
    for run in (preview, up):
        assert run.code != 0
        lines = [line for line in run.errors() if f"{kind.lower()} theirs: exists " in line]
        assert lines
        assert all(f"minio {server.endpoint} " in line and "; " in line for line in lines)
        assert_no_traceback(run)
    assert [r["type"] for r in project.state() if "index" in r["type"]] == []
    assert project.state("pending_operations") == []
    assert server.store().get_bucket_tags("theirs") is None
    assert knows(server, "theirs", "their-secret")


def test_refresh_finds_what_was_changed_by_hand_and_up_repairs_it(project, server):
    project.declare(*EVERYTHING)
    assert project.up().code == 0
    wide(server)
    server.admin().user_remove(USER)
    server.admin().bucket_quota_clear("artifacts")
    assert project.run("refresh", "--skip-preview").code == 0
    assert project.steps() == {
        "bucket": "update",
        "policy": "update",
        "user": "create",
        "attachment": "create",
    }
    assert project.up().code == 0
    refreshed = project.run("refresh", "--skip-preview", "--expect-no-changes")
    assert refreshed.code == 0, refreshed.text
    assert project.up("--expect-no-changes").code == 0


def test_a_bucket_is_imported_by_its_name(project, server):
    store = server.store()
    store.make_bucket("artifacts")
    put(server, "kept")
    project.declare(("Bucket", ADOPTED, {"import": "artifacts"}))
    imported = project.up()
    assert imported.code == 0, imported.text
    project.declare(("Bucket", ADOPTED))
    assert project.up().code == 0
    assert dict(store.get_bucket_tags("artifacts"))["argo-artifacts/owner"] == OWNER
    assert project.run("destroy", "--skip-preview").code == 0
    assert store.stat_object("artifacts", "kept")
    assert store.get_bucket_tags("artifacts") is None


def test_a_policy_a_user_and_an_attachment_are_imported_by_name(project, server):
    wide(server)
    server.admin().user_add("theirs", "their-secret")
    server.admin().attach_policy([POLICY], user="theirs")
    text = json.dumps(DOCUMENT).replace("team-a/", "")
    project.declare(
        ("Policy", {"name": POLICY, "document": text}, {"import": POLICY}),
        ("User", {"name": "theirs"}, {"import": "theirs"}),
        ("Attachment", {"user": "theirs", "policies": [POLICY]}, {"import": "theirs"}),
    )
    imported = project.up()
    assert imported.code == 0, imported.text
    assert project.up("--expect-no-changes").code == 0
    assert secret_key(project) == ""
    assert knows(server, "theirs", "their-secret")


def test_the_import_command_finds_the_types(project, server):
    assert project.up().code == 0
    server.store().make_bucket("artifacts")
    provider = next(r["urn"] for r in project.state() if r["type"].startswith("pulumi:providers"))
    done = project.run(
        "import",
        "minio-admin:index:Bucket",
        "bucket",
        "artifacts",
        f"--provider=minio={provider}",
        "--yes",
        "--generate-code=false",
        "--protect=false",
        "--skip-preview",
    )
    assert done.code == 0, done.text
    bucket = next(r for r in project.state() if r["type"] == "minio-admin:index:Bucket")
    assert bucket["outputs"]["ownership"] == "adopt"


def test_another_address_or_key_replaces_nothing(tmp_path, new):
    folder, port = tmp_path / "minio", free_port()
    with running(folder, port=port) as server:
        project = Project(tmp_path / "pulumi", server.endpoint, new)
        project.declare(*EVERYTHING)
        assert project.up().code == 0
        server.admin().user_add("second-admin", "second-secret")
        server.admin().attach_policy(["consoleAdmin"], user="second-admin")
    with running(folder) as moved:
        project.provider["endpoint"] = moved.endpoint
        project.declare(*EVERYTHING)
        project.set_keys("second-admin", "second-secret")
        assert project.steps() == {"minio": "update"}
        assert project.up().code == 0
        assert project.run("refresh", "--skip-preview", "--expect-no-changes").code == 0


def test_a_renamed_bucket_and_other_faults_are_one_line_each_in_the_preview(project, server):
    project.declare(EVERYTHING[0])
    assert project.up().code == 0
    huge = json.dumps({**DOCUMENT, "Statement": DOCUMENT["Statement"] * 300})
    project.declare(
        ("Bucket", {**BUCKET, "bucket": "elsewhere"}),
        ("Policy", {"name": POLICY, "document": huge}),
        ("User", {"name": "a=b"}),
    )
    preview = project.run("preview")
    assert preview.code != 0
    lines = [line.partition("has a problem: ")[2] for line in preview.errors()]
    assert (
        f"minio {server.endpoint} bucket artifacts: renamed to elsewhere, a bucket keeps its name; "
        "declare another bucket beside it and copy the objects"
    ) in lines
    assert all("s3:GetObject" not in line for line in preview.text.splitlines())
    assert_no_traceback(preview)


def test_an_unreachable_server_is_a_warning_in_a_preview_and_one_line_in_the_run(
    tmp_path, closed_port, new
):
    project = Project(tmp_path / "pulumi", f"127.0.0.1:{closed_port}", new)
    project.declare(EVERYTHING[0], EVERYTHING[2])
    preview = project.run("preview")
    assert preview.code == 0, preview.text
    endpoint = project.provider["endpoint"]
    line = f"minio {endpoint}: cannot be reached (connection refused), a running MinIO server is "
    warnings = {row.strip() for row in preview.text.splitlines() if f"warning: {line}" in row}
    assert warnings
    begun = time.monotonic()
    up = project.up()
    assert up.code != 0
    assert any(row.startswith(line) for row in up.errors()), up.text
    assert time.monotonic() - begun > 7  # a server that starts in the same run is waited for
    assert_no_traceback(up)


def test_a_server_that_starts_during_the_run_is_waited_for(tmp_path, new):
    port = free_port()
    project = Project(tmp_path / "pulumi", f"127.0.0.1:{port}", new)
    project.declare(EVERYTHING[0])
    up = subprocess.Popen(
        project.command("up", "--skip-preview"),
        cwd=project.project,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    seen = ""
    while "Bucket bucket creating" not in seen:
        seen += up.stdout.readline()
    with running(tmp_path / "minio", port=port):
        seen += up.stdout.read()
        assert up.wait() == 0, seen


def test_a_wrong_key_is_one_line_without_the_key(project, server):
    project.declare(EVERYTHING[0])
    project.set_keys(secret="wrong-canary-secret")
    for run in (project.run("preview"), project.up()):
        assert run.code != 0
        wrong = f"minio {server.endpoint}: the admin's secretKey is wrong, "
        assert any(wrong in line for line in run.errors()), run.text
        assert_no_traceback(run)
        assert "wrong-canary-secret" not in run.text


def test_the_plugin_ends_when_the_engine_is_killed(project, server):
    del server
    project.declare(EVERYTHING[0])
    engine = subprocess.Popen(
        project.command("up", "--skip-preview"),
        cwd=project.project,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    for line in engine.stdout:
        if "Bucket bucket creat" in line:
            break
    plugins = [pid for pid in children(engine.pid) if "providers.minio_admin" in command_line(pid)]
    assert len(plugins) == 1
    engine.send_signal(signal.SIGKILL)
    engine.wait()
    end = time.monotonic() + 40
    while command_line(plugins[0]) and time.monotonic() < end:
        time.sleep(0.2)
    assert command_line(plugins[0]) == ""


def children(pid):
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def command_line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except FileNotFoundError:
        return ""
