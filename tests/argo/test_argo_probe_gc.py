"""The pods that Argo's controller makes to run a workflow and to collect its garbage."""

from __future__ import annotations

import pytest
import yaml
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.apiextensions_v1 import CustomResourceDefinition
from lightkube.resources.core_v1 import ConfigMap, Namespace, Pod, Secret, ServiceAccount

from . import hand_made
from .hand_made import COLLECTOR, prefix_of


@pytest.fixture
def defaults(configuration):
    """Write a configuration with workflowDefaults and return the manifest's path."""

    def write(**artifact_gc):
        spec = {"serviceAccountName": hand_made.EXECUTOR, "artifactGC": artifact_gc}
        return configuration({"workflowDefaults": yaml.safe_dump({"spec": spec})})

    return write


def test_garbage_is_collected_by_the_collector_with_the_secret_of_the_namespace(
    probe, installation, defaults
):
    path = defaults(serviceAccountName=COLLECTOR, forceFinalizerRemoval=True)
    answer = probe.ask("gc-pod", "hand-a", "--controller-config-file", path)
    assert answer.code == 0, answer.document
    pod = answer["gcPod"]
    assert "-artgc-" in pod["name"]
    assert pod["serviceAccountName"] == COLLECTOR
    assert secrets_of(pod) == {"artifact-store": ["accessKey", "secretKey"]}
    assert {
        "container": "main",
        "volume": "artifact-store",
        "path": "/argo/secret/artifact-store",
        "readOnly": True,
    } in pod["mounts"]
    assert answer["executorPod"]["serviceAccountName"] == hand_made.EXECUTOR
    assert answer["artifact"].startswith(prefix_of("hand-a"))
    assert answer["results"] == [{"key": answer["artifact"], "success": True}]
    assert (answer["deleted"], answer["leftBehind"]) == (True, [])
    assert answer["artifact"] not in installation.store.keys(prefix_of("hand-a"))


def test_the_probe_leaves_nothing_of_its_own_in_the_cluster(probe, installation):
    client = installation.client
    before = everything(client)
    answer = probe.ask("gc-pod", "hand-a", "--pod", "leave", "--service-account", "workflow")
    assert answer.code == 0, answer.document
    assert (answer["deleted"], answer["leftBehind"]) == (None, [])
    assert everything(client) <= before


def test_garbage_is_collected_as_default_without_workflow_defaults(probe):
    answer = probe.ask("gc-pod", "hand-a", "--pod", "leave", "--service-account", "workflow")
    assert answer["gcPod"]["serviceAccountName"] == "default"


def test_a_forced_workflow_goes_where_the_store_refuses_to_delete(probe, installation, defaults):
    path = defaults(serviceAccountName=COLLECTOR, forceFinalizerRemoval=True)
    answer = probe.ask("gc-pod", "hand-b", "--controller-config-file", path)
    assert answer.code == 0, answer.document
    assert answer["results"] == [
        {"key": answer["artifact"], "success": False, "error": "Access Denied."}
    ]
    assert (answer["deleted"], answer["leftBehind"]) == (True, [answer["artifact"]])
    assert answer["artifact"] in installation.store.keys(prefix_of("hand-b"))


def test_a_workflow_that_is_not_forced_stays_where_the_store_refuses_to_delete(probe, defaults):
    path = defaults(serviceAccountName=COLLECTOR)
    answer = probe.ask("gc-pod", "hand-b", "--controller-config-file", path, "--wait-deleted", "5s")
    assert (answer.code, answer["deleted"]) == (1, False)
    assert answer["finalizers"] == ["workflows.argoproj.io/artifact-gc"]
    assert "Access Denied." in answer["conditions"][0]


def test_a_forced_workflow_goes_when_its_collector_pod_fails(probe, defaults):
    path = defaults(serviceAccountName=COLLECTOR, forceFinalizerRemoval=True)
    answer = probe.ask("gc-pod", "hand-b", "--controller-config-file", path, "--pod", "fail")
    assert (answer.code, answer["deleted"]) == (0, True)


