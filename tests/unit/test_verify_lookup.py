"""Credentials are found as Argo finds them, and each way to miss one is said."""

import base64
import subprocess
import sys
from types import SimpleNamespace

import httpx
import pytest
import yaml
from lightkube.core.exceptions import ApiError

from argo_artifacts import access
from argo_artifacts.access.names import DEFAULT_ANNOTATION
from argo_artifacts.config import parse
from argo_artifacts.repository.entries import config_map_data
from argo_artifacts.verify.kubernetes import LiveReader
from argo_artifacts.verify.lookup import ClusterError, ConfigMap, look_up

STACK = {
    "cluster": {"name": "prod", "kubeconfig": "k"},
    "argo": {"version": "4.0.5"},
    "repositories": {
        "default": {"minio": {"endpoint": "minio:9000", "bucket": {"name": "artifacts"}}},
        "logs": {"minio": {"endpoint": "minio:9000", "bucket": {"name": "logs"}}},
    },
    "tenants": {"team-a": {"repositories": ["default", "logs"]}},
}
SECRET = ("team-a", "argo-artifacts-default")


class Cluster:
    def __init__(self, settings, plan):
        data = config_map_data(settings, plan, "team-a")
        self.map = ConfigMap({DEFAULT_ANNOTATION: "default"}, data)
        self.secrets = {
            (c.secret.namespace, c.secret.name): {
                c.secret.access_key: b"the-user",
                c.secret.secret_key: b"canary-secret",
            }
            for c in plan.credentials
        }
        self.read = []

    def config_map(self, namespace, name):
        self.read.append((namespace, name))
        return self.map

    def secret(self, namespace, name):
        self.read.append((namespace, name))
        return self.secrets.get((namespace, name))


@pytest.fixture
def scene():
    settings = parse(STACK, project="p", stack="s", folder=None)
    plan = access.plan(settings)
    cluster = Cluster(settings, plan)
    return SimpleNamespace(cluster=cluster, find=lambda: look_up(cluster, settings, plan, "team-a"))


def entry_with(scene, **changes):
    """Change the default entry: ``s3__bucket=…``; None takes a key out."""
    entry = yaml.safe_load(scene.cluster.map.data["default"])
    for path, value in changes.items():
        *steps, last = path.split("__")
        at = entry
        for step in steps:
            at = at[step]
        if value is None:
            del at[last]
        else:
            at[last] = value
    data = {**scene.cluster.map.data, "default": yaml.safe_dump(entry)}
    scene.cluster.map = ConfigMap(scene.cluster.map.annotations, data)


def test_a_sound_namespace_gives_the_keys_of_every_repository(scene):
    default, logs = scene.find()
    assert default.keys.access_key == "the-user"
    assert default.keys.secret_key == "canary-secret"
    assert (default.endpoint, default.secure, default.region) == ("minio:9000", True, "us-east-1")
    assert all(f.good for found in (default, logs) for f in found.findings.values())
    assert list(default.findings) == ["default entry", "entry", "secret"]
    assert list(logs.findings) == ["entry", "secret"]
    assert {namespace for namespace, _ in scene.cluster.read} == {"team-a"}


def test_no_config_map_is_a_failure_of_each_entry(scene):
    scene.cluster.map = None
    for found in scene.find():
        assert found.keys is None
        assert found.findings["entry"].checked
        assert found.why == "ConfigMap team-a/artifact-repositories is missing"


@pytest.mark.parametrize(
    ("annotations", "said"),
    [
        ({}, "the annotation is missing, Argo skips the ConfigMap"),
        ({DEFAULT_ANNOTATION: "gone"}, "the annotation names 'gone', which has no entry"),
        ({DEFAULT_ANNOTATION: "logs"}, "the annotation names 'logs', 'default' is planned"),
    ],
)
def test_the_annotation_must_name_the_planned_entry(scene, annotations, said):
    scene.cluster.map = ConfigMap(annotations, scene.cluster.map.data)
    default, _ = scene.find()
    assert default.findings["default entry"].text == said
    assert not default.findings["default entry"].good
    assert default.keys is not None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"archiveLogs": True}, "archiveLogs: not in the plan"),
        ({"s3__keyFormat": "other/x"}, "s3.keyFormat: 'other/x', 'prod/team-a/"),
        ({"s3__region": None}, "s3.region: missing"),
        ({"s3__accessKeySecret": "flat"}, "s3.accessKeySecret: of another kind"),
        ({"s3__region": ["canary"]}, "s3.region: of another kind"),
        ({"s3__canary": "canary-value"}, "s3.canary: not in the plan"),
        ({"s3__useSDKCreds": True}, "s3.useSDKCreds: not in the plan"),
        (
            {"s3__secretKeySecret__key": "accessKey"},
            "s3.secretKeySecret.key: 'accessKey', 'secretKey'",
        ),
    ],
)
def test_a_difference_between_entry_and_plan_is_named(scene, change, said):
    entry_with(scene, **change)
    default, _ = scene.find()
    assert not default.findings["entry"].good
    assert default.findings["entry"].text.startswith(said)
    assert "canary-value" not in default.findings["entry"].text


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"s3__endpoint": "evil:9000"}, "s3.endpoint"),
        ({"s3__bucket": "other"}, "s3.bucket"),
        ({"s3__insecure": True}, "s3.insecure"),
        ({"s3__insecure": "false"}, "s3.insecure"),
        ({"s3": None}, "s3"),
        ({"s3": "flat"}, "s3"),
    ],
)
def test_keys_are_not_sent_to_another_place_than_planned(scene, change, part):
    entry_with(scene, **change)
    default, logs = scene.find()
    assert default.keys is None
    assert default.why == f"the entry's {part} is not as planned, nothing is sent there"
    assert logs.keys is not None
    assert SECRET not in scene.cluster.read


