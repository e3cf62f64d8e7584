"""A server by its chart that only the cluster reaches: a Job beside it provisions, by its root.

Helm installs, a Job follows, and the test plays the machine for both of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from argo_artifacts.access import names
from tests.engine.job_kubelet import JobKubelet, Ran
from tests.engine.live import LiveStore
from tests.engine.minio_server import free_port
from tests.engine.server_pod import ServerPod
from tools.programs import find_or_build

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.live import LiveCluster
    from tests.engine.stack import EngineStack, Outcome

NAME = "beside"
SPACE = f"{NAME}-minio"
ENDPOINT = f"minio.{SPACE}.svc:9000"
A, B = f"{NAME}-a", f"{NAME}-b"


@dataclass
class Story:
    """What was done in this order, and what stood there afterwards."""

    first: Outcome
    ran: list[Ran]
    owner_id: str
    users: set[str]
    owner: str
    """The mark on the bucket."""

    may: dict[str, bool]
    """By prefix, whether the first tenant's Secret opens it."""

    again: Outcome
    removed: Outcome
    ran_removed: list[Ran]
    users_left: set[str]
    policies_left: set[str]
    destroyed: Outcome
    left: set[str]
    """What in the cluster carries the stack's mark after the destroy."""


@pytest.fixture(scope="module")
def story(
    make_stack: Callable[[str], EngineStack],
    cluster: LiveCluster,
    tmp_path_factory: pytest.TempPathFactory,
) -> Story:
    (chart,) = find_or_build(["minio-chart"]).values()
    folder = tmp_path_factory.mktemp("beside")
    stack, port = make_stack(NAME), free_port()
    own, here = names.owner_id(stack.owner), f"127.0.0.1:{port}"

    def configure(*tenants: str) -> None:
        minio = {
            "server": "helm",
            "endpoint": ENDPOINT,
            "provisioner": {"image": "registry.example.com/argo-artifacts:0.1.0"},
            "tls": {"enabled": False},
            "bucket": {"name": stack.bucket},
            "helm": {
                "namespace": {"name": SPACE, "deleteNamespace": True},
                "chart": {"path": str(chart)},
            },
        }
        stack.configure(
            argo={"version": "4.0.5", "namespace": stack.space("argo")},
            repositories={"default": {"minio": minio}},
            tenants={tenant: {"namespace": {"deleteNamespace": True}} for tenant in tenants},
        )

    server = ServerPod(cluster.client, SPACE, folder, port)
    job = JobKubelet(cluster.client, SPACE, folder / "pods", {ENDPOINT: here})
    with server, job:
        configure(A, B)
        first, ran = stack.up(), list(job.ran)
        root = cluster.data("Secret", f"{SPACE}/minio-root")
        store = LiveStore(here, root["rootUser"], root["rootPassword"])
        users = store.users(own)
        owner = dict(store.objects.get_bucket_tags(stack.bucket) or {})["argo-artifacts/owner"]
        keys = cluster.data("Secret", f"{A}/argo-artifacts-default")
        may = {tenant: store.may(keys, stack.bucket, f"{NAME}/{tenant}/") for tenant in (A, B)}
        again = stack.up("--expect-no-changes")
        configure(A)
        removed, ran_removed = stack.up(), job.ran[len(ran) :]
        users_left, policies_left = store.users(own), store.policies(own)
        destroyed = stack.destroy()
    return Story(
        first=first,
        ran=ran,
        owner_id=own,
        users=users,
        owner=owner,
        may=may,
        again=again,
        removed=removed,
        ran_removed=ran_removed,
        users_left=users_left,
        policies_left=policies_left,
        destroyed=destroyed,
        left=cluster.marked(stack.owner),
    )


def user(tenant: str, owner_id: str) -> str:
    return f"{NAME}.{tenant}.default.1.{owner_id}"


def test_one_up_makes_the_server_and_the_job_provisions_it_as_its_root(story: Story):
    (ran,) = story.ran
    assert (ran.code, ran.err) == (0, "")
    assert story.users == {user(A, story.owner_id), user(B, story.owner_id)}
    assert story.owner == f"argo-artifacts/{NAME}"
    assert story.may == {A: True, B: False}
    made = story.first.numbers
    assert made["kubernetes:helm.sh/v3:Release"] == made["kubernetes:batch/v1:Job"] == 1
    assert made["minio-admin:index:Credentials"] == 3
    assert "minio-admin:index:User" not in made


def test_a_second_up_changes_nothing(story: Story):
    assert story.again.said == []


def test_a_removed_tenants_user_and_policy_go_and_the_root_stays(story: Story):
    (ran,) = story.ran_removed
    assert ran.out.count("removed") == len(ran.out.splitlines()) == 2
    assert story.users_left == {user(A, story.owner_id)}
    assert len(story.policies_left) == 1


def test_a_destroy_takes_the_server_away_too(story: Story):
    assert f"delete Release {SPACE}/minio" in story.destroyed.said
    assert story.left == set()
