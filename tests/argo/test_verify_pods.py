"""Verify of what only pods can: Jobs on a real API server, and the agent of EKS Pod Identity.

S3 by a MinIO server. It knows no session tags: of the shared roles the agent puts them in.
"""

import json
import threading

import pytest
from lightkube.resources.batch_v1 import Job

from argo_artifacts.access.aws import NAMESPACE_TAG
from argo_artifacts.documents.verify_job import LABEL
from argo_artifacts.verify import pod
from argo_artifacts.verify.in_pods import PodError
from argo_artifacts.verify.jobs import LivePods
from argo_artifacts.verify.kubernetes import LiveReader
from argo_artifacts.verify.tasks import message_of, task_of
from tests.argo.aws_door import AwsDoor
from tests.argo.test_verify_aws_secrets import cluster_of
from tests.argo.verify_on_aws import AwsWorld, results, write
from tests.argo.verify_servers import failed, root_s3, rows_of
from tests.engine.job_kubelet import JobKubelet
from tests.engine.live import LiveCluster
from tests.engine.minio_server import running
from tests.unit.aws_stacks import on_aws, store

ARGO, A, B = "pods-argo", "pods-a", "pods-b"
IMAGE = "registry.example.com/argo-artifacts:0.1.0"
PER_TENANT = {"podIdentity": {"shape": "perTenant"}}
WORKFLOW = f"{A}/default as {A}/workflow"
NO_AGENT = (
    "its pods find no credentials of EKS Pod Identity, the add-on eks-pod-identity-agent and an"
    " association are needed; install the add-on, then run `pulumi up --refresh`"
)


class HerePods:
    """Runs a pod's task in this process, as whoever its service account is."""

    def __init__(self, door):
        self.door = door
        self.lock = threading.Lock()
        self.longest = 0

    def run(self, subject, text):
        with self.lock, pytest.MonkeyPatch.context() as patch:
            for name, value in self.door.variables(subject.namespace, subject.name).items():
                patch.setenv(name, value)
            message = message_of(pod.do(task_of(text)))
        self.longest = max(self.longest, len(message.encode()))
        return message


def stack(kubeconfig, repository, name="prod"):
    return on_aws(
        {"default": repository},
        cluster={"name": name, "kubeconfig": str(kubeconfig), "eks": {"name": name}},
        argo={"version": "4.0.5", "namespace": ARGO},
        tenants={A: {}, B: {"artifactGC": False}},
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("minio")) as started:
        root_s3(started).create_bucket(Bucket="artifacts")
        yield started


def in_memory(server, repository, name="prod"):
    """A stack whose cluster is in memory, and the door before it."""
    settings, plan = stack("unused", repository, name)
    return AwsWorld(AwsDoor(server, settings, plan), settings, plan, cluster_of(settings, plan))


@pytest.fixture(scope="module")
def world(server):
    made = in_memory(server, store("podIdentity", **PER_TENANT))
    with made.door:
        yield made


def standing(server):
    """Tenants of whom an object stands."""
    listed = root_s3(server).list_objects_v2(Bucket="artifacts").get("Contents", [])
    return {entry["Key"].split("/")[1] for entry in listed}


def test_every_pod_may_what_the_plan_says_and_nothing_else(world, server):
    pods = HerePods(world.door)
    report = world.verify(pods=pods)
    assert rows_of(report, "failed") == rows_of(report, "not checked") == []
    assert results(report)["ok"] == 137
    assert pods.longest < 2000
    assert standing(server) == {B}  # a's collector deletes, b has none
    assert all(line.startswith(f"artifacts:prod/{B}/") for line in report.left_behind)


def test_roles_that_all_tenants_share_are_told_apart_by_the_tags_of_the_session(server):
    world = in_memory(server, store("podIdentity"), "twin")  # whose roles have other names
    with world.door:
        report = world.verify(pods=HerePods(world.door))
        assert rows_of(report, "failed") == rows_of(report, "not checked") == []
        callers = {r.expectation.about for r in report.rows if r.expectation.check == "caller"}
        assert len(callers) == len(world.plan.aws.roles) == 3
        arn = next(r.arn for r in world.plan.aws.roles if r.purpose == "executor")
        loose = json.dumps(world.door.policies[arn]).replace(NAMESPACE_TAG, "*")
        with world.policy(arn, json.loads(loose)):
            report = world.verify(pods=HerePods(world.door), tenants=frozenset({A}))
    assert failed(report) == [
        (WORKFLOW, check, f"artifacts:twin/{B}/") for check in ("list", "get", "put")
    ]


def test_a_base_role_goes_on_to_the_role_of_the_entry_inside_the_pod(server):
    world = in_memory(server, store("assumeRole", assumeRole={"base": "podIdentity"}))
    with world.door:
        report = world.verify(pods=HerePods(world.door), tenants=frozenset({A}))
    assert rows_of(report, "failed") == rows_of(report, "not checked") == []
    found = {row.expectation.check: row.expectation.target for row in report.rows}
    assert found["assume role"] == found["caller"]
    assert found["caller"].startswith(f"role prod.{A}.default.entry.")