@pytest.mark.parametrize("text", ["", "- a", "a: [", "just text", "&a [*a]"])
def test_an_entry_that_is_no_mapping_is_a_failure(scene, text):
    data = {**scene.cluster.map.data, "default": text}
    scene.cluster.map = ConfigMap(scene.cluster.map.annotations, data)
    default, _ = scene.find()
    assert default.findings["entry"].text == "the key 'default' is no YAML mapping"


def test_a_missing_entry_is_a_failure(scene):
    data = {k: v for k, v in scene.cluster.map.data.items() if k != "logs"}
    scene.cluster.map = ConfigMap(scene.cluster.map.annotations, data)
    default, logs = scene.find()
    assert default.keys is not None
    assert logs.why == "no entry: the key 'logs' is missing"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (None, "Secret team-a/argo-artifacts-default is missing"),
        ({"accessKey": b"u"}, "key 'secretKey' is missing"),
        ({"accessKey": b"u", "secretKey": b""}, "key 'secretKey' is empty"),
        ({"accessKey": b"u", "secretKey": b"canary\n"}, "key 'secretKey' has a blank or newline"),
        ({"accessKey": b" u", "secretKey": b"canary"}, "key 'accessKey' has a blank or newline"),
        ({"accessKey": b"u", "secretKey": b"\xff\xfe"}, "key 'secretKey' has a blank or newline"),
    ],
)
def test_a_secret_that_argo_could_not_use_is_a_failure(scene, values, said):
    if values is None:
        del scene.cluster.secrets[SECRET]
    else:
        scene.cluster.secrets[SECRET] = values
    default, _ = scene.find()
    assert default.keys is None
    assert said in default.findings["secret"].text
    assert not default.findings["secret"].good
    assert "canary" not in repr(default)


def test_the_selectors_of_the_entry_are_followed_and_not_the_plan(scene):
    entry_with(
        scene,
        s3__accessKeySecret={"name": "other", "key": "u"},
        s3__secretKeySecret={"name": "other", "key": "p"},
    )
    scene.cluster.secrets["team-a", "other"] = {"u": b"other-user", "p": b"other-secret"}
    default, _ = scene.find()
    assert default.keys.access_key == "other-user"
    assert not default.findings["entry"].good


def test_a_cluster_that_does_not_answer_is_not_checked(scene):
    def fail(*_):
        msg = "the API server cannot be reached"
        raise ClusterError(msg)

    scene.cluster.secret = fail
    default, _ = scene.find()
    assert not default.findings["secret"].checked
    assert default.findings["entry"].good
    scene.cluster.config_map = fail
    default, _ = scene.find()
    assert not default.findings["entry"].checked
    assert default.why == "the API server cannot be reached"


def live(client):
    reader = object.__new__(LiveReader)
    reader._client, reader._lost = client, ""
    return reader


def api_error(code, reason):
    content = {"code": code, "reason": reason, "message": "canary"}
    request = httpx.Request("GET", "https://canary")
    return ApiError(request, httpx.Response(code, json=content, request=request))


class Failing:
    def __init__(self, error):
        self.error, self.calls = error, 0

    def get(self, *_, **__):
        self.calls += 1
        raise self.error


def test_an_object_that_is_not_there_is_none():
    assert live(Failing(api_error(404, "NotFound"))).secret("team-a", "x") is None


@pytest.mark.parametrize(
    ("error", "said", "calls"),
    [
        (api_error(403, "Forbidden"), "the API server does not show the Secret (Forbidden)", 2),
        (httpx.ConnectError("canary"), "the API server cannot be reached", 1),
        (httpx.ReadTimeout("canary"), "the API server does not answer in time", 1),
    ],
)
def test_an_answer_that_says_nothing_is_an_error_of_one_line(error, said, calls):
    client = Failing(error)
    reader = live(client)
    for _ in range(2):
        with pytest.raises(ClusterError) as raised:
            reader.secret("team-a", "x")
        assert str(raised.value) == said
    assert client.calls == calls  # nobody waits for the same time-out twice


def test_the_values_of_a_secret_are_decoded_as_they_are():
    data = {"secretKey": base64.b64encode(b"with newline\n").decode()}
    client = SimpleNamespace(get=lambda *_, **__: SimpleNamespace(data=data))
    assert live(client).secret("team-a", "x") == {"secretKey": b"with newline\n"}


RACE = """
import sys
from argo_artifacts.config.cluster import Cluster
from argo_artifacts.verify.kubernetes import LiveReader
from lightkube.resources.core_v1 import ConfigMap
from lightkube.models.meta_v1 import ObjectMeta, Status
LiveReader(Cluster.model_validate({"name": "prod", "kubeconfig": sys.argv[1]}))
plain = [kind for kind in (ConfigMap, ObjectMeta, Status) if kind._valid_params is None]
sys.exit(f"decoded for the first time in threads: {plain}" if plain else 0)
"""


def test_no_class_is_decoded_for_the_first_time_in_two_threads(tmp_path):
    """lightkube sets its classes up with their first object, without a lock."""
    kubeconfig = tmp_path / "kubeconfig"
    cluster = {"clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}]}
    user = {"users": [{"name": "u", "user": {}}]}
    context = {"contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}]}
    kubeconfig.write_text(yaml.safe_dump(cluster | user | context | {"current-context": "x"}))
    run = subprocess.run(
        [sys.executable, "-c", RACE, str(kubeconfig)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
