"""A MinIO server with the users of a plan, and a cluster in memory, for the tests of verify."""

from __future__ import annotations

import copy
import functools
import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from argo_artifacts import access
from argo_artifacts.access.names import DEFAULT_ANNOTATION
from argo_artifacts.config import parse
from argo_artifacts.documents import minio as documents
from argo_artifacts.repository.entries import config_map_data, default_repository
from argo_artifacts.verify import Request, verify
from argo_artifacts.verify.lookup import ClusterError, ConfigMap
from argo_artifacts.verify.provisioning import NoSettingError
from argo_artifacts.verify.store import Keys
from tests.engine.minio_server import ROOT_SECRET, ROOT_USER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argo_artifacts.access import AccessPlan, Credential
    from argo_artifacts.config import Settings
    from argo_artifacts.verify import Report
    from tests.engine.minio_server import MinioServer

TWO_TENANTS = {
    "cluster": {"name": "prod", "kubeconfig": "unused"},
    "argo": {"version": "4.0.5"},
    "repositories": {
        "default": {
            "minio": {
                "endpoint": "${ENDPOINT}",
                "tls": {"enabled": False},
                "bucket": {"name": "artifacts"},
            }
        }
    },
    "tenants": {
        "team-a": {"artifactGC": True},
        "team-b": {"artifactGC": False},
    },
}


def settings_of(values: dict[str, object], endpoint: str, folder: Path = Path()) -> Settings:
    """Settings of a stack whose repositories stand at *endpoint*."""
    given = json.loads(json.dumps(values).replace("${ENDPOINT}", endpoint))
    return parse(given, project="argo-artifacts", stack="test", folder=folder)


def changed(values: dict[str, object], **changes: object) -> dict[str, object]:
    """A copy of *values* with ``path__to__key=value`` changes."""
    value: dict = copy.deepcopy(values)
    for path, change in changes.items():
        *steps, last = path.split("__")
        at = value
        for step in steps:
            at = at.setdefault(step, {})
        at[last] = change
    return value


@dataclass
class MemoryCluster:
    """What stands in the namespaces, as the program would have written it."""

    config_maps: dict[tuple[str, str], ConfigMap] = field(default_factory=dict)
    secrets: dict[tuple[str, str], dict[str, bytes]] = field(default_factory=dict)

    def config_map(self, namespace: str, name: str) -> ConfigMap | None:
        return self.config_maps.get((namespace, name))

    def secret(self, namespace: str, name: str) -> dict[str, bytes] | None:
        return self.secrets.get((namespace, name))

    def annotations(self, namespace: str, name: str) -> dict[str, str] | None:
        """Nobody's: it has no service accounts."""
        del namespace, name

    def token(self, namespace: str, name: str, audience: str) -> str:
        """Nobody's either."""
        msg = f"ServiceAccount {namespace}/{name} is missing, and no token for {audience}"
        raise ClusterError(msg)


class Quiet:
    """Looks on and says nothing."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def step(self, text: str) -> None:
        self.steps.append(text)

    def stays(self, text: str) -> None:
        self.steps.append(text)

    def rows(self, done: int, total: int) -> None:
        pass


def secret_of(credential: Credential) -> str:
    """The secret of a tenant's user: a canary that no output may show."""
    return f"canary+secret/{credential.tenant}.{credential.repository}"


@dataclass
class World:
    """A stack, provisioned: users and policies on the server, objects in the cluster."""

    server: MinioServer
    settings: Settings
    plan: AccessPlan
    cluster: MemoryCluster

    def user(self, credential: Credential) -> str:
        return dict(credential.users)[credential.publish]

    def credential(self, tenant: str, repository: str = "default") -> Credential:
        return next(
            c for c in self.plan.credentials if (c.tenant, c.repository) == (tenant, repository)
        )

    def put_policy(self, credential: Credential, document: dict[str, object]) -> None:
        self.server.admin().policy_add(credential.policy, policy=document)

    @contextmanager
    def policy(
        self, tenant: str, document: dict[str, object], repository: str = "default"
    ) -> Iterator[None]:
        """Give the tenant's user another policy for a while."""
        credential = self.credential(tenant, repository)
        self.put_policy(credential, document)
        try:
            yield
        finally:
            self.put_policy(credential, documents.policy(credential))

    def verify(self, *, admin: object = True, **changes: object) -> Report:
        """Verify; *admin* gives the provisioner's keys: the root's, none's (False), or a call."""
        keys = root_keys if admin is True else no_keys if admin is False else admin
        request = Request(
            **(
                {
                    "settings": self.settings,
                    "plan": self.plan,
                    "reader": self.cluster,
                    "admin": keys,
                }
                | changes
            )
        )
        return verify(request, Quiet())


def root_keys(_names: object) -> Keys:
    return Keys(ROOT_USER, ROOT_SECRET)


def no_keys(_names: object) -> Keys:
    msg = "pulumi is not on PATH"
    raise NoSettingError(msg)


def provision(server: MinioServer, values: dict[str, object], folder: Path = Path()) -> World:
    """Make buckets, users, policies and the cluster's objects as the plan says."""
    settings = settings_of(values, server.endpoint, folder)
    plan = access.plan(settings)
    world = World(server, settings, plan, MemoryCluster())
    admin, store = server.admin(), server.store()
    for planned in plan.stores:
        if not store.bucket_exists(planned.bucket):
            store.make_bucket(planned.bucket)
    for credential in plan.credentials:
        if credential.policy is not None:
            user = world.user(credential)
            world.put_policy(credential, documents.policy(credential))
            admin.user_add(user, secret_of(credential))
            admin.attach_policy([credential.policy], user=user)
            write_secret(world, credential, user, secret_of(credential))
        write_config_map(world, credential.tenant)
    return world


def write_secret(world: World, credential: Credential, user: str, secret: str) -> None:
    reference = credential.secret
    world.cluster.secrets[reference.namespace, reference.name] = {
        reference.access_key: user.encode(),
        reference.secret_key: secret.encode(),
    }


def write_config_map(world: World, tenant: str, **edits: str) -> None:
    """Write the tenant's ConfigMap; *edits* replace text in its default entry."""
    data = config_map_data(world.settings, world.plan, tenant)
    default = default_repository(world.plan, tenant)
    for old, new in edits.items():
        data[default] = data[default].replace(old, new)
    world.cluster.config_maps[tenant, "artifact-repositories"] = ConfigMap(
        {DEFAULT_ANNOTATION: default}, data
    )


def remove_users(world: World) -> None:
    """Take users and policies of a world away again."""
    admin = world.server.admin()
    for credential in world.plan.credentials:
        if credential.policy is not None:
            admin.user_remove(world.user(credential))
            admin.policy_remove(credential.policy)


@functools.cache
def root_s3(server: MinioServer):
    """boto3, as the server's root."""
    return boto3.session.Session().client(
        "s3",
        endpoint_url=f"http://{server.endpoint}",
        region_name="us-east-1",
        aws_access_key_id=ROOT_USER,
        aws_secret_access_key=ROOT_SECRET,
        config=Config(s3={"addressing_style": "path"}),
    )


def failed(report: Report) -> list[tuple[str, str, str]]:
    """Holder, check and target of each failed row."""
    return [
        (str(row.expectation.holder), row.expectation.check, row.expectation.target)
        for row in report.rows
        if row.result == "failed"
    ]


def rows_of(report: Report, result: str) -> list[str]:
    """The rows with *result*, as text."""
    return [str(row) for row in report.rows if row.result == result]
