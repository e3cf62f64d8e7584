"""Each row of the troubleshooting table in docs/minio.md, provoked on real programs."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ServiceAccount

from argo_artifacts.documents import canonical
from argo_artifacts.documents import minio as documents
from argo_artifacts.verify.lookup import ConfigMap
from tests.argo import hand_made
from tests.argo.handshake import handshaking
from tests.argo.troubleshooting import (
    CA,
    MAP,
    PAGE,
    SECRET,
    STAGE,
    TABLE,
    A,
    B,
    Stage,
    case,
    make_namespaces,
    world_of,
)
from tests.argo.verify_servers import changed, provision, root_s3, secret_of
from tests.authority import Authority
from tests.engine.minio_server import free_port, running
from tests.unit.config_files import faults_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.engine.minio_server import MinioServer

MINIO = "repositories__default__minio"


@pytest.fixture(scope="module")
def values(platform, installation):
    make_namespaces(installation.client)
    return changed(STAGE, cluster__kubeconfig=str(platform.kubeconfig))


@pytest.fixture(scope="module")
def server(values, tmp_path_factory) -> Iterator[MinioServer]:
    """A server on which the stage's users and policies stand."""
    folder = tmp_path_factory.mktemp("trouble")
    with running(folder, settings={"MINIO_SITE_REGION": "us-east-1"}) as started:
        provision(started, values)
        yield started


@pytest.fixture
def stage(values, server, installation, probe) -> Callable[..., Stage]:
    """Publish a stage whose entries name *endpoint*, or the server, with changed settings."""

    def make(endpoint: str = "", folder: Path = PAGE.parent, **changes: object) -> Stage:
        world = world_of(server, changed(values, **changes), endpoint, folder)
        made = Stage(installation.client, probe, world)
        made.publish()
        return made

    return make


def agree(row, stage: Stage, *actions: str, **changes: object) -> None:
    """Argo and ``verify`` say what the table says, and without the trouble neither does."""
    said = stage.argo(*actions)
    assert row.heard(said), said
    assert row.we in stage.verify(**changes)


def test_without_trouble_nobody_complains(stage):
    fine = stage()
    actions = ("save-file", "save-directory", "load", "list", "load-missing")
    assert "Denied" not in fine.argo(*actions[:4])
    report = fine.world.verify()
    assert report.good, [str(row) for row in report.rows if not row.good]
    assert report.causes == ()


# the lookup


def falls_back(row, stage: Stage) -> None:
    """Argo takes the controller's empty default; what the pod says then is in its program."""
    stage.publish()
    answer = stage.probe.ask("resolve", A)
    assert (answer["found"]["default"], answer["usable"]) == (True, False)
    [said] = row.argo
    assert said.encode() in stage.probe.program.read_bytes()
    assert row.we in stage.verify()


@case("no-repositories")
def test_a_namespace_without_repositories(row, stage):
    trouble = stage()
    del trouble.world.cluster.config_maps[MAP]
    falls_back(row, trouble)


@case("no-default")
def test_a_config_map_without_its_annotation(row, stage):
    trouble = stage()
    found = trouble.world.cluster.config_maps[MAP]
    trouble.world.cluster.config_maps[MAP] = ConfigMap({}, found.data)
    falls_back(row, trouble)


@case("default-names-nothing")
def test_an_annotation_that_names_no_entry(row, stage):
    trouble = stage()
    found = trouble.world.cluster.config_maps[MAP]
    names = dict.fromkeys(found.annotations, "models")
    trouble.world.cluster.config_maps[MAP] = ConfigMap(names, found.data)
    falls_back(row, trouble)


@case("no-secret")
def test_a_secret_that_is_not_in_the_namespace(row, stage):
    trouble = stage()
    del trouble.world.cluster.secrets[SECRET]
    trouble.publish()
    agree(row, trouble)


@case("no-key-in-secret")
def test_a_secret_with_its_keys_under_other_names(row, stage):
    trouble = stage()
    values = trouble.world.cluster.secrets[SECRET]
    trouble.world.cluster.secrets[SECRET] = {k.lower(): v for k, v in values.items()}
    trouble.publish()
    agree(row, trouble)


