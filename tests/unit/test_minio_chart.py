"""Values of the MinIO chart: what the stack file says arrives, and nothing of the chart's Jobs."""

from __future__ import annotations

import pytest

from argo_artifacts.access.servers import InstalledServer, installed_servers
from argo_artifacts.documents import minio_chart
from tests.unit.stacks import settings, values

DIGEST = f"sha256:{'0123456789abcdef' * 4}"


def server(helm: dict[str, object] | None = None, **changes: object) -> InstalledServer:
    minio = {
        "server": "helm",
        "endpoint": "minio.minio.svc:9000",
        "adminEndpoint": "127.0.0.1:9000",
        "tls": {"enabled": False},
        "bucket": {"name": "artifacts"},
        "helm": helm or {},
        **changes,
    }
    (found,) = installed_servers(settings(values(repositories={"default": {"minio": minio}})))
    return found


def test_by_default_it_is_one_small_server_that_is_pinned():
    found = minio_chart.values(server())
    assert (found["mode"], found["replicas"], found["drivesPerNode"]) == ("standalone", 1, 1)
    assert found["image"] == {
        "repository": "quay.io/minio/minio",
        "tag": "RELEASE.2025-09-07T16-13-09Z",
    }
    assert found["resources"] == {"requests": {"memory": "512Mi"}}
    assert found["persistence"] == {
        "size": "10Gi",
        "annotations": {"helm.sh/resource-policy": "keep"},
    }
    assert found["fullnameOverride"] == "minio"
    assert found["tls"] == {"enabled": False}


def test_nothing_is_left_to_the_jobs_of_the_chart_and_nobody_gets_a_default_password():
    found = minio_chart.values(server())
    for key in ("users", "policies", "buckets", "svcaccts", "customCommands"):
        assert found[key] == []
    assert found["existingSecret"] == "minio-root"
    assert not {"rootUser", "rootPassword"} & set(found)


def test_the_server_is_reached_inside_the_cluster_alone():
    found = minio_chart.values(server())
    assert found["service"] == found["consoleService"] == {"type": "ClusterIP"}
    assert found["environment"] == {"MINIO_BROWSER": "off", "MINIO_SITE_REGION": "us-east-1"}
    assert found["metrics"] == {"serviceMonitor": {"public": False}}


@pytest.mark.parametrize(
    "image",
    [
        "quay.io/minio/minio:RELEASE.1",
        "registry.example.com:5000/a/b/minio:1",
        f"quay.io/minio/minio@{DIGEST}",
        f"registry.example.com:5000/minio:RELEASE.1@{DIGEST}",
        "minio:1",
    ],
)
def test_an_image_is_the_same_when_the_chart_has_joined_it_again(image: str):
    found = minio_chart.values(server({"image": image, "mcImage": image}))
    part = minio_chart.image(image)
    assert found["image"] == found["mcImage"] == part
    assert f"{part['repository']}:{part['tag']}" == image
    assert ":" not in part["tag"]


def test_every_setting_arrives():
    helm = {
        "release": "store",
        "namespace": {"name": "storage"},
        "distributed": {"replicas": 8, "drivesPerNode": 2},
        "storage": {"size": "77Gi", "storageClass": "fast"},
        "memory": "9Gi",
        "certificateSecret": "store-tls",
    }
    tls = {"enabled": True}
    endpoint = "store.storage.svc.cluster.local:9000"
    found = minio_chart.values(server(helm, tls=tls, endpoint=endpoint, region="eu"))
    assert (found["mode"], found["replicas"], found["drivesPerNode"]) == ("distributed", 8, 2)
    assert found["persistence"]["size"] == "77Gi"
    assert found["persistence"]["storageClass"] == "fast"
    assert found["resources"] == {"requests": {"memory": "9Gi"}}
    assert found["environment"]["MINIO_SITE_REGION"] == "eu"
    assert found["tls"] == {
        "enabled": True,
        "certSecret": "store-tls",
        "publicCrt": "public.crt",
        "privateKey": "private.key",
    }
    assert found["existingSecret"] == "store-root"
    assert found["serviceAccount"] == {"create": True, "name": "store"}
    assert found["fullnameOverride"] == "store"


def test_repositories_on_one_server_are_one_installation():
    minio = {
        "server": "helm",
        "endpoint": "minio.minio.svc:9000",
        "adminEndpoint": "127.0.0.1:9000",
        "tls": {"enabled": False},
    }
    two = {
        name: {"minio": {**minio, "bucket": {"name": f"bucket-{name}"}}}
        for name in ("default", "models")
    }
    tenants = {"team-a": {}, "team-b": {"repositories": ["models"]}}
    (found,) = installed_servers(settings(values(repositories=two, tenants=tenants)))
    assert found.repositories == ("default", "models")
    assert found.allowed == ("argo", "team-a", "team-b")
    assert found.root_user == "root.44e70b23"
