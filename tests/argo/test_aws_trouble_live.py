"""The rows of docs/aws.md that pods meet: Argo and ``verify`` before the same trouble."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from lightkube.resources.core_v1 import ServiceAccount

from argo_artifacts.access.names import DEFAULT_ANNOTATION, REPOSITORIES_CONFIG_MAP
from argo_artifacts.documents import canonical
from argo_artifacts.repository.entries import config_map_data, default_repository
from argo_artifacts.verify.causes import ROLE_ANNOTATION
from argo_artifacts.verify.kubernetes import LiveReader
from argo_artifacts.verify.lookup import ConfigMap
from tests.argo.aws_door import AwsDoor
from tests.argo.aws_trouble import ARGO, BESIDE, TABLE, A, B, Trouble
from tests.argo.playback import EXPIRED_SESSION, OTHER_REGION, playing
from tests.argo.verify_on_aws import AwsWorld, issuer_of, write
from tests.argo.verify_servers import MemoryCluster, root_s3
from tests.engine.live import LiveCluster
from tests.engine.minio_server import running
from tests.unit.aws_stacks import on_aws, store

if TYPE_CHECKING:
    from collections.abc import Iterator

case = TABLE.case


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("minio")) as started:
        root_s3(started).create_bucket(Bucket="artifacts")
        yield started


@pytest.fixture(scope="module")
def world(platform, server) -> Iterator[AwsWorld]:
    settings, plan = on_aws(
        {"default": store("irsa")},
        cluster={
            "name": "prod",
            "kubeconfig": str(platform.kubeconfig),
            "oidc": {"issuer": issuer_of(platform)},
        },
        argo={"version": "4.0.5", "namespace": ARGO},
        tenants={A: {}, B: {"artifactGC": False}},
    )
    cluster = LiveCluster(platform.kubeconfig)
    cluster.make("Namespace", BESIDE)
    write(cluster, settings, plan)
    keys = platform.cluster.ask("/openid/v1/jwks")
    with (
        AwsDoor(server, settings, plan, keys) as door,
        pytest.MonkeyPatch.context() as variables,
    ):
        variables.setenv("AWS_ENDPOINT_URL", door.url)
        variables.setenv("AWS_ENDPOINT_URL_S3", f"http://{server.endpoint}")
        yield AwsWorld(door, settings, plan, LiveReader(settings.cluster))


@pytest.fixture
def trouble(world, server, installation, probe, monkeypatch, tmp_path) -> Trouble:
    """The stack without trouble; Argo's pod is an executor's."""
    made = Trouble(installation.client, probe, world, monkeypatch, tmp_path)
    made.publish(server.endpoint)
    made.pod_of("workflow", world.role(f"{A}.executor"))
    return made


def agree(row, trouble: Trouble, *actions: str) -> None:
    """Argo and ``verify`` say what the table says."""
    said = trouble.argo(*actions)
    assert row.heard(said), said
    assert row.we in trouble.verify()


def test_without_trouble_nobody_complains(trouble, world):
    assert trouble.argo("save-file", "save-directory", "load", "list") == ""
    report = world.verify(tenants=frozenset({A}))
    assert report.good, [str(row) for row in report.rows if not row.good]
    assert report.causes == ()


@case("no-identity")
def test_a_service_account_without_its_annotation(row, trouble, world):
    trouble.nobody()
    role = world.role("server")

    def annotate(value: str | None) -> None:
        patch = {"metadata": {"annotations": {ROLE_ANNOTATION: value}}}
        trouble.client.patch(ServiceAccount, "argo-server", patch, namespace=ARGO)

    annotate(None)
    try:
        agree(row, trouble)
    finally:
        annotate(role)


@case("not-trusted")
def test_a_trust_that_lacks_the_service_account(row, trouble, world):
    other = world.door.trusts[world.role(f"{B}.executor")]
    with world.trust(world.role(f"{A}.executor"), other):
        agree(row, trouble)


@case("no-provider")
def test_an_account_without_the_issuers_provider(row, trouble, world, monkeypatch):
    monkeypatch.setattr(world.door, "provider", "oidc.example.com/another")
    agree(row, trouble)


def without(world: AwsWorld, role: str, lost: str) -> dict:
    """The role's policy without one action."""
    whole = json.loads(canonical.document(world.door.policies[role]))
    for statement in whole["Statement"]:
        statement["Action"] = [one for one in statement["Action"] if one != lost]
    whole["Statement"] = [one for one in whole["Statement"] if one["Action"]]
    return whole


