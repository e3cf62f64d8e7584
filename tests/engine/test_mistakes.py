"""What a person reads who got something wrong: one line that says what and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import yaml

from tests.engine.moto_server import in_this_process

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.engine.live import LiveCluster
    from tests.engine.stack import EngineStack, Outcome

    MakeStack = Callable[[str], EngineStack]

NOISE = ("preview failed", "update failed")
"""What the engine adds once to whatever failed."""


def the_line(outcome: Outcome) -> str:
    """The one line that says what is wrong; everything else that the engine adds is known."""
    (line,) = {line for line in outcome.errors if line not in NOISE}
    return line


def test_a_wrong_admin_key_is_one_line(make_stack: MakeStack):
    stack = make_stack("wrong-key")
    stack.configure(tenants={"wrong-key-team": {}})
    stack.runner.set_secret("argo-artifacts:minioSecretKey", "not-the-secret")
    line = the_line(stack.preview(fails=True))
    assert "the admin's secretKey is wrong" in line


def test_a_minio_server_that_is_down_is_one_line(make_stack: MakeStack, closed_port: int):
    """A preview without the server shows the plan and warns; an `up` stops at once."""
    stack = make_stack("minio-down")
    endpoint = f"127.0.0.1:{closed_port}"
    stack.configure(
        repositories={"default": stack.repository(endpoint=endpoint)},
        tenants={"minio-down-team": {}},
    )
    line = the_line(stack.up(fails=True))
    assert endpoint in line
    assert "cannot be reached" in line


def test_an_api_server_that_is_down_is_one_line(
    make_stack: MakeStack, tmp_path: Path, closed_port: int
):
    stack = make_stack("api-down")
    document = yaml.safe_load(stack.platform.kubeconfig.read_text())
    server = f"https://127.0.0.1:{closed_port}"
    document["clusters"][0]["cluster"]["server"] = server
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(document))
    stack.configure(
        cluster={"name": "api-down", "kubeconfig": str(kubeconfig)},
        repositories={"default": stack.given()},
        tenants={"api-down-team": {}},
    )
    line = the_line(stack.preview(fails=True))
    assert server in line
    assert "cannot be reached" in line


def test_a_kubeconfig_that_leads_to_another_server_is_one_line(make_stack: MakeStack):
    stack = make_stack("guarded")
    kubeconfig = str(stack.platform.kubeconfig)
    guarded = {"name": "guarded", "kubeconfig": kubeconfig, "server": "https://10.0.0.1:6443"}
    stack.configure(cluster=guarded, repositories={"default": stack.given()}, tenants={})
    assert the_line(stack.preview(fails=True)) == (
        f"argo-artifacts:cluster.server: the kubeconfig leads to {stack.platform.api_server},"
        " https://10.0.0.1:6443 is accepted"
    )


def test_every_fault_of_the_settings_is_one_line_and_nothing_else(make_stack: MakeStack):
    stack = make_stack("faulty")
    stack.configure(
        argo={"version": "4.0.5", "controllerConfig": "mine"},
        repositories={"default": stack.given(endpoint="http://minio:9000")},
        tenants={"faulty-team": {"retierd": True}},
    )
    outcome = stack.preview(fails=True)
    assert [line.partition(": ")[0] for line in outcome.errors] == [
        "argo-artifacts:argo.controllerConfig",
        "argo-artifacts:repositories.default.minio.endpoint",
        "argo-artifacts:tenants.faulty-team.retierd",
    ]


def test_a_server_without_admin_api_is_one_line_that_points_to_credentials(make_stack: MakeStack):
    stack = make_stack("plain")
    with in_this_process() as endpoint:
        stack.configure(
            repositories={"default": stack.repository(endpoint=endpoint)},
            tenants={"plain-team": {}},
        )
        line = the_line(stack.preview(fails=True))
    assert endpoint in line
    assert "server: credentials" in line


def test_keys_of_a_plain_s3_server_are_provisioned_and_open_it(
    make_stack: MakeStack, cluster: LiveCluster
):
    stack = make_stack("given")
    with in_this_process() as endpoint:
        stack.configure(
            repositories={"default": stack.given(endpoint=endpoint)},
            tenants={"given-team": {}},
        )
        stack.up()
        entry = cluster.data("ConfigMap", "given-team/artifact-repositories")["default"]
        block = yaml.safe_load(entry)["s3"]
        secret = cluster.data("Secret", f"given-team/{block['accessKeySecret']['name']}")
        client = boto3.client(
            "s3",
            endpoint_url=f"http://{block['endpoint']}",
            region_name=block["region"],
            aws_access_key_id=secret[block["accessKeySecret"]["key"]],
            aws_secret_access_key=secret[block["secretKeySecret"]["key"]],
        )
        client.create_bucket(Bucket=block["bucket"])
        client.put_object(Bucket=block["bucket"], Key="given/given-team/x", Body=b"x")
        listed = client.list_objects_v2(Bucket=block["bucket"], Prefix="given/given-team/")
    assert listed["KeyCount"] == 1
    assert secret["accessKey"] == stack.platform.minio_access_key
    assert not [urn for urn in stack.urns() if "minio-admin" in urn]
