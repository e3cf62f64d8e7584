"""A server that is provisioned from inside: the Job does on a real server what the plugin does.

The test plays the machine (:mod:`tests.engine.job_kubelet`); engine, API server, Job controller and
MinIO server are real. The deployer has the rights that `documents` prints, and no others.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from lightkube.resources.batch_v1 import Job

from argo_artifacts.access import names, plan
from argo_artifacts.config import Settings, parse
from argo_artifacts.config.base import NAMESPACE
from argo_artifacts.documents import deployer
from tests.engine.job_kubelet import JobKubelet, Ran
from tests.engine.least import kubeconfig_of
from tests.harness import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.engine.live import LiveCluster, LiveStore
    from tests.engine.stack import EngineStack, Outcome
    from tools.local_platform.platform import LocalPlatform

NAME = "inside"
USER, SECRET = "inside-deployer", "canary-of-the-deployer"
IMAGE = "registry.example.com/argo-artifacts:0.1.0"


@dataclass
class Story:
    """What was done in this order, and what stood there afterwards."""

    owner_id: str
    first: Outcome
    ran: list[Ran]
    """By the first `up`."""

    verified: subprocess.CompletedProcess[str]
    users: set[str]
    policies: set[str]
    owner: str
    """The mark on the bucket."""

    again: Outcome
    ran_again: list[Ran]
    removed: Outcome
    """One tenant is gone."""

    ran_removed: list[Ran]
    users_left: set[str]
    policies_left: set[str]
    keys_of_removed: bool
    kept: list[tuple[str, str]]
    """Identity of the other tenant's Secret, before and after."""

    jobs: list[str]
    refused: Outcome
    """A tenant comes whose user somebody else has made with another secret."""

    ran_refused: list[Ran]
    mended: Outcome
    """That user is gone."""

    ran_mended: list[Ran]
    secrets: set[str]
    """Every secret that the Job was given."""

    said: str
    """Everything that the Job reads in clear, and that anybody read of it."""

    destroyed: Outcome
    marked: set[str]
    left_on_server: set[str]


@dataclass
class Scene:
    """The stack, and a deployer who may do what is printed."""

    stack: EngineStack
    platform: LocalPlatform
    kubeconfig: Path

    @property
    def space(self) -> str:
        """Where the Job runs."""
        return self.stack.space("argo")

    def configure(self, *tenants: str) -> Settings:
        """Write the stack's settings with the deployer's own credentials."""
        changes = {
            "cluster": {"name": NAME, "kubeconfig": str(self.kubeconfig)},
            "argo": {
                "version": "4.0.5",
                "namespace": self.space,
                "namespaceSettings": {"ownership": "create", "deleteNamespace": True},
            },
            "repositories": {"default": self.stack.repository(provisioner={"image": IMAGE})},
            "tenants": {t: {"namespace": {"deleteNamespace": True}} for t in tenants},
        }
        self.stack.configure(**changes)
        for key, value in (("minioAccessKey", USER), ("minioSecretKey", SECRET)):
            self.stack.runner.set_secret(f"{NAMESPACE}:{key}", value)
        return parse(changes, project=NAMESPACE, stack=NAME, folder=self.kubeconfig.parent)

    def grant(self, settings: Settings, cluster: LiveCluster, store: LiveStore) -> None:
        """Give the deployer the printed rights and nothing else."""
        policy = deployer.minio_policy(settings, self.platform.minio_endpoint)
        store.admin.policy_add(policy_name=USER, policy=policy)
        store.admin.user_add(USER, SECRET)
        store.admin.attach_policy([USER], user=USER)
        role = deployer.cluster_role(settings, plan(settings))
        self.kubeconfig.write_text(
            kubeconfig_of(USER, role, self.platform.kubeconfig, cluster.client)
        )

    def clear(self, store: LiveStore, owner_id: str) -> set[str]:
        """Take off the server what a destroy leaves there; what that was."""
        left = store.users(owner_id) | store.policies(owner_id)
        for name in store.users(owner_id):
            store.admin.user_remove(name)
        for name in store.policies(owner_id):
            store.admin.policy_remove(name)
        store.objects.remove_bucket(bucket_name=self.stack.bucket)
        return left