@case("put-refused")
def test_a_right_to_write_that_is_missing(row, trouble, world):
    role = world.role(f"{A}.executor")
    with world.policy(role, without(world, role, "s3:PutObject")):
        agree(row, trouble, "save-file")


@case("list-refused")
def test_a_right_to_list_that_is_missing(row, trouble, world):
    role = world.role(f"{A}.executor")
    with world.policy(role, without(world, role, "s3:ListBucket")):
        agree(row, trouble, "list")


@case("too-wide")
def test_a_right_in_the_neighbours_prefix(row, trouble, world):
    role = world.role(f"{A}.executor")
    whole = json.loads(canonical.document(world.door.policies[role]))
    where = [f"arn:aws:s3:::artifacts/prod/{B}/*"]
    wide = {"Sid": "Wide", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": where}
    with world.policy(role, whole | {"Statement": [*whole["Statement"], wide]}):
        assert row.we in trouble.verify()


@case("neighbour")
def test_a_workflow_that_names_the_neighbours_prefix(row, trouble, server):
    s3 = root_s3(server)
    s3.put_object(Bucket="artifacts", Key=f"prod/{B}/seed/file.txt", Body=b"theirs")
    assert row.heard(trouble.argo("load", key=f"prod/{B}/seed"))
    assert row.heard(trouble.argo("load", key=f"prod/{A}/../{B}/seed"))
    assert row.we == ""


@case("no-bucket")
def test_a_bucket_that_is_gone(row, trouble, server):
    store = server.store()
    for found in store.list_objects("artifacts", recursive=True):
        store.remove_object("artifacts", found.object_name)
    store.remove_bucket("artifacts")
    try:
        agree(row, trouble, "save-file")
    finally:
        store.make_bucket("artifacts")


@case("other-region")
def test_a_bucket_in_another_region(row, trouble, monkeypatch):
    with playing(OTHER_REGION) as address:
        trouble.publish(address)
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://{address}")
        agree(row, trouble, "save-file")


# what a Secret holds


def holding(trouble: Trouble, repository: dict, endpoint: str, *values: str) -> Trouble:
    """A stack whose Secrets hold *values*, in namespaces in memory; Argo's are real."""
    settings, plan = on_aws({"default": repository}, tenants={A: {}, B: {"artifactGC": False}})
    cluster = MemoryCluster()
    for tenant in settings.tenants:
        notes = {DEFAULT_ANNOTATION: default_repository(plan, tenant)}
        data = config_map_data(settings, plan, tenant)
        cluster.config_maps[tenant, REPOSITORIES_CONFIG_MAP] = ConfigMap(notes, data)
    for credential in plan.credentials:
        keys = credential.secret
        names = (keys.access_key, keys.secret_key, keys.session_token)
        held = {key: value.encode() for key, value in zip(names, values, strict=False) if key}
        cluster.secrets[credential.tenant, keys.name] = held
        if credential.tenant == A:
            trouble.hold(keys.name, held)
    trouble.nobody()
    world = AwsWorld(trouble.world.door, settings, plan, cluster)
    made = replace(trouble, world=world)
    made.publish(endpoint)
    return made


@case("expired-session")
def test_a_session_that_nobody_keeps_fresh(row, trouble, monkeypatch):
    with playing(EXPIRED_SESSION) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{address}")
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://{address}")
        repository = store("assumeRole", assumeRole={"by": "refresher"})
        keys = ("ASIAEXAMPLE", "canary-of-a-session", "canary-token")
        agree(row, holding(trouble, repository, address, *keys), "save-file")


@case("unknown-key")
def test_a_key_that_was_deleted(row, trouble, server):
    keys = ("AKIAEXAMPLE", "canary-of-a-key")
    agree(row, holding(trouble, store("accessKeys"), server.endpoint, *keys))