def test_even_a_forced_workflow_stays_when_the_collectors_account_is_missing(probe, defaults):
    path = defaults(serviceAccountName="absent", forceFinalizerRemoval=True)
    answer = probe.ask("gc-pod", "hand-a", "--controller-config-file", path, "--wait-deleted", "5s")
    assert (answer.code, answer["gcPod"], answer["deleted"]) == (1, None, False)
    assert "absent" in answer["error"]


@pytest.mark.parametrize("labelled", [False, True], ids=["as Argo labels it", "labelled by us"])
def test_with_an_instance_id_a_workflow_goes_only_if_the_collector_pod_is_labelled(
    probe, configuration, labelled
):
    """Argo labels the pod with ARGO_INSTANCE_ID and then looks for another label."""
    garbage = {"serviceAccountName": COLLECTOR, "forceFinalizerRemoval": True}
    label = {"workflows.argoproj.io/controller-instanceid": "blue"}
    if labelled:
        garbage["podMetadata"] = {"labels": label}
    spec = {"serviceAccountName": hand_made.EXECUTOR, "artifactGC": garbage}
    path = configuration({"instanceID": "blue", "workflowDefaults": yaml.safe_dump({"spec": spec})})
    answer = probe.ask("gc-pod", "hand-a", "--controller-config-file", path, "--wait-deleted", "6s")
    assert [one["success"] for one in answer["results"]] == [True]
    assert (answer["deleted"], answer.code) == (labelled, int(not labelled))


def test_an_interrupt_leaves_nothing_behind(probe, installation, defaults):
    client, path = installation.client, defaults(serviceAccountName=COLLECTOR)
    before = everything(client)

    def collector_is_there():
        return any("-artgc-" in pod.metadata.name for pod in client.list(Pod, namespace="hand-b"))

    # Not forced and refused by the store: without the interrupt it would wait a minute.
    settings = ("--controller-config-file", path, "--wait-deleted", "60s")
    code = probe.interrupt(collector_is_there, "gc-pod", "hand-b", *settings)
    assert code == 1
    assert everything(client) <= before


def test_a_collector_without_its_role_is_noticed(probe, installation, defaults):
    meta = ObjectMeta(name="powerless", namespace="hand-a")
    installation.client.create(ServiceAccount(metadata=meta))
    path = defaults(serviceAccountName="powerless", forceFinalizerRemoval=True)
    answer = probe.ask("gc-pod", "hand-a", "--controller-config-file", path)
    assert (answer.code, answer["results"]) == (1, [])
    assert "list the tasks: workflowartifactgctasks.argoproj.io is forbidden" in answer["error"]


def test_garbage_is_collected_at_completion_when_the_workflow_says_so(probe, defaults):
    path = defaults(serviceAccountName=COLLECTOR)
    answer = probe.ask(
        "gc-pod", "hand-a", "--controller-config-file", path,
        "--strategy", "OnWorkflowCompletion",
    )  # fmt: skip
    assert answer.code == 0, answer.document
    assert "-artgc-wfcomp-" in answer["gcPod"]["name"]


def test_an_executor_that_may_not_report_is_noticed(probe, defaults):
    path = defaults(serviceAccountName=COLLECTOR)
    answer = probe.ask(
        "gc-pod", "hand-a", "--controller-config-file", path, "--service-account", COLLECTOR
    )
    assert (answer.code, answer["gcPod"]) == (1, None)
    assert "announce the result: workflowtaskresults.argoproj.io is forbidden" in answer["error"]


def secrets_of(pod):
    """Return the keys of each Secret that a pod mounts."""
    return {one["secret"]: one["keys"] for one in pod["volumes"] if one["kind"] == "secret"}


def everything(client):
    """Name all objects that the probe could leave in the cluster.

    Other tests' CronJobs go on meanwhile: the pods of Jobs are theirs.
    """
    kinds = (ConfigMap, Pod, Secret, ServiceAccount)
    listed = [one for kind in kinds for one in client.list(kind, namespace="*")]
    found = [one for one in listed if "job-name" not in (one.metadata.labels or {})]
    found += [*client.list(Namespace), *client.list(CustomResourceDefinition)]
    return {(type(one).__name__, one.metadata.namespace, one.metadata.name) for one in found}