@case("newline-in-secret")
def test_a_secret_with_a_newline_behind_its_value(row, stage):
    trouble = stage()
    values = trouble.world.cluster.secrets[SECRET]
    trouble.world.cluster.secrets[SECRET] = values | {"secretKey": values["secretKey"] + b"\n"}
    trouble.publish()
    agree(row, trouble)


@case("ca-secret-empty")
def test_a_ca_secret_that_holds_no_certificate(row, secure):
    trouble = secure()
    trouble.world.cluster.secrets[CA] = {"ca.pem": b"no certificate"}
    trouble.publish()
    agree(row, trouble)


# the way to the server


@case("not-reached")
def test_nobody_listens(row, stage, closed_port):
    agree(row, stage(f"127.0.0.1:{closed_port}"))


@case("no-name")
def test_a_name_that_does_not_resolve(row, stage):
    agree(row, stage("minio.storage.invalid:9000"))


@case("plain-server")
def test_tls_to_a_server_without(row, stage):
    agree(row, stage(**{f"{MINIO}__tls": {"enabled": True}}))


@case("tls-server")
def test_plain_http_to_a_server_with_tls(row, secure):
    agree(row, secure(**{f"{MINIO}__tls": {"enabled": False}}))


@case("unknown-ca")
def test_another_ca_than_the_servers(row, secure):
    agree(row, secure(**{f"{MINIO}__tls": {"ca": "other.pem"}}))


@case("other-name")
def test_a_certificate_for_another_name(row, secure):
    trouble = secure()
    port = trouble.world.server.endpoint.rpartition(":")[2]
    agree(row, secure(f"localhost:{port}"))


@case("expired")
def test_a_certificate_of_yesterday(row, authority, trusted, stage, tmp_path):
    folder = authority.issue(tmp_path / "certs", days=(-2, -1))
    endpoint = f"127.0.0.1:{free_port()}"
    with handshaking(endpoint, folder):
        agree(row, stage(endpoint, trusted, **{f"{MINIO}__tls": {"ca": "ca.pem"}}))


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("a company")


@pytest.fixture(scope="module")
def trusted(authority, tmp_path_factory) -> Path:
    """Folder of the stack's certificates: the server's CA, and one that signed nothing."""
    folder = tmp_path_factory.mktemp("trusted")
    (folder / "ca.pem").write_text(authority.pem)
    (folder / "other.pem").write_text(Authority("another").pem)
    return folder


@pytest.fixture(scope="module")
def secure_server(values, authority, trusted, tmp_path_factory) -> Iterator[MinioServer]:
    folder = tmp_path_factory.mktemp("secure")
    certs = authority.issue(folder / "certs")
    with running(folder / "minio", certificates=certs) as started:
        tls = changed(values, **{f"{MINIO}__tls": {"ca": "ca.pem"}})
        provision(started, tls, trusted)
        yield started


@pytest.fixture
def secure(values, trusted, secure_server, installation, probe) -> Callable[..., Stage]:
    """As ``stage``, on a server that speaks TLS with a CA of its own."""

    def make(endpoint: str = "", **changes: object) -> Stage:
        given = changed(values, **({f"{MINIO}__tls": {"ca": "ca.pem"}} | changes))
        world = world_of(secure_server, given, endpoint, trusted)
        made = Stage(installation.client, probe, world)
        made.publish()
        return made

    return make


def test_a_ca_of_ones_own_is_trusted_by_argo_and_by_verify(secure):
    fine = secure()
    assert fine.argo("save-file", "load") == ""
    assert fine.world.verify(reader=fine.world.cluster).good


# the store


@case("unknown-key")
def test_an_access_key_that_the_server_does_not_know(row, stage):
    trouble = stage()
    values = trouble.world.cluster.secrets[SECRET]
    trouble.world.cluster.secrets[SECRET] = values | {"accessKey": b"nobody"}
    trouble.publish()
    agree(row, trouble)


