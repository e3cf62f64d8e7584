"""What the minio-admin plugin answers without a server: requests, credentials, its shape."""

import ast
import asyncio
import os
import subprocess
from pathlib import Path

import pytest
from pulumi.provider.experimental import provider as api

from providers.minio_admin import errors
from providers.minio_admin import provider as provider_module
from providers.minio_admin.provider import MinioAdmin
from providers.minio_admin.user import User
from providers.minio_admin.values import UNKNOWN
from providers.minio_admin.wire import plain, wrap

PLUGIN = Path(__file__).parents[2] / "providers" / "minio_admin"


def settings_of(**changes):
    values = {
        "endpoint": "127.0.0.1:1",
        "accessKey": "a",
        "secretKey": "s",
        "secure": False,
        "owner": "shop/dev",
        "ownerId": "0a1b2c3d",
        **changes,
    }
    return wrap(values, {"accessKey", "secretKey"})


@pytest.fixture
def provider():
    made = MinioAdmin(print)
    request = api.ConfigureRequest({}, settings_of(), accept_secrets=True, accept_resources=True)
    asyncio.run(made.configure(request))
    return made


def check(provider, kind, **inputs):
    urn = f"urn:pulumi:dev::shop::{kind}::it"
    return asyncio.run(provider.check(api.CheckRequest(urn, {}, wrap(inputs), b"")))


def test_a_child_of_a_component_is_the_same_resource(provider):
    child = "argo-artifacts:index:MinioStore$minio-admin:index:Bucket"
    for kind in ("minio-admin:index:Bucket", child):
        assert plain(check(provider, kind, bucket="abc").inputs)["ownership"] == "create"


def test_an_unknown_type_is_one_line(provider):
    with pytest.raises(errors.ProviderError) as refused:
        check(provider, "minio-admin:index:Buckett", bucket="abc")
    assert str(refused.value).startswith(
        "minio-admin provider: minio-admin:index:Buckett found, minio-admin:index:Bucket, "
    )


def test_a_secret_input_stays_secret_in_what_is_checked(provider):
    urn = "urn:pulumi:dev::shop::minio-admin:index:Policy::it"
    inputs = wrap({"name": "p", "document": "{}"}, {"document"})
    answer = asyncio.run(provider.check(api.CheckRequest(urn, {}, inputs, b"")))
    assert answer.inputs["document"].is_secret
    assert not answer.inputs["name"].is_secret


def test_the_keys_are_secret_whatever_the_program_says(provider):
    request = api.CheckRequest("urn::p::p", {}, wrap(plain(settings_of())), b"")
    answer = asyncio.run(provider.check_config(request))
    assert {name for name, value in answer.inputs.items() if value.is_secret} == {
        "accessKey",
        "secretKey",
    }


@pytest.mark.parametrize("name", ["endpoint", "accessKey", "secretKey", "secure", "owner"])
def test_a_changed_configuration_is_an_update_and_no_replacement(provider, name):
    changed = settings_of(**{name: name == "secure" or "other"})
    request = api.DiffRequest("urn::p::p", "id", settings_of(), changed, [])
    diff = asyncio.run(provider.diff_config(request))
    assert (diff.changes, diff.diffs, diff.replaces) == (True, [name], [])
    same = api.DiffRequest("urn::p::p", "id", settings_of(), settings_of(), [])
    assert asyncio.run(provider.diff_config(same)).changes is False


def test_a_provider_that_is_not_known_yet_waits(provider):
    del provider
    waiting = MinioAdmin(print)
    unknown = settings_of(endpoint=UNKNOWN)
    request = api.ConfigureRequest({}, unknown, accept_secrets=True, accept_resources=True)
    asyncio.run(waiting.configure(request))
    with pytest.raises(errors.ProviderError, match="no configuration yet"):
        check(waiting, "minio-admin:index:Bucket", bucket="abc")


CREDENTIALS = "minio-admin:index:Credentials"


def configured(**values):
    made = MinioAdmin(print)
    config = wrap({"owner": "shop/dev", "ownerId": "0a1b2c3d", **values})
    request = api.ConfigureRequest({}, config, accept_secrets=True, accept_resources=True)
    asyncio.run(made.configure(request))
    return made


def make(provider, **inputs):
    urn = f"urn:pulumi:dev::shop::{CREDENTIALS}::it"
    request = api.CreateRequest(urn, wrap(inputs), timeout=0, preview=False)
    return asyncio.run(provider.create(request))


def read(provider, known):
    urn = f"urn:pulumi:dev::shop::{CREDENTIALS}::it"
    return asyncio.run(provider.read(api.ReadRequest(urn, "root-1", known, wrap({}))))


def test_credentials_are_generated_once_and_secret():
    provider = configured()
    checked = check(provider, CREDENTIALS, username="root-1")
    assert (checked.failures, plain(checked.inputs)) == (None, {"username": "root-1"})
    made, other = make(provider, username="root-1"), make(provider, username="root-1")
    assert made.resource_id == "root-1"
    assert made.properties["secretKey"].is_secret
    secret = str(plain(made.properties)["secretKey"])
    assert len(secret) == 40
    assert secret.isalnum()
    assert secret != plain(other.properties)["secretKey"]
    assert read(provider, made.properties).properties == made.properties


