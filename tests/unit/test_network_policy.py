"""Who reaches a server that the stack installs: a table of peers, judged by an evaluator."""

from __future__ import annotations

import pytest

from argo_artifacts.access.servers import installed_servers
from argo_artifacts.documents import network_policy
from tests.network_policy import Pod, lets_in
from tests.unit.stacks import settings, values

SERVER = {"app": "minio", "release": "minio"}
JOB = {"argo-artifacts/provisioner": "minio"}
TARGET = Pod("minio", SERVER)


def policy(**changes: object) -> dict:
    """The policy of a server that team-a and team-b use, team-c does not."""
    server = {
        "server": "helm",
        "endpoint": "minio.minio.svc:9000",
        "adminEndpoint": "127.0.0.1:9000",
        "tls": {"enabled": False},
        "bucket": {"name": "artifacts"},
        "helm": {"allowFrom": ["monitoring"]},
    }
    other = {"minio": {"endpoint": "other:9000", "bucket": {"name": "other"}}}
    stack = values(
        repositories={"default": {"minio": server}, "other": other},
        tenants={"team-a": {}, "team-b": {}, "team-c": {"repositories": ["other"]}},
        **changes,
    )
    (server,) = installed_servers(settings(stack))
    return network_policy.spec(server)


ALLOWED = {
    "a tenant's pod": (Pod("team-a"), 9000),
    "another tenant's pod, whatever its labels": (Pod("team-b", {"app": "any"}), 9000),
    "argo-server": (Pod("argo", {"app": "argo-server"}), 9000),
    "a namespace that the file names": (Pod("monitoring"), 9000),
    "another pod of the server": (Pod("minio", SERVER), 9000),
    "another pod of the server with more labels": (Pod("minio", {**SERVER, "x": "y"}), 9000),
}

REFUSED = {
    "a tenant's pod at the console": ("a tenant's pod", Pod("team-a"), 9001),
    "a tenant's pod by UDP": ("a tenant's pod", Pod("team-a"), (9000, "UDP")),
    "a tenant that does not use the server": ("a tenant's pod", Pod("team-c"), 9000),
    "a namespace whose name begins alike": ("a tenant's pod", Pod("team-a-x"), 9000),
    "a namespace that names itself a tenant's": (
        "a tenant's pod",
        Pod("evil", {}, {"kubernetes.io/metadata.name": "team-a", "name": "team-a"}),
        9000,
    ),
    "a pod that looks like argo-server": ("argo-server", Pod("evil", {"app": "argo-server"}), 9000),
    "argo-server at the console": ("argo-server", Pod("argo", {"app": "argo-server"}), 9001),
    "a namespace beside the named one": (
        "a namespace that the file names",
        Pod("monitoring-2"),
        9000,
    ),
    "the named namespace at the console": (
        "a namespace that the file names",
        Pod("monitoring"),
        9001,
    ),
    "a pod of another release in the server's namespace": (
        "another pod of the server",
        Pod("minio", {"app": "minio", "release": "other"}),
        9000,
    ),
    "any pod in the server's namespace": ("another pod of the server", Pod("minio"), 9000),
    "a pod elsewhere that looks like the server": (
        "another pod of the server",
        Pod("evil", SERVER),
        9000,
    ),
    "another pod of the server at the console": (
        "another pod of the server",
        Pod("minio", SERVER),
        9001,
    ),
    "a Job that nobody asked for": ("another pod of the server", Pod("minio", JOB), 9000),
    "the default namespace": ("a tenant's pod", Pod("default"), 9000),
}


@pytest.mark.parametrize("case", ALLOWED)
def test_whoever_needs_the_server_reaches_it(case: str):
    pod, port = ALLOWED[case]
    assert lets_in("minio", policy(), TARGET, pod, port)


@pytest.mark.parametrize("case", REFUSED)
def test_whoever_stands_beside_them_does_not(case: str):
    neighbour, pod, port = REFUSED[case]
    number, protocol = port if isinstance(port, tuple) else (port, "TCP")
    assert not lets_in("minio", policy(), TARGET, pod, number, protocol)
    assert lets_in("minio", policy(), TARGET, *ALLOWED[neighbour])


def test_argo_is_not_let_in_where_the_ui_opens_no_artifacts():
    closed = policy(argo={"version": "4.0.5", "server": {"access": "none"}})
    assert not lets_in("minio", closed, TARGET, Pod("argo"), 9000)
    assert lets_in("minio", closed, TARGET, Pod("team-a"), 9000)


def test_another_pod_of_the_namespace_is_left_alone():
    assert lets_in("minio", policy(), Pod("minio", {"app": "other"}), Pod("evil"), 80)
