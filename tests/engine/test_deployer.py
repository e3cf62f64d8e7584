"""The deployer's printed rights, in the real engine: enough for the whole life of a stack."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from lightkube import Client, KubeConfig
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Namespace

from argo_artifacts.access import plan
from argo_artifacts.config import Settings, parse
from argo_artifacts.config.base import NAMESPACE
from argo_artifacts.documents import deployer
from tests.engine.least import kubeconfig_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.engine.live import LiveCluster, LiveStore
    from tests.engine.stack import EngineStack, Outcome
    from tools.local_platform.platform import LocalPlatform

NAME = "least"
USER, SECRET = "least-deployer", "canary-of-the-deployer"


@dataclass
class Least:
    """A stack whose deployer has what `documents` prints and nothing else."""

    stack: EngineStack
    kubeconfig: Path

    def configure(self, *tenants: str, standing: str | None = None) -> Settings:
        """Write the stack's settings with the deployer's own credentials.

        Args:
            tenants: Tenants whose namespaces the stack creates.
            standing: A tenant whose namespace somebody else keeps.
        """
        changes = self.changes(*tenants, standing=standing)
        self.stack.configure(**changes)
        for key, value in (("minioAccessKey", USER), ("minioSecretKey", SECRET)):
            self.stack.runner.set_secret(f"{NAMESPACE}:{key}", value)
        return parse(changes, project=NAMESPACE, stack=NAME, folder=self.kubeconfig.parent)

    def changes(self, *tenants: str, standing: str | None = None) -> dict[str, object]:
        argo = {
            "version": "4.0.5",
            "namespace": self.stack.space("argo"),
            "namespaceSettings": {"ownership": "create", "deleteNamespace": True},
            "controllerConfig": "own",
        }
        bucket = {"name": self.stack.bucket, "forceDestroy": True}
        kept = {"ownership": "use"}
        return {
            "cluster": {"name": NAME, "kubeconfig": str(self.kubeconfig)},
            "argo": argo,
            "repositories": {"default": self.stack.repository(bucket=bucket)},
            "tenants": {self.stack.space(tenant): {} for tenant in tenants}
            | ({self.stack.space(standing): {"namespace": kept}} if standing else {}),
        }


@pytest.fixture(scope="module")
def least(
    make_stack: Callable[[str], EngineStack],
    platform: LocalPlatform,
    cluster: LiveCluster,
    store: LiveStore,
    tmp_path_factory: pytest.TempPathFactory,
) -> Least:
    folder = tmp_path_factory.mktemp("least")
    found = Least(stack=make_stack(NAME), kubeconfig=folder / "kubeconfig")
    settings = found.configure("a", "b")
    policy = deployer.minio_policy(settings, platform.minio_endpoint)
    store.admin.policy_add(policy_name=USER, policy=policy)
    store.admin.user_add(USER, SECRET)
    store.admin.attach_policy([USER], user=USER)
    role = deployer.cluster_role(settings, plan(settings))
    found.kubeconfig.write_text(kubeconfig_of(USER, role, platform.kubeconfig, cluster.client))
    return found


@pytest.fixture(scope="module")
def life(least: Least, cluster: LiveCluster) -> dict[str, Outcome]:
    """The whole life of the stack; each step fails the test when it is refused anything."""
    stack = least.stack
    cluster.client.create(Namespace(metadata=ObjectMeta(name=stack.space("standing"))))
    done = {"first": stack.up()}
    done["again"] = stack.up("--expect-no-changes")
    least.configure("a", "c", standing="standing")
    done["preview"] = stack.preview()
    done["changed"] = stack.up()
    done["refresh"] = stack.refresh()
    done["destroy"] = stack.destroy()
    return done


def test_the_printed_rights_are_enough_from_the_first_up_to_the_last_destroy(life, cluster, store):
    assert life["first"].numbers["kubernetes:core/v1:Secret"] == 2
    assert {step.op for step in life["changed"].steps} == {"create", "delete"}
    assert not life["refresh"].steps
    assert not store.users(f"{NAME}.")
    assert cluster.marked(f"{NAMESPACE}/{NAME}") == {
        "Namespace least-a",
        "Namespace least-b",
        "Namespace least-c",
    }


def test_the_deployer_may_not_do_what_it_was_not_given(least, life):
    assert life
    config = KubeConfig.from_file(least.kubeconfig).get()
    client = Client(config=config, trust_env=False)
    rules = _own_rules(client)
    assert ("", "pods", "create") not in rules
    assert ("rbac.authorization.k8s.io", "clusterroles", "create") not in rules
    assert not {rule for rule in rules if "*" in rule}


def _own_rules(client: Client) -> set[tuple[str, str, str]]:
    """What the API server says that the caller may do, cluster-wide."""
    request = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": "default"},
    }
    url = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    answer = client._client._client.post(url, content=json.dumps(request))
    return {
        (group, resource, verb)
        for rule in answer.json()["status"]["resourceRules"]
        for group in rule.get("apiGroups", [])
        for resource in rule.get("resources", [])
        for verb in rule["verbs"]
    }