@case("wrong-secret")
def test_a_secret_key_that_is_another(row, stage):
    trouble = stage()
    values = trouble.world.cluster.secrets[SECRET]
    trouble.world.cluster.secrets[SECRET] = values | {"secretKey": b"not-the-secret"}
    trouble.publish()
    agree(row, trouble)


@case("no-bucket")
def test_a_bucket_that_is_not_there(row, stage):
    trouble = stage(**{f"{MINIO}__bucket": {"name": "gone-artifacts"}})
    credential = trouble.world.credential(A)
    with world_of(trouble.world.server, STAGE).policy(A, documents.policy(credential)):
        agree(row, trouble, "save-file")


@case("other-region")
def test_a_server_with_another_region(row, stage):
    agree(row, stage(**{f"{MINIO}__region": "eu-west-1"}), "save-file")


@case("clock")
def test_clocks_that_differ(row, stage, server, monkeypatch):
    trouble = stage()
    late = datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=20)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: late)
    with pytest.raises(Exception, match="RequestTimeTooSkewed") as error:
        root_s3(server).list_buckets()
    assert row.heard(str(error.value)), error.value
    assert row.we in trouble.verify(admin=False)


@contextmanager
def narrowed(stage: Stage, lost: str) -> Iterator[None]:
    """Take one action out of the first tenant's policy."""
    document = documents.policy(stage.world.credential(A))
    text = {"Version": document["Version"], "Statement": []}
    for statement in document["Statement"]:
        actions = [one for one in statement["Action"] if one != lost]
        if actions:
            text["Statement"].append(statement | {"Action": actions})
    with stage.world.policy(A, text):
        yield


@case("put-refused")
def test_a_right_to_write_that_is_missing(row, stage):
    trouble = stage()
    with narrowed(trouble, "s3:PutObject"):
        agree(row, trouble, "save-file")


@case("list-refused")
def test_a_right_to_list_that_is_missing(row, stage):
    trouble = stage()
    with narrowed(trouble, "s3:ListBucket"):
        agree(row, trouble, "list")


@case("too-wide")
def test_a_right_in_the_neighbours_prefix(row, stage):
    trouble = stage()
    wide = json.loads(canonical.document(documents.policy(trouble.world.credential(A))))
    where = [f"arn:aws:s3:::artifacts/prod/{B}/*"]
    wide["Statement"].append({"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": where})
    with trouble.world.policy(A, wide):
        assert row.we in trouble.verify()
    assert row.argo == ()


@case("neighbour")
def test_a_workflow_that_names_the_neighbours_prefix(row, stage, server):
    trouble = stage()
    s3 = root_s3(server)
    s3.put_object(Bucket="artifacts", Key=f"prod/{B}/seed/file.txt", Body=b"theirs")
    try:
        said = trouble.argo("load", object_key=f"prod/{B}/seed")
        dots = trouble.argo("load", object_key=f"prod/{A}/../{B}/seed")
    finally:
        s3.delete_object(Bucket="artifacts", Key=f"prod/{B}/seed/file.txt")
    assert row.heard(said)
    assert row.heard(dots)
    assert trouble.world.verify(tenants=frozenset({A})).good


# Argo's own rights in the cluster


def can_i(row, platform, programs) -> str:
    """The answer to the question that the row asks."""
    words = row.we.replace("team-a", A).split()
    assert words[:3] == ["kubectl", "auth", "can-i"]
    command = [programs["kubectl"], "--kubeconfig", platform.kubeconfig, *words[1:]]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


@case("server-reads-no-secret")
def test_a_server_that_may_not_read_the_secret(row, stage, platform, programs):
    trouble = stage()
    account = "system:serviceaccount:argo:argo-server"
    said = trouble.argo("load-missing", **{"as": account})
    assert row.heard(said), said
    assert can_i(row, platform, programs) == "no"
    assert trouble.world.verify(tenants=frozenset({A})).good


@case("collector-without-rights")
def test_a_collector_without_its_role(row, probe, installation, configuration, platform, programs):
    meta = ObjectMeta(name="artifact-gc", namespace=A)
    installation.client.create(ServiceAccount(metadata=meta))
    try:
        assert can_i(row, platform, programs) == "no"
    finally:
        installation.client.delete(ServiceAccount, meta.name, namespace=A)
    answer = collected(probe, installation, configuration, "no-role", make=True)
    assert row.heard(answer["error"]), answer["error"]


