"""The chart's other half, rendered by Helm itself: several servers, several drives, TLS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lightkube.resources.apps_v1 import Deployment, StatefulSet
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import PersistentVolumeClaim

from tools.programs import find_or_build

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.live import LiveCluster
    from tests.engine.stack import EngineStack

NAME = "helmdist"
SPACE = f"{NAME}-minio"
IMAGE = f"registry.example.com:5000/minio@sha256:{'0123456789abcdef' * 4}"


@pytest.fixture(scope="module")
def stateful_set(make_stack: Callable[[str], EngineStack], cluster: LiveCluster) -> StatefulSet:
    """What Helm makes; nothing runs, so nothing on the server is asked for."""
    (chart,) = find_or_build(["minio-chart"]).values()
    stack = make_stack(NAME)
    minio = {
        "server": "helm",
        "endpoint": f"store.{SPACE}.svc.cluster.local:9000",
        "adminEndpoint": "127.0.0.1:1",
        "bucket": {"name": stack.bucket},
        "helm": {
            "release": "store",
            "namespace": {"name": SPACE},
            "chart": {"path": str(chart)},
            "image": IMAGE,
            "distributed": {"replicas": 4, "drivesPerNode": 2},
            "storage": {"size": "3Gi", "storageClass": "fast"},
            "memory": "2Gi",
            "certificateSecret": "store-tls",
            "waitForPods": False,
        },
    }
    stack.configure(repositories={"default": {"minio": minio}}, tenants={stack.space("a"): {}})
    stack.up("--target", "**MinioServer**")
    return cluster.client.get(StatefulSet, "store", namespace=SPACE)


def test_each_server_has_its_drives_and_knows_the_others(stateful_set: StatefulSet):
    spec = stateful_set.spec
    assert spec.replicas == 4
    assert [claim.metadata.name for claim in spec.volumeClaimTemplates] == ["export-0", "export-1"]
    for claim in spec.volumeClaimTemplates:
        assert claim.spec.resources.requests == {"storage": "3Gi"}
        assert claim.spec.storageClassName == "fast"
        assert claim.metadata.annotations["helm.sh/resource-policy"] == "keep"
    (container,) = spec.template.spec.containers
    servers = f"https://store-{{0...3}}.store-svc.{SPACE}.svc/export-{{0...1}}"
    assert servers in container.command[-1]
    assert container.resources.requests == {"memory": "2Gi"}


def test_an_image_by_digest_is_asked_for_word_for_word(stateful_set: StatefulSet):
    (container,) = stateful_set.spec.template.spec.containers
    assert container.image == IMAGE


def test_the_certificate_is_mounted_where_minio_looks_for_it(stateful_set: StatefulSet):
    pod = stateful_set.spec.template.spec
    (volume,) = [v for v in pod.volumes if v.name == "cert-secret-volume"]
    assert volume.secret.secretName == "store-tls"
    assert {item.key: item.path for item in volume.secret.items} == {
        "public.crt": "public.crt",
        "private.key": "private.key",
    }
    (container,) = pod.containers
    (mount,) = [m for m in container.volumeMounts if m.name == "cert-secret-volume"]
    assert f"-S {mount.mountPath}" in container.command[-1]


def test_nothing_of_a_single_server_and_no_job_is_rendered(
    stateful_set: StatefulSet, cluster: LiveCluster
):
    assert stateful_set.metadata.labels["release"] == "store"
    for kind in (Deployment, Job):
        assert list(cluster.client.list(kind, namespace=SPACE)) == []
    made = {c.metadata.name for c in cluster.client.list(PersistentVolumeClaim, namespace=SPACE)}
    assert made <= {f"export-{drive}-store-{pod}" for drive in range(2) for pod in range(4)}
