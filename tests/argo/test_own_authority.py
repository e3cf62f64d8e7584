"""A MinIO server behind a CA of one's own: everyone who is given the CA works, another CA fails.

The server's certificate is signed by the CA and is no CA itself, as in a company.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Secret

from argo_artifacts import access
from argo_artifacts.access.names import ca_secret
from argo_artifacts.documents import minio_state
from argo_artifacts.repository.entries import CA_KEY, config_map_data
from providers.minio_admin import provision as command
from providers.minio_admin.errors import ProviderError
from tests.argo import hand_made
from tests.argo.verify_servers import (
    TWO_TENANTS,
    MemoryCluster,
    World,
    changed,
    failed,
    rows_of,
    secret_of,
    settings_of,
    write_config_map,
    write_secret,
)
from tests.authority import Authority
from tests.engine.minio_admin_plugin import Stack
from tests.engine.minio_server import ROOT_SECRET, ROOT_USER, running
from tests.harness import ROOT

if TYPE_CHECKING:
    from pathlib import Path

TENANTS = ("secure-a", "secure-b")


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("a company")


@pytest.fixture(scope="module")
def world(tmp_path_factory, authority: Authority):
    """A server and its settings; nothing is provisioned on it yet."""
    folder = tmp_path_factory.mktemp("secure")
    (folder / "ca.pem").write_text(authority.pem)
    values = changed(
        TWO_TENANTS,
        repositories__default__minio__tls={"ca": "ca.pem"},
        tenants={TENANTS[0]: {}, TENANTS[1]: {"artifactGC": False}},
    )
    with running(folder / "minio", certificates=authority.issue(folder / "server")) as server:
        settings = settings_of(values, server.endpoint, folder)
        yield World(server, settings, access.plan(settings), MemoryCluster())


def run_command(world: World, folder: Path, ca: str) -> subprocess.CompletedProcess:
    """Provision as the Job does, trusting *ca* alone."""
    state = minio_state.state(world.settings, world.plan, ["default"])
    files = {
        command.STATE: json.dumps(state),
        command.AUTHORITY: ca,
        command.ACCESS_KEY: ROOT_USER,
        command.SECRET_KEY: ROOT_SECRET,
    }
    for credential in world.plan.credentials:
        files[f"{command.USERS}/{world.user(credential)}"] = secret_of(credential)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return subprocess.run(
        [sys.executable, "-m", "providers.minio_admin.provision", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def provisioned(world: World, authority: Authority, tmp_path_factory) -> World:
    """The server, provisioned by the command, and what Argo would find in the namespaces."""
    done = run_command(world, tmp_path_factory.mktemp("job"), authority.pem)
    assert (done.returncode, done.stderr) == (0, "")
    for credential in world.plan.credentials:
        write_secret(world, credential, world.user(credential), secret_of(credential))
        world.cluster.secrets[credential.tenant, ca_secret("default")] = {
            CA_KEY: authority.pem.encode()
        }
        write_config_map(world, credential.tenant)
    return world


def test_the_command_refuses_a_server_that_another_authority_vouches_for(world, tmp_path):
    done = run_command(world, tmp_path, Authority("another").pem)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"minio {world.server.endpoint}: the certificate is refused (unable to get local issuer "
        "certificate), one of a trusted authority is needed; give the authority's PEM as "
        "caCertificate\n"
    )


def test_the_plugin_trusts_the_authority_and_no_other(world, authority):
    user = {"name": "prod.x.0a1b2c3d"}
    Stack(world.server, config={"caCertificate": authority.pem}).preview("User", user)
    another = Stack(world.server, config={"caCertificate": Authority("another").pem})
    with pytest.raises(ProviderError, match="certificate is refused") as refused:
        another.preview("User", user)
    assert str(refused.value).startswith(f"minio {world.server.endpoint}: ")


def test_verify_trusts_the_authority_that_the_entry_names_and_no_other(provisioned):
    report = provisioned.verify()
    assert report.good, rows_of(report, "failed") + rows_of(report, "not checked")
    secrets = provisioned.cluster.secrets
    place = (TENANTS[0], ca_secret("default"))
    kept = secrets[place]
    secrets[place] = {CA_KEY: Authority("another").pem.encode()}
    try:
        report = provisioned.verify(tenants=frozenset({TENANTS[0]}))
    finally:
        secrets[place] = kept
    assert not report.good
    assert failed(report) == []
    assert any("its certificate is not trusted" in r for r in rows_of(report, "not checked"))


@pytest.fixture(scope="module")
def namespaces(provisioned: World, installation):
    """The same objects in a real API server."""
    client = installation.client
    for tenant in TENANTS:
        hand_made.namespace(client, tenant)
        data = config_map_data(provisioned.settings, provisioned.plan, tenant)
        hand_made.repositories(client, tenant, data, default="default")
    for (space, name), data in provisioned.cluster.secrets.items():
        text = {key: value.decode() for key, value in data.items()}
        client.create(Secret(metadata=ObjectMeta(name=name, namespace=space), stringData=text))
    return client


def test_argos_driver_reads_the_ca_secret_that_the_entry_names(namespaces, probe):
    del namespaces
    answer = probe.ask("store", TENANTS[0], "--actions", "save-file,load,list,delete")
    assert answer.code == 0, answer.document
    answer = probe.ask("store", TENANTS[1], "--actions", "save-file,load,delete")
    assert [one["ok"] for one in answer["results"]] == [True, True, False]
    assert answer.result("delete")["error"] == "Access Denied."


@pytest.mark.parametrize(
    "text", ["another", "no certificate"], ids=["another authority", "no certificate"]
)
def test_argos_driver_refuses_a_server_that_the_ca_secret_does_not_vouch_for(
    namespaces, probe, provisioned, text
):
    name = ca_secret("default")
    ca = Authority("another").pem if text == "another" else text
    _write(namespaces, name, ca)
    try:
        answer = probe.ask("store", TENANTS[0], "--timeout", "10s", "--actions", "load-missing")
    finally:
        kept = provisioned.cluster.secrets[TENANTS[0], name][CA_KEY]
        _write(namespaces, name, kept.decode())
    (result,) = answer["results"]
    assert not result["ok"]
    assert not result["notFound"]
    assert "x509: certificate signed by unknown authority" in result["error"]


def _write(client, name: str, text: str) -> None:
    """Put another text into the CA's Secret."""
    client.patch(Secret, name, {"stringData": {CA_KEY: text}}, namespace=TENANTS[0])
