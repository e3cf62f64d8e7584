"""What Argo's drivers may do with the Secrets of a namespace.

Where a test expects a refusal it expects Argo's own words: a time-out or a missing object
must not pass for one.
"""

from __future__ import annotations

from lightkube.models.rbac_v1 import PolicyRule

from . import hand_made
from .hand_made import entry, prefix_of


def test_a_tenant_may_do_everything_below_its_own_prefix(probe, installation):
    actions = [
        "save-file", "save-directory", "save-large", "load", "load-directory", "load-large",
        "load-missing", "open-stream", "list", "is-directory",
        "delete", "delete-directory", "delete-large",
    ]  # fmt: skip
    answer = probe.ask("store", "hand-a", "--actions", ",".join(actions))
    assert answer.code == 0
    assert [one["action"] for one in answer["results"] if one["ok"]] == actions
    assert answer["prefix"].startswith(f"{prefix_of('hand-a')}argo-probe-")
    names = [key.removeprefix(answer["prefix"]) for key in listed(answer)]
    assert names == ["/directory/a.txt", "/directory/below/b.txt", "/file.txt", "/large.bin"]
    assert installation.store.keys(answer["prefix"]) == set()


def test_a_large_file_is_uploaded_in_parts(probe, installation):
    answer = probe.ask("store", "hand-a", "--actions", "save-large")
    store, key = installation.store, answer.result("save-large")["key"]
    tag = store.client.stat_object(bucket_name=hand_made.BUCKET, object_name=key).etag
    probe.ask("store", "hand-a", "--actions", "delete-large")
    assert tag.endswith("-2")


def test_a_missing_object_is_not_found_as_an_optional_input_needs(probe):
    answer = probe.ask("store", "hand-a", "--actions", "load-missing,open-stream,list")
    assert [one["notFound"] for one in answer["results"]] == [True] * 3
    assert {one["code"] for one in answer["results"]} == {"ERR_NOT_FOUND"}


def test_a_tenant_is_refused_at_the_neighbours_objects_in_argos_own_words(probe, installation):
    there = f"{prefix_of('hand-b')}seed"
    seeded = probe.ask(
        "store", "hand-b", "--object-key", there, "--actions", "save-file,save-directory,load"
    )
    before = installation.store.keys(there)
    answer = probe.ask(
        "store", "hand-a", "--object-key", there, "--actions",
        "save-file,save-large,load,load-missing,open-stream,list,is-directory,"
        "delete,delete-directory",
    )  # fmt: skip
    assert seeded.code == 0
    said = {one["action"]: one.get("error") for one in answer["results"]}
    assert said == {
        "save-file": "failed to put file: Access Denied.",
        "save-large": "failed to put file: Access Denied.",
        "load": "failed to get file: Access Denied.",
        "load-missing": "failed to get file: Access Denied.",
        "open-stream": "failed to get file: Access Denied.",
        "list": "failed to list directory: Access Denied.",
        "is-directory": "Access Denied.",
        "delete": "Access Denied.",
        "delete-directory": f"unable to list files in {there}/directory/: Access Denied.",
    }
    assert answer.code == 1
    assert not any(one["ok"] or one["notFound"] for one in answer["results"])
    assert installation.store.keys(there) == before


def test_a_tenant_may_not_delete_where_garbage_collection_is_off(probe):
    answer = probe.ask("store", "hand-b", "--actions", "save-file,delete,load")
    assert [one["ok"] for one in answer["results"]] == [True, False, True]
    assert answer.result("delete")["error"] == "Access Denied."


def test_the_repository_that_the_workflow_names_is_used(probe, platform, installation, namespace):
    other = entry(platform.minio_endpoint, namespace, keyFormat=f"{prefix_of('hand-a')}named")
    data = {"first": {}, "second": other}
    hand_made.repositories(installation.client, namespace, data, default="first")
    hand_made.credentials(installation.client, namespace, "user-hand-a", "secret-of-user-hand-a")
    answer = probe.ask("store", namespace, "--key", "second", "--actions", "save-file,load,delete")
    assert (answer.code, answer["prefix"]) == (0, f"{prefix_of('hand-a')}named")


def test_secrets_are_read_with_the_identity_that_is_told(probe, installation, namespace):
    client = installation.client
    rules = [
        PolicyRule(
            apiGroups=[""],
            resources=["secrets"],
            resourceNames=["artifact-store"],
            verbs=["get"],
        )
    ]
    hand_made.account(client, "hand-a", "reader", rules)
    stranger = f"system:serviceaccount:{namespace}:default"
    reader = "system:serviceaccount:hand-a:reader"
    allowed = probe.ask("store", "hand-a", "--as", reader, "--actions", "load-missing")
    refused = probe.ask("store", "hand-a", "--as", stranger, "--actions", "load-missing")
    assert (allowed.code, refused.code) == (0, 1)
    said = refused.result("load-missing")["error"]
    assert said.startswith('secrets "artifact-store" is forbidden')


def test_a_variable_that_some_workflows_lack_fails_as_in_pod_creation(
    probe, platform, installation, namespace
):
    wrong = entry(platform.minio_endpoint, namespace, keyFormat="{{inputs.parameters.day}}")
    hand_made.repositories(installation.client, namespace, {"a": wrong}, default="a")
    answer = probe.ask("store", namespace, "--actions", "load")
    assert (answer.code, answer["results"]) == (1, [])
    assert answer["error"] == "failed to resolve {{inputs.parameters.day}}"


def test_argo_panics_on_half_a_pair_of_keys(probe, platform, installation, namespace):
    wrong = entry(platform.minio_endpoint, namespace)
    del wrong["s3"]["secretKeySecret"]
    hand_made.repositories(installation.client, namespace, {"a": wrong}, default="a")
    hand_made.credentials(installation.client, namespace, "a", "b")
    answer = probe.ask("store", namespace, "--actions", "load")
    assert "argo panics: " in answer.result("load")["error"]


def test_a_call_ends_in_time_when_nobody_listens(probe, installation, namespace):
    dead = entry("127.0.0.1:1", namespace)
    hand_made.repositories(installation.client, namespace, {"a": dead}, default="a")
    hand_made.credentials(installation.client, namespace, "a", "b")
    answer = probe.ask("store", namespace, "--timeout", "2s", "--actions", "load-missing")
    one = answer.result("load-missing")
    assert (answer.code, one["notFound"]) == (1, False)
    assert one["seconds"] < 13


def listed(answer):
    """Return the keys that the driver listed."""
    return answer.result("list")["details"]["keys"]
