"""Servers that are reached in other ways: TLS with an own CA, plain S3 without an admin API."""

import subprocess
from contextlib import contextmanager

import boto3
import pytest

from argo_artifacts import access
from argo_artifacts.access.names import ca_secret
from tests.argo.verify_servers import (
    TWO_TENANTS,
    MemoryCluster,
    World,
    changed,
    failed,
    provision,
    rows_of,
    settings_of,
    write_config_map,
    write_secret,
)
from tests.engine.minio_server import running
from tests.engine.moto_server import in_this_process

PLAIN = {
    "server": "credentials",
    "endpoint": "${ENDPOINT}",
    "tls": {"enabled": False},
    "bucket": {"name": "artifacts", "ownership": "use"},
    "existingSecret": {"name": "keys"},
}


@contextmanager
def moto():
    with in_this_process() as endpoint:
        s3 = boto3.client(
            "s3",
            endpoint_url=f"http://{endpoint}",
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="any",
        )
        yield endpoint, s3


def plain_world(endpoint):
    settings = settings_of(changed(TWO_TENANTS, repositories__default__minio=PLAIN), endpoint)
    world = World(None, settings, access.plan(settings), MemoryCluster())
    for credential in world.plan.credentials:
        write_secret(world, credential, f"key-of-{credential.tenant}", "any-secret")
        write_config_map(world, credential.tenant)
    return world


def test_a_plain_s3_server_that_checks_nothing_fails_every_refusal_and_keeps_its_objects():
    with moto() as (endpoint, s3):
        for bucket in ("artifacts", "minio"):  # the admin API's paths begin with /minio/
            s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket="artifacts", Key="prod/team-a/kept", Body=b"kept")
        report = plain_world(endpoint).verify(admin=False)
        keys = [
            entry["Key"]
            for bucket in ("artifacts", "minio")
            for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        ]
    assert keys == ["prod/team-a/kept"]
    assert rows_of(report, "not checked") == []
    assert not report.good
    for row in report.rows:
        if row.expectation.group in ("admin calls", "own account"):
            assert row.result == "not applicable"
            assert row.found == f"no MinIO admin API answers at {endpoint}"
        elif row.expectation.check == "delete version":
            assert row.found == "the bucket keeps no versions"
        elif row.expectation.expected == "refused":
            assert row.result == "failed", row


def certificate(folder):
    folder.mkdir()
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", folder / "private.key", "-out", folder / "public.crt"),
        ],
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    with running(folder / "minio", certificates=certificate(folder / "certs")) as server:
        values = changed(
            TWO_TENANTS,
            argo={"version": "4.0.5"},
            repositories__default__minio__tls={"ca": "certs/public.crt"},
        )
        world = provision(server, values, folder)
        for tenant in ("team-a", "team-b"):
            world.cluster.secrets[tenant, ca_secret("default")] = {
                "ca.pem": (folder / "certs/public.crt").read_bytes()
            }
        yield world


def test_a_server_with_an_own_ca_is_trusted_by_the_secret_that_the_entry_names(secure):
    report = secure.verify()
    assert report.good
    assert report.left_behind == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"no certificate", "the entry's CA is no certificate"),
        (None, "its certificate is not trusted"),
    ],
    ids=["no PEM", "another CA"],
)
def test_a_server_that_the_named_ca_does_not_vouch_for_is_not_checked(secure, tmp_path, text, said):
    other = text or (certificate(tmp_path / "other") / "public.crt").read_bytes()
    name = ("team-a", ca_secret("default"))
    kept = secure.cluster.secrets[name]
    secure.cluster.secrets[name] = {"ca.pem": other}
    try:
        report = secure.verify(tenants=frozenset({"team-a"}))
    finally:
        secure.cluster.secrets[name] = kept
    assert failed(report) == []
    assert any(said in row for row in rows_of(report, "not checked"))
    assert report.left_behind == ()
    assert not report.good