@pytest.fixture(scope="module")
def story(
    make_stack: Callable[[str], EngineStack],
    platform: LocalPlatform,
    cluster: LiveCluster,
    store: LiveStore,
    tmp_path_factory: pytest.TempPathFactory,
) -> Story:
    stack = make_stack(NAME)
    scene = Scene(stack, platform, tmp_path_factory.mktemp("deployer") / "kubeconfig")
    a, b, c = (stack.space(tenant) for tenant in ("a", "b", "c"))
    base = f"{scene.space}/{names.provisioner(platform.minio_endpoint)}"
    own = names.owner_id(stack.owner)
    scene.grant(scene.configure(a, b), cluster, store)

    with JobKubelet(cluster.client, scene.space, tmp_path_factory.mktemp("pods")) as kubelet:

        def ran() -> list[Ran]:
            done = list(kubelet.ran)
            kubelet.ran.clear()
            return done

        first, ran_first = stack.up(), ran()
        verified = verify(stack)
        users, policies = store.users(own), store.policies(own)
        owner = dict(store.objects.get_bucket_tags(stack.bucket) or {})["argo-artifacts/owner"]
        again, ran_again = stack.up(), ran()
        keys = cluster.data("Secret", f"{b}/argo-artifacts-default")
        kept = [cluster.identity("Secret", f"{a}/argo-artifacts-default")]
        secrets = set(cluster.data("Secret", f"{base}-users").values())
        secrets |= set(cluster.data("Secret", f"{base}-admin").values()) - {USER}
        said = json.dumps(cluster.data("ConfigMap", base))

        scene.configure(a)
        removed, ran_removed = stack.up(), ran()
        kept.append(cluster.identity("Secret", f"{a}/argo-artifacts-default"))
        users_left, policies_left = store.users(own), store.policies(own)
        keys_of_removed = store.may(keys, stack.bucket, f"{NAME}/{b}/")
        found = list(cluster.client.list(Job, namespace=scene.space))
        jobs = [job.metadata.name for job in found]
        said += json.dumps([job.to_dict() for job in found], default=str)

        foreign = f"{NAME}.{c}.default.1.{own}"
        store.admin.user_add(foreign, "of-somebody-else")
        scene.configure(a, c)
        refused, ran_refused = stack.up(fails=True), ran()
        store.admin.user_remove(foreign)
        mended, ran_mended = stack.up(), ran()

        destroyed = stack.destroy()
    marked = cluster.marked(stack.owner)
    left_on_server = scene.clear(store, own)
    outcomes = (first, again, removed, refused, mended, destroyed)
    said += "".join(outcome.text for outcome in outcomes)
    everything = [*ran_first, *ran_removed, *ran_refused, *ran_mended]
    said += "".join(one.out + one.err for one in everything)
    return Story(
        owner_id=own,
        first=first,
        ran=ran_first,
        verified=verified,
        users=users,
        policies=policies,
        owner=owner,
        again=again,
        ran_again=ran_again,
        removed=removed,
        ran_removed=ran_removed,
        users_left=users_left,
        policies_left=policies_left,
        keys_of_removed=keys_of_removed,
        kept=kept,
        jobs=jobs,
        refused=refused,
        ran_refused=ran_refused,
        mended=mended,
        ran_mended=ran_mended,
        secrets=secrets,
        said=said,
        destroyed=destroyed,
        marked=marked,
        left_on_server=left_on_server,
    )


def verify(stack: EngineStack) -> subprocess.CompletedProcess[str]:
    """Run ``argo-artifacts verify`` on the stack."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "argo_artifacts.cli", "verify", "--stack", stack.name),
            *("--config-file", stack.runner.config_file, "--json"),
        ],
        cwd=ROOT,
        env=stack.runner.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def user(tenant: str, owner_id: str) -> str:
    return f"{NAME}.{NAME}-{tenant}.default.1.{owner_id}"


def policy(tenant: str, owner_id: str) -> str:
    return f"{NAME}.{NAME}-{tenant}.default.{owner_id}"


def test_the_first_up_runs_the_job_once_and_waits_for_it(story):
    (ran,) = story.ran
    assert (ran.code, ran.err) == (0, "")
    assert story.users == {user("a", story.owner_id), user("b", story.owner_id)}
    assert story.policies == {policy("a", story.owner_id), policy("b", story.owner_id)}
    assert story.owner == f"argo-artifacts/{NAME}"
    made = story.first.numbers
    assert made["kubernetes:batch/v1:Job"] == 1
    assert made["minio-admin:index:Credentials"] == 2
    assert not {kind for kind in made if kind.startswith("minio-admin:")} - {
        "minio-admin:index:Credentials"
    }


def test_verify_passes_on_the_result(story):
    assert story.verified.returncode == 0, story.verified.stdout + story.verified.stderr
    value = json.loads(story.verified.stdout)
    assert value["good"]
    assert value["counts"]["failed"] == 0
    assert value["counts"]["ok"] > 50


def test_the_second_up_changes_nothing_and_runs_nothing(story):
    assert story.again.said == []
    assert story.ran_again == []


def test_a_removed_tenants_user_and_policy_go_with_the_next_job(story):
    (ran,) = story.ran_removed
    assert [line.partition(" ")[2].partition(" ")[2] for line in ran.out.splitlines()] == [
        f"user {user('b', story.owner_id)}: removed",
        f"policy {policy('b', story.owner_id)}: removed",
    ]
    assert story.users_left == {user("a", story.owner_id)}
    assert story.policies_left == {policy("a", story.owner_id)}
    assert not story.keys_of_removed
    assert len(story.jobs) == 1


def test_the_other_tenant_keeps_its_keys(story):
    assert story.kept[0] == story.kept[1]


def test_a_job_that_fails_ends_the_up_with_its_own_line(story):
    assert {ran.code for ran in story.ran_refused} == {1}
    (line,) = {ran.err for ran in story.ran_refused}
    assert "does not take the secret that the stack gives" in line
    assert line.strip() in " ".join(story.refused.text.split())
    assert "BackoffLimitExceeded" in story.refused.text


def test_after_the_cure_the_next_up_runs_the_failed_job_again(story):
    (ran,) = story.ran_mended
    assert ran.code == 0
    assert f"user {user('c', story.owner_id)}: created" in ran.out


def test_no_secret_stands_in_what_the_job_says_or_reads_in_clear(story):
    assert len(story.secrets) == 3
    assert story.owner_id in story.said
    for secret in story.secrets:
        assert secret not in story.said


def test_a_destroy_leaves_the_cluster_empty_and_the_server_as_it_was(story):
    """Nobody is left there who could ask the server: docs/minio-admin-provider.md says so."""
    assert story.marked == set()
    assert story.left_on_server == {
        name for t in ("a", "c") for name in (user(t, story.owner_id), policy(t, story.owner_id))
    }