def test_another_name_is_another_secret():
    provider = configured()
    made = make(provider, username="root-1")
    urn = f"urn:pulumi:dev::shop::{CREDENTIALS}::it"

    def replaces(name):
        new = wrap({"username": name})
        request = api.DiffRequest(urn, "root-1", made.properties, new, [])
        return asyncio.run(provider.diff(request)).replaces

    assert replaces("root-1") == []
    assert replaces("root-2") == ["username"]


def test_credentials_are_neither_imported_nor_badly_named():
    provider = configured()
    with pytest.raises(errors.ProviderError) as refused:
        read(provider, {})
    assert str(refused.value) == (
        "minio-admin credentials root-1: cannot be imported, generated ones are accepted; nobody"
        " can read a secret"
    )
    (failure,) = check(provider, CREDENTIALS, username="a/b").failures
    assert failure.reason.startswith("minio-admin credentials a/b username: 'a/b' found, 3 to 250")


def test_what_stands_on_a_server_is_refused_without_one():
    with pytest.raises(errors.ProviderError) as refused:
        check(configured(), "minio-admin:index:Bucket", bucket="abc")
    assert str(refused.value) == (
        "minio-admin provider: no endpoint, endpoint, accessKey and secretKey are required"
        " for a bucket"
    )


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"endpoint": "h:1"}, ["accessKey: missing", "secretKey: missing"]),
        ({"secretKey": "s", "accessKey": "a"}, ["endpoint: missing"]),
        ({"waitSeconds": -1}, ["waitSeconds: -1 found, 0 to 3600 seconds are accepted"]),
        ({"waitSeconds": "3601"}, ["waitSeconds: 3601 found, 0 to 3600 seconds are accepted"]),
        ({"waitSeconds": "3600"}, []),
        ({"waitSeconds": "soon"}, ["waitSeconds: str found, a whole number is accepted"]),
        ({}, []),
    ],
)
def test_a_server_is_given_whole_or_not_at_all(values, says):
    config = wrap({"owner": "shop/dev", "ownerId": "0a1b2c3d", **values})
    request = api.CheckRequest("urn::p::p", {}, config, b"")
    failures = asyncio.run(MinioAdmin(print).check_config(request)).failures or []
    assert len(failures) == len(says)
    for failure, line in zip(failures, says, strict=True):
        assert failure.reason.startswith(f"minio-admin provider {line}")


class Starting:
    """A server that answers some time."""

    def __init__(self, answers):
        self.looks = 0
        self._answers = answers

    def answers(self):
        self.looks += 1
        return self.looks >= self._answers


def starting(provider, monkeypatch, answers):
    """Let the provider's server answer when it is asked for the time *answers*."""
    server = Starting(answers)
    monkeypatch.setattr(provider, "_quick", server)
    return server


class ChangedError(Exception):
    """A change has reached the server."""


def remove_a_user(provider, monkeypatch):
    """Send the first change; the call itself is cut off."""

    def reached(_self, _server, _state):
        raise ChangedError

    monkeypatch.setattr(User, "delete", reached)
    urn = "urn:pulumi:dev::shop::minio-admin:index:User::it"
    request = api.DeleteRequest(urn, "u", wrap({"name": "u"}), 0)
    with pytest.raises(ChangedError):
        asyncio.run(provider.delete(request))


def test_the_first_change_waits_until_the_server_answers_and_no_other_does(monkeypatch):
    monkeypatch.setattr(provider_module, "_LOOK_AGAIN_SECONDS", 0)
    provider = configured(endpoint="127.0.0.1:1", accessKey="a", secretKey="s", waitSeconds=60)
    server = starting(provider, monkeypatch, answers=3)
    remove_a_user(provider, monkeypatch)
    assert server.looks == 3
    remove_a_user(provider, monkeypatch)
    assert server.looks == 3


@pytest.mark.parametrize(("seconds", "looks"), [({}, {0}), ({"waitSeconds": 1}, set(range(2, 12)))])
def test_the_wait_ends_and_the_change_is_tried_nevertheless(monkeypatch, seconds, looks):
    monkeypatch.setattr(provider_module, "_LOOK_AGAIN_SECONDS", 0.1)
    provider = configured(endpoint="127.0.0.1:1", accessKey="a", secretKey="s", **seconds)
    server = starting(provider, monkeypatch, answers=1000)
    remove_a_user(provider, monkeypatch)
    assert server.looks in looks


def test_credentials_wait_for_no_server(monkeypatch):
    provider = configured(endpoint="127.0.0.1:1", accessKey="a", secretKey="s", waitSeconds=60)
    server = starting(provider, monkeypatch, answers=1000)
    make(provider, username="root-1")
    assert server.looks == 0


def test_the_plugin_stands_alone():
    """It is a program of its own: nothing of the stack's program may come in."""
    for path in PLUGIN.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            found = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [a.name for a in node.names] if isinstance(node, ast.Import) else []
            for name in found:
                assert name.split(".")[0] not in ("argo_artifacts", "components", "tools"), path


def test_the_executable_finds_its_python_from_anywhere(tmp_path):
    script = PLUGIN / "pulumi-resource-minio-admin"
    assert os.access(script, os.X_OK)
    done = subprocess.run(
        [script],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == (
        "pulumi-resource-minio-admin: no engine's address, Pulumi starts this program\n"
    )
