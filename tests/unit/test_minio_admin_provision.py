"""The desired state of a server and the files of the provisioning command, without a server."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.minio_admin import provision
from providers.minio_admin.desired import DesiredStateError, Keys, parse

ROOT = Path(__file__).parents[2]
OWNER_ID = "0a1b2c3d"
USER = f"prod.team-a.default.1.{OWNER_ID}"
POLICY = f"prod.team-a.default.{OWNER_ID}"
ADMIN_SECRET = "canary-admin-secret"
USER_SECRET = "canary-user-secret"
KEYS = Keys(access_key="admin", secret_key=ADMIN_SECRET)
DOCUMENT = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::a/*"]}
        ],
    }
)
STATE = {
    "provider": {
        "endpoint": "127.0.0.1:9",
        "secure": False,
        "region": "us-east-1",
        "owner": "shop/dev",
        "ownerId": OWNER_ID,
    },
    "buckets": [{"bucket": "artifacts", "versioning": True}],
    "policies": [{"name": POLICY, "document": DOCUMENT}],
    "users": [{"name": USER, "policies": [POLICY]}],
    "others": [f"prod.team-b.other.1.{OWNER_ID}"],
}


def changed(**parts):
    return json.dumps({**STATE, **parts})


def faults(text, keys=KEYS):
    with pytest.raises(DesiredStateError) as refused:
        parse(text, keys)
    return list(refused.value.faults)


def test_a_desired_state_becomes_the_inputs_of_the_plugins_resources():
    state = parse(json.dumps(STATE), KEYS)
    assert state.settings.endpoint == "127.0.0.1:9"
    assert state.settings.secret_key == ADMIN_SECRET
    assert state.buckets == (
        {
            "bucket": "artifacts",
            "versioning": True,
            "ownership": "create",
            "forceDestroy": False,
            "lifecycle": [],
        },
    )
    assert state.policies == ({"name": POLICY, "document": DOCUMENT},)
    assert state.users == ({"name": USER, "status": "enabled"},)
    assert state.attachments == ({"user": USER, "policies": [POLICY]},)
    assert state.names(state.users) == {USER, f"prod.team-b.other.1.{OWNER_ID}"}


def test_no_key_is_shown_by_what_holds_it():
    state = parse(json.dumps(STATE), KEYS)
    assert "canary" not in repr(state)
    assert "canary" not in repr(KEYS)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("canary", ["desired state: JSON with provider, buckets, policies, users, others is"]),
        ("[]", ["desired state: JSON with "]),
        (json.dumps({**STATE, "more": 1}), ["desired state: JSON with "]),
        (changed(provider=[]), ["desired state provider: an object is accepted"]),
        (changed(users={}), ["desired state users: another value found, a list of objects is"]),
        (changed(others=[1]), ["desired state others: another value found, a list of texts is"]),
        (
            changed(provider={**STATE["provider"], "endpoint": "http://m", "owner": ""}),
            ["minio-admin provider endpoint: 'http://m' found", "minio-admin provider owner: ''"],
        ),
        (
            changed(buckets=[{"bucket": "X"}, {"bucket": "abc", "colour": "red"}]),
            [
                "minio 127.0.0.1:9 bucket X bucket: 'X' found, 3 to 63 lower-case",
                "minio 127.0.0.1:9 bucket abc colour: unknown property, bucket, ownership,",
            ],
        ),
        (
            changed(buckets=[{"bucket": "abc"}, {"bucket": "abc"}]),
            ["desired state bucket abc: stands twice, each name once"],
        ),
        (
            changed(policies=[{"name": "readwrite", "document": DOCUMENT}]),
            [
                (
                    "minio 127.0.0.1:9 policy readwrite name: is not of this stack, a name with "
                    f"{OWNER_ID} in it is accepted"
                )
            ],
        ),
        (
            changed(policies=[{"name": POLICY, "document": "{}"}]),
            [f"minio 127.0.0.1:9 policy {POLICY} document Version: None found", "minio 127.0.0"],
        ),
        (
            changed(users=[{"name": "root-user", "policies": [POLICY]}]),
            [
                "minio 127.0.0.1:9 user root-user name: is not of this stack",
                "minio 127.0.0.1:9 attachment root-user user: is not of this stack",
            ],
        ),
        (
            changed(users=[{"name": USER}]),
            [f"minio 127.0.0.1:9 attachment {USER} policies: missing, a list of texts is required"],
        ),
        (
            changed(users=[{"name": USER, "policies": [POLICY], "secretKey": "canary"}]),
            [f"minio 127.0.0.1:9 user {USER} secretKey: unknown property, name, status"],
        ),
    ],
)
def test_a_wrong_state_is_one_line_for_each_fault(text, says):
    found = faults(text)
    assert len(found) == len(says)
    for line, start in zip(found, says, strict=True):
        assert line.startswith(start)
        assert "canary" not in line
        assert line.splitlines() == [line]


def test_a_user_of_the_admins_own_name_is_refused():
    assert faults(json.dumps(STATE), Keys(access_key=USER, secret_key="x")) == [
        f"minio 127.0.0.1:9 user {USER} name: is the admin's own, another is needed"
    ]


def test_a_wrong_authority_is_one_line():
    keys = Keys(access_key="admin", secret_key="x", ca_certificate="canary")
    assert faults(json.dumps(STATE), keys) == [
        "minio-admin provider caCertificate: no certificate found, PEM text is accepted"
    ]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda some: st.lists(some, max_size=3) | st.dictionaries(st.text(max_size=8), some),
    max_leaves=8,
)


def lines(text):
    """What is wrong with a state; no other exception may come out of it."""
    try:
        parse(text, KEYS)
    except DesiredStateError as error:
        return error.faults
    return ()


@given(part=st.sampled_from(sorted(STATE)), value=VALUES)
def test_any_part_is_a_state_or_faults_and_never_another_exception(part, value):
    assert all(line.splitlines() == [line] for line in lines(changed(**{part: value})))


@given(value=VALUES, name=st.sampled_from(["bucket", "ownership", "lifecycle", "quotaBytes"]))
def test_any_input_of_a_bucket_is_a_state_or_faults(value, name):
    found = lines(changed(buckets=[{"bucket": "artifacts", name: value}]))
    assert all(line.startswith(("minio 127.0.0.1:9 bucket", "desired")) for line in found)


# --- the command


def write(folder, state=None, **files):
    """The folder as the Job mounts it; ``None`` leaves a file out."""
    everything = {
        provision.STATE: json.dumps(state or STATE),
        provision.ACCESS_KEY: "admin",
        provision.SECRET_KEY: ADMIN_SECRET,
        f"{provision.USERS}/{USER}": USER_SECRET,
        **files,
    }
    for name, text in everything.items():
        if text is not None:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
    return folder


def run(capsys, *arguments):
    code = provision.main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    assert "canary" not in said.out + said.err
    return code, said.out, said.err


@pytest.mark.parametrize(
    "file",
    [
        provision.STATE,
        provision.ACCESS_KEY,
        provision.SECRET_KEY,
        f"{provision.USERS}/{USER}",
    ],
)
def test_a_missing_file_is_one_line(tmp_path, capsys, file):
    folder = write(tmp_path, **{file: None})
    assert run(capsys, folder) == (
        1,
        "",
        f"{folder / file}: cannot be read, a file is needed; the Job mounts it\n",
    )


def test_a_server_that_is_not_there_is_one_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("providers.minio_admin.client._RETRIES", False)
    code, out, err = run(capsys, write(tmp_path))
    assert (code, out) == (1, "")
    assert err == (
        "minio 127.0.0.1:9: cannot be reached (connection refused), a running MinIO server is "
        "needed; start it or correct the endpoint\n"
    )


def test_a_fault_of_ours_names_its_place_and_no_secret(tmp_path, capsys, monkeypatch):
    def broken(*_):
        raise RuntimeError(ADMIN_SECRET)

    monkeypatch.setattr(provision, "apply", broken)
    code, _, err = run(capsys, write(tmp_path))
    assert code == 1
    assert err.startswith("minio-admin: RuntimeError at test_minio_admin_provision.py:")
    assert err.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["a", "b"]])
def test_the_command_wants_one_folder(capsys, arguments):
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (1, "")
    assert err == "usage: python -m providers.minio_admin.provision FOLDER\n"


def test_the_command_needs_no_pulumi(tmp_path):
    """So that an image of it holds Python, the package ``minio`` and nothing of Pulumi's."""
    program = (
        "import sys\n"
        "from providers.minio_admin import provision\n"
        "print([name for name in sys.modules if name.partition('.')[0] in "
        "('pulumi', 'grpc', 'google')])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
    started = subprocess.run(
        [sys.executable, "-m", "providers.minio_admin.provision", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (started.returncode, started.stdout) == (1, "")
    assert started.stderr.endswith("the Job mounts it\n")
