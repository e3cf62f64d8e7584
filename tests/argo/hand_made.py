"""Two namespaces with artifact storage made by hand, no code of the product involved.

What stands here is what a careful person would write after reading Argo's page: the probe
is tried on it, so that its verdicts on the product's own objects can be believed.
Every name is its own: other tests share the API server and the MinIO server.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import yaml
from lightkube import Client, KubeConfig
from lightkube.models.core_v1 import NodeStatus
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.models.rbac_v1 import PolicyRule, RoleRef, Subject
from lightkube.resources.core_v1 import ConfigMap, Namespace, Node, Secret, ServiceAccount
from lightkube.resources.rbac_authorization_v1 import Role, RoleBinding
from minio import Minio, MinioAdmin
from minio.credentials.providers import StaticProvider

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tools.local_platform.platform import LocalPlatform

BUCKET: Final = "hand-made"
CLUSTER: Final = "hand"
CONTROLLER: Final = "hand-argo"
DEFAULT: Final = "workflows.argoproj.io/default-artifact-repository"
EXECUTOR: Final = "workflow"
COLLECTOR: Final = "artifact-gc"


@dataclass(frozen=True)
class Store:
    """A bucket and the means to make users of it."""

    endpoint: str
    admin: MinioAdmin
    client: Minio

    @classmethod
    def of(cls, platform: LocalPlatform) -> Store:
        """Make the bucket on the platform's server."""
        keys = platform.minio_access_key, platform.minio_secret_key
        admin = MinioAdmin(
            endpoint=platform.minio_endpoint, credentials=StaticProvider(*keys), secure=False
        )
        client = Minio(
            endpoint=platform.minio_endpoint, access_key=keys[0], secret_key=keys[1], secure=False
        )
        if not client.bucket_exists(bucket_name=BUCKET):
            client.make_bucket(bucket_name=BUCKET)
        return cls(platform.minio_endpoint, admin, client)

    def user(self, name: str, prefix: str, *, may_delete: bool, folder: Path) -> str:
        """Make a user who may list, read and write under *prefix*; return its secret."""
        actions = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"]
        statements = [
            {
                "Effect": "Allow",
                "Action": actions + ["s3:DeleteObject"] * may_delete,
                "Resource": [f"arn:aws:s3:::{BUCKET}/{prefix}*"],
            },
            {
                "Effect": "Allow",
                "Action": ["s3:ListBucket"],
                "Resource": [f"arn:aws:s3:::{BUCKET}"],
                "Condition": {"StringLike": {"s3:prefix": [f"{prefix}*"]}},
            },
        ]
        policy = folder / f"{name}.json"
        policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": statements}))
        secret = f"secret-of-{name}"
        self.admin.policy_add(policy_name=name, policy_file=str(policy))
        self.admin.user_add(access_key=name, secret_key=secret)
        self.admin.attach_policy(policies=[name], user=name)
        return secret

    def keys(self, prefix: str) -> set[str]:
        """Return the keys that stand under *prefix*, as the administrator sees them."""
        objects = self.client.list_objects(bucket_name=BUCKET, prefix=prefix, recursive=True)
        return {str(one.object_name) for one in objects}


def prefix_of(namespace: str) -> str:
    """Return the prefix that a namespace writes under."""
    return f"{CLUSTER}/{namespace}/"


def entry(endpoint: str, namespace: str, **s3: object) -> dict[str, dict[str, object]]:
    """Return a repository of *namespace* as Argo reads it, with other S3 fields on top."""
    form = prefix_of(namespace) + "{{workflow.name}}-{{workflow.uid}}/{{pod.name}}"
    return {
        "s3": {
            "endpoint": endpoint,
            "bucket": BUCKET,
            "region": "us-east-1",
            "insecure": True,
            "keyFormat": form,
            "accessKeySecret": {"name": "artifact-store", "key": "accessKey"},
            "secretKeySecret": {"name": "artifact-store", "key": "secretKey"},
            **s3,
        }
    }


def kube(platform: LocalPlatform) -> Client:
    """Connect to the platform's API server as its administrator."""
    return Client(config=KubeConfig.from_file(platform.kubeconfig), trust_env=False)


def node(client: Client) -> None:
    """Add a machine that reports every pod as running without running it."""
    meta = ObjectMeta(name="hand-made", annotations={"kwok.x-k8s.io/node": "fake"})
    room = {"cpu": "32", "memory": "64Gi", "pods": "110"}
    client.create(Node(metadata=meta, status=NodeStatus(allocatable=room, capacity=room)))


def namespace(client: Client, name: str) -> None:
    """Make a namespace, without storage."""
    client.create(Namespace(metadata=ObjectMeta(name=name)))


def repositories(
    client: Client,
    namespace: str,
    data: Mapping[str, object],
    *,
    default: str | None,
    name: str = "artifact-repositories",
) -> None:
    """Write a ConfigMap of repositories; *default* is what its annotation names."""
    text = {
        key: value if isinstance(value, str) else yaml.safe_dump(value)
        for key, value in data.items()
    }
    annotations = {DEFAULT: default} if default is not None else {}
    meta = ObjectMeta(name=name, namespace=namespace, annotations=annotations)
    client.create(ConfigMap(metadata=meta, data=text))


def credentials(client: Client, namespace: str, access_key: str, secret_key: str) -> None:
    """Write the Secret that the repositories name."""
    meta = ObjectMeta(name="artifact-store", namespace=namespace)
    client.create(
        Secret(metadata=meta, stringData={"accessKey": access_key, "secretKey": secret_key})
    )


def account(client: Client, namespace: str, name: str, rules: list[PolicyRule]) -> None:
    """Make a service account that may do what *rules* say."""
    meta = ObjectMeta(name=name, namespace=namespace)
    client.create(ServiceAccount(metadata=meta))
    client.create(Role(metadata=meta, rules=rules))
    ref = RoleRef(apiGroup="rbac.authorization.k8s.io", kind="Role", name=name)
    subject = Subject(kind="ServiceAccount", name=name, namespace=namespace)
    client.create(RoleBinding(metadata=meta, roleRef=ref, subjects=[subject]))


def executor_rules() -> list[PolicyRule]:
    """Return what a workflow's pods need of the Kubernetes API."""
    return [
        PolicyRule(
            apiGroups=["argoproj.io"],
            resources=["workflowtaskresults"],
            verbs=["create", "patch"],
        )
    ]


def collector_rules() -> list[PolicyRule]:
    """Return what a garbage-collection pod needs of the Kubernetes API."""
    return [
        PolicyRule(
            apiGroups=["argoproj.io"],
            resources=["workflowartifactgctasks"],
            verbs=["list", "watch"],
        ),
        PolicyRule(
            apiGroups=["argoproj.io"],
            resources=["workflowartifactgctasks/status"],
            verbs=["patch"],
        ),
    ]


def tenant(client: Client, store: Store, name: str, *, may_delete: bool, folder: Path) -> None:
    """Make a namespace with everything that its workflows need."""
    namespace(client, name)
    secret = store.user(f"user-{name}", prefix_of(name), may_delete=may_delete, folder=folder)
    credentials(client, name, f"user-{name}", secret)
    repositories(client, name, {"default": entry(store.endpoint, name)}, default="default")
    account(client, name, EXECUTOR, executor_rules())
    account(client, name, COLLECTOR, collector_rules())