@case("no-collector")
def test_a_collector_that_is_not_there(row, probe, installation, configuration, platform, programs):
    words = row.we.replace("team-a", A).split()
    command = [programs["kubectl"], "--kubeconfig", platform.kubeconfig, *words[1:]]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "not found" in run.stderr
    answer = collected(probe, installation, configuration, "no-account", make=False)
    assert row.heard(answer["error"]), answer["error"]
    assert answer["deleted"] is False


def collected(probe, installation, configuration, account: str, *, make: bool):
    """What becomes of a workflow of the hand-made tenant whose collector is *account*."""
    if make:
        meta = ObjectMeta(name=account, namespace="hand-a")
        installation.client.create(ServiceAccount(metadata=meta))
    garbage = f"artifactGC: {{serviceAccountName: {account}}}"
    spec = f"spec: {{serviceAccountName: {hand_made.EXECUTOR}, {garbage}}}\n"
    path = configuration({"workflowDefaults": spec})
    return probe.ask("gc-pod", "hand-a", "--controller-config-file", path, "--wait-deleted", "5s")


# what `check` refuses before


BROKEN = {
    "scheme": {f"{MINIO}__endpoint": "http://minio.storage.svc:9000"},
    "no-endpoint": {f"{MINIO}__endpoint": ""},
    "ca-file-no-pem": {f"{MINIO}__tls": {"ca": "tenants/team-a.yaml"}},
    "key-for-a-name": {
        f"{MINIO}__existingSecret": {"name": "artifact-store", "accessKey": "AKIA/canary+key="}
    },
    "volume-name": {f"{MINIO}__existingSecret": {"name": "var-run-argo"}},
    "overwriting-keys": {"repositories__default__keyFormat": "{{workflow.name}}"},
    "dots-in-keys": {"repositories__default__keyFormat": "../{{workflow.name}}/{{pod.name}}"},
}
"""Changes of a sound stack, by row."""

GIVEN_KEYS = {
    f"{MINIO}__server": "credentials",
    f"{MINIO}__bucket__ownership": "use",
}


@pytest.mark.parametrize(
    ("identity", "row"), [(name, TABLE.rows[name]) for name in BROKEN], ids=[*BROKEN]
)
def test_what_check_refuses_before_argo_meets_it(identity, row, tmp_path):
    changes = BROKEN[identity]
    if any("existingSecret" in path for path in changes):
        changes = GIVEN_KEYS | changes
    sound = changed(STAGE, **{f"{MINIO}__endpoint": "minio.storage.svc:9000"})
    (tmp_path / "tenants").mkdir()
    (tmp_path / "tenants/team-a.yaml").write_text("tenants: {}\n")
    broken = {f"argo-artifacts:{key}": v for key, v in changed(sound, **changes).items()}
    [line] = faults_in({"config": broken}, tmp_path)
    assert f"check {line}" == row.we
    assert "canary" not in line


TABLE.tried.update(BROKEN)


@case("scheme")
def test_argo_refuses_a_scheme_with_other_words(row, stage):
    trouble = stage()
    endpoint = trouble.world.server.endpoint
    found = trouble.world.cluster.config_maps[MAP]
    data = {k: v.replace(endpoint, f"http://{endpoint}") for k, v in found.data.items()}
    trouble.world.cluster.config_maps[MAP] = ConfigMap(found.annotations, data)
    trouble.publish()
    said = trouble.argo("save-file")
    assert row.heard(said), said


def test_every_row_of_the_table_has_been_tried():
    assert len(TABLE.rows) > 25
    assert set(TABLE.rows) == TABLE.tried


def test_no_secret_is_in_what_is_said(stage):
    trouble = stage(**{f"{MINIO}__region": "eu-west-1"})
    said = trouble.argo("save-file", "load") + "".join(trouble.verify())
    assert "eu-west-1" in said
    assert secret_of(trouble.world.credential(A)) not in said
