"""Limits: what is used of each quota, and what is refused before any call."""

from __future__ import annotations

import re

import pytest

from argo_artifacts import limits
from argo_artifacts.access import plan
from argo_artifacts.documents import canonical, lifecycle, minio, minio_state
from argo_artifacts.repository import entries
from tests.unit.stacks import MINIO, each, settings, stacks, values


def faults(**changes: object) -> list[str]:
    made = settings(**changes)
    return limits.check(made, plan(made))


def fault(**changes: object) -> str:
    """The one fault."""
    (line,) = faults(**changes)
    return line


def used(what: str, **changes: object) -> tuple[str, int, int, str]:
    """Item, use, limit and unit of one quota."""
    made = settings(**changes)
    (quota,) = [q for q in limits.quotas(made, plan(made)) if q.what == what]
    return quota.item, quota.used, quota.limit, quota.unit


@each(stacks())
def test_every_quota_is_named_once_and_fits(stack):
    made = settings(stack)
    found = limits.quotas(made, plan(made))
    assert len({quota.what for quota in found}) == len(found)
    for quota in found:
        assert 0 <= quota.used <= quota.limit
        assert quota.headroom == quota.limit - quota.used
        assert quota.where.startswith("argo-artifacts:")
        assert quota.cure


@each(stacks())
def test_a_name_always_fits(stack):
    made = settings(stack)
    for credential in plan(made).credentials:
        for _, user in credential.users:
            assert 3 <= len(user) <= minio.MAX_USER_NAME


def test_the_longest_names_of_all_fit():
    names = {
        "cluster": {"name": "c" * 32, "kubeconfig": "x"},
        "tenants": {"t" * 63: {"repositories": ["r" * 63]}},
    }
    keys = {"live": [9998, 9999], "publish": 9999}
    made = settings(**names, repositories={"r" * 63: {"minio": MINIO | {"keys": keys}}})
    assert limits.check(made, plan(made)) == []


def test_a_policy_is_measured_as_it_is_sent():
    made = settings()
    sizes = {
        credential.policy: len(canonical.document(minio.policy(credential)).encode())
        for credential in plan(made).credentials
    }
    largest = max(sizes, key=sizes.__getitem__)
    assert used("MinIO policy on default") == (largest, sizes[largest], 20480, "bytes")


def test_a_config_map_is_measured_with_its_keys():
    made = settings()
    data = entries.config_map_data(made, plan(made), "team-a")
    size = sum(len(key) + len(text) for key, text in data.items())
    assert used("ConfigMap artifact-repositories") == ("team-a", size, 1048576, "bytes")


INSIDE = {"default": {"minio": MINIO | {"provisioner": {"image": "example.com/provision:1"}}}}


def test_what_a_job_reads_is_measured_as_it_is_written():
    made = settings(repositories=INSIDE)
    size = len(canonical.document(minio_state.state(made, plan(made), ["default"])))
    assert used("ConfigMap of a provisioning Job", repositories=INSIDE) == (
        *("minio:9000", size, 1048576, "bytes"),
    )


def test_more_tenants_than_a_job_can_read_of_are_refused():
    tenants = {f"tenant-{number:04}": {} for number in range(1500)}
    line = fault(repositories=INSIDE, tenants=tenants)
    assert re.fullmatch(
        r"argo-artifacts:repositories\.default\.minio\.provisioner: \d{7} bytes of ConfigMap of a"
        r" provisioning Job \(minio:9000\), at most 1048576 are accepted; .*",
        line,
    )


def test_a_prefix_that_makes_a_policy_too_large_is_refused():
    prefix = "/".join(["p" * 200] * 60) + "/"
    shared = {"default": {"minio": MINIO, "sharedWith": ["a"]}}
    tenants = {"a": {"repositories": [{"name": "default", "prefix": prefix}]}}
    key, policy = faults(repositories=shared, tenants=tenants)
    longest = len(prefix) + 63 + len("-") + 36 + len("/") + 253
    assert key.startswith(f"argo-artifacts:repositories.default.keyFormat: {longest} bytes of")
    assert re.fullmatch(
        r"argo-artifacts:repositories\.default: \d{5} bytes of MinIO policy on default"
        r" \(prod\.a\.default\.\w{8}\), at most 20480 are accepted; shorten the shared prefix",
        policy,
    )


def test_a_key_that_no_store_takes_is_refused_with_its_cure():
    tail = "/".join(["k" * 200] * 4)
    key_format = f"{tail}/{{{{workflow.namespace}}}}/{{{{workflow.name}}}}/{{{{pod.name}}}}"
    repositories = {"default": {"minio": MINIO, "keyFormat": key_format}}
    # prefix, 4 segments, namespace, longest names of workflow and pod, 6 separators
    length = len("prod/team-a/") + 803 + len("team-a") + 63 + 253 + 3
    assert fault(repositories=repositories, tenants={"team-a": {}}) == (
        f"argo-artifacts:repositories.default.keyFormat: {length} bytes of object key in default,"
        " without the artifact's name (team-a), at most 1024 are accepted; shorten the key format"
        " or the shared prefix"
    )


