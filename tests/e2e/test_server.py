"""MinIO as pods of its chart, reached by the name of its Service; installed by ``pulumi up``."""

from __future__ import annotations

import base64
import json
import socket

from lightkube.resources.core_v1 import Pod, Secret, Service
from minio import MinioAdmin
from minio.credentials.providers import StaticProvider

from argo_artifacts.config.backends.minio_helm import IMAGE
from tests.e2e.scene import TENANTS
from tools.e2e.server import ENDPOINT, NAMESPACE, root_user


def server_pods(pods) -> list[Pod]:
    return list(pods.client.list(Pod, namespace=NAMESPACE))


def test_the_server_is_one_running_pod_of_the_image_that_the_chart_asks_for(pods):
    (pod,) = server_pods(pods)
    assert pod.status.phase == "Running"
    (container,) = pod.status.containerStatuses
    assert container.image == IMAGE
    assert container.restartCount == 0


def test_the_servers_users_are_those_of_our_secrets_and_no_others(pods):
    root = root_user(pods.client)
    credentials = StaticProvider(root.name, root.password)
    admin = MinioAdmin(endpoint=ENDPOINT, credentials=credentials, secure=False)
    given = {
        base64.b64decode(secret.data["accessKey"]).decode()
        for namespace in TENANTS
        for secret in pods.client.list(Secret, namespace=namespace)
        if "accessKey" in (secret.data or {})
    }
    assert len(given) == len(TENANTS)  # one Secret carries the identity of a tenant
    assert set(json.loads(admin.user_list())) == given


def test_pods_and_pulumi_reach_it_by_the_name_of_its_service(pods, scene):
    endpoints = {tenant.entry["s3"]["endpoint"] for tenant in scene.tenants.values()}
    assert endpoints == {ENDPOINT}
    service = pods.client.get(Service, "minio", namespace=NAMESPACE)
    assert service.spec.type == "ClusterIP"
    host, _, port = ENDPOINT.partition(":")
    found = {place[4] for place in socket.getaddrinfo(host, port, socket.AF_INET)}
    assert found == {(service.spec.clusterIP, 9000)}


def test_a_second_update_changes_nothing(pods, scene):
    def look():
        return [pod.metadata.uid for pod in server_pods(pods)], root_user(pods.client)

    assert scene.after  # it comes last: the workflows have used what the first one made
    before = look()
    pods.provision("--expect-no-changes")
    assert look() == before