def test_a_right_too_many_and_one_too_few_are_named_from_inside_the_pod(world):
    executor, collector = world.role(f"{A}.executor"), world.role(f"{A}.collector")
    more = {"Effect": "Allow", "Action": ["iam:ListUsers"], "Resource": ["*"]}
    wide = world.door.policies[executor]
    wide = wide | {"Statement": [*wide["Statement"], more]}
    with (
        world.policy(executor, wide),
        world.policy(collector, world.door.policies[world.role("server")]),
    ):
        report = world.verify(pods=HerePods(world.door), tenants=frozenset({A}))
    gc = f"{A}/default as {A}/artifact-gc"
    assert failed(report) == [
        (WORKFLOW, "list users", "S3 eu-west-1"),
        (gc, "delete", f"artifacts:prod/{A}/"),
        (gc, "get", f"artifacts:prod/{A}/"),
        (gc, "list", f"artifacts:prod/{B}/"),
        (gc, "get", f"artifacts:prod/{B}/"),
    ]
    assert [cause.split(": ")[1].split(",")[0] for cause in report.causes] == [
        "the store allows what the plan refuses",
        "the store refuses what the plan grants",
        "the store allows what the plan refuses",
    ]


def test_a_pod_without_agent_or_association_is_said_in_one_line(world, monkeypatch):
    monkeypatch.setattr(world.door, "missing", {f"{A}/workflow"})
    report = world.verify(pods=HerePods(world.door), tenants=frozenset({A}))
    assert failed(report) == []
    mine = [row for row in report.rows if str(row.expectation.holder) == WORKFLOW]
    assert {row.result for row in mine} == {"not checked", "not applicable"}
    assert f"{WORKFLOW}: {NO_AGENT}" in report.causes


def test_without_an_image_nothing_that_only_pods_have_is_green(world):
    report = world.verify()
    assert {row.expectation.group for row in report.rows if row.result == "ok"} == {"entry"}
    assert not report.good
    assert "\n".join(report.causes) == (
        "argo-artifacts:aws.verifier: missing, an image for pods is needed where only they have the"
        " identity; set aws.verifier.image to one that holds this program"
    )


def test_a_node_whose_metadata_no_pod_reaches_is_said_in_one_line(server, monkeypatch):
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    world = in_memory(server, store("node"))
    with world.door:
        report = world.verify(pods=HerePods(world.door), tenants=frozenset({A}))
    assert failed(report) == []
    assert report.causes[0] == (
        f"{WORKFLOW}: its pods find no credentials of their node, an instance profile and metadata"
        " that pods reach are needed; give the nodes a role, and their metadata a hop limit of 2"
    )
    shared = [row for row in report.rows if row.result == "shared"]
    assert {row.expectation.group for row in shared} == {"neighbour"}


def test_jobs_of_the_cluster_run_the_same_and_go_away(platform, server, tmp_path):
    settings, plan = stack(platform.kubeconfig, store("podIdentity", **PER_TENANT))
    cluster = LiveCluster(platform.kubeconfig)
    write(cluster, settings, plan)
    with AwsDoor(server, settings, plan) as door:
        kubelet = JobKubelet(
            cluster.client,
            "*",
            tmp_path,
            label=LABEL,
            own_variables=lambda p: door.variables(p.metadata.namespace, p.spec.serviceAccountName),
        )
        world = AwsWorld(door, settings, plan, LiveReader(settings.cluster))
        with kubelet:
            report = world.verify(pods=LivePods(cluster.client, IMAGE), tenants=frozenset({A}))
    assert rows_of(report, "failed") == rows_of(report, "not checked") == []
    assert results(report)["ok"] == 81
    assert len(kubelet.ran) == 6  # two write, three try, one deletes
    said = "".join(ran.out + ran.err for ran in kubelet.ran)
    assert said == ""
    left = [
        j.metadata.name
        for j in cluster.client.list(Job, namespace="*")
        if LABEL in (j.metadata.labels or {})
    ]
    assert left == []


def test_a_pod_that_fails_is_told_by_its_last_line(platform, tmp_path):
    _, plan = stack(platform.kubeconfig, store("podIdentity"))
    cluster = LiveCluster(platform.kubeconfig)
    subject = next(g.subject for g in plan.grants if g.subject.namespace == A)
    pods = LivePods(cluster.client, IMAGE)
    with JobKubelet(cluster.client, "*", tmp_path, label=LABEL), pytest.raises(PodError) as caught:
        pods.run(subject, '{"run": 1}')
    assert "the pod failed (" in str(caught.value)
    assert caught.value.cause.startswith(f"ServiceAccount {A}/workflow: the pod failed (")
    assert caught.value.cause.endswith(f"; see `kubectl get events -n {A}`")