def test_lifecycle_rules_are_counted_as_the_server_counts_them():
    bucket = {"name": "artifacts", "versioning": True}
    rules = {"expireDays": 7, "noncurrentExpireDays": 3, "expireDeleteMarkers": True}
    repositories = {"default": {"minio": MINIO | {"bucket": bucket, "lifecycle": rules}}}
    what = "lifecycle rules of bucket artifacts"
    assert used(what, repositories=repositories) == ("", 3, 1000, "rules")
    own = {"repositories": [{"name": "default", "expireDays": 5}]}
    tenants = {"team-a": own, "team-b": {}}
    assert used(what, repositories=repositories, tenants=tenants) == ("", 4, 1000, "rules")


def test_too_many_lifecycle_rules_are_refused():
    bucket = {"name": "artifacts", "versioning": True}
    rules = {"expireDays": 7, "noncurrentExpireDays": 3, "expireDeleteMarkers": True}
    repositories = {"default": {"minio": MINIO | {"bucket": bucket, "lifecycle": rules}}}
    own = {"repositories": [{"name": "default", "expireDays": 5}]}
    tenants = {f"t{number}": own for number in range(999)}
    assert fault(repositories=repositories, tenants=tenants) == (
        "argo-artifacts:repositories.default.minio.lifecycle: 1001 rules of lifecycle rules of"
        " bucket artifacts, at most 1000 are accepted; give all tenants the repository's expireDays"
    )


def test_two_live_keys_are_the_limit():
    keys = {"live": [1, 2], "publish": 2}
    repositories = {"default": {"minio": MINIO | {"keys": keys}}}
    assert used("live keys of default", repositories=repositories) == ("", 2, 2, "keys")


def test_the_stack_files_own_configuration_is_measured_as_it_reaches_the_program():
    variable = r'PULUMI_CONFIG={"argo-artifacts:tenants":"{\"a\":{}}"}' + "\0"
    assert limits.inline({"tenants": {"a": {}}}).used == len(variable)
    small = limits.inline(values())
    assert small.limit == 131072
    tenants = {f"tenant-{number:04}": {"artifactGC": False} for number in range(4000)}
    large = limits.inline(values(tenants=tenants))
    assert small.headroom > 0 > large.headroom
    assert "tenantFiles" in large.cure


@pytest.mark.parametrize("ownership", ["create", "adopt"])
def test_one_namespace_has_one_keeper(ownership):
    tenants = {"argo": {"namespace": {"ownership": ownership}}}
    both = {"version": "4.0.5", "namespaceSettings": {"ownership": "create"}}
    assert fault(argo=both, tenants=tenants) == (
        "argo-artifacts:argo.namespaceSettings.ownership: argo is a tenant too, use is accepted;"
        " its Namespace is then the tenant's"
    )
    assert faults(tenants=tenants) == []
    assert faults(argo=both, tenants={"argo": {"namespace": {"ownership": "use"}}}) == []


KEPT = {"server": "credentials", "bucket": {"name": "kept", "ownership": "use"}}


@pytest.mark.parametrize("name", ["argo-artifacts-default", "argo-ca-default"])
def test_a_secret_of_others_has_no_name_of_ours(name):
    repositories = {
        "default": {"minio": MINIO},
        "kept": {"minio": MINIO | KEPT | {"existingSecret": {"name": name}}},
    }
    assert fault(repositories=repositories) == (
        f"argo-artifacts:repositories.kept.minio.existingSecret.name: {name!r} is a Secret that"
        " this stack may write, another name is accepted"
    )


def test_two_writers_of_one_prefix_are_told_apart_by_their_keys():
    writes = {"repositories": [{"name": "default", "access": "write"}]}

    def shared(key_format: str, *writers: str) -> list[str]:
        repository = {"minio": MINIO, "sharedWith": ["a", "b"], "keyFormat": key_format}
        tenants = {name: writes if name in writers else {} for name in ("a", "b")}
        return faults(repositories={"default": repository}, tenants=tenants)

    assert shared("{{workflow.name}}/{{pod.name}}", "a") == []
    assert shared("{{workflow.uid}}/{{pod.name}}", "a", "b") == []
    assert shared("{{ workflow.namespace }}/{{workflow.name}}/{{pod.name}}", "a", "b") == []
    (line,) = shared("{{workflow.name}}/{{pod.name}}", "a", "b")
    assert line == (
        "argo-artifacts:repositories.default.keyFormat: '{{workflow.name}}/{{pod.name}}' where 2"
        " tenants write, a format with {{workflow.uid}} or {{workflow.namespace}} is accepted;"
        " workflows of one name in two namespaces would overwrite each other's artifacts"
    )


def test_rules_of_a_bucket_of_others_are_not_ours_to_count():
    bucket = {"name": "artifacts", "ownership": "use"}
    theirs = MINIO | {"bucket": bucket, "lifecycle": {"expireDays": 7}}
    made = settings(repositories={"default": {"minio": theirs}})
    assert lifecycle.rules(made, plan(made), "default") == ()
    assert not [q for q in limits.quotas(made, plan(made)) if q.what.startswith("lifecycle")]
